"""CreateTask at least once: neither a second job for one attempt, nor one that nobody asks for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flyteidl.admin.agent_pb2 import CreateTaskRequest, DeleteTaskRequest, GetTaskRequest
from grpc import StatusCode

from connector_core import (
    AsyncConnectorBase,
    ConnectorRegistry,
    PermanentError,
    Resource,
    ResourceMeta,
    TransientError,
)
from connector_core.service import AsyncConnectorService, ServiceSettings
from connector_core.service import creations as module


@dataclass
class Ticket(ResourceMeta):
    """Names a job."""

    number: int


class Shop(AsyncConnectorBase):
    """A connector and its backend: it knows its jobs by number, and the key that each was started with."""

    def __init__(self) -> None:
        """Serve `shop`."""
        super().__init__(metadata_type=Ticket, task_type_name="shop")
        self.keys: dict[int, str | None] = {}
        self.ended: set[int] = set()
        self.deleted: list[int] = []
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()
        self.before: list[BaseException] = []
        self.after: list[BaseException] = []
        self.not_deleted: list[BaseException] = []
        self.delivered = asyncio.Event()

    async def create(self, task_template: Any, idempotency_key: str | None = None, **_: Any) -> Ticket:
        """Start a job, fail before or after it, and answer when `answers` is set."""
        self.asked.set()
        if self.before:
            raise self.before.pop()
        number = len(self.keys) + 1
        self.keys[number] = idempotency_key
        await self.answers.wait()
        if self.after:
            raise self.after.pop()
        return Ticket(number)

    async def get(self, resource_meta: Ticket, **_: Any) -> Resource:
        """The state of a job."""
        if resource_meta.number in self.deleted:
            return Resource.failed("deleted")
        return Resource.succeeded() if resource_meta.number in self.ended else Resource.running()

    async def delete(self, resource_meta: Ticket, **_: Any) -> None:
        """End a job."""
        if self.not_deleted:
            raise self.not_deleted.pop()
        self.deleted.append(resource_meta.number)
        self.delivered.set()


class FindingShop(Shop):
    """Finds its jobs by their keys."""

    async def find(self, idempotency_key: str, **_: Any) -> Ticket | None:
        """The job of a key."""
        return next((Ticket(number) for number, key in self.keys.items() if key == idempotency_key), None)


class Context:
    """What an answer is told to."""

    def __init__(self) -> None:
        self.status: StatusCode | None = None
        self.details = ""

    def set_code(self, status: StatusCode) -> None:
        self.status = status

    def set_details(self, details: str) -> None:
        self.details = details

    def time_remaining(self) -> float | None:
        return None


class Caller:
    """Calls a service as Flyte does.

    Args:
        shop: The connector.
        grace: Seconds that a job is left whose caller has gone.
    """

    def __init__(self, shop: Shop, *, grace: float = 600) -> None:
        registry = ConnectorRegistry(discover=False)
        registry.register(shop)
        self.service = AsyncConnectorService(registry, settings=ServiceSettings(orphan_grace=grace))

    async def create(self, attempt: int | None = 0) -> bytes:
        """Metadata, or the status as a RuntimeError."""
        request = CreateTaskRequest(template={"type": "shop"})
        if attempt is not None:
            request.task_execution_metadata.task_execution_id.retry_attempt = attempt
        context: Any = Context()
        response = await self.service.CreateTask(request, context)
        if context.status is not None:
            raise RuntimeError(f"{context.status.name} {context.details}")
        return response.resource_meta

    async def get(self, resource_meta: bytes) -> None:
        """Ask for a job."""
        context: Any = Context()
        await self.service.GetTask(GetTaskRequest(task_type="shop", resource_meta=resource_meta), context)

    async def delete(self, resource_meta: bytes) -> None:
        """End a job."""
        context: Any = Context()
        await self.service.DeleteTask(DeleteTaskRequest(task_type="shop", resource_meta=resource_meta), context)

    async def begin(self, shop: Shop, attempt: int = 0) -> asyncio.Task[bytes]:
        """Begin to create; there is an answer when the shop's `answers` is set."""
        shop.asked.clear()
        shop.answers.clear()
        call = asyncio.create_task(self.create(attempt))
        await shop.asked.wait()
        return call

    async def leave(self, shop: Shop, attempt: int = 0) -> None:
        """Begin to create, and go before there is an answer."""
        call = await self.begin(shop, attempt)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        shop.answers.set()
        await settled()


