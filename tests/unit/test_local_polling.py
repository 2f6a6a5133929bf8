"""When a local run polls its job, and how often it tries to delete it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector_core import (
    CallTimeout,
    PermanentError,
    Phase,
    Resource,
    ResourceMeta,
    TaskFailed,
    TransientError,
)
from connector_core.testing import FakeClock
from support.connectors import DONE, RUNNING, JobMeta, Jobs, task_of


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the default output prefixes below a temporary directory."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def clock(connector_clock: FakeClock) -> FakeClock:
    """Replace the time by a clock that only advances while code sleeps."""
    return connector_clock


class TestPolling:
    def test_the_first_poll_and_the_end_come_without_a_delay(self, clock: FakeClock) -> None:
        task_of(Jobs(DONE))()
        assert clock.slept == []

    def test_the_delays_grow_from_10_ms_to_5_s_with_jitter(self, clock: FakeClock) -> None:
        task_of(Jobs(*[RUNNING] * 24, DONE))()
        assert len(clock.slept) == 24
        assert 0.008 <= clock.slept[0] <= 0.012
        assert all(4 <= delay <= 6 for delay in clock.slept[-6:])
        assert all(later > earlier * 0.99 for earlier, later in zip(clock.slept[:10], clock.slept[1:11], strict=True))

    @pytest.mark.parametrize("phase", [Phase.FAILED, Phase.ABORTED, Phase.RETRYABLE_FAILED])
    def test_every_terminal_phase_ends_it(self, phase: Phase, clock: FakeClock) -> None:
        connector = Jobs(RUNNING, Resource(phase, "why"))
        with pytest.raises(TaskFailed, match=rf"^job {phase.name}: why$") as e:
            task_of(connector)()
        assert len(connector.polled) == 2
        assert e.value.resource.phase is phase

    def test_the_error_has_the_code_and_message_of_a_failed_job(self) -> None:
        with pytest.raises(TaskFailed, match=r"^mine FAILED \[QUOTA\]: too much$"):
            task_of(Jobs(Resource.failed("too much", code="QUOTA")), name="mine")()

    def test_each_state_is_reported(self, clock: FakeClock) -> None:
        seen: list[str | None] = []
        steps = [Resource.running(message="1"), Resource.running(message="2"), DONE]
        task_of(Jobs(*steps), on_update=lambda resource: seen.append(resource.message))()
        assert seen == ["1", "2", None]


class TestTransientErrors:
    @pytest.mark.parametrize("error", [TransientError("503"), CallTimeout("Jobs", "get", 1)], ids=repr)
    def test_do_not_end_the_run(self, error: Exception, clock: FakeClock) -> None:
        connector = Jobs(RUNNING, error, error, DONE)
        assert task_of(connector)() == {"rows": 2}
        assert connector.deleted == []

    def test_end_the_run_after_the_time_of_patience(self, clock: FakeClock) -> None:
        connector = Jobs(RUNNING, TransientError("503"))
        task = task_of(connector)
        task.patience = 30.0  # type: ignore[attr-defined]
        with pytest.raises(TransientError, match=r"^503$"):
            task()
        assert 30 < clock.now < 30 + 2 * 6
        assert connector.deleted == [JobMeta(1)]

    def test_are_forgotten_after_each_answer(self, clock: FakeClock) -> None:
        steps: list[Any] = [RUNNING, *[TransientError("503")] * 5] * 20
        connector = Jobs(*steps, DONE)
        task = task_of(connector)
        task.patience = 40.0  # type: ignore[attr-defined]
        assert task() == {"rows": 2}
        assert clock.now > 200

    def test_include_those_that_the_connector_declares(self, clock: FakeClock) -> None:
        class Http(Jobs):
            transient_errors = (ConnectionError,)

        assert task_of(Http(ConnectionError("reset"), DONE))() == {"rows": 2}


class Flaky(Jobs):
    """A connector whose first deletions fail."""

    failures = 0

    async def delete(self, resource_meta: ResourceMeta, **kwargs: Any) -> None:  # type: ignore[override]
        if self.failures:
            self.failures -= 1
            raise TransientError("503")
        await super().delete(resource_meta)


class TestRepeatedDeletion:
    @pytest.mark.parametrize("failures", [1, 2])
    def test_a_deletion_that_fails_temporarily_is_repeated(self, failures: int, clock: FakeClock) -> None:
        connector = Flaky(PermanentError("gone"))
        connector.failures = failures
        with pytest.raises(PermanentError, match=r"^gone$"):
            task_of(connector)()
        assert connector.deleted == [JobMeta(1)]
        assert clock.slept == [0.5, 2.0][:failures]

    def test_the_deletion_is_tried_three_times(self, clock: FakeClock) -> None:
        connector = Flaky(PermanentError("gone"))
        connector.failures = 3
        with pytest.raises(PermanentError, match=r"^gone\nThe job could not be deleted and may still run: .*: 503$"):
            task_of(connector)()
        assert connector.deleted == []
