"""CONTRIBUTING agrees with the configuration: dependencies, sessions, tool versions, published metadata."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from support.wheels import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github").rglob("*.yml"))
OWN = {"connector-core", *(path.name for path in (ROOT / "plugins").iterdir() if (path / "pyproject.toml").exists())}


def requirements(pyproject: dict[str, Any]) -> set[str]:
    project = pyproject["project"]
    wanted: list[Iterable[Any]] = [
        pyproject["build-system"]["requires"],
        project.get("dependencies", ()),
        *project.get("optional-dependencies", {}).values(),
        *pyproject.get("dependency-groups", {}).values(),
    ]
    each = (requirement for requirements in wanted for requirement in requirements if isinstance(requirement, str))
    return {re.split(r"[^\w.-]", requirement)[0] for requirement in each} - OWN


def sessions() -> set[str]:
    source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    return set(re.findall(r"^@nox\.session.*\ndef (\w+)\(", source, flags=re.MULTILINE))


CORE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PLUGINS = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))]
REQUIRED = {name for pyproject in [CORE, *PLUGINS] for name in requirements(pyproject)}


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_every_dependency_has_a_sentence(name: str) -> None:
    rows = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", TEXT, flags=re.MULTILINE)
    assert len(rows) == 1
    assert rows[0].endswith(".")


def test_what_has_a_sentence_is_a_dependency() -> None:
    dependencies = TEXT.split("## Dependencies")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| ([\w.-]+) \| [A-Z]", dependencies, flags=re.MULTILINE))
    # These two have sessions of their own, which install them.
    assert named - {"flyte", "flytekit"} == REQUIRED


def test_every_session_is_described() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, flags=re.MULTILINE)) == sessions()


def test_the_published_extras_are_for_users() -> None:
    assert set(CORE["project"]["optional-dependencies"]) == {"service", "tables", "testing"}


def test_pre_commit_runs_the_ruff_of_the_constraints() -> None:
    (pinned,) = re.findall(r"^ruff==(\S+)$", CONSTRAINTS, flags=re.MULTILINE)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"ruff==([\d.]+)", hooks)) == {pinned}


def test_the_workflow_runs_sessions_that_exist() -> None:
    run = set(re.findall(r"session: ([\w.-]+)", "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)))
    assert {session.partition("-")[0] for session in run} <= sessions()
    assert {"lint", "typing", "tests-3.11", "tests-3.12", "tests-3.13", "oldest", "wheel"} <= run


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".pre-commit-config.yaml"], ids=lambda path: path.name)
def test_a_configuration_of_continuous_integration_can_be_read(path: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="the group `docs` is not installed")
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["constraints.txt", ".ci/image-requirements.txt", ".ci/run", "Dockerfile"])
def test_an_installation_names_no_download_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
