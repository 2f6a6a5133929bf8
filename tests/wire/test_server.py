"""The server itself: what it lists, when it is ready, what it permits, and how it stops."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from flyteidl.admin.agent_pb2 import ExecuteTaskSyncRequest, GetTaskRequest, ListAgentsRequest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from connector_core import ConnectorRegistry, Phase, Resource, TransientError
from connector_core.service import (
    AsyncConnectorService,
    ConnectorMetadataService,
    ConnectorServer,
    ServiceSettings,
    SyncConnectorService,
)
from connector_core.testing.server import serving
from support.connectors import Echo, JobMeta, Jobs
from support.flyte import Flyte, Flyte1, Flyte2, refused

SERVICES = [
    "flyteidl.service.AsyncAgentService",
    "flyteidl.service.SyncAgentService",
    "flyteidl.service.AgentMetadataService",
    "flyteidl2.connector.AsyncConnectorService",
    "flyteidl2.connector.ConnectorMetadataService",
]
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def health_of(channel: grpc.Channel, service: str = "") -> Any:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30).status


async def health_over(channel: grpc.aio.Channel) -> Any:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    return (await stub.Check(health_pb2.HealthCheckRequest(service=""), timeout=30)).status


class TestListing:
    def test_flyte_1_reads_types_categories_and_the_kind(self, registry: ConnectorRegistry, flyte1: Flyte1) -> None:
        registry.register(Echo())
        registry.register(Jobs())
        told = [
            (agent.name, agent.is_sync, [*agent.supported_task_types], agent.supported_task_categories[0].name)
            for agent in flyte1.list()
        ]
        assert told == [("Echo", True, ["echo"], "echo"), ("Jobs", False, ["job"], "job")]

    def test_flyte_2_reads_names_and_categories(self, registry: ConnectorRegistry, flyte2: Flyte2) -> None:
        registry.register(Echo())
        registry.register(Jobs())
        told = [(each.name, each.supported_task_categories[0].name) for each in flyte2.list()]
        assert told == [("Echo", "echo"), ("Jobs", "job")]

    def test_a_name_that_a_sync_and_an_async_one_share_is_two(
        self, registry: ConnectorRegistry, flyte: Flyte, flyte1: Flyte1
    ) -> None:
        registry.register(type("One", (Echo,), {"name": "shared"})())
        registry.register(type("Two", (Jobs,), {"name": "shared"})())
        assert [each.name for each in flyte.list()] == ["shared", "shared"]
        assert [agent.is_sync for agent in flyte1.list()] == [False, True]

    def test_one_is_described_by_its_name(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Echo())
        described = flyte.describe("Echo")
        assert (described.name, [category.name for category in described.supported_task_categories]) == (
            "Echo",
            ["echo"],
        )

    def test_it_does_not_wait_for_calls(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        """It is answered while calls hang and all threads are in use."""
        release = threading.Event()

        def get(self: Any, resource_meta: Any) -> Resource:
            assert release.wait(60)
            return Resource.running()

        registry.register(type("Slow", (Jobs,), {"get": get})())
        category = flyte.messages.TaskCategory(name="job")
        request = flyte.messages.GetTaskRequest(task_category=category, resource_meta=b"{}")
        slow = [flyte.jobs.GetTask.future(request) for _ in range(600)]
        assert [each.name for each in flyte.list()] == ["Slow"]
        assert not any(call.done() for call in slow)
        release.set()
        assert {call.code() for call in slow} == {StatusCode.OK}


class TestHealth:
    def test_every_service_is_serving(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        with serving(registry) as endpoint, grpc.insecure_channel(endpoint) as channel:
            assert {health_of(channel, service) for service in ("", *SERVICES)} == {SERVING}

    def test_a_service_without_connectors_is_not(self, registry: ConnectorRegistry) -> None:
        with serving(registry) as endpoint, grpc.insecure_channel(endpoint) as channel:
            assert {health_of(channel, service) for service in ("", *SERVICES)} == {NOT_SERVING}

    def test_it_is_not_before_all_are_loaded(
        self, registry: ConnectorRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        registry.register(Echo())
        loading, go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(registry, "load_all", lambda: (loading.set(), go_on.wait(60)))

        async def main() -> None:
            server = ConnectorServer(registry, host="127.0.0.1", port=0)
            starting = asyncio.create_task(server.start())
            assert await asyncio.to_thread(loading.wait, 60)
            assert server.readiness() == "The service is loading its connectors."
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                assert await health_over(channel) == NOT_SERVING
                go_on.set()
                await starting
                assert await health_over(channel) == SERVING
                assert server.readiness() is None
            await server.stop()

        asyncio.run(main())


class TestReflection:
    def test_it_names_the_services_and_describes_them(self, channel: grpc.Channel) -> None:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        requests = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            *(reflection_pb2.ServerReflectionRequest(file_containing_symbol=service) for service in SERVICES),
        ]
        listed, *described = stub.ServerReflectionInfo(iter(requests), timeout=30)
        names = {service.name for service in listed.list_services_response.service}
        assert names == {*SERVICES, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
        assert all(answer.file_descriptor_response.file_descriptor_proto for answer in described)


class TestWhatIsPermitted:
    def test_requests_larger_than_an_answer_may_be(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Jobs())
        flyte.create("job", inputs={"text": "x" * 20_000_000})

    def test_requests_are_bounded_all_the_same(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Jobs())
        with refused(StatusCode.RESOURCE_EXHAUSTED, "larger than max"):
            flyte.create("job", inputs={"text": "x" * 40_000_000})

    def test_an_answer_larger_than_flyte_accepts_is_an_error(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Jobs(Resource.running(custom_info={"x": "x" * 5_000_000})))
        with refused(
            StatusCode.INTERNAL, r"^The answer has \d+ bytes, and Flyte accepts 4194304; send less custom_info"
        ):
            flyte.get("job", b"{}")

    def test_many_calls_at_once_over_one_connection(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        together = asyncio.Event()
        inside = 0

        async def get(self: Any, resource_meta: Any) -> Resource:
            nonlocal inside
            inside += 1
            if inside == 1000:
                together.set()
            await together.wait()
            return Resource.running()

        registry.register(type("Probe", (Jobs,), {"get": get})())
        category = flyte.messages.TaskCategory(name="job")
        request = flyte.messages.GetTaskRequest(task_category=category, resource_meta=b"{}")
        calls = [flyte.jobs.GetTask.future(request, timeout=60) for _ in range(1000)]
        assert {call.code() for call in calls} == {StatusCode.OK}

    def test_calls_that_wait_for_a_blocked_event_loop(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        blocked, release = threading.Event(), threading.Event()

        async def get(self: Any, resource_meta: Any) -> Resource:
            blocked.set()
            assert release.wait(60)  # It blocks the event loop, as a faulty connector does.
            return Resource.running()

        registry.register(type("Probe", (Jobs,), {"get": get})())
        category = flyte.messages.TaskCategory(name="job")
        request = flyte.messages.GetTaskRequest(task_category=category, resource_meta=b"{}")
        futures = [flyte.jobs.GetTask.future(request, timeout=60)]
        assert blocked.wait(30)
        futures += [flyte.jobs.GetTask.future(request, timeout=60) for _ in range(2000)]
        # Time for the calls to arrive, or to be refused, while the event loop is blocked.
        threading.Timer(1, release.set).start()
        assert {future.code() for future in futures} == {StatusCode.OK}


class TestABackendThatFails:
    """GetTask does not answer with an error, because Flyte counts the errors of a job's whole life."""

    def test_is_answered_with_the_state_that_was_seen_last(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        last = Resource.running(message="half")
        registry.register(Jobs(last, TransientError("away"), TransientError("away"), Resource.succeeded()))
        phases = [flyte.get("job", b"{}")[:2] for _ in range(4)]
        assert phases == [(Phase.RUNNING, "half")] * 3 + [(Phase.SUCCEEDED, "")]

    def test_is_answered_with_initializing_before_that(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Jobs(TransientError("away")))
        assert flyte.get("job", b"{}")[:2] == (Phase.INITIALIZING, "The backend does not answer: away")

    def test_and_each_job_has_its_own(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        registry.register(Jobs(Resource.running(message="one"), TransientError("away")))
        flyte.get("job", b'{"job_id":1}')
        assert flyte.get("job", b'{"job_id":2}').phase is Phase.INITIALIZING
        assert flyte.get("job", b'{"job_id":1}').message == "one"

    @pytest.mark.parametrize("category", [{"version": 1}, {"task_type": "other"}])
    def test_a_job_of_another_category_with_equal_metadata_is_another_job(
        self, registry: ConnectorRegistry, flyte: Flyte, category: Any
    ) -> None:
        registry.register(Jobs(Resource.running(message="half")))
        registry.register(Jobs(TransientError("away"), **category))
        assert flyte.get("job", b"{}").message == "half"
        state = flyte.get(**{"task_type": "job", "resource_meta": b"{}"} | category)
        assert state[:2] == (Phase.INITIALIZING, "The backend does not answer: away")

    def test_a_method_that_takes_too_long_has_failed_too(self, registry: ConnectorRegistry, flyte: Flyte) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            await asyncio.Event().wait()
            return Resource.running()

        registry.register(type("Hangs", (Jobs,), {"get": get, "timeout": 0.05})())
        registry.register(type("Hangs", (Jobs,), {"get": get})(task_type="until the deadline"))
        told = "The backend does not answer: Hangs.get did not end within 0.05 s."
        assert flyte.get("job", b"{}")[:2] == (Phase.INITIALIZING, told)
        assert flyte.get("until the deadline", b"{}", timeout=1.5).phase is Phase.INITIALIZING

    def test_for_too_long_ends_the_attempt_after_the_job(self, registry: ConnectorRegistry) -> None:
        connector = Jobs(Resource.running(), TransientError("away"))
        registry.register(connector)
        with (
            serving(registry, settings=ServiceSettings(forgive=0)) as endpoint,
            grpc.insecure_channel(endpoint) as channel,
        ):
            flyte = Flyte1(channel)
            flyte.get("job", b'{"job_id":5}')
            state = flyte.get("job", b'{"job_id":5}')
        assert state[:2] == (Phase.RETRYABLE_FAILED, "The backend has not answered for too long: away")
        assert connector.deleted == [JobMeta(5)]


class TestStopping:
    def test_running_calls_end_and_new_ones_are_refused(self, registry: ConnectorRegistry) -> None:
        began, release = threading.Event(), threading.Event()

        def get(self: Any, resource_meta: Any) -> Resource:
            began.set()
            assert release.wait(60)
            return Resource.running(message="to the end")

        registry.register(type("Slow", (Jobs,), {"get": get})())

        async def main() -> None:
            server = ConnectorServer(registry, host="127.0.0.1", port=0)
            await server.start()
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                call = Flyte1(channel).jobs.GetTask(GetTaskRequest(task_type="job", resource_meta=b"{}"))  # type: ignore[arg-type]
                running = asyncio.ensure_future(_result(call))
                assert await asyncio.to_thread(began.wait, 60)
                stopping = asyncio.create_task(server.stop())
                await _until(lambda: server.readiness() == "The service is stopping.")
                release.set()
                assert (await running).resource.message == "to the end"
                await stopping
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await health_over(channel)
                assert caught.value.code() is StatusCode.UNAVAILABLE

        asyncio.run(main())

    def test_health_reports_it_first(self, registry: ConnectorRegistry) -> None:
        began, release = threading.Event(), threading.Event()

        def get(self: Any, resource_meta: Any) -> Resource:
            began.set()
            assert release.wait(60)
            return Resource.running()

        registry.register(type("Slow", (Jobs,), {"get": get})())

        async def main() -> None:
            server = ConnectorServer(registry, host="127.0.0.1", port=0)
            await server.start()
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                stub: Any = health_pb2_grpc.HealthStub(channel)
                watched = stub.Watch(health_pb2.HealthCheckRequest(service=""))
                assert (await watched.read()).status == SERVING
                call = Flyte1(channel).jobs.GetTask(GetTaskRequest(task_type="job", resource_meta=b"{}"))  # type: ignore[arg-type]
                running = asyncio.ensure_future(_result(call))
                assert await asyncio.to_thread(began.wait, 60)
                stopping = asyncio.create_task(server.stop())
                assert (await watched.read()).status == NOT_SERVING
                assert not running.done()
                watched.cancel()
                release.set()
                await running
                await stopping

        asyncio.run(main())

    def test_no_job_is_deleted(self, registry: ConnectorRegistry) -> None:
        connector = Jobs(Resource.running())
        registry.register(connector)
        with (
            serving(registry, settings=ServiceSettings(drain=0)) as endpoint,
            grpc.insecure_channel(endpoint) as channel,
        ):
            Flyte1(channel).create("job", attempt=0)
        assert (len(connector.created), connector.deleted) == (1, [])

    def test_calls_that_do_not_end_are_cancelled(self, registry: ConnectorRegistry) -> None:
        async def get(self: Any, resource_meta: Any) -> Resource:
            began.set()
            await asyncio.Event().wait()
            return Resource.running()

        began = threading.Event()
        registry.register(type("Hangs", (Jobs,), {"get": get})())
        with serving(registry, settings=ServiceSettings(drain=0)) as endpoint:
            channel = grpc.insecure_channel(endpoint)
            call = Flyte1(channel).jobs.GetTask.future(GetTaskRequest(task_type="job", resource_meta=b"{}"))
            assert began.wait(60)
        assert call.code() in (StatusCode.UNAVAILABLE, StatusCode.CANCELLED)
        channel.close()


class TestWithoutAServer:
    """The servicers can be called with any context."""

    class Context:
        code: StatusCode | None = None
        details = ""

        def set_code(self, code: StatusCode) -> None:
            self.code = code

        def set_details(self, details: str) -> None:
            self.details = details

        def time_remaining(self) -> float | None:
            return None

    def test_a_job(self, registry: ConnectorRegistry) -> None:
        registry.register(Jobs(Resource.running()))
        context: Any = self.Context()

        async def main() -> Any:
            service = AsyncConnectorService(registry)
            return await service.GetTask(GetTaskRequest(task_type="job", resource_meta=b"{}"), context)

        assert asyncio.run(main()).resource.phase == Phase.RUNNING
        assert context.code is None

    def test_an_error(self, registry: ConnectorRegistry) -> None:
        context: Any = self.Context()
        asyncio.run(AsyncConnectorService(registry).GetTask(GetTaskRequest(task_type="job"), context))
        assert (context.code, context.details) == (
            StatusCode.NOT_FOUND,
            (
                "Cannot find connector for task type: job. No connector is installed: install a connector package, or "
                "register one."
            ),
        )

    def test_the_other_two(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo())
        context: Any = self.Context()

        async def main() -> Any:
            async def requests() -> Any:
                for request in ({"header": {"template": {"type": "echo"}}}, {"inputs": {}}):
                    yield ExecuteTaskSyncRequest(**request)

            responses = [each async for each in SyncConnectorService(registry).ExecuteTaskSync(requests(), context)]
            listed = await ConnectorMetadataService(registry).ListAgents(ListAgentsRequest(), context)
            return responses[0].header.resource.phase, [agent.name for agent in listed.agents]

        assert asyncio.run(main()) == (Phase.SUCCEEDED, ["Echo"])


async def _result(call: Any) -> Any:
    return await call


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)
