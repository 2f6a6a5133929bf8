"""The rows of `connectors list` and of the service's `/connectors.json`."""

from __future__ import annotations

from connector_core import ConnectorRegistry
from connector_core.inventory import inventory
from connector_core.testing.sites import Site
from support.connectors import Echo, Jobs

NO_ENTRY = {"entry_point": None, "distribution": None, "distribution_version": None, "error": None}


def test_a_connector_without_an_entry_has_a_row_too(registry: ConnectorRegistry) -> None:
    registry.register(Jobs(task_type="spark"))
    registry.register(Echo("echo", 2))
    echo = {"task_type": "echo", "version": 2, "state": "loaded", "kind": "sync", "connector": "Echo"}
    spark = {"task_type": "spark", "version": 0, "state": "loaded", "kind": "async", "connector": "Jobs"}
    assert inventory(registry) == [echo | NO_ENTRY, spark | NO_ENTRY]


def test_the_rows_are_sorted_by_task_type(site: Site) -> None:
    site.add("acme", "1.0", connectors={"b": "acme:B"})
    registry = ConnectorRegistry()
    registry.register(Echo("c"))
    registry.register(Echo("a"))
    assert [(row["task_type"], row["state"]) for row in inventory(registry)] == [
        ("a", "loaded"),
        ("b", "discovered"),
        ("c", "loaded"),
    ]


def test_all_rows_have_the_same_keys_in_the_same_order(site: Site) -> None:
    site.add("acme", "1.0", connectors={"b": "acme:B"})
    registry = ConnectorRegistry()
    registry.register(Echo("a"))
    first, second = inventory(registry)
    assert list(first) == list(second)
