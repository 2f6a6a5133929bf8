"""Build real wheels for tests, from given sources or from an existing project."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]

# Directories beside the sources that can be large: environments, caches, other projects.
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
    """Build a wheel of the described distribution, and return its path in the directory `dest`.

    Args:
        dest: The directory for the wheel; it is made if it does not exist.
        name: The distribution's name.
        version: The distribution's version.
        files: The content by path within the wheel (`pkg/__init__.py`, or `module.py`). None: only metadata.
        entry_points: The value by name, by group.
        dependencies: The requirements of the distribution.
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
        # Build a copy, because other processes may build from the same checkout at the same time.
        copy = Path(temporary) / "project"
        shutil.copytree(
            project, copy, ignore=lambda path, names: _BESIDE_SOURCES(path, names) if Path(path) == project else set()
        )
        return _build(copy, dest)


def _build(root: Path, dest: Path) -> Path:
    dest.mkdir(parents=True, exist_ok=True)
    # Build in another directory and move the wheel, so that other processes see only complete wheels.
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
        # The group console_scripts can only be declared as [project.scripts].
        table = "project.scripts" if group == "console_scripts" else f"project.entry-points.{_quoted(group)}"
        lines.append(f"[{table}]")
        lines += [f"{_quoted(entry)} = {_quoted(value)}" for entry, value in entries.items()]
    lines.append("[tool.hatch.build.targets.wheel]")
    # `only-include` takes the named paths alone; an empty wheel needs `bypass-selection`.
    lines.append(f"only-include = [{', '.join(map(_quoted, top_levels))}]" if top_levels else "bypass-selection = true")
    lines.append('exclude = ["pyproject.toml"]')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
