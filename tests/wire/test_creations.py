"""CreateTask as each generation of Flyte calls it: one job for each attempt, and no orphans."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import grpc
import pytest

from connector_core import AsyncConnectorBase, ConnectorRegistry, Resource, ResourceMeta
from connector_core.service import ServiceSettings
from connector_core.testing.server import serving
from support.flyte import TIMEOUT, Flyte, Flyte1, Flyte2, refused


@dataclass
class Ticket(ResourceMeta):
    """Identifies a job."""

    number: int


@dataclass
class Spoilt(ResourceMeta):
    """Cannot be read again."""

    number: int

    @classmethod
    def decode(cls, data: bytes) -> Spoilt:
        """Fail."""
        raise ValueError("spoilt")


class Shop(AsyncConnectorBase):
    """A connector, and its backend, which records in order what was done to which job."""

    metadata: type[Any] = Ticket

    def __init__(self) -> None:
        """Serve `shop`."""
        super().__init__(metadata_type=self.metadata, task_type_name="shop")
        self.keys: list[str | None] = []
        self.done: list[str] = []
        self.ended = False
        self.began = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.deleted = threading.Semaphore(0)

    def create(self, task_template: Any, idempotency_key: str | None = None, **_: Any) -> Any:
        """Start a job, and answer when `may_answer` is set."""
        self.keys.append(idempotency_key)
        number = len(self.keys)
        self.done.append(f"create {number}")
        self.began.set()
        assert self.may_answer.wait(TIMEOUT)
        return self.metadata(number)

    def get(self, resource_meta: Any, **_: Any) -> Resource:
        """Return the state of all jobs."""
        return Resource.succeeded() if self.ended else Resource.running()

    def delete(self, resource_meta: Any, **_: Any) -> None:
        """End a job."""
        self.done.append(f"delete {resource_meta.number}")
        self.deleted.release()


class FindingShop(Shop):
    """Finds its jobs by their keys."""

    def find(self, idempotency_key: str, **_: Any) -> Ticket | None:
        """Return the oldest job of a key."""
        return Ticket(self.keys.index(idempotency_key) + 1) if idempotency_key in self.keys else None


class Replicas:
    """Services with the same connector, and a caller of one generation."""

    def __init__(self, stack: ExitStack, generation: type[Flyte]) -> None:
        self._stack = stack
        self._generation = generation

    def of(self, shop: Shop, *, grace: float = 600) -> Flyte:
        """Start another service, and return its caller."""
        registry = ConnectorRegistry(discover=False)
        registry.register(shop)
        endpoint = self._stack.enter_context(serving(registry, settings=ServiceSettings(orphan_grace=grace)))
        return self._generation(self._stack.enter_context(grpc.insecure_channel(endpoint)))


@pytest.fixture(params=[Flyte1, Flyte2], ids=["flyte1", "flyte2"])
def replicas(request: Any) -> Iterator[Replicas]:
    """Let a test start services."""
    with ExitStack() as stack:
        yield Replicas(stack, request.param)


def leave(flyte: Flyte, shop: Shop, **attempt: Any) -> None:
    """Request a job, and disconnect before the answer; the job is started, and no caller knows it."""
    shop.began.clear()
    shop.may_answer.clear()
    call = flyte.jobs.CreateTask.future(flyte.create_request("shop", **attempt), timeout=TIMEOUT)
    assert shop.began.wait(TIMEOUT)
    call.cancel()
    flyte.list()  # Comes after the cancellation, on the same connection.


class TestTheSameAttempt:
    def test_is_the_same_job_when_it_is_requested_again(self, replicas: Replicas) -> None:
        shop = Shop()
        flyte = replicas.of(shop)
        assert flyte.create("shop", attempt=0) == flyte.create("shop", attempt=0)
        assert shop.done == ["create 1"]

    def test_is_the_same_job_when_it_is_requested_meanwhile(self, replicas: Replicas) -> None:
        shop = Shop()
        shop.may_answer.clear()
        flyte = replicas.of(shop)
        request = flyte.create_request("shop", attempt=0)
        calls = [flyte.jobs.CreateTask.future(request, timeout=TIMEOUT) for _ in range(3)]
        assert shop.began.wait(TIMEOUT)
        shop.may_answer.set()
        assert {call.result().resource_meta for call in calls} == {b'{"number":1}'}
        assert shop.done == ["create 1"]

    def test_is_the_same_job_for_another_replica_that_finds_it(self, replicas: Replicas) -> None:
        shop = FindingShop()
        assert replicas.of(shop).create("shop", attempt=0) == replicas.of(shop).create("shop", attempt=0)
        assert shop.done == ["create 1"]

    def test_is_the_same_job_for_a_caller_that_disconnects_and_returns(self, replicas: Replicas) -> None:
        shop = Shop()
        flyte = replicas.of(shop)
        leave(flyte, shop, attempt=0)
        shop.may_answer.set()
        assert flyte.create("shop", attempt=0) == b'{"number":1}'
        assert shop.done == ["create 1"]

    def test_is_the_same_job_after_the_deadline_has_passed(self, replicas: Replicas) -> None:
        shop = Shop()
        shop.may_answer.clear()
        flyte = replicas.of(shop)
        with refused(grpc.StatusCode.DEADLINE_EXCEEDED, ""):
            flyte.create("shop", attempt=0, timeout=0.5)
        shop.may_answer.set()
        assert flyte.create("shop", attempt=0) == b'{"number":1}'
        assert shop.done == ["create 1"]

    def test_of_another_execution_is_another_job(self, replicas: Replicas) -> None:
        shop = FindingShop()
        flyte = replicas.of(shop)
        assert flyte.create("shop", attempt=0, execution="a") != flyte.create("shop", attempt=0, execution="b")


class TestALaterAttempt:
    def test_has_the_earlier_job_deleted_first(self, replicas: Replicas) -> None:
        shop = Shop()
        flyte = replicas.of(shop)
        assert [flyte.create("shop", attempt=attempt) for attempt in (0, 1)] == [b'{"number":1}', b'{"number":2}']
        assert shop.done == ["create 1", "delete 1", "create 2"]

    def test_has_the_job_of_another_replica_deleted_first_if_it_is_found(self, replicas: Replicas) -> None:
        shop = FindingShop()
        for attempt in (0, 1):
            replicas.of(shop).create("shop", attempt=attempt)
        assert shop.done == ["create 1", "delete 1", "create 2"]

    def test_leaves_an_earlier_job_that_has_ended(self, replicas: Replicas) -> None:
        shop = Shop()
        flyte = replicas.of(shop)
        flyte.create("shop", attempt=0)
        shop.ended = True
        flyte.create("shop", attempt=1)
        assert shop.done == ["create 1", "create 2"]

    def test_has_a_job_deleted_first_that_is_still_being_started(self, replicas: Replicas) -> None:
        shop = Shop()
        flyte = replicas.of(shop)
        leave(flyte, shop, attempt=0)
        later = flyte.jobs.CreateTask.future(flyte.create_request("shop", attempt=1), timeout=TIMEOUT)
        shop.may_answer.set()
        assert later.result().resource_meta == b'{"number":2}'
        assert shop.done == ["create 1", "delete 1", "create 2"]


class TestAnOrphan:
    def test_is_deleted_after_the_grace_period_unless_a_caller_requests_it(self, replicas: Replicas) -> None:
        shop = Shop()
        flyte = replicas.of(shop, grace=1)
        for execution in ("requested", "not"):
            leave(flyte, shop, attempt=0, execution=execution)
        shop.may_answer.set()
        flyte.get("shop", flyte.create("shop", attempt=0, execution="requested"))
        assert shop.deleted.acquire(timeout=TIMEOUT)
        assert sorted(shop.done) == ["create 1", "create 2", "delete 2"]

    def test_is_deleted_at_once_if_its_metadata_could_not_be_read_again(self, replicas: Replicas) -> None:
        class SpoiltShop(Shop):
            metadata = Spoilt

        shop = SpoiltShop()
        with refused(grpc.StatusCode.INTERNAL, "failed to create shop task with error: ValueError: spoilt"):
            replicas.of(shop).create("shop", attempt=0)
        assert shop.done == ["create 1", "delete 1"]
