"""Loading the connectors that an entry names, or refusing them with advice."""

from __future__ import annotations

import pytest

from connector_core import Entry, InvalidConnector
from connector_core.errors import EntryRefused
from connector_core.loading import import_value, load_connectors
from connector_core.testing.sites import Site
from support.sources import sync_connector

MODULE = (
    sync_connector()
    + """
from connector_core import hookimpl


class Versioned(Acme):
    def __init__(self, task_type="acme", version=0):
        SyncConnectorBase.__init__(self, task_type_name=task_type, task_type_version=version)


class Nested:
    Connector = Acme


instance = Acme()
number = 3
one = lambda: Versioned()
several = lambda: [Versioned(version=0), Versioned(version=1)]
generated = lambda: (Versioned(version=version) for version in range(3))
for_two_types = lambda: [Versioned("acme"), Versioned("other")]
wrong_type = lambda: Versioned("else")
doubled = lambda: [Versioned(), Versioned()]
none = lambda: None
nothing = lambda: []
classes = lambda: [Acme]


class NeedsArguments(Acme):
    def __init__(self, where):
        super().__init__()


class Forgetful(Acme):
    def __init__(self):
        pass


class Fails(Acme):
    def __init__(self):
        raise RuntimeError("no backend")
"""
)
HOOKS = sync_connector() + (
    "from connector_core import hookimpl\n\n\n@hookimpl\ndef connector_core_connectors():\n    return [Acme()]\n"
)


@pytest.fixture(autouse=True)
def modules(site: Site) -> None:
    site.add(modules={"acme_loading": MODULE, "acme_hooks": HOOKS, "acme_empty": ""})


def load(value: str, *names: str) -> list[str]:
    return [str(each.task_category) for each in load_connectors(Entry("acme", value), names or ("acme",))]


@pytest.mark.parametrize(
    "attribute", ["Acme", "instance", "one", "Nested.Connector", "for_two_types [extra]", "for_two_types"]
)
def test_a_class_an_instance_or_a_function_gives_a_connector(attribute: str) -> None:
    assert load(f"acme_loading:{attribute}", "acme", "other") == ["acme_v0"]


@pytest.mark.parametrize(("attribute", "versions"), [("several", 2), ("generated", 3)])
def test_a_function_may_give_several_versions(attribute: str, versions: int) -> None:
    assert load(f"acme_loading:{attribute}") == [f"acme_v{version}" for version in range(versions)]


def test_a_module_gives_the_connectors_of_its_hook() -> None:
    assert load("acme_hooks") == ["acme_v0"]


REFUSED = {
    "acme_loading:Acne": "The module acme_loading has no Acne. Did you mean Acme?",
    "acme_loading:zzzzzz": "The module acme_loading has no zzzzzz. Name a connector class there.",
    "acme_loading:Nested.Conector": "The module acme_loading has no Nested.Conector. Did you mean Connector?",
    "acme loading:Acme": (
        "'acme loading:Acme' is not a reference to an object. Write it as \"package.module:attribute\"."
    ),
    "acme_empty": (
        "The module acme_empty has no @hookimpl connector_core_connectors(). Name the connector class in the entry: "
        'acme = "acme_empty:YourConnector".'
    ),
    "acme_loading:Nested": "'acme_loading:Nested' is not a subclass of SyncConnectorBase or AsyncConnectorBase.",
    "acme_loading:number": "'acme_loading:number' is an instance of int, not a connector.",
    "acme_loading:none": "'acme_loading:none' returned an instance of NoneType, not a connector.",
    "acme_loading:classes": "'acme_loading:classes' returned an instance of ABCMeta, not a connector.",
    "acme_loading:nothing": "'acme_loading:nothing' returns no connector for the task type acme.",
    "acme_loading:doubled": "'acme_loading:doubled' returns two connectors of one version.",
    "acme_loading:wrong_type": (
        "'acme_loading:wrong_type' returns a connector for the task type else. The entry's name must be the task type: "
        'add else = "acme_loading:wrong_type" to [project.entry-points."flytekit.connectors"] of the package.'
    ),
    "acme_loading:for_two_types": "returns a connector for the task type other.",
}


@pytest.mark.parametrize(("value", "message"), REFUSED.items(), ids=REFUSED.keys())
def test_a_value_that_breaks_a_rule_is_refused_with_advice(value: str, message: str) -> None:
    with pytest.raises(EntryRefused, match=r".+\. .+[.?]$") as e:
        load(value)
    assert message in str(e.value)


def test_a_connector_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(InvalidConnector, match=r"Forgetful\.__init__ does not call super"):
        load("acme_loading:Forgetful")


def test_an_entry_gives_only_the_connectors_of_its_own_name() -> None:
    assert load("acme_loading:for_two_types", "acme", "other") == ["acme_v0"]


def test_an_error_of_the_import_is_raised() -> None:
    with pytest.raises(RuntimeError, match="no backend"):
        load("acme_loading:Fails")


def test_a_module_removed_from_sys_modules_during_its_import_is_imported_again(site: Site) -> None:
    source = "import os, sys\nif not os.environ.pop('ACME_TAKEN', ''):\n    os.environ['ACME_TAKEN'] = '1'\n"
    site.add("acme-taken", modules={"acme_taken": f"{source}    del sys.modules[__name__]\nvalue = 3\n"})
    assert import_value(Entry("acme", "acme_taken:value")) == 3


def test_the_value_of_a_plugin_may_be_a_module() -> None:
    assert import_value(Entry("plugin", "acme_empty")).__name__ == "acme_empty"
