"""Mistakes in calls of the API that a type checker finds: each ignored line must be an error."""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from dataclasses import dataclass

from connector_core import (
    ConnectorRegistry,
    PermanentError,
    Resource,
    ResourceMeta,
    SyncConnectorBase,
    Task,
    TaskCategory,
    convert_to_flyte_phase,
    get_connector_secret,
)


@dataclass
class JobMeta(ResourceMeta):
    job_id: int


ConnectorRegistry.register(SyncConnectorBase)  # type: ignore[arg-type]
ConnectorRegistry.register("query")  # type: ignore[arg-type]
ConnectorRegistry.get_connector(3)  # type: ignore[arg-type]
ConnectorRegistry.get_connector("query", "v1")  # type: ignore[arg-type]
ConnectorRegistry().get_connector("query", version=1)  # type: ignore[call-arg]
ConnectorRegistry(discover=False, prefer=["query"])  # type: ignore[arg-type]
ConnectorRegistry.list_connectors("sync")  # type: ignore[call-arg]

JobMeta.decode("{}")  # type: ignore[arg-type]
text: str = JobMeta.decode(b"{}").job_id  # type: ignore[assignment]

Resource()  # type: ignore[call-arg]
Resource.failed()  # type: ignore[call-arg]
Resource.succeeded(outputs=[1])  # type: ignore[arg-type]
Resource.succeeded({"x": 1})  # type: ignore[call-arg]
TaskCategory(version=1)  # type: ignore[call-arg]
convert_to_flyte_phase(3)  # type: ignore[arg-type]
PermanentError("no", retry=True)  # type: ignore[call-arg]

Task()  # type: ignore[call-arg]
Task("query", inputs=["x"])  # type: ignore[arg-type]
Task("query", timeout="1 s")  # type: ignore[arg-type]
number: int = get_connector_secret("key")  # type: ignore[assignment]
