"""Real wheels for tests: of sources made up on the spot, or of a project that exists."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]

# What a project has beside its sources, and can be large: environments, caches, other projects.
_BESIDE_SOURCES = shutil.ignore_patterns(".*", "tests", "docs", "dist", "build", "plugins", "*.egg-info")


def build_wheel(
    dest: Path,
    name: str,
    version: str = "1.0",
    *,
    files: Mapping[str, str] | None = None,
    entry_points: Mapping[str, Mapping[str, str]] | None = None,
    dependencies: Iterable[str] = (),
) -> Path:
    """Build a wheel of a distribution that is described here, and return its path in the directory `dest`.

    Args:
        dest: Where the wheel is put; made if need be.
        name: The distribution's name.
        version: The distribution's version.
        files: Path within the wheel (`pkg/__init__.py`, or `module.py`) to content. None makes a distribution that has
            metadata only.
        entry_points: Group to (name to value).
        dependencies: Requirements of the distribution.
    """
    with tempfile.TemporaryDirectory(prefix="wheel-") as temporary:
        root = Path(temporary)
        top_levels = []
        for relative, content in (files or {}).items():
            path = root / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            top_levels.append(relative.split("/")[0])
        (root / "pyproject.toml").write_text(
            _pyproject(name, version, sorted(set(top_levels)), entry_points or {}, dependencies), encoding="utf-8"
        )
        return _build(root, dest)


def build_project(project: Path, dest: Path) -> Path:
    """Build a wheel of the project in the directory `project`, and return its path in the directory `dest`."""
    with tempfile.TemporaryDirectory(prefix="project-") as temporary:
        # A copy, because a build leaves nothing behind in a checkout that other processes build from just now.
        copy = Path(temporary) / "project"
        shutil.copytree(
            project, copy, ignore=lambda path, names: _BESIDE_SOURCES(path, names) if Path(path) == project else set()
        )
        return _build(copy, dest)


def _build(root: Path, dest: Path) -> Path:
    dest.mkdir(parents=True, exist_ok=True)
    # Built elsewhere and moved: what can be seen under the name of a wheel is complete, even while others build it.
    with tempfile.TemporaryDirectory(prefix=".build-", dir=dest) as temporary:
        (artifact,) = WheelBuilder(str(root)).build(directory=temporary, versions=["standard"])
        wheel = dest / Path(artifact).name
        os.replace(artifact, wheel)
    return wheel


def _pyproject(
    name: str,
    version: str,
    top_levels: list[str],
    entry_points: Mapping[str, Mapping[str, str]],
    dependencies: Iterable[str],
) -> str:
    lines = [
        "[build-system]",
        'requires = ["hatchling"]',
        'build-backend = "hatchling.build"',
        "[project]",
        f"name = {_quoted(name)}",
        f"version = {_quoted(version)}",
        f"dependencies = [{', '.join(map(_quoted, dependencies))}]",
    ]
    for group, entries in entry_points.items():
        # TOML's [project.scripts] is the one way to declare the group console_scripts.
        table = "project.scripts" if group == "console_scripts" else f"project.entry-points.{_quoted(group)}"
        lines.append(f"[{table}]")
        lines += [f"{_quoted(entry)} = {_quoted(value)}" for entry, value in entries.items()]
    lines.append("[tool.hatch.build.targets.wheel]")
    # `only-include` takes what is named and looks for nothing; an empty wheel must be allowed in so many words.
    lines.append(f"only-include = [{', '.join(map(_quoted, top_levels))}]" if top_levels else "bypass-selection = true")
    lines.append('exclude = ["pyproject.toml"]')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
