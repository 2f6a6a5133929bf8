"""The registry: registering, discovering and looking up connectors, and the errors of a failed lookup."""

from __future__ import annotations

import copy
import importlib
import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from connector_core import (
    ConnectorConflict,
    ConnectorDisabled,
    ConnectorFailed,
    ConnectorNotFound,
    ConnectorRegistry,
    DuplicateConnector,
    InvalidConnector,
    ResourceMeta,
    TaskCategory,
    get_connector_secret,
)
from connector_core.errors import InvalidSetting
from connector_core.idl import Agent
from connector_core.testing.sites import Site
from support.connectors import Echo, Jobs
from support.sources import sync_connector


@pytest.fixture
def acme(site: Site) -> Site:
    """Install a package with one connector, `acme`."""
    site.add(connectors={"acme": "acme_mod:Acme"}, modules={"acme_mod": sync_connector()})
    return site


def states(registry: ConnectorRegistry) -> dict[str, str]:
    return {entry.task_type: str(entry.state) for entry in registry.entries()}


class TestRegistering:
    def test_a_registered_connector_is_found(self, registry: ConnectorRegistry) -> None:
        echo = Echo()
        registry.register(echo)
        assert registry.get_connector("echo") is registry.get_agent("echo") is echo

    def test_each_version_has_its_own_connector(self, registry: ConnectorRegistry) -> None:
        old, new = Echo("echo", 0), Echo("echo", 1)
        registry.register(old)
        registry.register(new)
        assert (registry.get_connector("echo"), registry.get_connector("echo", 1)) == (old, new)

    def test_a_second_connector_for_a_category_is_refused(self, registry: ConnectorRegistry) -> None:
        first = Echo()
        registry.register(first)
        with pytest.raises(DuplicateConnector, match=r"^Duplicate connector for task type: echo_v0$") as e:
            registry.register(Echo())
        assert e.value.category == TaskCategory("echo")
        assert registry.get_connector("echo") is first

    def test_override_leaves_nothing_of_the_old_connector(self, registry: ConnectorRegistry) -> None:
        class Other(Jobs):
            name = "Other"

        registry.register(Echo())
        registry.register(Other(task_type="echo"), override=True)
        assert isinstance(registry.get_connector("echo"), Other)
        assert [(agent.name, agent.is_sync) for agent in registry.list_connectors()] == [("Other", False)]
        with pytest.raises(ConnectorNotFound, match="Cannot find connector for name: Echo"):
            registry.get_connector_metadata("Echo")

    def test_override_lists_a_category_once(self, registry: ConnectorRegistry) -> None:
        for _ in range(3):
            registry.register(Echo(), override=True)
        (agent,) = registry.list_connectors()
        assert len(agent.supported_task_categories) == 1
        assert list(agent.supported_task_types) == ["echo"]

    @pytest.mark.parametrize("rubbish", [Echo, None, 3, object()])
    def test_an_object_that_is_not_a_connector_is_refused(self, registry: ConnectorRegistry, rubbish: Any) -> None:
        with pytest.raises(InvalidConnector, match="is not an instance of SyncConnectorBase or AsyncConnectorBase"):
            registry.register(rubbish)
        assert registry.connectors() == ()

    def test_a_field_that_looks_like_a_credential_causes_a_warning(self, registry: ConnectorRegistry) -> None:
        @dataclass
        class Careless(ResourceMeta):
            password: str

        with pytest.warns(UserWarning, match="Careless has fields that look like credentials"):
            registry.register(Jobs(metadata_type=Careless))

    def test_a_registered_connector_wins_over_a_discovered_one(self, acme: Site) -> None:
        registry = ConnectorRegistry()
        mine = Echo("acme")
        registry.register(mine)
        registry.load_all()
        assert registry.get_connector("acme") is mine

    def test_a_registered_connector_wins_over_one_that_is_loaded_already(self, acme: Site) -> None:
        registry = ConnectorRegistry()
        registry.get_connector("acme")
        mine = Echo("acme")
        registry.register(mine)
        assert registry.get_connector("acme") is mine


