"""Connectors that keep every contract of the conformance suites, with a backend that all processes share."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector_core import (
    AsyncConnectorBase,
    PermanentError,
    Phase,
    Resource,
    ResourceMeta,
    RetryableError,
    SyncConnectorBase,
    from_literal_map,
    get_connector_secret,
    hookimpl,
)
from connector_core.idl import (
    GetTaskLogsResponse,
    GetTaskLogsResponseBody,
    GetTaskLogsResponseHeader,
    GetTaskMetricsResponse,
    LiteralMap,
)


class Backend:
    """Jobs that last some seconds, each a file in the directory that ``WAITING_JOBS`` names."""

    @property
    def directory(self) -> Path:
        path = Path(os.environ["WAITING_JOBS"])
        if (path / "away").exists():
            raise ConnectionError("the backend is away")
        return path

    def start(self, tag: str | None, seconds: float) -> str:
        name = tag or uuid.uuid4().hex
        job = {"seconds": seconds, "ends": time.time() + seconds, "ended": False}
        (self.directory / name).write_text(json.dumps(job), encoding="utf-8")
        return name

    def look_up(self, name: str) -> dict[str, Any] | None:
        try:
            job: dict[str, Any] = json.loads((self.directory / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return job

    def has_ended(self, name: str) -> bool:
        job = self.look_up(name)
        return job is None or job["ended"] or time.time() >= job["ends"]

    def end(self, name: str) -> None:
        job = self.look_up(name)
        if job is not None and not self.has_ended(name):
            (self.directory / name).write_text(json.dumps({**job, "ended": True}), encoding="utf-8")

    def names(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir())


backend = Backend()


@dataclass
class WaitMeta(ResourceMeta):
    """The metadata of a job: its name, and a field for bad connectors."""

    job: str
    more: str = ""


def seconds_of(inputs: LiteralMap | None) -> float:
    """Return the input; refuse a negative one for good, and one above 9000 for now."""
    seconds: float = from_literal_map(inputs or LiteralMap(), {"seconds": float}, path="inputs")["seconds"]
    if seconds < 0:
        raise PermanentError("The seconds are negative; wait for 0 or more.", code="NEGATIVE")
    if seconds > 9000:
        raise RetryableError("There is no room for such a job now.", code="FULL")
    return seconds


class Wait(AsyncConnectorBase):
    """Waits, as a job of the backend."""

    transient_errors = (ConnectionError,)

    def __init__(self, metadata_type: type[ResourceMeta] = WaitMeta) -> None:
        super().__init__(metadata_type=metadata_type, task_type_name="wait")

    async def create(
        self,
        task_template: Any,
        output_prefix: str,
        inputs: Any,
        task_execution_metadata: Any,
        idempotency_key: str | None = None,
        **kwargs: Any,
    ) -> Any:
        get_connector_secret("wait_token")
        return WaitMeta(backend.start(idempotency_key, seconds_of(inputs)))

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        await asyncio.sleep(0.001)
        job = backend.look_up(resource_meta.job)
        if job is None:
            return Resource.failed("There is no such job.", code="GONE")
        if job["ended"]:
            return Resource.failed("It was ended.", code="ENDED")
        if not backend.has_ended(resource_meta.job):
            return Resource.running(message="It waits.")
        return Resource.succeeded(outputs={"seconds": job["seconds"]})

    async def delete(self, resource_meta: Any, **kwargs: Any) -> None:
        backend.end(resource_meta.job)

    async def find(self, idempotency_key: str, **kwargs: Any) -> Any:
        return WaitMeta(idempotency_key) if backend.look_up(idempotency_key) else None

    async def get_logs(self, resource_meta: Any, lines: int = 0, token: str = "", **kwargs: Any) -> Any:
        log = ["began", "waited", "ended"]
        start = int(token or 0)
        end = start + lines if lines else len(log)
        yield GetTaskLogsResponse(body=GetTaskLogsResponseBody(results=log[start:end]))
        following = str(end) if end < len(log) else ""
        yield GetTaskLogsResponse(header=GetTaskLogsResponseHeader(token=following))

    async def get_metrics(self, resource_meta: Any, **kwargs: Any) -> Any:
        return GetTaskMetricsResponse()


class Double(SyncConnectorBase):
    """Doubles the seconds."""

    def __init__(self) -> None:
        super().__init__(task_type_name="double")

    async def do(self, task_template: Any, output_prefix: str, inputs: Any = None, **kwargs: Any) -> Resource:
        get_connector_secret("wait_token")
        seconds = seconds_of(inputs)
        await asyncio.sleep(0.001)
        return Resource.succeeded(outputs={"seconds": 2 * seconds})


class Plain(Wait):
    """Does not use secrets."""

    async def create(self, *args: Any, inputs: Any = None, **kwargs: Any) -> Any:
        return WaitMeta(backend.start(kwargs.get("idempotency_key"), seconds_of(inputs)))


class Numbered(Wait):
    """Its jobs have numbers."""

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        return WaitMeta(backend.start(f"job-{len(backend.names()) + 1}", 0))


class Lettered(Wait):
    """The names of its jobs have letters that are not hexadecimal digits."""

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        letters = "".join(chr(ord("g") + int(digit, 16)) for digit in uuid.uuid4().hex)
        return WaitMeta(backend.start(f"job-{letters}", 0))


class Elsewhere(Wait):
    """Receives the address of its backend as an argument."""

    def __init__(self, url: str) -> None:
        AsyncConnectorBase.__init__(self, metadata_type=WaitMeta, task_type_name="made")
        self.url = url


def made() -> Elsewhere:
    """Return a connector for the tests."""
    return Elsewhere("here")


class WantsItsPrefix(Wait):
    """Checks that get receives the output prefix."""

    async def get(self, resource_meta: Any, output_prefix: str = "", **kwargs: Any) -> Resource:
        assert os.path.isabs(output_prefix)
        return await super().get(resource_meta, **kwargs)


class GivesATable(Wait):
    """Its output is a table in memory."""

    async def get(self, resource_meta: Any, **kwargs: Any) -> Resource:
        import polars

        state = await super().get(resource_meta, **kwargs)
        table = polars.DataFrame({"n": [1, 2]})
        return Resource.succeeded(outputs={"table": table}) if state.phase is Phase.SUCCEEDED else state


class Vault:
    """A plugin that has the secret."""

    @staticmethod
    @hookimpl
    def connector_core_secret(key: str) -> str:
        return "from the vault"


vault = Vault()
