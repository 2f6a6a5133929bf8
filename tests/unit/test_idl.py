"""The flyteidl messages under one roof."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from connector_core import idl


def test_every_name_is_there_and_sorted() -> None:
    assert idl.__all__ == sorted(set(idl.__all__))
    assert all(hasattr(idl, name) for name in idl.__all__)


@pytest.mark.parametrize("name", [name for name in idl.__all__ if name not in ("SimpleType", "ResourceType")])
def test_they_are_the_protobuf_classes_themselves(name: str) -> None:
    assert issubclass(getattr(idl, name), Message)


def test_the_message_of_a_resource_is_named_apart_from_ours() -> None:
    assert idl.ResourceMessage.DESCRIPTOR.full_name == "flyteidl.admin.Resource"
    assert idl.TaskCategoryMessage.DESCRIPTOR.full_name == "flyteidl.admin.TaskCategory"
