"""JobCalls: the calls that a local run makes to a connector for one job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from connector_core.call import Call
from connector_core.invoke import invoke

if TYPE_CHECKING:
    from connector_core.connector import AsyncConnectorBase, SyncConnectorBase
    from connector_core.local.attempt import Attempt
    from connector_core.meta import ResourceMeta
    from connector_core.models import Resource
    from connector_core.plugins import Plugins

__all__ = ["JobCalls"]


class JobCalls(NamedTuple):
    """The calls for one job. Each method calls the connector's method of the same name through ``invoke``.

    Args:
        connector: The connector.
        plugins: The plugins whose call hooks and secrets apply.
        attempt: The attempt that the job belongs to.
        deadline: The time at which the run ends, on the clock of ``time.monotonic``; None: there is no limit.
    """

    connector: SyncConnectorBase | AsyncConnectorBase
    plugins: Plugins
    attempt: Attempt
    deadline: float | None = None

    async def do(self) -> Resource:
        """Do the job of a sync connector."""
        resource: Resource = await self._call("do", self.deadline, **self.attempt._asdict())
        return resource

    async def create(self) -> ResourceMeta:
        """Start the job."""
        meta: ResourceMeta = await self._call("create", self.deadline, **self.attempt._asdict())
        return meta

    async def get(self, meta: ResourceMeta) -> Resource:
        """Return the job's state."""
        prefix = self.attempt.output_prefix
        resource: Resource = await self._call("get", self.deadline, resource_meta=meta, output_prefix=prefix)
        return resource

    async def delete(self, meta: ResourceMeta) -> None:
        """Delete the job. A run that has reached its deadline does this too, so the deadline does not apply."""
        await self._call("delete", None, resource_meta=meta)

    async def find(self) -> ResourceMeta | None:
        """Return the job that an earlier ``create`` of this attempt started, if any. The deadline does not apply."""
        meta: ResourceMeta | None = await self._call("find", None, idempotency_key=self.attempt.idempotency_key)
        return meta

    async def _call(self, operation: str, deadline: float | None, **arguments: Any) -> Any:
        key = self.attempt.idempotency_key
        call = Call(self.connector, operation, deadline=deadline, idempotency_key=key)
        return await invoke(call, self.plugins, **arguments)
