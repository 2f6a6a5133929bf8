"""Registering plugins: the ones that are refused, and those of installed packages."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from connector_core import Call, ConnectorRegistry, hookimpl
from connector_core.errors import EntryRefused
from connector_core.testing.sites import Site
from support.connectors import Echo


def plugin(**functions: Any) -> SimpleNamespace:
    """Return a plugin with these hook implementations."""
    return SimpleNamespace(**{f"connector_core_{name}": hookimpl(function) for name, function in functions.items()})


class TestRefusedPlugins:
    def test_a_hook_that_does_not_exist(self, registry: ConnectorRegistry) -> None:
        with pytest.raises(
            EntryRefused, match=r"^The plugin 'mine' is not valid: .*connector_core_befor_call.*hookspecs"
        ):
            registry.register_plugin(plugin(befor_call=lambda call: None, connectors=lambda: [Echo()]), "mine")
        assert registry.connectors() == ()

    def test_an_argument_that_does_not_exist(self, registry: ConnectorRegistry) -> None:
        with pytest.raises(EntryRefused, match=r"is not valid: .*context"):
            registry.register_plugin(plugin(before_call=lambda context: None))

    def test_another_plugin_can_be_registered_after_a_refused_one(self, registry: ConnectorRegistry) -> None:
        with pytest.raises(EntryRefused, match="is not valid"):
            registry.register_plugin(plugin(befor_call=lambda call: None), "mine")
        registry.register_plugin(plugin(secret=lambda key: "secret"), "mine")
        assert registry.plugins.secret("k") == "secret"

    def test_a_class(self, registry: ConnectorRegistry) -> None:
        class Plugin:
            @hookimpl
            def connector_core_secret(self, key: str) -> str:
                return key

        with pytest.raises(
            EntryRefused, match=r"is a class, and its hooks would lack self\. Register an instance of it\.$"
        ):
            registry.register_plugin(Plugin)
        registry.register_plugin(Plugin())
        assert registry.plugins.secret("k") == "k"

    @pytest.mark.parametrize("kind", [{"wrapper": True}, {"hookwrapper": True}], ids=str)
    def test_a_wrapper(self, registry: ConnectorRegistry, kind: dict[str, bool]) -> None:
        @hookimpl(**kind)
        def connector_core_before_call(call: Call) -> Iterator[None]:
            yield

        with pytest.raises(
            EntryRefused,
            match=r"^The plugin 'outer' wraps connector_core_before_call\. Implement it without wrapper=True\.$",
        ):
            registry.register_plugin(
                SimpleNamespace(connector_core_before_call=connector_core_before_call), name="outer"
            )

    def test_a_second_plugin_of_the_same_name(self, registry: ConnectorRegistry) -> None:
        registry.register_plugin(plugin(secret=lambda key: "one"), "mine")
        with pytest.raises(EntryRefused, match=r"^The plugin 'mine' is not valid: .*already"):
            registry.register_plugin(plugin(secret=lambda key: "two"), "mine")
        assert registry.plugins.secret("k") == "one"

    def test_the_same_plugin_twice_counts_once(self, registry: ConnectorRegistry) -> None:
        calls: list[str] = []
        mine = plugin(before_call=lambda call: calls.append("called"), connectors=lambda: [Echo()])
        registry.register_plugin(mine)
        registry.register_plugin(mine)
        registry.plugins.call("connector_core_before_call", call=None)
        assert calls == ["called"]


class TestPluginsOfPackages:
    MODULE = """
from connector_core import hookimpl


@hookimpl
def connector_core_secret(key):
    return "plugin " + key
"""

    def test_they_are_imported_when_the_registry_is_first_used(self, site: Site) -> None:
        site.add("vault", plugins={"vault": "vault_plugin"}, modules={"vault_plugin": self.MODULE})
        registry = ConnectorRegistry()
        assert registry.plugins.secret("k") == "plugin k"
        assert [(each.task_type, each.state) for each in registry.plugin_entries()] == [("vault", "loaded")]

    def test_a_class_is_instantiated(self, site: Site) -> None:
        source = """
from connector_core import hookimpl


class P:
    @hookimpl
    def connector_core_secret(self, key):
        return key
"""
        site.add("vault", plugins={"vault": "vault_plugin:P"}, modules={"vault_plugin": source})
        assert ConnectorRegistry().plugins.secret("k") == "k"

    def test_a_failing_plugin_is_recorded_and_the_others_work(self, site: Site) -> None:
        site.add("bad", plugins={"bad": "bad_plugin"}, modules={"bad_plugin": "raise SystemExit(4)"})
        site.add("vault", plugins={"vault": "vault_plugin"}, modules={"vault_plugin": self.MODULE})
        registry = ConnectorRegistry()
        assert registry.plugins.secret("k") == "plugin k"
        states = {each.task_type: each for each in registry.plugin_entries()}
        assert (states["bad"].state, states["vault"].state) == ("failed", "loaded")
        assert "calls sys.exit(4) when it is imported" in str(states["bad"].reason)
        assert isinstance(registry.error_of(states["bad"]), SystemExit)

    def test_a_refused_plugin_is_recorded_as_failed(self, site: Site) -> None:
        source = "from connector_core import hookimpl\n\n\n@hookimpl\ndef connector_core_typo():\n    pass\n"
        site.add("bad", plugins={"bad": "bad_plugin"}, modules={"bad_plugin": source})
        (entry,) = ConnectorRegistry().plugin_entries()
        assert entry.state == "failed"
        assert "The plugin 'bad:bad' is not valid" in str(entry.reason)

    def test_settings_disable_plugins(self, site: Site) -> None:
        site.add("vault", plugins={"vault": "vault_plugin"}, modules={"vault_plugin": "raise RuntimeError"})
        for registry in (ConnectorRegistry(disable=["dist:vault"]), ConnectorRegistry(autoload=False)):
            (entry,) = registry.plugin_entries()
            assert entry.state == "disabled"

    def test_a_plugin_may_use_the_registry_while_it_is_imported(self, site: Site) -> None:
        source = "from connector_core import ConnectorRegistry\n\nfound = ConnectorRegistry.entries()\n" + self.MODULE
        site.add("vault", plugins={"vault": "vault_plugin"}, modules={"vault_plugin": source})
        assert [each.state for each in ConnectorRegistry.plugin_entries()] == ["loaded"]
