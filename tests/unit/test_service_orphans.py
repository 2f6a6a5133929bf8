"""Orphans: deleted after the grace period, unless a caller requests them."""

from __future__ import annotations

import asyncio
import logging

import pytest

from connector_core import TransientError
from connector_core.service import orphans as module
from support.shop import Caller, Shop, runs, settled


class TestAnOrphan:
    @runs
    async def test_is_deleted_after_the_grace_period(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        await caller.leave(shop)
        await asyncio.wait_for(shop.delivered.wait(), 60)
        assert shop.deleted == [1]

    @pytest.mark.parametrize("who", ["the same attempt", "a get", "a delete"])
    def test_is_kept_if_a_caller_requests_it(self, who: str) -> None:
        async def main() -> None:
            shop = Shop()
            caller = Caller(shop)
            await caller.leave(shop)
            (orphan,) = caller.service._orphans._waiting.values()
            timer = orphan.timer
            assert not timer.cancelled()
            if who == "the same attempt":
                await caller.create()
            else:
                await (caller.get if who == "a get" else caller.delete)(b'{"number":1}')
            assert timer.cancelled()
            assert caller.service._orphans._waiting == {}

        asyncio.run(main())

    @runs
    async def test_is_not_kept_for_another_job(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.leave(shop)
        await caller.get(b'{"number":2}')
        assert len(caller.service._orphans._waiting) == 1

    @runs
    async def test_that_is_deleted_makes_way_for_a_new_job(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        await caller.leave(shop)
        await asyncio.wait_for(shop.delivered.wait(), 60)
        assert await caller.create() == b'{"number":2}'

    @runs
    async def test_that_is_deleted_is_counted(self) -> None:
        shop = Shop()
        caller = Caller(shop, grace=0)
        await caller.leave(shop)
        await asyncio.wait_for(shop.delivered.wait(), 60)
        await settled()
        counted = caller.service._metrics.registry.get_sample_value(
            "flyte_connector_orphans_deleted_total", {"task_type": "shop"}
        )
        assert counted == 1


class TestDeleting:
    def test_is_repeated_if_it_fails_temporarily(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_PAUSES", (0, 0))

        async def main() -> None:
            shop = Shop()
            shop.not_deleted = [TransientError("away"), OSError("away")]
            caller = Caller(shop, grace=0)
            await caller.leave(shop)
            await asyncio.wait_for(shop.delivered.wait(), 60)
            assert shop.deleted == [1]

        asyncio.run(main())

    def test_that_fails_to_the_end_is_logged(
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
        assert "The shop job Ticket(number=1) could not be deleted and may still be running." in caplog.text


class TestStopping:
    @runs
    async def test_leaves_the_orphans(self) -> None:
        shop = Shop()
        caller = Caller(shop)
        await caller.leave(shop)
        await caller.service.creations.stop()
        assert (caller.service._orphans._waiting, shop.deleted) == ({}, [])

    def test_leaves_a_job_that_becomes_an_orphan_meanwhile(self, caplog: pytest.LogCaptureFixture) -> None:
        async def main() -> None:
            shop = Shop()
            caller = Caller(shop)
            call = await caller.begin(shop)
            stopping = asyncio.create_task(caller.service.creations.stop())
            await settled()
            call.cancel()
            shop.answers.set()
            await stopping
            assert (caller.service._orphans._waiting, shop.deleted) == ({}, [])

        with caplog.at_level(logging.WARNING):
            asyncio.run(main())
        assert caplog.messages == [
            "The service is stopping and leaves the shop job Ticket(number=1) running; its caller disconnected."
        ]
