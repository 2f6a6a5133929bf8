"""What CONTRIBUTING says of dependencies and sessions is true."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from support.wheels import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
OWN = {"connector-core", *(path.name for path in (ROOT / "plugins").iterdir() if (path / "pyproject.toml").exists())}


def requirements(pyproject: dict[str, Any]) -> set[str]:
    project = pyproject["project"]
    wanted = [
        *pyproject["build-system"]["requires"],
        *project.get("dependencies", ()),
        *(each for extra in project.get("optional-dependencies", {}).values() for each in extra),
    ]
    names = {re.split(r"[^\w.-]", requirement)[0] for requirement in wanted}
    return names - OWN


REQUIRED = {
    name
    for path in [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    for name in requirements(tomllib.loads(path.read_text(encoding="utf-8")))
}


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_every_dependency_has_a_sentence(name: str) -> None:
    rows = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", TEXT, flags=re.MULTILINE)
    assert len(rows) == 1
    assert rows[0].endswith(".")


def test_what_has_a_sentence_is_a_dependency() -> None:
    dependencies = TEXT.split("## Dependencies")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| ([\w.-]+) \| [A-Z]", dependencies, flags=re.MULTILINE))
    # These two are installed by sessions of their own.
    assert named - {"flyte", "flytekit"} == REQUIRED


def test_every_session_is_described() -> None:
    source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = set(re.findall(r"^@nox\.session.*\ndef (\w+)\(", source, flags=re.MULTILINE))
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, flags=re.MULTILINE)) == sessions
