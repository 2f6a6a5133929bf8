"""Phases, and the states of backends that become phases."""

from __future__ import annotations

import pytest
from flyteidl.core.execution_pb2 import TaskExecution
from hypothesis import given
from hypothesis import strategies as st

from connector_core import Phase, UnknownPhase, convert_to_flyte_phase, is_terminal_phase

WORDS = {
    "queued": Phase.QUEUED,
    "submitted": Phase.QUEUED,
    "waiting": Phase.WAITING_FOR_RESOURCES,
    "requeued": Phase.WAITING_FOR_RESOURCES,
    "pending": Phase.INITIALIZING,
    "starting": Phase.INITIALIZING,
    "provisioning": Phase.INITIALIZING,
    "running": Phase.RUNNING,
    "in_progress": Phase.RUNNING,
    "canceling": Phase.RUNNING,
    "succeeded": Phase.SUCCEEDED,
    "complete": Phase.SUCCEEDED,
    "done": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
    "error": Phase.FAILED,
    "cancelled": Phase.FAILED,
    "timeout": Phase.FAILED,
    "killed": Phase.FAILED,
    "out_of_memory": Phase.FAILED,
    "aborted": Phase.ABORTED,
    "preempted": Phase.RETRYABLE_FAILED,
    "node_fail": Phase.RETRYABLE_FAILED,
    "internal_error": Phase.RETRYABLE_FAILED,
}
FLYTEKIT = {
    **dict.fromkeys(["failed", "timeout", "timedout", "canceled", "cancelled", "skipped"], Phase.FAILED),
    "internal_error": Phase.RETRYABLE_FAILED,
    **dict.fromkeys(["done", "succeeded", "success", "completed"], Phase.SUCCEEDED),
    **dict.fromkeys(["running", "terminating"], Phase.RUNNING),
    "pending": Phase.INITIALIZING,
}


def test_every_phase_equals_its_protobuf_value() -> None:
    assert {phase.name: int(phase) for phase in Phase} == dict(TaskExecution.Phase.items())


def test_the_phases_that_end_a_job() -> None:
    ended = {phase for phase in Phase if is_terminal_phase(phase)}
    assert ended == {Phase.SUCCEEDED, Phase.FAILED, Phase.ABORTED, Phase.RETRYABLE_FAILED}


def test_a_protobuf_value_is_accepted_as_a_phase() -> None:
    assert is_terminal_phase(TaskExecution.SUCCEEDED)
    assert not is_terminal_phase(TaskExecution.RUNNING)


@pytest.mark.parametrize(("word", "phase"), WORDS.items())
def test_the_words_of_backends_are_known(word: str, phase: Phase) -> None:
    assert convert_to_flyte_phase(word) is phase


@pytest.mark.parametrize(("word", "phase"), FLYTEKIT.items())
def test_the_words_of_flytekit_keep_their_meaning(word: str, phase: Phase) -> None:
    assert convert_to_flyte_phase(word) is phase


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase])
def test_the_name_of_a_phase_is_known(phase: Phase) -> None:
    assert convert_to_flyte_phase(phase.name) is phase


@given(
    word=st.sampled_from(sorted(WORDS)),
    separators=st.lists(st.sampled_from(["", "_", "-", " ", ".", "__"]), min_size=20, max_size=20),
    upper=st.lists(st.booleans(), min_size=20, max_size=20),
)
def test_case_and_separators_do_not_matter(word: str, separators: list[str], upper: list[bool]) -> None:
    letters = word.replace("_", "")
    spelled = "".join(
        separator + (letter.upper() if up else letter)
        for letter, separator, up in zip(letters, separators, upper, strict=False)
    )
    assert convert_to_flyte_phase(spelled) is WORDS[word]


@pytest.mark.parametrize("state", ["frobnicating", "", "undefined"])
def test_the_error_for_an_unknown_word_lists_the_known_ones(state: str) -> None:
    with pytest.raises(
        UnknownPhase, match=r"^Unrecognized state: '\w*'; the known states are: .*aborted, .*queued, .*running"
    ) as e:
        convert_to_flyte_phase(state)
    assert e.value.state == state


@pytest.mark.parametrize("state", [None, 3, b"running"])
def test_a_state_that_is_not_a_str_is_refused(state: object) -> None:
    with pytest.raises(UnknownPhase, match="Unrecognized state"):
        convert_to_flyte_phase(state)  # type: ignore[arg-type]
