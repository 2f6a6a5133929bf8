"""CreateTask: one job for each attempt."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from connector_core import PermanentError, TransientError
from connector_core.service import creations as module
from connector_core.service import orphans
from support.shop import Caller, FindingShop, Shop, Ticket, runs, settled


class TestTheSameAttempt:
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
    async def test_that_failed_permanently_has_its_job_deleted_if_it_is_found(self) -> None:
        shop = FindingShop()
        shop.after = [PermanentError("no such item")]
        with pytest.raises(RuntimeError, match=r"^FAILED_PRECONDITION no such item$"):
            await Caller(shop).create()
        assert shop.deleted == [1]

    @runs
    async def test_does_not_exist_without_a_task_execution_id(self) -> None:
        shop = FindingShop()
        caller = Caller(shop)
        assert await caller.create(None) != await caller.create(None)

    @runs
    async def test_is_remembered_of_the_last_4096(self) -> None:
        assert module._MOST_REMEMBERED == 4096
        shop = Shop()
        caller = Caller(shop)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_MOST_REMEMBERED", 16)
            for attempt in range(0, 17 * 20, 20):  # So far apart that none is an earlier attempt of another.
                await caller.create(attempt)
        assert len(caller.service.creations._by_key) == 16


class TestALaterAttempt:
    @runs
    async def test_has_all_earlier_ones_deleted(self) -> None:
        shop = FindingShop()
        for attempt in (0, 1):
            await Caller(shop).create(attempt)
            shop.deleted.clear()
        await Caller(shop).create(2)
        assert set(shop.deleted) == {1, 2}

    def test_fails_if_that_takes_long_and_leaves_it_to_the_next(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "PATIENCE", 0.01)

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
    async def test_whose_caller_disconnects_before_that_is_done_is_not_started(self) -> None:
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
    async def test_that_comes_before_the_earlier_one_is_started_is_the_only_one(self) -> None:
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
        with pytest.raises(RuntimeError, match=r"^UNAVAILABLE No job was started: "):
            await early
        assert await late == b'{"number":1}'

    @runs
    async def test_is_created_although_the_earlier_one_cannot_be_deleted_now(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.create(0)
        shop.not_deleted = [TransientError("away")]
        pauses, orphans._PAUSES = orphans._PAUSES, (0.0,)
        try:
            assert await caller.create(1) == b'{"number":2}'
        finally:
            orphans._PAUSES = pauses
        assert shop.deleted == [1]

    @runs
    async def test_is_created_although_the_earlier_one_cannot_be_deleted_at_all(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.create(0)
        shop.not_deleted = [PermanentError("not yours")]
        assert await caller.create(1) == b'{"number":2}'
        assert shop.deleted == []


class TestACallerThatDisconnects:
    @runs
    async def test_leaves_a_job_for_the_grace_period_although_create_failed_permanently(self) -> None:
        shop = FindingShop()
        shop.after = [PermanentError("no such item")]
        caller = Caller(shop)
        await caller.leave(shop)
        assert (len(caller.service._orphans._waiting), shop.deleted) == (1, [])

    @runs
    async def test_just_before_it_gets_the_answer_leaves_an_orphan(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        call = await caller.begin(shop)
        await settled()
        (creation,) = caller.service.creations._by_key.values()
        end = creation.ended.set

        def end_as_the_caller_disconnects() -> None:
            end()
            call.cancel()

        creation.ended.set = end_as_the_caller_disconnects  # type: ignore[method-assign]
        shop.answers.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(shop.delivered.wait(), 60)
        assert shop.deleted == [1]

    @runs
    async def test_has_no_effect_while_another_one_waits(self) -> None:
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
    async def test_after_another_one_got_the_answer_leaves_no_orphan(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        one = await caller.begin(shop)
        two = asyncio.create_task(caller.create())
        await settled()
        (creation,) = caller.service.creations._by_key.values()
        end = creation.ended.set

        def end_as_the_second_caller_disconnects() -> None:
            end()
            two.cancel()

        creation.ended.set = end_as_the_second_caller_disconnects  # type: ignore[method-assign]
        shop.answers.set()
        assert await one == b'{"number":1}'
        with pytest.raises(asyncio.CancelledError):
            await two
        assert caller.service._orphans._waiting == {}

    def test_is_mentioned_in_the_log_if_create_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        async def main() -> None:
            shop = Shop()
            shop.after = [ValueError("broken")]
            await Caller(shop).leave(shop)

        with caplog.at_level(logging.WARNING):
            asyncio.run(main())
        assert "create of a shop job failed after its caller had disconnected: broken" in caplog.text


class TestMetadataThatCannotTravel:
    @runs
    async def test_leads_to_the_deletion_of_the_job(self) -> None:
        class OddTicket(Ticket):
            def encode(self) -> bytes:
                raise ValueError("cannot travel")

        class OddShop(Shop):
            async def create(self, *_: Any, **__: Any) -> Ticket:
                return OddTicket(7)

        shop = OddShop()
        with pytest.raises(RuntimeError, match=r"^INTERNAL failed to create shop task with error: .*cannot travel"):
            await Caller(shop).create()
        assert shop.deleted == [7]


class TestStopping:
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
