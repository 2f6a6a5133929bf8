"""Site: a directory of installed distributions, written without an installer."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

from connector_core.discovery import CONNECTOR_GROUP, PLUGIN_GROUP

__all__ = ["Site"]


class Site:
    """A directory like ``site-packages``. The test puts it on ``sys.path``.

    Args:
        path: The directory; it is made if it does not exist.

    Attributes:
        path: The directory.
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
            modules: The source of each module, by the module's name.
            entry_points: The content of ``entry_points.txt``, instead of `connectors` and `plugins`.
            metadata: The content of ``METADATA``; by default name and version. None: no such file.
        """
        for module, source in (modules or {}).items():
            (self.path / f"{module}.py").write_text(source, encoding="utf-8")
        info = self.path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        if metadata is not None:
            text = metadata or f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            (info / "METADATA").write_text(text, encoding="utf-8")
        if entry_points is None:
            groups = {CONNECTOR_GROUP: connectors or {}, PLUGIN_GROUP: plugins or {}}
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
        """Remove the modules that were imported from here from ``sys.modules``."""
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.path)):
                del sys.modules[name]
        importlib.invalidate_caches()
