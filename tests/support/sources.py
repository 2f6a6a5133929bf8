"""Sources of connector modules for the distributions that tests install."""

from __future__ import annotations


def sync_connector(task_type: str = "acme", *, name: str = "Acme", version: int = 0) -> str:
    """Return the source of a module with one sync connector class, which records its instances in ``made``."""
    return f"""
from connector_core import Resource, SyncConnectorBase

made = []


class {name}(SyncConnectorBase):
    def __init__(self):
        super().__init__(task_type_name={task_type!r}, task_type_version={version})
        made.append(self)

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        return Resource.succeeded(outputs={{}})
"""