class TestRegistries:
    def test_static_calls_use_the_default_registry(self) -> None:
        echo = Echo()
        ConnectorRegistry.register(echo)
        assert ConnectorRegistry.get_connector("echo") is echo
        assert ConnectorRegistry.get_agent("echo") is echo
        assert ConnectorRegistry.get_connector_metadata("Echo").name == "Echo"
        assert [agent.name for agent in ConnectorRegistry.list_connectors()] == ["Echo"]

    def test_a_separate_registry_shares_nothing_with_the_default_one(self, registry: ConnectorRegistry) -> None:
        ConnectorRegistry.register(Echo())
        with pytest.raises(ConnectorNotFound, match="echo_v0"):
            registry.get_connector("echo")
        registry.register(Echo("mine"))
        with pytest.raises(ConnectorNotFound, match="mine_v0"):
            ConnectorRegistry.get_connector("mine")

    def test_each_registry_loads_the_entries_for_itself(self, acme: Site) -> None:
        one, two = ConnectorRegistry(), ConnectorRegistry()
        assert one.get_connector("acme") is not two.get_connector("acme")

    def test_making_a_registry_imports_nothing(self, acme: Site) -> None:
        ConnectorRegistry()
        assert "acme_mod" not in sys.modules

    def test_a_registry_without_discovery_finds_no_entry(self, acme: Site) -> None:
        registry = ConnectorRegistry(discover=False)
        assert registry.entries() == ()
        with pytest.raises(ConnectorNotFound, match="No connector is installed"):
            registry.get_connector("acme")

    def test_the_methods_keep_their_documentation(self) -> None:
        assert "Register a connector" in str(ConnectorRegistry.register.__doc__)


class TestSubclassesAndCopies:
    def test_an_override_that_calls_super_is_used_each_time(self) -> None:
        asked: list[str] = []

        class Counted(ConnectorRegistry):
            def get_connector(self, task_type_name: str, task_type_version: int = 0) -> Any:
                asked.append(task_type_name)
                return super().get_connector(task_type_name, task_type_version)

        registry = Counted(discover=False)
        registry.register(Echo())
        for _ in range(3):
            registry.get_connector("echo")
        assert asked == ["echo"] * 3

    def test_a_copy_registers_in_itself(self) -> None:
        original = ConnectorRegistry(discover=False)
        original.connectors()
        original.register(Echo("a"))
        copied = copy.copy(original)
        copied.register(Echo("b"))
        assert [connector.task_category.name for connector in original.connectors()] == ["a"]
        assert [connector.task_category.name for connector in copied.connectors()] == ["a", "b"]


