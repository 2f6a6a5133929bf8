"""What `encode` looks at by itself, without reading back: nothing that could not be read again gets past it."""

from __future__ import annotations

import json
import math
from typing import Any

import attrs
import pytest

from connector_core import InvalidResourceMeta, ResourceMeta


@attrs.define
class Part:
    number: int
    tags: list[str] = attrs.field(factory=list)


@attrs.define
class Job(ResourceMeta):
    number: int = 1
    part: Part = attrs.field(factory=lambda: Part(1))
    maybe: Part | None = None
    parts: list[Part] = attrs.field(factory=list)
    matrix: list[list[int]] = attrs.field(factory=list)
    prices: dict[str, float] = attrs.field(factory=dict)
    groups: dict[str, list[str]] = attrs.field(factory=dict)
    rows: list[dict[str, str | None]] | None = None
    anything: Any = None


GOOD = [
    Job(),
    Job(2**70, Part(2, ["a"]), Part(3), [Part(4), Part(5, ["b", ""])], [[], [1, 2]], {"x": -0.0}, {"": [], "k": ["v"]}),
    Job(rows=[{}, {"a": "b", "c": None}], anything=1.5),
    Job(anything={"nested": [1, {"deep": None}]}),
    Job(maybe=None, rows=[], anything="text"),
]

BAD = [
    (Job(True), "number"),
    (Job(part=None), "part"),
    (Job(part=Part("1")), "part.number"),
    (Job(part=Part(1, ["a", 2])), "part.tags[1]"),
    (Job(maybe=Part(1, ("a",))), "maybe"),
    (Job(parts=(Part(1),)), "parts"),
    (Job(parts=[Part(1), None]), "parts[1]"),
    (Job(matrix=[[1], (2,)]), "matrix"),
    (Job(matrix=[1]), "matrix[0]"),
    (Job(matrix=[[1.0]]), "matrix[0][0]"),
    (Job(prices={"x": math.nan}), "prices[...]"),
    (Job(prices={1: 1.0}), "prices"),
    (Job(prices=[]), "prices"),
    (Job(groups={2: []}), "groups"),
    (Job(groups={"k": ["v", None]}), "groups[...][1]"),
    (Job(rows=[{"a": 1}]), "rows[0][...]"),
    (Job(rows=["text"]), "rows[0]"),
    (Job(rows=[[]]), "rows[0]"),
    (Job(anything=math.inf), "anything"),
    (Job(anything=[math.nan]), "anything"),
    (Job(anything=(1,)), "anything"),
    (Job(anything=b"bytes"), "anything"),
]


@pytest.mark.parametrize("job", GOOD, ids=range(len(GOOD)))
def test_what_can_be_read_again_is_written_with_all_its_fields(job: Job) -> None:
    assert Job.decode(job.encode()) == job
    assert json.loads(job.encode()) == attrs.asdict(job)


@pytest.mark.parametrize(("job", "field"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_what_would_come_back_changed_or_not_at_all_is_refused(job: Job, field: str) -> None:
    with pytest.raises(InvalidResourceMeta) as caught:
        job.encode()
    assert caught.value.field == field


def test_a_value_that_holds_itself_is_refused() -> None:
    job = Job(matrix=[[]])
    job.matrix.append(job.matrix)
    with pytest.raises(InvalidResourceMeta, match=r"^Job: "):
        job.encode()


def test_lists_may_be_nested_deeper_than_python_nests_loops() -> None:
    kind: Any = int
    value: Any = 1
    for _ in range(30):
        kind, value = list[kind], [value]

    class Deep(ResourceMeta):
        pass

    Deep.__annotations__ = {"value": kind}
    deep = attrs.define(Deep)
    assert deep.decode(deep(value).encode()) == deep(value)
    with pytest.raises(InvalidResourceMeta):
        deep([value]).encode()


def test_a_subclass_of_a_class_in_use_is_read_and_written_as_itself() -> None:
    @attrs.define
    class Further(Job):
        region: str = "eu"

    assert Job().encode() != Further().encode()
    assert Further.decode(Further(region="us").encode()) == Further(region="us")
