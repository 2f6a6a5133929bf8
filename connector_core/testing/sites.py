"""Directories of installed distributions, written without an installer: real files, found by the real finders."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["CONNECTORS", "PLUGINS", "Site"]

CONNECTORS: str = "flytekit.connectors"
PLUGINS: str = "connector_core"


class Site:
    """A directory like ``site-packages``, on ``sys.path`` once the test has put it there.

    Args:
        path: Where it is made.

    Attributes:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        path.mkdir(parents=True, exist_ok=True)

    def add(
        self,
        name: str = "acme-connectors",
        version: str = "1.0",
        *,
        connectors: Mapping[str, str] | None = None,
        plugins: Mapping[str, str] | None = None,
        modules: Mapping[str, str] | None = None,
        entry_points: str | bytes | None = None,
        metadata: str | None = "",
    ) -> Path:
        """Install a distribution, and return its ``dist-info`` directory.

        Args:
            name: The distribution's name.
            version: Its version.
            connectors: Entries of the group ``flytekit.connectors``, name to value.
            plugins: Entries of the group ``connector_core``, name to value.
            modules: Name of a module to its source.
            entry_points: What ``entry_points.txt`` holds instead of these two.
            metadata: What ``METADATA`` holds; empty: name and version. None: there is no such file.
        """
        for module, source in (modules or {}).items():
            (self.path / f"{module}.py").write_text(source, encoding="utf-8")
        info = self.path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        if metadata is not None:
            text = metadata or f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            (info / "METADATA").write_text(text, encoding="utf-8")
        if entry_points is None:
            groups = {CONNECTORS: connectors or {}, PLUGINS: plugins or {}}
            entry_points = "".join(
                f"[{group}]\n" + "".join(f"{entry} = {value}\n" for entry, value in entries.items())
                for group, entries in groups.items()
                if entries
            )
        if isinstance(entry_points, str):
            entry_points = entry_points.encode()
        (info / "entry_points.txt").write_bytes(entry_points)
        importlib.invalidate_caches()
        return info

    def forget(self) -> None:
        """Take what was imported from here out of ``sys.modules``."""
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.path)):
                del sys.modules[name]
        importlib.invalidate_caches()
