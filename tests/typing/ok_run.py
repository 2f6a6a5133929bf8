"""Tasks, their results, and resources."""

from __future__ import annotations

from typing import Any, assert_type

from connector_core import (
    AsyncConnectorExecutorMixin,
    Phase,
    Resource,
    ResourceError,
    Secret,
    SyncConnectorExecutorMixin,
    Task,
    TaskFailed,
    get_agent_secret,
    is_terminal_phase,
    render_task_template,
)
from connector_core.idl import Container, LiteralMap, ResourceMessage, TaskTemplate


def show(resource: Resource) -> None:
    assert_type(resource.phase, Phase)
    assert_type(resource.is_terminal, bool)
    assert_type(resource.error, ResourceError | None)


async def run() -> None:
    task = Task(
        "query",
        name="orders",
        inputs={"least": int, "names": list[str]},
        outputs={"rows": list[dict[str, Any]]},
        custom={"limit": 3},
        config={"region": "eu"},
        sql="SELECT 1",
        timeout=30,
        on_update=show,
    )
    assert_type(task, Task)
    assert_type(task(least=1, names=[]), dict[str, Any])
    assert_type(task.execute(least=1, names=[]), LiteralMap)
    assert_type(await task.aexecute(least=1, names=[]), LiteralMap)
    Task("process", container=["echo", "hello"])
    Task("process", container=Container(image="alpine", args=["ls"]))
    assert_type(render_task_template(task.template, "/tmp/run"), TaskTemplate)


class OwnTask(AsyncConnectorExecutorMixin):
    def __init__(self, template: TaskTemplate) -> None:
        self.name = "own"
        self.template = template


class OwnSyncTask(SyncConnectorExecutorMixin):
    name = "own"
    template = TaskTemplate(type="query")
    output_prefix = "s3://bucket/run"


def own(template: TaskTemplate) -> LiteralMap:
    try:
        assert_type(OwnSyncTask().execute(), LiteralMap)
        return OwnTask(template).execute(x=1)
    except TaskFailed as failure:
        assert_type(failure.resource, Resource)
        raise


async def resources() -> None:
    assert_type(Resource.running(message="half"), Resource)
    assert_type(Resource.succeeded(outputs={"x": 1}), Resource)
    assert_type(Resource.succeeded(outputs=LiteralMap()), Resource)
    assert_type(Resource.failed("no", code="NO"), Resource)
    assert_type(Resource.retryable_failed("busy", code="BUSY", custom_info={"at": 1}), Resource)
    assert_type(await Resource(Phase.QUEUED).to_flyte_idl(), ResourceMessage)
    assert_type(Resource.from_flyte_idl(ResourceMessage(phase="RUNNING")), Resource)
    assert_type(is_terminal_phase(Phase.FAILED), bool)
    assert_type(get_agent_secret("key"), Secret)