class TestAgents:
    def test_connectors_with_one_name_are_one_agent(self, registry: ConnectorRegistry) -> None:
        for connector in (Echo("b"), Echo("a", 1), Echo("a")):
            registry.register(connector)
        (agent,) = registry.list_connectors()
        assert (agent.name, agent.is_sync) == ("Echo", True)
        assert list(agent.supported_task_types) == ["a", "b"]
        assert [(c.name, c.version) for c in agent.supported_task_categories] == [("a", 0), ("a", 1), ("b", 0)]

    def test_a_sync_and_an_async_connector_with_one_name_are_two_agents(self, registry: ConnectorRegistry) -> None:
        class Sync(Echo):
            name = "Both"

        class Async(Jobs):
            name = "Both"

        registry.register(Sync())
        registry.register(Async())
        assert [agent.is_sync for agent in registry.list_connectors()] == [False, True]
        assert not registry.get_connector_metadata("Both").is_sync

    def test_agents_are_messages_sorted_by_name(self, registry: ConnectorRegistry) -> None:
        registry.register(Jobs())
        registry.register(Echo())
        agents = registry.list_connectors()
        assert [agent.name for agent in agents] == ["Echo", "Jobs"]
        assert all(isinstance(agent, Agent) for agent in agents)

    def test_get_connector_metadata_loads_the_entries(self, acme: Site) -> None:
        assert list(ConnectorRegistry().get_connector_metadata("Acme").supported_task_types) == ["acme"]

    def test_for_an_unknown_name_the_error_suggests_near_ones(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        with pytest.raises(
            ConnectorNotFound, match=r"^Cannot find connector for name: Ehco\. Did you mean Echo\?$"
        ) as e:
            registry.get_connector_metadata("Ehco")
        assert (e.value.name, e.value.category) == ("Ehco", None)


class TestDiscovery:
    def test_entries_are_listed_without_an_import(self, acme: Site) -> None:
        assert states(ConnectorRegistry()) == {"acme": "discovered"}
        assert "acme_mod" not in sys.modules

    def test_a_lookup_imports_only_its_entry(self, acme: Site) -> None:
        acme.add("other", connectors={"other": "other_mod:Acme"}, modules={"other_mod": sync_connector("other")})
        registry = ConnectorRegistry()
        assert registry.get_connector("acme").task_category == TaskCategory("acme")
        assert "other_mod" not in sys.modules
        assert states(registry) == {"acme": "loaded", "other": "discovered"}

    def test_list_connectors_imports_all_entries(self, acme: Site) -> None:
        acme.add("other", connectors={"other": "other_mod:Acme"}, modules={"other_mod": sync_connector("other")})
        registry = ConnectorRegistry()
        registry.list_connectors()
        assert states(registry) == {"acme": "loaded", "other": "loaded"}

    def test_an_entry_is_loaded_once(self, acme: Site) -> None:
        registry = ConnectorRegistry()
        for _ in range(3):
            registry.load_all()
            registry.get_connector("acme")
        assert len(importlib.import_module("acme_mod").made) == 1

    def test_a_value_under_several_names_gives_each_name_its_connector(self, site: Site) -> None:
        source = sync_connector() + BOTH
        site.add(connectors={"acme": "acme_mod:both", "two": "acme_mod:both"}, modules={"acme_mod": source})
        registry = ConnectorRegistry()
        assert registry.get_connector("two").task_category == TaskCategory("two")
        assert registry.get_connector("acme").task_category == TaskCategory("acme")

    def test_several_versions_of_a_task_type_come_from_one_entry(self, site: Site) -> None:
        source = sync_connector() + VERSIONS
        site.add(connectors={"acme": "acme_mod:versions"}, modules={"acme_mod": source})
        registry = ConnectorRegistry()
        assert registry.get_connector("acme", 2).task_category.version == 2
        assert registry.get_connector("acme").task_category.version == 0
        with pytest.raises(ConnectorNotFound, match=r"^Cannot find .* acme_v1\. The versions are: acme_v0, acme_v2\.$"):
            registry.get_connector("acme", 1)

    def test_a_connector_gets_secrets_of_plugins_while_it_is_imported(self, site: Site) -> None:
        site.add(
            connectors={"acme": "acme_mod:Acme"},
            plugins={"vault": "vault_mod"},
            modules={"acme_mod": sync_connector() + ASKS_FOR_A_SECRET, "vault_mod": VAULT},
        )
        ConnectorRegistry().get_connector("acme")
        assert importlib.import_module("acme_mod").secret == "from the plugin"
        with pytest.raises(LookupError):
            get_connector_secret("k")

    def test_unreadable_metadata_is_reported(self, acme: Site) -> None:
        acme.add("broken", entry_points="[flytekit.connectors]\nnothing\n")
        registry = ConnectorRegistry()
        assert registry.get_connector("acme")
        assert len(registry.unreadable()) == 1


BOTH = """

def both():
    one, two = Acme(), Acme()
    two._task_category = type(two.task_category)("two")
    return [one, two]
"""
VERSIONS = """

def versions():
    new = Acme()
    new._task_category = type(new.task_category)("acme", 2)
    return Acme(), new
"""
ASKS_FOR_A_SECRET = """
from connector_core import get_connector_secret

secret = get_connector_secret("k")
"""
VAULT = """
from connector_core import hookimpl


@hookimpl
def connector_core_secret(key):
    return "from the plugin"
"""
ASKS_FOR_ITSELF = """
from connector_core import ConnectorNotFound, ConnectorRegistry

try:
    ConnectorRegistry.get_connector("acme")
except ConnectorNotFound as error:
    said = str(error)
"""
REGISTERS = """
from connector_core import ConnectorRegistry

ConnectorRegistry.register(Acme())
"""
SWALLOWS = """
from connector_core import ConnectorRegistry

try:
    ConnectorRegistry.register(Acme())
except Exception:
    pass
"""
HALF = """
Real = Acme


def Acme():
    yield Real()
    raise RuntimeError("half way")
"""
FAILING = {
    "raises": ("raise RuntimeError('no backend')", "cannot be loaded: RuntimeError: no backend."),
    "exits": ("import sys\nsys.exit(3)", "calls sys.exit(3) when it is imported."),
    "syntax": ("def broken(:\n", "has a syntax error in "),
    "lacks": ("import no_such_module_here", "needs the module no_such_module_here, which is not installed."),
    "attribute": ("x = 1", "is refused: The module failing_attribute has no Acme."),
    "other_type": (sync_connector("else"), "returns a connector for the task type else. The entry's name must be"),
    "registers": (
        sync_connector("registers") + REGISTERS,
        "is refused: failing_registers calls ConnectorRegistry.register(…) when it is imported. Remove the call:",
    ),
    "swallows": (
        sync_connector("swallows") + SWALLOWS,
        "is refused: failing_swallows calls ConnectorRegistry.register(…) when it is imported. Remove the call:",
    ),
    "half": (sync_connector("half") + HALF, "cannot be loaded: RuntimeError: half way."),
    "group": ("raise BaseExceptionGroup('several', [SystemExit(1)])", "cannot be loaded: BaseExceptionGroup: several"),
}


class TestFailures:
    """A failing entry does not affect the others."""

    @pytest.fixture(autouse=True)
    def packages(self, acme: Site) -> None:
        for name, (source, _) in FAILING.items():
            acme.add(
                f"failing-{name}",
                connectors={name: f"failing_{name}:Acme"},
                modules={f"failing_{name}": source},
            )

    def test_the_other_entries_are_listed_and_work(self) -> None:
        registry = ConnectorRegistry()
        assert [agent.name for agent in registry.list_connectors()] == ["Acme"]
        assert registry.get_connector("acme")
        assert states(registry) == {**dict.fromkeys(FAILING, "failed"), "acme": "loaded"}

    @pytest.mark.parametrize("name", FAILING)
    def test_a_lookup_of_a_failed_entry_says_why(self, name: str) -> None:
        registry = ConnectorRegistry()
        with pytest.raises(
            ConnectorFailed, match=rf"^Cannot find connector for task category: {name}_v0\. The entry"
        ) as e:
            registry.get_connector(name)
        assert FAILING[name][1] in str(e.value)
        assert e.value.__cause__ is not None
        assert e.value.category == TaskCategory(name)

    @pytest.mark.parametrize("name", FAILING)
    def test_a_failure_is_recorded_with_its_traceback(self, name: str, caplog: pytest.LogCaptureFixture) -> None:
        registry = ConnectorRegistry()
        with pytest.raises(ConnectorNotFound, match=name):
            registry.get_connector(name)
        (entry,) = [entry for entry in registry.entries() if entry.task_type == name]
        error = registry.error_of(entry)
        assert error is not None
        assert error.__traceback__ is not None
        assert registry.error_of(entry.found) is error
        assert entry.reason in caplog.messages

    def test_nothing_of_a_failed_entry_is_registered(self) -> None:
        registry = ConnectorRegistry()
        registry.load_all()
        assert [str(each.task_category) for each in registry.connectors()] == ["acme_v0"]
        assert ConnectorRegistry.connectors() == ()

    def test_a_loaded_entry_has_no_error(self) -> None:
        registry = ConnectorRegistry()
        registry.load_all()
        assert [registry.error_of(entry) for entry in registry.entries() if entry.task_type == "acme"] == [None]
        assert registry.error_of(registry.entries()[0]._replace(value="else")) is None

    def test_strict_raises_the_failure_of_an_entry(self) -> None:
        with pytest.raises(ConnectorFailed, match=r"The entry attribute of failing-attribute 1\.0 is refused"):
            ConnectorRegistry(strict=True).list_connectors()

    def test_strict_raises_nothing_without_a_failure(self) -> None:
        assert ConnectorRegistry(strict=True, allow=["acme"]).list_connectors()

    def test_a_failed_entry_can_still_be_replaced_by_a_registration(self) -> None:
        registry = ConnectorRegistry()
        with pytest.raises(ConnectorFailed, match="raises"):
            registry.get_connector("raises")
        mine = Echo("raises")
        registry.register(mine)
        assert registry.get_connector("raises") is mine


def test_an_interrupted_import_does_not_fail_the_entry(site: Site) -> None:
    site.add(connectors={"acme": "acme_mod:Acme"}, modules={"acme_mod": "raise KeyboardInterrupt\n"})
    registry = ConnectorRegistry()
    with pytest.raises(KeyboardInterrupt):
        registry.get_connector("acme")
    assert states(registry) == {"acme": "discovered"}
    (site.path / "acme_mod.py").write_text(sync_connector())
    importlib.invalidate_caches()
    assert registry.get_connector("acme")


def test_strict_raises_the_failure_of_a_plugin(site: Site) -> None:
    site.add("bad", plugins={"bad": "bad_plugin"}, modules={"bad_plugin": "raise RuntimeError"})
    with pytest.raises(ConnectorFailed, match=r"The entry bad of bad 1\.0 cannot be loaded: RuntimeError"):
        ConnectorRegistry(strict=True).load_all()


class TestLookupsDuringAnImport:
    def test_a_connector_that_looks_itself_up_gets_an_error(self, site: Site) -> None:
        source = sync_connector() + ASKS_FOR_ITSELF
        site.add(connectors={"acme": "acme_mod:Acme"}, modules={"acme_mod": source})
        assert ConnectorRegistry.get_connector("acme")
        assert importlib.import_module("acme_mod").said == (
            "Cannot find connector for task category: acme_v0. "
            "Its package is still being imported and looked itself up."
        )

    def test_a_connector_may_look_up_another(self, acme: Site) -> None:
        source = sync_connector("outer") + (
            "from connector_core import ConnectorRegistry\nfound = ConnectorRegistry.get_connector('acme')\n"
        )
        acme.add("outer", connectors={"outer": "outer_mod:Acme"}, modules={"outer_mod": source})
        ConnectorRegistry.get_connector("outer")
        assert importlib.import_module("outer_mod").found is ConnectorRegistry.get_connector("acme")


class TestSettings:
    @pytest.fixture
    def two(self, acme: Site) -> Site:
        """Install two distributions that claim the task type `spark`, beside `acme`."""
        for name in ("one", "two"):
            acme.add(
                f"spark-{name}",
                connectors={"spark": f"spark_{name}:Acme"},
                modules={f"spark_{name}": sync_connector("spark", name="Acme")},
            )
        return acme

    def test_two_distributions_with_one_task_type_conflict(self, two: Site) -> None:
        registry = ConnectorRegistry()
        with pytest.raises(
            ConnectorConflict, match=r"The task type spark is claimed by spark-one 1\.0 .* and spark-two 1\.0"
        ):
            registry.get_connector("spark")
        assert registry.get_connector("acme")
        assert not {"spark_one", "spark_two"} & set(sys.modules)

    def test_the_error_gives_the_reason_of_the_conflict_once(self, two: Site) -> None:
        with pytest.raises(ConnectorConflict, match="CONNECTORS_PREFER=spark=spark-one") as e:
            ConnectorRegistry().get_connector("spark")
        assert len(e.value.reasons) == 1

    def test_a_preference_resolves_the_conflict(self, two: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONNECTORS_PREFER", "spark=spark-two")
        connector = ConnectorRegistry().get_connector("spark")
        assert type(connector).__module__ == "spark_two"
        chosen = ConnectorRegistry(prefer={"spark": "spark_one"}).get_connector("spark")
        assert type(chosen).__module__ == "spark_one"

    def test_disabling_one_resolves_the_conflict(self, two: Site) -> None:
        registry = ConnectorRegistry(disable=["dist:spark-one"])
        assert type(registry.get_connector("spark")).__module__ == "spark_two"

    def test_a_registration_resolves_the_conflict(self, two: Site) -> None:
        registry = ConnectorRegistry()
        mine = Echo("spark")
        registry.register(mine)
        assert registry.get_connector("spark") is mine

    @pytest.mark.parametrize(
        ("settings", "named"),
        [
            ({"disable": ["ac*"]}, r"CONNECTORS_DISABLE=ac\*"),
            ({"allow": ["other"]}, "CONNECTORS_ALLOW=other"),
            ({"autoload": False}, "CONNECTORS_AUTOLOAD=0"),
        ],
        ids=["disable", "allow", "autoload"],
    )
    def test_a_disabled_entry_is_not_imported_and_the_error_names_the_setting(
        self, acme: Site, settings: Any, named: str
    ) -> None:
        registry = ConnectorRegistry(**settings)
        with pytest.raises(ConnectorDisabled, match=f"The entry acme of acme-connectors 1.0 is disabled by {named};"):
            registry.get_connector("acme")
        assert registry.list_connectors() == []
        assert "acme_mod" not in sys.modules

    def test_settings_come_from_the_environment(self, acme: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONNECTORS_DISABLE", "acme")
        assert states(ConnectorRegistry()) == {"acme": "disabled"}

    def test_arguments_win_over_the_environment(self, acme: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONNECTORS_DISABLE", "acme")
        monkeypatch.setenv("CONNECTORS_AUTOLOAD", "0")
        monkeypatch.setenv("CONNECTORS_STRICT", "1")
        registry = ConnectorRegistry(disable=[], autoload=True, strict=False)
        assert registry.get_connector("acme")
        assert registry.settings.strict is False

    def test_an_unreadable_setting_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONNECTORS_AUTOLOAD", "perhaps")
        with pytest.raises(InvalidSetting, match=r"^CONNECTORS_AUTOLOAD='perhaps' cannot be read: expected 1 or 0\.$"):
            ConnectorRegistry()


class TestNotFound:
    def test_the_error_suggests_near_names(self, acme: Site) -> None:
        with pytest.raises(
            ConnectorNotFound, match=r"^Cannot find connector for task category: acne_v0\. Did you mean acme\?$"
        ) as e:
            ConnectorRegistry().get_connector("acne")
        assert type(e.value) is ConnectorNotFound

    def test_without_near_names_the_error_lists_all(self, acme: Site, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        with pytest.raises(ConnectorNotFound, match=r"zzz_v3\. The known names are: echo\.$"):
            registry.get_connector("zzz", 3)

    def test_without_connectors_the_error_says_what_to_do(self, registry: ConnectorRegistry) -> None:
        with pytest.raises(
            ConnectorNotFound, match="No connector is installed: install a connector package, or register"
        ):
            registry.get_connector("acme")

    def test_the_error_has_the_message_of_the_specification(self, registry: ConnectorRegistry) -> None:
        with pytest.raises(ConnectorNotFound, match=r"^Cannot find connector for task category: dummy_v0\."):
            registry.get_connector("dummy", 0)


class TestThreads:
    def test_concurrent_lookups_loads_and_registrations_lose_and_double_nothing(self, site: Site) -> None:
        entries = [f"entry{index}" for index in range(12)]
        for name in entries:
            site.add(
                f"dist-{name}", connectors={name: f"mod_{name}:Acme"}, modules={f"mod_{name}": sync_connector(name)}
            )
        # After a change of sys.path, coverage searches it before the next new file, and then removes from sys.modules
        # the modules that other threads have imported meanwhile. This import makes it do so now.
        site.add("dist-first", modules={"mod_first": ""})
        importlib.import_module("mod_first")
        registry = ConnectorRegistry()
        threads, rounds = 32, 3_000
        start = threading.Barrier(threads)

        def work(number: int) -> tuple[list[str], list[str]]:
            chance = random.Random(number)
            registered, refused = [], []
            start.wait()
            for index in range(rounds // threads + 1):
                action = chance.randrange(6)
                if action == 0:
                    name = f"own{number}_{index}"
                    registry.register(Echo(name))
                    registered.append(name)
                    assert registry.get_connector(name).task_category.name == name
                elif action == 1:
                    contested = f"contested{chance.randrange(50)}"
                    try:
                        registry.register(Echo(contested))
                        registered.append(contested)
                    except DuplicateConnector:
                        refused.append(contested)
                elif action == 2:
                    registry.register(Echo("shared"), override=True)
                elif action == 3 and index % 10 == 0:
                    with pytest.raises(ConnectorNotFound, match="nothing"):
                        registry.get_connector("nothing")
                elif action == 4 and index % 20 == 0:
                    registry.list_connectors()
                else:
                    name = chance.choice(entries)
                    assert registry.get_connector(name).task_category.name == name
            return registered, refused

        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(work, range(threads)))
        registered = [name for names, _ in results for name in names]
        assert len(registered) == len(set(registered))
        assert {name for _, names in results for name in names} <= set(registered)
        registry.load_all()
        assert sorted(each.task_category.name for each in registry.connectors()) == sorted(
            [*registered, *entries, "shared"]
        )
        assert [len(importlib.import_module(f"mod_{name}").made) for name in entries] == [1] * len(entries)
        assert states(registry) == dict.fromkeys(entries, "loaded")

    def test_a_plugin_registered_while_an_entry_is_imported_does_not_load_it_twice(self, site: Site) -> None:
        gate = _Gate()
        sys.modules["registry_gate"] = gate  # type: ignore[assignment]
        try:
            source = "import registry_gate\nregistry_gate.enter()\n" + sync_connector()
            site.add(connectors={"acme": "acme_mod:Acme"}, modules={"acme_mod": source})
            registry = ConnectorRegistry()
            registry.entries()
            with ThreadPoolExecutor(2) as pool:
                loading = pool.submit(registry.get_connector, "acme")
                assert gate.entered.wait(30)
                registry.register_plugin(_HasEntries())
                second = pool.submit(registry.get_connector, "acme")
                gate.leave.set()
                assert loading.result(30) is second.result(30)
            assert len(importlib.import_module("acme_mod").made) == 1
        finally:
            del sys.modules["registry_gate"]

    def test_lookups_wait_while_the_entry_is_imported(self, site: Site) -> None:
        gate = _Gate()
        sys.modules["registry_gate"] = gate  # type: ignore[assignment]
        try:
            source = "import registry_gate\nregistry_gate.enter()\n" + sync_connector()
            site.add(connectors={"acme": "acme_mod:Acme"}, modules={"acme_mod": source})
            registry = ConnectorRegistry()
            with ThreadPoolExecutor(8) as pool:
                lookups = [pool.submit(registry.get_connector, "acme") for _ in range(8)]
                assert gate.entered.wait(30)
                gate.leave.set()
                assert len({id(lookup.result(30)) for lookup in lookups}) == 1
        finally:
            del sys.modules["registry_gate"]


class _Gate:
    """Lets a test hold an import."""

    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()

    def enter(self) -> None:
        self.entered.set()
        assert self.leave.wait(30)


class _HasEntries:
    from connector_core import Entry, hookimpl

    @hookimpl
    def connector_core_entries(self) -> Iterator[Entry]:
        yield self.Entry("further", "further_mod:Acme")