async def settled() -> None:
    """Let everything happen that waits for nothing but its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


def runs(test: Callable[..., Awaitable[None]]) -> Any:
    """Run a test on an event loop."""

    def run(self: Any) -> None:
        asyncio.run(test(self))

    run.__name__ = test.__name__
    return run


class TestTheSameAttempt:
    @runs
    async def test_asked_for_again_is_the_same_job(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        assert [await caller.create(), await caller.create()] == [b'{"number":1}'] * 2
        assert len(shop.keys) == 1

    @runs
    async def test_asked_for_while_it_is_being_created_is_the_same_job(self) -> None:
        shop = Shop()
        shop.answers.clear()
        caller = Caller(shop)
        calls = [asyncio.create_task(caller.create()) for _ in range(3)]
        await shop.asked.wait()
        await settled()
        shop.answers.set()
        assert await asyncio.gather(*calls) == [b'{"number":1}'] * 3
        assert len(shop.keys) == 1

    @runs
    async def test_asked_of_another_replica_is_found(self) -> None:
        shop = FindingShop()
        assert await Caller(shop).create() == await Caller(shop).create() == b'{"number":1}'
        assert len(shop.keys) == 1

    @runs
    async def test_that_failed_may_be_tried_again(self) -> None:
        shop = Shop()
        shop.before = [TransientError("away")]
        caller = Caller(shop)
        with pytest.raises(RuntimeError, match=r"^UNAVAILABLE away$"):
            await caller.create()
        assert await caller.create() == b'{"number":1}'

    @runs
    async def test_that_failed_after_the_job_was_started_has_succeeded_if_the_job_is_found(self) -> None:
        shop = FindingShop()
        shop.after = [ConnectionResetError("no answer")]
        assert await Caller(shop).create() == b'{"number":1}'

    @runs
    async def test_that_failed_for_good_has_its_job_deleted_if_it_is_found(self) -> None:
        shop = FindingShop()
        shop.after = [PermanentError("no such item")]
        with pytest.raises(RuntimeError, match=r"^FAILED_PRECONDITION no such item$"):
            await Caller(shop).create()
        assert shop.deleted == [1]

    @runs
    async def test_without_an_execution_nothing_is_the_same(self) -> None:
        shop = FindingShop()
        caller = Caller(shop)
        assert await caller.create(None) != await caller.create(None)

    @runs
    async def test_is_remembered_of_the_last_4096(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        for attempt in range(0, 4097 * 20, 20):  # So far apart that none is an earlier attempt of another.
            await caller.create(attempt)
        assert len(caller.service.creations._by_key) == 4096


class TestALaterAttempt:
    @pytest.mark.parametrize("replicas", [1, 2])
    def test_has_the_job_of_the_earlier_one_deleted_first(self, replicas: int) -> None:
        async def main() -> None:
            shop = FindingShop() if replicas == 2 else Shop()
            first = Caller(shop)
            await first.create(0)
            assert await (first if replicas == 1 else Caller(shop)).create(1) == b'{"number":2}'
            assert shop.deleted == [1]

        asyncio.run(main())

    @runs
    async def test_leaves_a_job_that_has_ended(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.create(0)
        shop.ended.add(1)
        await caller.create(1)
        assert shop.deleted == []

    @runs
    async def test_has_all_earlier_ones_deleted(self) -> None:
        shop = FindingShop()
        for attempt in (0, 1):
            await Caller(shop).create(attempt)
            shop.deleted.clear()
        await Caller(shop).create(2)
        assert set(shop.deleted) == {1, 2}

    @runs
    async def test_waits_for_one_that_is_still_being_created_and_has_its_job_deleted(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        early = await caller.begin(shop)
        late = asyncio.create_task(caller.create(1))
        await settled()
        assert len(shop.keys) == 1
        shop.answers.set()
        await asyncio.gather(early, late)
        assert (len(shop.keys), shop.deleted) == (2, [1])

    def test_fails_if_that_takes_long_and_leaves_it_to_the_next(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_PATIENCE", 0.01)

        async def main() -> None:
            shop = Shop()
            caller = Caller(shop)
            await caller.leave(shop)
            early = await caller.begin(shop, 1)
            with pytest.raises(RuntimeError, match=r"^UNAVAILABLE The job of an earlier attempt is still being"):
                await caller.create(2)
            shop.answers.set()
            await early
            assert await caller.create(3) == b'{"number":3}'
            assert set(shop.deleted) == {1, 2}

        asyncio.run(main())

    @runs
    async def test_whose_caller_goes_before_that_is_done_is_not_begun(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        early = await caller.begin(shop)
        late = asyncio.create_task(caller.create(1))
        await settled()
        late.cancel()
        shop.answers.set()
        await early
        await shop.delivered.wait()
        await settled()
        assert (len(shop.keys), shop.deleted) == (1, [1])
        assert await caller.create(1) == b'{"number":2}'

    @runs
    async def test_that_comes_before_the_earlier_one_is_begun_is_the_only_one(self) -> None:
        searched = asyncio.Event()

        class Searching(FindingShop):
            async def find(self, idempotency_key: str, **_: Any) -> Ticket | None:
                if not self.asked.is_set():
                    self.asked.set()
                    await searched.wait()
                return await super().find(idempotency_key)

        caller = Caller(Searching())
        early, late = (asyncio.create_task(caller.create(attempt)) for attempt in (0, 1))
        await settled()
        searched.set()
        with pytest.raises(RuntimeError, match=r"^UNAVAILABLE It was not begun"):
            await early
        assert await late == b'{"number":1}'

    @runs
    async def test_is_created_although_the_earlier_one_cannot_be_deleted_now(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.create(0)
        shop.not_deleted = [TransientError("away")]
        pauses, module._PAUSES = module._PAUSES, (0.0,)
        try:
            assert await caller.create(1) == b'{"number":2}'
        finally:
            module._PAUSES = pauses
        assert shop.deleted == [1]

    @runs
    async def test_is_created_although_the_earlier_one_cannot_be_deleted_at_all(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.create(0)
        shop.not_deleted = [PermanentError("not yours")]
        assert await caller.create(1) == b'{"number":2}'
        assert shop.deleted == []


class TestACallerThatHasGone:
    @runs
    async def test_has_its_job_left_for_the_grace_period_though_create_failed_for_good(self) -> None:
        shop = FindingShop()
        shop.after = [PermanentError("no such item")]
        caller = Caller(shop)
        await caller.leave(shop)
        assert (len(caller.service.creations._abandoned), shop.deleted) == (1, [])

    @runs
    async def test_does_not_end_the_creation(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.leave(shop)
        assert await caller.create() == b'{"number":1}'
        assert len(shop.keys) == 1

    @runs
    async def test_has_its_job_deleted_after_the_grace_period(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        await caller.leave(shop)
        await asyncio.wait_for(shop.delivered.wait(), 60)
        assert shop.deleted == [1]

    @runs
    async def test_has_gone_too_if_the_job_is_ready_but_he_is_not_told(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        call = await caller.begin(shop)
        await settled()
        creations: Any = caller.service.creations
        settle = creations._settle

        def settle_as_he_goes(creation: Any) -> None:
            creations._settle = settle
            call.cancel()
            settle(creation)

        creations._settle = settle_as_he_goes
        shop.answers.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(shop.delivered.wait(), 60)
        assert shop.deleted == [1]

    @pytest.mark.parametrize("who", ["the same attempt", "a get", "a delete"])
    def test_is_forgiven_if_somebody_asks_for_the_job(self, who: str) -> None:
        async def main() -> None:
            shop = Shop()
            caller = Caller(shop)
            await caller.leave(shop)
            (creation,) = caller.service.creations._abandoned.values()
            timer = creation.timer
            assert timer is not None
            assert not timer.cancelled()
            if who == "the same attempt":
                await caller.create()
            else:
                await (caller.get if who == "a get" else caller.delete)(b'{"number":1}')
            assert timer.cancelled()
            assert caller.service.creations._abandoned == {}

        asyncio.run(main())

    @runs
    async def test_is_not_forgiven_for_another_job(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.leave(shop)
        await caller.get(b'{"number":2}')
        assert len(caller.service.creations._abandoned) == 1

    @runs
    async def test_has_gone_only_when_the_last_one_has(self) -> None:
        shop = Shop()
        shop.answers.clear()
        caller = Caller(shop, grace=0)
        one, two = (asyncio.create_task(caller.create()) for _ in range(2))
        await shop.asked.wait()
        one.cancel()
        await settled()
        shop.answers.set()
        assert await two == b'{"number":1}'
        await settled()
        assert shop.deleted == []

    @runs
    async def test_may_come_back_after_that_for_a_new_job(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        await caller.leave(shop)
        await asyncio.wait_for(shop.delivered.wait(), 60)
        assert await caller.create() == b'{"number":2}'

    @runs
    async def test_is_counted(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        await caller.leave(shop)
        await asyncio.wait_for(shop.delivered.wait(), 60)
        await settled()
        counted = caller.service._metrics.registry.get_sample_value(
            "flyte_connector_orphans_deleted_total", {"task_type": "shop"}
        )
        assert counted == 1

    def test_is_told_in_the_log_if_the_creation_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        async def main() -> None:
            shop = Shop()
            shop.after = [ValueError("broken")]
            await Caller(shop).leave(shop)

        with caplog.at_level(logging.WARNING):
            asyncio.run(main())
        assert "create of shop failed after its caller had gone: broken" in caplog.text


class TestMetadataThatCannotTravel:
    @pytest.mark.parametrize("broken", ["encode", "decode"])
    def test_has_the_job_deleted_at_once(self, broken: str) -> None:
        def fail(*_: Any) -> Any:
            raise ValueError("cannot travel")

        async def main() -> None:
            methods = {"encode": lambda self: b"x", "decode": classmethod(lambda cls, data: cls(1))}
            methods[broken] = fail if broken == "encode" else classmethod(fail)
            odd = type("OddTicket", (Ticket,), methods)
            shop = Shop()
            shop._metadata_type = odd

            async def create(**_: Any) -> Ticket:
                return odd(7)

            shop.create = create  # type: ignore[method-assign]
            with pytest.raises(RuntimeError, match=r"^INTERNAL failed to create shop task with error: .*cannot travel"):
                await Caller(shop).create()
            assert shop.deleted == [7]

        asyncio.run(main())


class TestDeleting:
    def test_what_cannot_be_deleted_now_is_deleted_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_PAUSES", (0, 0))

        async def main() -> None:
            shop = Shop()
            shop.not_deleted = [TransientError("away"), OSError("away")]
            caller = Caller(shop, grace=0)
            await caller.leave(shop)
            await asyncio.wait_for(shop.delivered.wait(), 60)
            assert shop.deleted == [1]

        asyncio.run(main())

    def test_what_cannot_be_deleted_at_all_is_told_in_the_log(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(module, "_PAUSES", ())

        async def main() -> None:
            shop = Shop()
            shop.not_deleted = [TransientError("away")]
            caller = Caller(shop)
            await caller.create(0)
            await caller.create(1)
            assert shop.deleted == []

        asyncio.run(main())
        assert "shop could not be deleted, and may run on: Ticket(number=1)" in caplog.text


class TestStopping:
    @runs
    async def test_leaves_the_jobs_of_callers_that_have_gone(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.leave(shop)
        await caller.service.creations.stop()
        assert (caller.service.creations._abandoned, shop.deleted) == ({}, [])

    @runs
    async def test_waits_for_creations_and_leaves_their_jobs(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        call = await caller.begin(shop)
        stopping = asyncio.create_task(caller.service.creations.stop())
        await settled()
        call.cancel()
        assert not stopping.done()
        shop.answers.set()
        await stopping
        assert (len(shop.keys), shop.deleted) == (1, [])
