"""The architecture page names every module, and no module that does not exist."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest

from support.wheels import ROOT

TEXT = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
CORE = ROOT / "connector_core"
MODULES = [path for path in sorted(CORE.rglob("*.py")) if path.stem != "__init__"]
TREE = TEXT.split("```text\n")[1].split("```")[0]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(CORE).as_posix())
def test_every_module_is_named(module: Path) -> None:
    package = module.parent.name if module.parent != CORE else ""
    in_text = re.search(rf"`({package}/)?{module.stem}`", TEXT)
    assert in_text or (not package and re.search(rf"\b{module.stem}\b", TREE))


def test_every_module_that_is_named_with_its_package_exists() -> None:
    named = set(re.findall(r"`((?:cli|literals|local|service|testing)/\w+)`", TEXT))
    assert {name for name in named if not (CORE / f"{name}.py").is_file()} == set()


def test_the_tree_has_the_layers_in_their_order() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    contracts = tools["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each.get("containers") == ["connector_core"])
    places = [[_place(name) for name in re.findall(r"\w+", layer)] for layer in layers]
    for above, below in itertools.pairwise(places):
        assert max(above) < min(below)


def _place(module: str) -> int:
    found = re.search(rf"^ +(\w+ {{2,}})*{module}\b", TREE, flags=re.MULTILINE)
    assert found, module
    return found.end()
