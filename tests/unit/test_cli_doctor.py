"""The command ``connectors doctor``."""

from __future__ import annotations

import json

import pytest

from connector_core.testing.sites import Site
from support.cli import connectors
from support.sources import sync_connector

Capsys = pytest.CaptureFixture[str]

GONE = (
    "The entry gone of broken 1.0 names the module acme_gone, which does not exist. Reinstall broken. "
    "CONNECTORS_DISABLE=gone disables it."
)


@pytest.fixture
def healthy(site: Site) -> None:
    """Install a connector that works."""
    site.add(connectors={"acme": "acme_healthy:Acme"}, modules={"acme_healthy": sync_connector()})


def test_without_connectors_it_says_what_to_do(capsys: Capsys) -> None:
    sentence = "No connector is installed; install a connector package, such as connector-duckdb.\n"
    assert connectors(capsys, "doctor") == (0, sentence, "")


@pytest.mark.usefixtures("healthy")
def test_working_connectors_are_loaded(capsys: Capsys) -> None:
    assert connectors(capsys, "doctor") == (
        0,
        "loaded       acme  (acme_healthy:Acme, acme-connectors 1.0)\n\n1 loaded\n",
        "",
    )


@pytest.mark.usefixtures("healthy")
def test_failed_entries_come_last_with_reason_and_remedy(site: Site, capsys: Capsys) -> None:
    site.add("broken", connectors={"gone": "acme_gone:Acme", "aaa": "acme_gone:Acme"})
    status, out, err = connectors(capsys, "doctor")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "loaded       acme  (acme_healthy:Acme, acme-connectors 1.0)",
        "failed       aaa  (acme_gone:Acme, broken 1.0)",
        f"             {GONE.replace('gone of', 'aaa of').replace('=gone', '=aaa')}",
        "failed       gone  (acme_gone:Acme, broken 1.0)",
        f"             {GONE}",
        "",
        "1 loaded, 2 failed",
    ]


@pytest.mark.usefixtures("healthy")
def test_a_disabled_entry_is_not_an_error(site: Site, capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("broken", connectors={"gone": "acme_gone:Acme"})
    monkeypatch.setenv("CONNECTORS_DISABLE", "gone")
    status, out, err = connectors(capsys, "doctor")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "loaded       acme  (acme_healthy:Acme, acme-connectors 1.0)",
        "disabled     gone  (acme_gone:Acme, broken 1.0)",
        (
            "             The entry gone of broken 1.0 is disabled by CONNECTORS_DISABLE=gone; "
            "change the setting to use it."
        ),
        "",
        "1 loaded, 1 disabled",
    ]


def test_a_conflict_is_explained_once(site: Site, capsys: Capsys) -> None:
    for name in ("twin-one", "twin-two"):
        site.add(name, connectors={"twin": f"{name.replace('-', '_')}:Acme"})
    status, out, _ = connectors(capsys, "doctor")
    assert status == 1
    assert out.splitlines() == [
        "conflicting  twin  (twin_one:Acme, twin-one 1.0)",
        "conflicting  twin  (twin_two:Acme, twin-two 1.0)",
        (
            "             The task type twin is claimed by twin-one 1.0 (twin_one:Acme) and twin-two 1.0 "
            "(twin_two:Acme); uninstall one, or choose with CONNECTORS_PREFER=twin=twin-one."
        ),
        "",
        "2 conflicting",
    ]


@pytest.mark.usefixtures("healthy")
def test_unreadable_metadata_is_reported(site: Site, capsys: Capsys) -> None:
    info = site.add("broken", entry_points="[flytekit.connectors]\nno equals sign\n")
    status, out, _ = connectors(capsys, "doctor")
    assert status == 1
    healthy, unreadable, _, total = out.splitlines()
    assert healthy.startswith("loaded       acme ")
    assert unreadable.startswith("unreadable   The metadata of ")
    assert str(info) in unreadable
    assert total == "1 loaded, 1 unreadable"


@pytest.mark.usefixtures("healthy")
def test_plugins_are_examined_too(site: Site, capsys: Capsys) -> None:
    site.add("broken", plugins={"vault": "acme_gone"})
    status, out, err = connectors(capsys, "doctor")
    assert (status, err) == (1, "")
    assert "failed       plugin vault  (acme_gone, broken 1.0)" in out.splitlines()


@pytest.mark.usefixtures("healthy")
def test_the_json_document(site: Site, capsys: Capsys) -> None:
    site.add("broken", connectors={"gone": "acme_gone:Acme"}, plugins={"vault": "acme_gone"})
    status, out, err = connectors(capsys, "doctor", "--json")
    assert (status, err) == (1, "")
    document = json.loads(out)
    assert list(document) == ["healthy", "entries", "plugins", "unreadable"]
    assert document["healthy"] is False
    assert document["unreadable"] == []
    assert document["entries"] == [
        {
            "task_type": "acme",
            "state": "loaded",
            "entry_point": "acme_healthy:Acme",
            "distribution": "acme-connectors",
            "distribution_version": "1.0",
            "reason": None,
        },
        {
            "task_type": "gone",
            "state": "failed",
            "entry_point": "acme_gone:Acme",
            "distribution": "broken",
            "distribution_version": "1.0",
            "reason": GONE,
        },
    ]
    assert [plugin["state"] for plugin in document["plugins"]] == ["failed"]


@pytest.mark.usefixtures("healthy")
def test_the_json_document_without_errors(capsys: Capsys) -> None:
    status, out, _ = connectors(capsys, "doctor", "--json")
    assert status == 0
    assert json.loads(out)["healthy"] is True


def test_strict_changes_nothing(site: Site, capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("broken", connectors={"gone": "acme_gone:Acme"})
    monkeypatch.setenv("CONNECTORS_STRICT", "1")
    assert connectors(capsys, "doctor").out.splitlines()[-1] == "1 failed"


def test_verbose_shows_the_tracebacks(site: Site, capsys: Capsys) -> None:
    site.add("broken", connectors={"boom": "acme_boom:Acme"}, modules={"acme_boom": "\n\nraise RuntimeError('boom')"})
    for name in ("twin-one", "twin-two"):
        site.add(name, connectors={"twin": f"{name.replace('-', '_')}:Acme"})
    status, _, err = connectors(capsys, "doctor", "--verbose")
    assert status == 1
    assert 'acme_boom.py", line 3, in <module>' in err
    assert err.endswith("RuntimeError: boom\n")
