"""Sources of working connector packages, from which the tests build wheels."""

from __future__ import annotations

MARK = """
import os, pathlib
if "MARKS" in os.environ:
    (pathlib.Path(os.environ["MARKS"]) / __name__).touch()
"""
"""Makes a file in the directory that the variable MARKS names when the module is imported."""

GREETING = (
    MARK
    + '''
from connector_core import Resource, SyncConnectorBase


class Greeting(SyncConnectorBase):
    """Greets by name."""

    def __init__(self):
        super().__init__(task_type_name="greeting")

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        name = inputs.literals["name"].scalar.primitive.string_value
        return Resource.succeeded(outputs={"greeting": f"Hello, {name}!"})
'''
)
"""``greeting``: a sync connector with the output ``greeting``."""

COUNTDOWN = (
    MARK
    + '''
from dataclasses import dataclass

from connector_core import AsyncConnectorBase, Resource, ResourceMeta


@dataclass
class Countdown(ResourceMeta):
    start: int


class CountdownConnector(AsyncConnectorBase):
    """Counts down to zero, by one for each poll."""

    def __init__(self):
        super().__init__(task_type_name="countdown", metadata_type=Countdown)
        self.left = 2

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        return Countdown(self.left)

    async def get(self, resource_meta, **kwargs):
        self.left -= 1
        if self.left:
            return Resource.running(message=f"{self.left} to go")
        return Resource.succeeded(outputs={"start": resource_meta.start})

    async def delete(self, resource_meta, **kwargs):
        pass
'''
)
"""``countdown``: an async connector whose job runs for two polls, with the output ``start``."""
