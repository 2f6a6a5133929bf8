"""The command ``connectors list``."""

from __future__ import annotations

import json
import sys

import pytest

from connector_core.testing.sites import Site
from support.cli import connectors
from support.sources import sync_connector

Capsys = pytest.CaptureFixture[str]

KEYS = [
    *("task_type", "version", "state", "kind", "connector"),
    *("entry_point", "distribution", "distribution_version", "error"),
]
TWO_VERSIONS = (
    sync_connector()
    + """

def both():
    first, second = Acme(), Acme()
    second._task_category = type(second.task_category)("acme", 2)
    return [first, second]
"""
)


def test_without_connectors_it_says_what_to_do(capsys: Capsys) -> None:
    sentence = "No connector is installed; install a connector package, such as connector-duckdb.\n"
    assert connectors(capsys, "list") == (0, "", sentence)


def test_without_connectors_the_json_document_is_an_empty_list(capsys: Capsys) -> None:
    assert connectors(capsys, "list", "--json") == (0, "[]\n", "")


def test_entries_are_plain_columns(site: Site, capsys: Capsys) -> None:
    site.add("acme-connectors", "1.0", connectors={"short": "a:B", "a_long_task_type": "acme.package:Connector"})
    site.add("other", "2024.10.1", connectors={"middle": "other:Other"})
    assert connectors(capsys, "list").out.splitlines() == [
        "task_type         state       entry_point             distribution     distribution_version",
        "a_long_task_type  discovered  acme.package:Connector  acme-connectors  1.0",
        "middle            discovered  other:Other             other            2024.10.1",
        "short             discovered  a:B                     acme-connectors  1.0",
    ]


def test_nothing_is_imported(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"trap": "acme_trap:Acme"}, modules={"acme_trap": "raise SystemExit('imported')"})
    assert connectors(capsys, "list").status == 0
    assert connectors(capsys, "list", "--json").status == 0
    assert "acme_trap" not in sys.modules


def test_the_json_document_has_what_is_known_without_importing(site: Site, capsys: Capsys) -> None:
    site.add("acme-connectors", "1.0", connectors={"acme": "acme_known:Acme"})
    status, out, err = connectors(capsys, "list", "--json")
    assert (status, err) == (0, "")
    (row,) = json.loads(out)
    assert list(row) == KEYS
    assert row == {
        "task_type": "acme",
        "version": None,
        "state": "discovered",
        "kind": None,
        "connector": None,
        "entry_point": "acme_known:Acme",
        "distribution": "acme-connectors",
        "distribution_version": "1.0",
        "error": None,
    }


def test_loading_adds_version_kind_and_name(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"acme": "acme_loaded:Acme"}, modules={"acme_loaded": sync_connector()})
    assert connectors(capsys, "list", "--load").out.splitlines() == [
        "task_type  version  kind  connector  state   entry_point       distribution     distribution_version",
        "acme             0  sync  Acme       loaded  acme_loaded:Acme  acme-connectors  1.0",
    ]


def test_loading_gives_a_row_for_each_version(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"acme": "acme_versions:both"}, modules={"acme_versions": TWO_VERSIONS})
    rows = json.loads(connectors(capsys, "list", "--load", "--json").out)
    assert [(list(row) == KEYS, row["version"], row["kind"]) for row in rows] == [(True, 0, "sync"), (True, 2, "sync")]


def test_a_failed_entry_is_listed_with_a_hint(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"gone": "acme_gone:Acme"})
    status, out, err = connectors(capsys, "list", "--load")
    assert status == 0
    assert out.splitlines()[1].split() == ["gone", "failed", "acme_gone:Acme", "acme-connectors", "1.0"]
    assert err == "\nSome entries cannot be used; `connectors doctor` says why.\n"


def test_the_json_document_has_the_reason(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"gone": "acme_gone:Acme"})
    status, out, err = connectors(capsys, "list", "--load", "--json")
    assert (status, err) == (0, "")
    (row,) = json.loads(out)
    assert row["error"] == (
        "The entry gone of acme-connectors 1.0 names the module acme_gone, which does not exist. "
        "Reinstall acme-connectors. CONNECTORS_DISABLE=gone disables it."
    )


def test_a_disabled_entry_is_listed(site: Site, capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add(connectors={"acme": "acme_disabled:Acme"})
    monkeypatch.setenv("CONNECTORS_DISABLE", "dist:acme-connectors")
    (row,) = json.loads(connectors(capsys, "list", "--json").out)
    assert row["state"] == "disabled"
    assert row["error"] == (
        "The entry acme of acme-connectors 1.0 is disabled by CONNECTORS_DISABLE=dist:acme-connectors; "
        "change the setting to use it."
    )


def test_a_strict_registry_makes_a_failure_an_error(
    site: Site, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add(connectors={"gone": "acme_gone:Acme"})
    monkeypatch.setenv("CONNECTORS_STRICT", "1")
    assert connectors(capsys, "list").status == 0
    status, out, err = connectors(capsys, "list", "--load")
    assert (status, out) == (1, "")
    assert err.startswith("connectors: Cannot find connector for task category: gone_v0. The entry gone of ")


def test_a_failed_plugin_is_reported(site: Site, capsys: Capsys, caplog: pytest.LogCaptureFixture) -> None:
    site.add("vault", plugins={"vault": "acme_no_vault"})
    for arguments in (["list"], ["list", "--load"], ["list", "--json"]):
        told = "The entry vault of vault 1.0 names the module acme_no_vault, which does not exist. "
        caplog.clear()
        assert told in connectors(capsys, *arguments).err + caplog.text


PLUGIN = f"""{sync_connector("ping", name="Ping")}

from connector_core import hookimpl


@hookimpl
def connector_core_connectors():
    return [Ping()]
"""


def test_a_connector_of_a_plugin_is_listed(site: Site, capsys: Capsys) -> None:
    site.add(plugins={"ping": "acme_ping"}, modules={"acme_ping": PLUGIN})
    (row,) = json.loads(connectors(capsys, "list", "--json").out)
    assert (row["task_type"], row["state"], row["connector"], row["entry_point"]) == ("ping", "loaded", "Ping", None)
