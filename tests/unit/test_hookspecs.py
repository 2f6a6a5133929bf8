"""The six hooks: when they are called, and that an implementation that raises stops nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from connector_core import (
    Call,
    ConnectorRegistry,
    DuplicateConnector,
    Entry,
    LiteralConverter,
    LiteralError,
    Outcome,
    Resource,
    from_literal,
    get_connector_secret,
    hookimpl,
    hookspecs,
    literal_type,
    to_literal,
)
from connector_core.errors import EntryRefused
from connector_core.idl import Literal, LiteralType, Primitive, Scalar, SimpleType
from connector_core.invoke import invoke
from connector_core.testing.sites import Site
from support.connectors import Echo, Jobs
from support.sources import sync_connector


def plugin(**functions: Any) -> SimpleNamespace:
    """Return a plugin with these hook implementations."""
    return SimpleNamespace(**{f"connector_core_{name}": hookimpl(function) for name, function in functions.items()})


def do(registry: ConnectorRegistry, connector: Any = None) -> Resource:
    result: Resource = asyncio.run(
        invoke(Call(connector or Echo(), "do"), registry.plugins, task_template=None, output_prefix="")
    )
    return result


def test_each_of_the_six_hooks_has_a_docstring() -> None:
    hooks = [name for name in hookspecs.__all__ if name.startswith("connector_core_")]
    assert len(hooks) == 6
    assert all(getattr(hookspecs, name).__doc__ for name in hooks)


class TestConnectors:
    def test_connectors_are_registered_with_the_plugin(self, registry: ConnectorRegistry) -> None:
        echo = Echo()
        registry.register_plugin(plugin(connectors=lambda: [echo, Jobs()]))
        assert registry.get_connector("echo") is echo
        assert registry.get_connector("job")

    def test_the_whole_plugin_is_refused_if_one_connector_is_a_duplicate(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        with pytest.raises(DuplicateConnector, match=r"^Duplicate connector for task type: echo_v0$"):
            registry.register_plugin(plugin(connectors=lambda: [Jobs(), Echo()], secret=lambda key: "secret"))
        assert [str(each.task_category) for each in registry.connectors()] == ["echo_v0"]
        assert registry.plugins.secret("key") is None

    def test_a_hook_that_fails_half_way_leaves_nothing(self, registry: ConnectorRegistry) -> None:
        def half() -> Iterator[Any]:
            yield Echo()
            raise RuntimeError("half way")

        broken = plugin(connectors=half)
        with pytest.raises(RuntimeError, match="half way"):
            registry.register_plugin(broken)
        assert registry.connectors() == ()
        broken.connector_core_connectors = hookimpl(lambda: [Echo()])
        registry.register_plugin(broken)
        assert len(registry.connectors()) == 1


class TestEntries:
    def test_entries_of_hooks_are_listed_and_loaded(self, registry: ConnectorRegistry, site: Site) -> None:
        site.add(modules={"acme_hooked": sync_connector()})
        registry.register_plugin(plugin(entries=lambda: [Entry("acme", "acme_hooked:Acme")]))
        assert registry.entries() == (Entry("acme", "acme_hooked:Acme"),)
        assert registry.get_connector("acme").name == "Acme"

    def test_an_entry_that_is_in_the_metadata_too_counts_once(self, site: Site) -> None:
        site.add(connectors={"acme": "acme_hooked:Acme"}, modules={"acme_hooked": sync_connector()})
        registry = ConnectorRegistry()
        connector = registry.get_connector("acme")
        registry.register_plugin(plugin(entries=lambda: registry.entries()))
        assert len(registry.entries()) == 1
        assert registry.get_connector("acme") is connector

    def test_the_same_entry_twice_counts_once(self, registry: ConnectorRegistry) -> None:
        registry.register_plugin(plugin(entries=lambda: [Entry("acme", "a:A"), Entry("acme", "a:A")]))
        assert registry.entries() == (Entry("acme", "a:A"),)

    def test_a_loaded_entry_stays_when_a_plugin_claims_its_task_type(self, site: Site) -> None:
        site.add(connectors={"acme": "acme_hooked:Acme"}, modules={"acme_hooked": sync_connector()})
        registry = ConnectorRegistry()
        connector = registry.get_connector("acme")
        registry.register_plugin(plugin(entries=lambda: [Entry("acme", "other:C")]))
        assert registry.get_connector("acme") is connector
        assert {entry.value: entry.state for entry in registry.entries()} == {
            "acme_hooked:Acme": "loaded",
            "other:C": "conflicting",
        }

    def test_a_refused_plugin_leaves_no_entries(self, registry: ConnectorRegistry) -> None:
        with pytest.raises(EntryRefused, match=r"returned 'rubbish' as a literal converter"):
            registry.register_plugin(
                plugin(entries=lambda: [Entry("acme", "a:A")], literal_converters=lambda: ["rubbish"])
            )
        assert registry.entries() == ()


class TestSecret:
    def test_the_plugin_registered_last_is_called_first(self, registry: ConnectorRegistry) -> None:
        registry.register_plugin(plugin(secret=lambda key: f"first {key}"))
        registry.register_plugin(plugin(secret=lambda key: f"last {key}"))
        assert registry.plugins.secret("k") == "last k"

    def test_plugins_are_called_until_one_returns_a_secret(self, registry: ConnectorRegistry) -> None:
        asked: list[str] = []
        registry.register_plugin(plugin(secret=lambda: asked.append("never needed")))
        registry.register_plugin(plugin(secret=lambda key: key))
        registry.register_plugin(plugin(secret=lambda key: asked.append(key)))
        assert registry.plugins.secret("k") == "k"
        assert asked == ["k"]

    def test_a_plugin_that_raises_is_skipped(
        self, registry: ConnectorRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(key: str) -> str:
            raise RuntimeError("vault is sealed")

        registry.register_plugin(plugin(secret=lambda key: "fallback"))
        registry.register_plugin(plugin(secret=fail), "vault")
        assert registry.plugins.secret("k") == "fallback"
        assert "The hook connector_core_secret of the plugin vault failed." in caplog.text

    def test_connectors_get_the_secret_in_their_calls(self, registry: ConnectorRegistry) -> None:
        class Asks(Echo):
            def do(self, **kwargs: Any) -> Resource:
                return Resource.succeeded(outputs={"secret": str(get_connector_secret("k"))})

        registry.register_plugin(plugin(secret=lambda key: f"hook {key}"))
        assert do(registry, Asks()).outputs == {"secret": "hook k"}


class TestCalls:
    def test_hooks_are_called_before_and_after(self, registry: ConnectorRegistry) -> None:
        seen: list[Any] = []
        registry.register_plugin(
            plugin(
                before_call=lambda call: seen.append(call),
                after_call=lambda call, outcome: seen.append((call, outcome)),
            )
        )
        result = do(registry)
        before, (after, outcome) = seen
        assert before is after
        assert (before.operation, str(before.task_category)) == ("do", "echo_v0")
        assert isinstance(outcome, Outcome)
        assert (outcome.result, outcome.error) == (result, None)
        assert outcome.seconds >= 0

    def test_the_plugin_registered_last_comes_first(self, registry: ConnectorRegistry) -> None:
        order: list[str] = []
        for name in ("first", "last"):
            registry.register_plugin(plugin(before_call=lambda call, name=name: order.append(name)))
        do(registry)
        assert order == ["last", "first"]

    @pytest.mark.parametrize("error", [RuntimeError("hook is broken"), SystemExit(1)], ids=repr)
    def test_an_error_is_logged_and_the_other_hooks_and_the_call_continue(
        self, registry: ConnectorRegistry, caplog: pytest.LogCaptureFixture, error: BaseException
    ) -> None:
        seen: list[str] = []

        def fail(call: Call) -> None:
            raise error

        registry.register_plugin(
            plugin(before_call=lambda call: seen.append("before"), after_call=lambda: seen.append("after"))
        )
        registry.register_plugin(plugin(before_call=fail, after_call=fail), "bad-plugin")
        assert do(registry).phase.name == "SUCCEEDED"
        assert seen == ["before", "after"]
        records = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert [record.getMessage() for record in records] == [
            "The hook connector_core_before_call of the plugin bad-plugin failed.",
            "The hook connector_core_after_call of the plugin bad-plugin failed.",
        ]
        assert all(record.exc_info for record in records)

    def test_a_failed_call_is_reported_with_its_error(self, registry: ConnectorRegistry) -> None:
        class Fails(Echo):
            def do(self, **kwargs: Any) -> Resource:
                raise KeyError("x")

        outcomes: list[Outcome] = []
        registry.register_plugin(plugin(after_call=lambda outcome: outcomes.append(outcome)))
        with pytest.raises(KeyError):
            do(registry, Fails())
        assert isinstance(outcomes[0].error, KeyError)


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents


class Euro(Money):
    pass


def converter(**changes: Any) -> LiteralConverter:
    fields: dict[str, Any] = {
        "python_type": Money,
        "literal_type": LiteralType(simple=SimpleType.INTEGER),
        "to_literal": lambda money: Literal(scalar=Scalar(primitive=Primitive(integer=money.cents))),
        "from_literal": lambda literal: Money(literal.scalar.primitive.integer),
    }
    return LiteralConverter(**fields | changes)


class TestLiteralConverters:
    def test_a_type_with_a_converter_becomes_a_literal_and_comes_back(self, registry: ConnectorRegistry) -> None:
        with pytest.raises(LiteralError, match="Money is not a type that Flyte supports"):
            to_literal(Money(3))
        registry.register_plugin(plugin(literal_converters=lambda: [converter()]))
        assert literal_type(list[Money]).collection_type.simple == SimpleType.INTEGER
        assert from_literal(to_literal(Money(3)), Money).cents == 3
        assert [each.cents for each in from_literal(to_literal([Money(3)], list[Money]), list[Money])] == [3]

    def test_subclasses_use_the_converter_of_their_base(self, registry: ConnectorRegistry) -> None:
        registry.register_plugin(plugin(literal_converters=lambda: [converter()]))
        assert from_literal(to_literal(Euro(3))) == 3

    def test_the_type_can_be_given_by_name_and_is_then_not_imported(self, registry: ConnectorRegistry) -> None:
        named = converter(python_type=f"{Money.__module__}.Money")
        registry.register_plugin(plugin(literal_converters=lambda: [named]))
        assert named.type_name == converter().type_name
        assert from_literal(to_literal(Money(4))) == 4

    def test_the_first_for_a_type_stays_and_the_second_is_logged(
        self, registry: ConnectorRegistry, caplog: pytest.LogCaptureFixture
    ) -> None:
        first = converter()
        registry.register_plugin(plugin(literal_converters=lambda: [first, first]))
        assert not caplog.records
        registry.register_plugin(plugin(literal_converters=lambda: [converter(to_literal=lambda money: Literal())]))
        assert "A second literal converter for" in caplog.text
        assert from_literal(to_literal(Money(5))) == 5

    def test_a_refused_plugin_leaves_no_converters(self, registry: ConnectorRegistry) -> None:
        with pytest.raises(EntryRefused, match="Return LiteralConverter objects"):
            registry.register_plugin(plugin(literal_converters=lambda: [converter(), "rubbish"]))
        with pytest.raises(LiteralError, match="Money"):
            to_literal(Money(3))
