"""TaskCategory and Resource."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core import InvalidResource, LiteralError, Phase, Resource, ResourceError, TaskCategory, from_literal_map
from connector_core.idl import LiteralMap, ResourceMessage, TaskLog


def message_of(resource: Resource) -> ResourceMessage:
    return asyncio.run(resource.to_flyte_idl())


class TestTaskCategory:
    def test_its_str_is_name_and_version(self) -> None:
        assert str(TaskCategory("spark", 2)) == "spark_v2"

    def test_its_version_is_0_by_default(self) -> None:
        assert TaskCategory("spark") == TaskCategory(name="spark", version=0)

    def test_equal_categories_are_one_key(self) -> None:
        assert len({TaskCategory("spark"), TaskCategory("spark"), TaskCategory("spark", 1)}) == 2

    @pytest.mark.parametrize("other", [None, "spark_v0", ("spark", 0), object()])
    def test_it_differs_from_other_objects(self, other: object) -> None:
        assert TaskCategory("spark") != other

    def test_it_cannot_be_changed(self) -> None:
        with pytest.raises(AttributeError):
            TaskCategory("spark").name = "ray"  # type: ignore[misc]

    def test_it_becomes_a_message(self) -> None:
        message = TaskCategory("spark", 2).to_flyte_idl()
        assert (message.name, message.version) == ("spark", 2)


class TestResource:
    @pytest.mark.parametrize("phase", [Phase.RUNNING, 2, ResourceMessage(phase=2).phase])
    def test_it_takes_a_phase_or_its_protobuf_value(self, phase: Any) -> None:
        assert Resource(phase=phase).phase is Phase.RUNNING

    @pytest.mark.parametrize("phase", [99, "RUNNING", None, [], object()])
    def test_it_refuses_other_values_as_its_phase(self, phase: Any) -> None:
        with pytest.raises(InvalidResource, match=r"is not a phase; use one of QUEUED, RUNNING, .*RETRYABLE_FAILED\.$"):
            Resource(phase=phase)

    @pytest.mark.parametrize("phase", [Phase.UNDEFINED, 0])
    def test_it_refuses_to_be_undefined(self, phase: Any) -> None:
        with pytest.raises(InvalidResource, match="A resource cannot be UNDEFINED"):
            Resource(phase=phase)

    def test_its_message_must_be_a_str(self) -> None:
        with pytest.raises(InvalidResource, match=r"^A resource's message must be a str, not int\.$"):
            Resource.running(message=3)  # type: ignore[arg-type]

    def test_its_phase_is_checked_when_it_is_set(self) -> None:
        resource = Resource.running()
        with pytest.raises(InvalidResource, match="cannot be UNDEFINED"):
            resource.phase = Phase.UNDEFINED
        resource.phase = 3  # type: ignore[assignment]
        assert resource.phase is Phase.SUCCEEDED

    def test_the_constructors_set_the_phase(self) -> None:
        assert Resource.running(message="half").phase is Phase.RUNNING
        assert Resource.running(message="half").message == "half"
        assert Resource.succeeded(outputs={"x": 1}, message="done") == Resource(
            Phase.SUCCEEDED, message="done", outputs={"x": 1}
        )

    def test_a_failed_resource_has_an_error_for_programs(self) -> None:
        failed = Resource.failed("no such table", code="TABLE", origin="user", custom_info={"table": "t"})
        assert (failed.phase, failed.message, failed.custom_info) == (Phase.FAILED, "no such table", {"table": "t"})
        assert failed.error == ResourceError("TABLE", retryable=False, origin="user")

    def test_the_origin_of_a_retryable_failure_defaults_to_system(self) -> None:
        failed = Resource.retryable_failed("preempted")
        assert failed.phase is Phase.RETRYABLE_FAILED
        assert failed.error == ResourceError("RETRYABLE_FAILED", retryable=True, origin="system")

    def test_an_error_has_one_of_three_origins(self) -> None:
        with pytest.raises(ValueError, match="origin"):
            ResourceError("X", origin="moon")

    @pytest.mark.parametrize("phase", [phase for phase in Phase if phase])
    def test_is_terminal_says_whether_the_job_has_ended(self, phase: Phase) -> None:
        assert Resource(phase).is_terminal == (phase.name in {"SUCCEEDED", "FAILED", "ABORTED", "RETRYABLE_FAILED"})


class TestTheMessage:
    def test_native_outputs_become_literals(self) -> None:
        message = message_of(Resource.succeeded(outputs={"rows": 3, "names": ["a", "b"]}))
        assert from_literal_map(message.outputs) == {"rows": 3, "names": ["a", "b"]}

    def test_no_outputs_and_empty_outputs_differ(self) -> None:
        assert not message_of(Resource.succeeded()).HasField("outputs")
        assert message_of(Resource.succeeded(outputs={})).HasField("outputs")
        assert Resource.from_flyte_idl(message_of(Resource.succeeded())).outputs is None
        assert Resource.from_flyte_idl(message_of(Resource.succeeded(outputs={}))).outputs == LiteralMap()

    def test_the_error_names_an_output_of_an_unsupported_type(self) -> None:
        with pytest.raises(LiteralError, match=r"^outputs\.x\.y: complex is not a type that Flyte supports") as e:
            message_of(Resource.succeeded(outputs={"x": {"y": 1j}}))
        assert e.value.path == "outputs.x.y"

    @pytest.mark.parametrize(
        "custom_info",
        [{"x": object()}, {"x": float("nan")}, {"x": float("inf")}, {("a",): 1}, {"x": "\ud800"}, ["x"], "text"],
    )
    def test_custom_info_that_json_cannot_hold_is_refused(self, custom_info: Any) -> None:
        with pytest.raises(
            InvalidResource, match=r"^custom_info must be a mapping of names to values that JSON can represent: "
        ):
            message_of(Resource.running(custom_info=custom_info))

    def test_log_links_and_error_travel(self) -> None:
        link = TaskLog(name="Console", uri="https://example.com")
        message = message_of(Resource.failed("no", code="QUOTA", origin="system", log_links=[link]))
        assert list(message.log_links) == [link]
        assert (message.agent_error.code, message.agent_error.kind, message.agent_error.origin) == ("QUOTA", 0, 2)

    def test_a_phase_of_a_later_release_is_refused(self) -> None:
        with pytest.raises(InvalidResource, match="99 is not a phase"):
            Resource.from_flyte_idl(ResourceMessage(phase=99))  # type: ignore[arg-type]

    def test_an_origin_of_a_later_release_is_unknown(self) -> None:
        message = ResourceMessage(phase=5)  # type: ignore[arg-type]
        message.agent_error.origin = 7  # type: ignore[assignment]
        error = Resource.from_flyte_idl(message).error
        assert error is not None
        assert error.origin == "unknown"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
resources = st.builds(
    Resource,
    phase=st.sampled_from([phase for phase in Phase if phase]),
    message=st.none() | st.text(min_size=1),
    log_links=st.none() | st.lists(st.builds(TaskLog, name=st.text(), uri=st.text()), min_size=1, max_size=3),
    outputs=st.none() | st.dictionaries(st.text(), st.integers(-(2**63), 2**63 - 1) | st.text(), max_size=3),
    custom_info=st.none() | st.dictionaries(st.text(), json_values, max_size=3),
    error=st.none()
    | st.builds(ResourceError, st.text(), st.booleans(), st.sampled_from(["unknown", "user", "system"])),
)


@given(resources)
def test_a_resource_comes_back_from_its_message(resource: Resource) -> None:
    again = Resource.from_flyte_idl(message_of(resource))
    assert (again.phase, again.message, again.log_links, again.error) == (
        resource.phase,
        resource.message,
        resource.log_links,
        resource.error,
    )
    assert again.custom_info == resource.custom_info
    if resource.outputs is None:
        assert again.outputs is None
    else:
        assert isinstance(again.outputs, LiteralMap)
        assert from_literal_map(again.outputs) == resource.outputs
