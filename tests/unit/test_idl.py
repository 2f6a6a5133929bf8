"""The flyteidl messages that `connector_core.idl` offers."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from connector_core import idl


def test_every_name_exists_and_the_list_is_sorted() -> None:
    assert idl.__all__ == sorted(set(idl.__all__))
    assert all(hasattr(idl, name) for name in idl.__all__)


@pytest.mark.parametrize("name", [name for name in idl.__all__ if name not in ("SimpleType", "ResourceType")])
def test_every_name_is_a_protobuf_class(name: str) -> None:
    assert issubclass(getattr(idl, name), Message)


def test_the_message_of_a_resource_has_another_name_than_our_class() -> None:
    assert idl.ResourceMessage.DESCRIPTOR.full_name == "flyteidl.admin.Resource"
    assert idl.TaskCategoryMessage.DESCRIPTOR.full_name == "flyteidl.admin.TaskCategory"
