"""The phases of a job, and the names that backends use for them."""

from __future__ import annotations

import re
from enum import IntEnum

from connector_core.errors import UnknownPhase

__all__ = ["Phase", "convert_to_flyte_phase", "is_terminal_phase"]


class Phase(IntEnum):
    """The phase of a job, with the values of ``flyteidl.core.TaskExecution.Phase``; it does not import protobuf."""

    UNDEFINED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    ABORTED = 4
    FAILED = 5
    INITIALIZING = 6
    WAITING_FOR_RESOURCES = 7
    RETRYABLE_FAILED = 8


def is_terminal_phase(phase: Phase | int) -> bool:
    """Tell whether a job in this phase has ended.

    Args:
        phase: A Phase, or its protobuf value.
    """
    return phase in _TERMINAL


def convert_to_flyte_phase(state: str) -> Phase:
    """Translate a backend's name of a job's state.

    Args:
        state: The name, in any case and with any separators: ``"Out-Of-Memory"``, ``"outOfMemory"``.

    Returns:
        The phase to report to Flyte.

    Raises:
        UnknownPhase: if the name is not known. The message lists the known names.
    """
    phase = _PHASE_OF_WORD.get(_squeeze(state)) if isinstance(state, str) else None
    if phase is None:
        raise UnknownPhase(state, sorted(word for words in _WORDS.values() for word in words.split()))
    return phase


_TERMINAL = frozenset({Phase.SUCCEEDED, Phase.ABORTED, Phase.FAILED, Phase.RETRYABLE_FAILED})

# The names in flytekit's table keep their meaning (so cancelled and timeout are FAILED, because Flyte loses the message
# of ABORTED). The others are the states of Slurm, Kubernetes, YARN, Spark, Databricks, Snowflake, BigQuery, Athena, AWS
# Batch, SageMaker, Ray, Airflow and Dataproc. A failure that the infrastructure caused, and not the job, is retryable.
_WORDS = {
    Phase.QUEUED: """
        queued submitted accepted new created scheduled enqueued requested deferred
        resuming_warehouse
    """,
    Phase.WAITING_FOR_RESOURCES: """
        waiting waiting_for_resources blocked suspended configuring requeued requeue_hold requeue_fed resv_del_hold
        special_exit stage_out resizing runnable
    """,
    Phase.INITIALIZING: """
        pending starting initializing initialising preparing provisioning setup setting_up setup_done booting
        container_creating pulling launching new_saving restarting up_for_retry up_for_reschedule
    """,
    Phase.RUNNING: """
        running active in_progress executing processing terminating completing stopping canceling cancelling
        cancel_pending cancel_started finishing signaling run
    """,
    Phase.SUCCEEDED: """
        succeeded success successful succeed done complete completed finished ok
    """,
    Phase.FAILED: """
        failed failure error errored fail failing dead timeout timed_out time_out deadline canceled cancelled skipped
        out_of_memory oom_killed killed killing rejected invalid expired failed_with_error user_error
        launch_failed upstream_failed disconnected unsuccessful deadline_exceeded
    """,
    Phase.ABORTED: """
        aborted aborting abort revoked stopped terminated deleted removed
    """,
    Phase.RETRYABLE_FAILED: """
        retryable_failed internal_error preempted evicted node_fail node_lost boot_fail lost
        spot_interrupted system_error service_unavailable
    """,
}


def _squeeze(word: str) -> str:
    return re.sub(r"[\W_]+", "", word).lower()


_PHASE_OF_WORD = {_squeeze(word): phase for phase, words in _WORDS.items() for word in words.split()}
