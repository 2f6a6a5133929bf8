"""The command ``connectors show``."""

from __future__ import annotations

import json

import pytest

from connector_core.testing.sites import Site
from support.cli import connectors
from support.sources import sync_connector

Capsys = pytest.CaptureFixture[str]

JOBS = '''
from dataclasses import dataclass

from connector_core import AsyncConnectorBase, Resource, ResourceMeta


@dataclass
class JobMeta(ResourceMeta):
    job_id: str
    shards: list[int]


class Jobs(AsyncConnectorBase):
    """Runs jobs.

    Args:
        version: Of the API.
    """

    name = "Acme Jobs"
    timeout = 30
    max_concurrency = 8

    def __init__(self, version=0):
        super().__init__(task_type_name="jobs", task_type_version=version, metadata_type=JobMeta)

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        return JobMeta("1", [])

    async def get(self, resource_meta, **kwargs):
        return Resource.succeeded()

    async def delete(self, resource_meta, **kwargs):
        pass

    async def get_logs(self, resource_meta, **kwargs):
        pass


def both():
    return [Jobs(1), Jobs(3)]
'''


def test_a_sync_connector(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"acme": "acme_shown:Acme"}, modules={"acme_shown": sync_connector()})
    assert connectors(capsys, "show", "acme") == (
        0,
        (
            "task type        acme\n"
            "version          0\n"
            "kind             sync\n"
            "name             Acme\n"
            "class            acme_shown:Acme\n"
            "package          acme-connectors 1.0\n"
        ),
        "",
    )


def test_an_async_connector(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"jobs": "acme_jobs_shown:Jobs"}, modules={"acme_jobs_shown": JOBS})
    assert connectors(capsys, "show", "jobs") == (
        0,
        (
            "task type        jobs\n"
            "version          0\n"
            "kind             async\n"
            "name             Acme Jobs\n"
            "class            acme_jobs_shown:Jobs\n"
            "timeout          30\n"
            "max concurrency  8\n"
            "metadata type    JobMeta\n"
            "metadata fields  job_id: str, shards: list[int]\n"
            "implements       get_logs\n"
            "package          acme-connectors 1.0\n"
            "\n"
            "Runs jobs.\n"
            "\n"
            "Args:\n"
            "    version: Of the API.\n"
        ),
        "",
    )


def test_every_version_is_shown(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"jobs": "acme_jobs_versions:both"}, modules={"acme_jobs_versions": JOBS})
    status, out, _ = connectors(capsys, "show", "jobs")
    assert status == 0
    lines = out.splitlines()
    assert [line for line in lines if line.startswith("version ")] == ["version          1", "version          3"]
    assert lines[lines.index("task type        jobs", 1) - 1] == ""


def test_the_json_document(site: Site, capsys: Capsys) -> None:
    site.add(connectors={"jobs": "acme_jobs_document:Jobs"}, modules={"acme_jobs_document": JOBS})
    status, out, err = connectors(capsys, "show", "jobs", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "task_type": "jobs",
        "package": "acme-connectors 1.0",
        "connectors": [
            {
                "version": 0,
                "kind": "async",
                "name": "Acme Jobs",
                "class": "acme_jobs_document:Jobs",
                "timeout": 30,
                "max_concurrency": 8,
                "documentation": "Runs jobs.\n\nArgs:\n    version: Of the API.",
                "metadata_type": "JobMeta",
                "metadata_fields": {"job_id": "str", "shards": "list[int]"},
                "implements": ["get_logs"],
            }
        ],
    }


def test_a_connector_of_a_plugin_has_no_package(site: Site, capsys: Capsys) -> None:
    plugin = sync_connector() + (
        "from connector_core import hookimpl\n\n@hookimpl\ndef connector_core_connectors():\n    return [Acme()]\n"
    )
    site.add("bringer", plugins={"bringer": "acme_bringer"}, modules={"acme_bringer": plugin})
    assert json.loads(connectors(capsys, "show", "acme", "--json").out)["package"] is None
    assert "package" not in connectors(capsys, "show", "acme").out


class TestErrors:
    def test_nothing_is_installed(self, capsys: Capsys) -> None:
        assert connectors(capsys, "show", "acme") == (
            2,
            "",
            (
                "connectors: Cannot find connector for task category: acme_v0. No connector is installed: "
                "install a connector package, or register one.\n"
            ),
        )

    @pytest.mark.parametrize(
        ("task_type", "hint"),
        [("postgers", "Did you mean postgres?"), ("xyz", "The known names are: duckdb, postgres.")],
    )
    def test_for_an_unknown_task_type_the_known_ones_are_named(
        self, site: Site, capsys: Capsys, task_type: str, hint: str
    ) -> None:
        site.add(connectors={"postgres": "acme:Postgres", "duckdb": "acme:DuckDB"})
        assert connectors(capsys, "show", task_type) == (
            2,
            "",
            f"connectors: Cannot find connector for task category: {task_type}_v0. {hint}\n",
        )

    def test_for_a_failed_entry_the_reason_is_given_once(self, site: Site, capsys: Capsys) -> None:
        site.add(connectors={"boom": "acme_boom_shown:Acme"}, modules={"acme_boom_shown": "raise RuntimeError('boom')"})
        assert connectors(capsys, "show", "boom") == (
            1,
            "",
            (
                "connectors: Cannot find connector for task category: boom_v0. The entry boom of acme-connectors 1.0 "
                "cannot be loaded: RuntimeError: boom. Report it to its author. CONNECTORS_DISABLE=boom disables it.\n"
            ),
        )

    def test_for_a_disabled_entry_the_setting_is_named(
        self, site: Site, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.add(connectors={"acme": "acme:Acme"})
        monkeypatch.setenv("CONNECTORS_ALLOW", "other")
        assert connectors(capsys, "show", "acme") == (
            1,
            "",
            (
                "connectors: Cannot find connector for task category: acme_v0. The entry acme of acme-connectors 1.0 "
                "is disabled by CONNECTORS_ALLOW=other; change the setting to use it.\n"
            ),
        )
