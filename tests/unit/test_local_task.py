"""Building a Task and running it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import make_dataclass
from typing import Any

import pytest

from connector_core import ConnectorNotFound, ConnectorRegistry, LiteralError, Resource, Task, from_literal_map
from connector_core.idl import Container, LiteralMap, Sql
from connector_core.phases import Phase
from support.connectors import Echo, Jobs


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture(autouse=True)
def connectors() -> None:
    for connector in (Echo(), Echo("duckdb"), Echo("duckdb", 2), Echo("process")):
        ConnectorRegistry.register(connector)
    ConnectorRegistry.register(Jobs(Resource.succeeded(outputs={"rows": 2, "more": 1})))


class TestTheTemplate:
    def test_it_has_what_flyte_would_send(self) -> None:
        template = Task(
            "duckdb",
            task_type_version=2,
            name="orders",
            inputs={"least": int},
            outputs={"rows": list[str]},
            custom={"limit": 3, "nested": {"a": [1]}},
            config={"region": "eu"},
            sql="SELECT 1",
            timeout=90,
        ).template
        assert (template.type, template.task_type_version, template.id.name) == ("duckdb", 2, "orders")
        assert template.interface.inputs.variables["least"].type.simple == 1
        assert template.interface.outputs.variables["rows"].type.HasField("collection_type")
        assert (template.custom["limit"], template.custom["nested"]["a"][0]) == (3, 1)
        assert dict(template.config) == {"region": "eu"}
        assert (template.sql.statement, template.sql.dialect) == ("SELECT 1", Sql.Dialect.ANSI)
        assert template.metadata.timeout.seconds == 90

    def test_its_name_is_the_task_type_by_default(self) -> None:
        assert Task("duckdb").template.id.name == "duckdb"

    def test_omitted_parts_are_not_set(self) -> None:
        template = Task("duckdb").template
        assert template.WhichOneof("target") is None
        assert not template.HasField("custom")
        assert not template.metadata.HasField("timeout")

    @pytest.mark.parametrize("container", [["run", "{{.input}}"], Container(image="i", args=["run", "{{.input}}"])])
    def test_a_container_is_given_as_args_or_as_a_message(self, container: Any) -> None:
        assert list(Task("process", container=container).template.container.args) == ["run", "{{.input}}"]

    @pytest.mark.parametrize("side", ["inputs", "outputs"])
    def test_the_error_names_an_input_or_output_of_an_unsupported_type(self, side: Any) -> None:
        with pytest.raises(LiteralError, match=rf"^{side}\.x: complex is not a type that Flyte supports; use "):
            Task("duckdb", **{side: {"x": complex}})

    def test_the_error_names_a_field_of_an_unsupported_type(self) -> None:
        order = make_dataclass("Order", [("price", complex)])
        with pytest.raises(
            LiteralError, match=r"^outputs\.rows\.price: complex is not a type that Flyte supports; use "
        ):
            Task("duckdb", outputs={"rows": list[order]})  # type: ignore[valid-type]

    @pytest.mark.parametrize("custom", [{"n": 2**53 + 1}, {"n": {"deep": [2**53 + 1]}}])
    def test_custom_that_a_struct_would_change_is_refused(self, custom: Any) -> None:
        with pytest.raises(LiteralError, match=r"^custom\.n: a Struct holds every number as a float; "):
            Task("echo", custom=custom)

    @pytest.mark.parametrize("custom", [{"x": object()}, {"x": {1, 2}}, {1: 2}, {"x": float("nan")}])
    def test_custom_that_json_cannot_hold_is_refused(self, custom: Any) -> None:
        with pytest.raises(LiteralError, match=r"^custom: must be a mapping of names to values that JSON can hold\.$"):
            Task("duckdb", custom=custom)


class TestTask:
    def test_calling_it_gives_native_outputs(self) -> None:
        assert Task("echo")(x=1, y=["a"]) == {"x": 1, "y": ["a"]}

    def test_execute_gives_a_literal_map(self) -> None:
        outputs = Task("echo").execute(x=1)
        assert isinstance(outputs, LiteralMap)
        assert from_literal_map(outputs) == {"x": 1}

    def test_only_the_declared_outputs_are_returned_in_their_order(self) -> None:
        assert list(Task("job", outputs={"more": int, "rows": float})().items()) == [("more", 1), ("rows", 2.0)]

    def test_without_declared_outputs_all_are_returned(self) -> None:
        assert Task("job")() == {"rows": 2, "more": 1}

    @pytest.mark.parametrize(
        ("inputs", "message"),
        [
            ({"x": "one"}, r"^inputs\.x: expected int, got str\.$"),
            ({}, r"^inputs\.x is missing; expected int\.$"),
            ({"x": 1, "z": 1}, r"^inputs\.z: the name is not declared; the declared names are: x\.$"),
        ],
    )
    def test_declared_inputs_are_checked(self, inputs: Any, message: str) -> None:
        with pytest.raises(LiteralError, match=message):
            Task("echo", inputs={"x": int})(**inputs)

    def test_a_missing_output_is_an_error(self) -> None:
        with pytest.raises(LiteralError, match=r"^outputs\.z is missing; "):
            Task("job", outputs={"z": int})()

    def test_an_unknown_task_type_is_refused_at_construction(self) -> None:
        with pytest.raises(
            ConnectorNotFound, match=r"^Cannot find connector for task category: ehco_v0\. Did you mean"
        ):
            Task("ehco")

    def test_a_task_uses_its_registry(self, registry: ConnectorRegistry) -> None:
        registry.register(Echo("mine", 3))
        assert Task("mine", registry=registry, task_type_version=3)(x=1) == {"x": 1}

    def test_a_subclass_with_its_own_mixin_keeps_its_class(self) -> None:
        from connector_core import SyncConnectorExecutorMixin

        class EchoTask(SyncConnectorExecutorMixin, Task):
            pass

        task = EchoTask("echo", name="mine")
        assert type(task) is EchoTask
        assert task(x=1) == {"x": 1}

    @pytest.mark.parametrize("task_type", ["echo", "job"])
    def test_a_subclass_without_a_mixin_runs_too(self, task_type: str) -> None:
        class MyTask(Task):
            pass

        task = MyTask(task_type)
        assert type(task) is MyTask
        assert from_literal_map(task.execute()) == {"echo": {}, "job": {"rows": 2, "more": 1}}[task_type]

    @pytest.mark.parametrize("task_type", ["echo", "job"])
    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda task: pickle.loads(pickle.dumps(task))])
    def test_a_copy_runs_too(self, task_type: str, copied: Callable[[Task], Task]) -> None:
        task = Task(task_type, name="mine", outputs={"rows": int}, custom={"limit": 3})
        made = copied(task)
        assert type(made) is type(task)
        assert (made.name, made.template, made.output_types) == ("mine", task.template, {"rows": int})
        assert made(rows=2) == {"rows": 2} if task_type == "echo" else made() == {"rows": 2}

    def test_a_deep_copy_shares_the_registry_and_the_callback_but_not_the_template(
        self, registry: ConnectorRegistry
    ) -> None:
        registry.register(Echo("mine"))
        seen: list[Resource] = []
        task = Task("mine", registry=registry, on_update=seen.append)
        made = copy.deepcopy(task)
        made.template.id.name = "other"
        assert task.template.id.name == "mine"
        assert made.registry is registry
        made()
        assert len(seen) == 1

    def test_each_state_is_reported_as_it_comes(self) -> None:
        seen: list[Phase] = []
        Task("job", on_update=lambda resource: seen.append(resource.phase))()
        Task("echo", on_update=lambda resource: seen.append(resource.phase))()
        assert seen == [Phase.SUCCEEDED, Phase.SUCCEEDED]
