"""The base classes of connectors, and which objects are refused as connectors."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pytest

from connector_core import (
    AsyncConnectorBase,
    ConnectorBase,
    InvalidConnector,
    InvalidResourceMeta,
    ResourceMeta,
    SyncConnectorBase,
    TaskCategory,
)
from connector_core.connector import check_connector, implements
from support.connectors import Echo, JobMeta, Jobs


def test_a_connector_knows_its_task_category() -> None:
    assert Echo("echo", 2).task_category == TaskCategory("echo", 2)


def test_the_version_of_the_task_type_is_0_by_default() -> None:
    assert Echo("echo").task_category.version == 0


def test_an_async_connector_knows_its_metadata_type() -> None:
    assert Jobs().metadata_type is JobMeta


def test_its_name_defaults_to_the_name_of_its_class() -> None:
    class Named(Echo):
        name = "Echo Connector"

    class Child(Echo):
        pass

    assert (Named.name, Named().name) == ("Echo Connector", "Echo Connector")
    assert (Child.name, Child().name) == ("Child", "Child")


def test_it_has_no_limits_by_default() -> None:
    assert (Echo.max_concurrency, Echo.timeout, Echo.transient_errors) == (None, None, ())


def test_its_repr_says_what_it_serves() -> None:
    assert repr(Echo("echo", 1)) == "<Echo echo_v1>"


@pytest.mark.parametrize("base", [SyncConnectorBase, AsyncConnectorBase])
def test_a_connector_without_its_methods_cannot_be_made(base: Any) -> None:
    with pytest.raises(TypeError, match="abstract"):
        type("Lazy", (base,), {})(task_type_name="lazy")


def test_further_keyword_arguments_are_accepted() -> None:
    class Open(SyncConnectorBase):
        def do(self, **kwargs: Any) -> Any: ...

    assert Open(task_type_name="open", task_type_version=1, anything="else").task_category == TaskCategory("open", 1)


def test_metadata_that_the_codec_cannot_carry_is_refused_when_the_connector_is_made() -> None:
    @dataclass
    class Wild(ResourceMeta):
        handle: object

    with pytest.raises(InvalidResourceMeta, match="Wild"):
        Jobs(metadata_type=Wild)


class TestChecking:
    def test_connectors_are_accepted(self) -> None:
        check_connector(Echo())
        check_connector(Jobs())

    def test_a_class_is_refused_with_the_advice_to_register_an_instance(self) -> None:
        with pytest.raises(
            InvalidConnector,
            match=r"^Echo is not an instance of SyncConnectorBase or AsyncConnectorBase; register an instance of it\.$",
        ):
            check_connector(Echo)

    def test_any_other_object_is_refused(self) -> None:
        with pytest.raises(
            InvalidConnector,
            match=r"^An instance of int is not an instance of .*; subclass one of them",
        ):
            check_connector(3)

    def test_a_subclass_of_the_common_base_alone_is_refused(self) -> None:
        class Neither(ConnectorBase):
            pass

        with pytest.raises(InvalidConnector, match="An instance of Neither is not an instance of SyncConnectorBase"):
            check_connector(Neither("x"))

    def test_a_connector_that_does_not_call_its_base_is_refused(self) -> None:
        class Forgetful(Echo):
            def __init__(self) -> None:
                pass

        with pytest.raises(InvalidConnector, match=r"^Forgetful\.__init__ does not call super\(\)\.__init__\("):
            check_connector(Forgetful())

    def test_an_async_connector_that_calls_the_wrong_base_is_refused(self) -> None:
        class Confused(Jobs):
            def __init__(self) -> None:
                ConnectorBase.__init__(self, "confused")

        with pytest.raises(InvalidConnector, match=r"Confused\.__init__ does not call"):
            check_connector(Confused())

    @pytest.mark.parametrize(("name", "version"), [("", 0), (None, 0), ("x", "1"), ("x", None)])
    def test_a_category_needs_a_name_and_an_integer_version(self, name: Any, version: Any) -> None:
        with pytest.raises(InvalidConnector, match=r"Echo has the task category .*; give it a name and an integer"):
            check_connector(Echo(name, version))

    def test_a_field_that_looks_like_a_credential_causes_a_warning(self) -> None:
        @dataclass
        class Careless(ResourceMeta):
            job_id: str
            api_key: str

        with pytest.warns(UserWarning, match=r"Careless has fields that look like credentials \(api_key\)"):
            check_connector(Jobs(metadata_type=Careless))

    def test_other_fields_cause_no_warning(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_connector(Jobs())


class TestOptionalMethods:
    @pytest.mark.parametrize("method", ["find", "get_logs", "get_metrics"])
    @pytest.mark.parametrize("connector", [Echo(), Jobs()], ids=["sync", "async"])
    def test_are_not_implemented_by_default(self, connector: Any, method: str) -> None:
        assert not implements(connector, method)

    def test_are_implemented_if_the_class_defines_them(self) -> None:
        class Finder(Jobs):
            def find(self, idempotency_key: str, **kwargs: Any) -> None:
                return None

        assert implements(Finder(), "find")
        assert not implements(Finder(), "get_logs")
