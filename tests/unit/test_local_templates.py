"""Filling the placeholders in a container's args as Flyte does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from connector_core import render_task_template, to_literal_map
from connector_core.errors import TemplateError
from connector_core.idl import Blob, Container, Literal, LiteralMap, Scalar, Sql, StructuredDataset, TaskTemplate
from connector_core.local.templates import placeholders

PREFIX = "s3://bucket/run"


def rendered(*args: str, inputs: Any = None, **options: Any) -> list[str]:
    template = TaskTemplate(container=Container(args=args))
    literals = inputs if inputs is None or isinstance(inputs, LiteralMap) else to_literal_map(inputs)
    return list(render_task_template(template, PREFIX, literals, **options).container.args)


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("{{.input}}", f"{PREFIX}/inputs.pb"),
        ("{{.inputPrefix}}", PREFIX),
        ("{{.outputPrefix}}", PREFIX),
        ("{{.rawOutputDataPrefix}}", f"{PREFIX}/raw_output"),
        ("{{.checkpointOutputPrefix}}", f"{PREFIX}/checkpoint_output"),
        ("{{.prevCheckpointPrefix}}", '""'),
        ("{{.perRetryUniqueKey}}", "alocal"),
        ("{{.taskTemplatePath}}", f"{PREFIX}/task.pb"),
        ("{{ .INPUT }}", f"{PREFIX}/inputs.pb"),
        ("{{$input}}", f"{PREFIX}/inputs.pb"),
        ("--in={{.input}},--out={{.outputPrefix}}", f"--in={PREFIX}/inputs.pb,--out={PREFIX}"),
    ],
)
def test_a_known_placeholder_is_filled(argument: str, text: str) -> None:
    assert rendered(argument) == [text]


@pytest.mark.parametrize("argument", ["{{.unknown}}", "{{ }}", "{.input}", "{{input}}", "{{.input.x}}", "$input", "é"])
def test_other_text_stays_as_it_is(argument: str) -> None:
    assert rendered(argument) == [argument]


def test_the_unique_key_becomes_a_valid_name() -> None:
    assert rendered("{{.perRetryUniqueKey}}", unique_key="é-7/8") == ["a_7_8"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (True, "true"),
        (False, "false"),
        ("a b", "a b"),
        ([1, 2], "[1,2]"),
        ([["a"], []], "[[a],[]]"),
        (dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), "2026-11-22T12:00:00Z"),
        (dt.timedelta(seconds=90), "seconds:90"),
        (dt.timedelta(seconds=1, microseconds=5), "seconds:1 nanos:5000"),
        # Floats look as Go's %v writes them.
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (100000.0, "100000"),
        (1000000.0, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e100, "1e+100"),
        (-1.5e-7, "-1.5e-07"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_an_input_is_filled_with_its_text(value: Any, text: str) -> None:
    assert rendered("x={{.inputs.x}}", inputs={"x": value}) == [f"x={text}"]


@pytest.mark.parametrize(
    "scalar", [Scalar(blob=Blob(uri="s3://b/x")), Scalar(structured_dataset=StructuredDataset(uri="s3://b/x"))]
)
def test_a_file_or_dataset_is_filled_with_its_uri(scalar: Scalar) -> None:
    inputs = LiteralMap(literals={"x": Literal(scalar=scalar)})
    assert rendered("{{.inputs.x}}", inputs=inputs) == ["s3://b/x"]


def test_a_schema_in_a_union_is_filled_with_its_uri() -> None:
    inputs = LiteralMap()
    inputs.literals["x"].scalar.union.value.scalar.schema.uri = "s3://b/s"
    assert rendered("{{.inputs.x}}", inputs=inputs) == ["s3://b/s"]


@pytest.mark.parametrize("value", [None, {"a": 1}, [{}]])
def test_an_input_that_has_no_text_form_is_refused(value: Any) -> None:
    with pytest.raises(
        TemplateError, match=r"^Cannot fill \{\{\.inputs\.x\}\} in the container's args: only simple values, files,"
    ) as e:
        rendered("{{.inputs.x}}", inputs={"x": value})
    assert e.value.placeholder == "{{.inputs.x}}"


@pytest.mark.parametrize(("inputs", "there"), [({}, "none"), ({"b": 1, "a": 1}, "a, b")])
def test_a_missing_input_is_refused(inputs: dict[str, int], there: str) -> None:
    with pytest.raises(TemplateError, match=rf"there is no such input; the inputs are: {there}\.$"):
        rendered("{{.inputs.x}}", inputs=inputs)


def test_without_inputs_the_placeholders_of_inputs_stay() -> None:
    assert rendered("{{.inputs.x}}") == ["{{.inputs.x}}"]


def test_filled_in_text_is_not_filled_again() -> None:
    assert rendered("{{.inputs.x}}", inputs={"x": "{{.input}}"}) == ["{{.input}}"]


def test_only_args_are_filled_and_the_original_is_unchanged() -> None:
    template = TaskTemplate(container=Container(command=["{{.input}}"], args=["{{.input}}"], image="{{.input}}"))
    before = template.SerializeToString()
    result = render_task_template(template, PREFIX)
    assert template.SerializeToString() == before
    assert (list(result.container.command), result.container.image) == (["{{.input}}"], "{{.input}}")


def test_sql_is_never_filled() -> None:
    template = TaskTemplate(sql=Sql(statement="SELECT '{{.input}}'"))
    assert render_task_template(template, PREFIX).sql.statement == "SELECT '{{.input}}'"


def test_a_template_without_a_container_stays_without_one() -> None:
    assert not render_task_template(TaskTemplate(type="x"), PREFIX).HasField("container")


def test_placeholders_lists_those_of_a_template() -> None:
    template = TaskTemplate(container=Container(args=["{{.Input}} {{ .inputs.x }}", "{{.taskTemplatePath}}", "plain"]))
    assert placeholders(template) == {"input", "inputs.x", "tasktemplatepath"}
