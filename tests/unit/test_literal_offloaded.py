"""Literals that Flyte has left in the object store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fsspec
import pytest

from connector_core import LiteralConverter, afrom_literal, from_literal, from_literal_map, to_literal
from connector_core.idl import Literal, LiteralMap, LiteralType, SimpleType
from connector_core.literals import register_converter
from support.literals import offloaded, primitive, refusal_in_reading

Leave = Callable[..., Literal]


@dataclass
class Row:
    price: float


@pytest.fixture
def leave(tmp_path: Any) -> Leave:
    """Leaves a literal in the object store, and gives the one that Flyte sends instead."""
    store = fsspec.filesystem("memory")

    def leave(literal: Literal | bytes, name: str = "literal") -> Literal:
        data = literal.SerializeToString() if isinstance(literal, Literal) else literal
        store.pipe_file(f"{tmp_path}/{name}", data)
        return offloaded(f"memory:/{tmp_path}/{name}")

    return leave


@pytest.mark.parametrize(
    ("value", "python_type"),
    [
        (3, int),
        ("x", str),
        (None, type(None)),
        (b"x", bytes),
        ([1, 2], list[int]),
        ({"x": 1}, dict[str, int]),
        ({1: 2}, dict[int, int]),
        ({"x": 1}, dict),
        (Row(1.5), Row),
        ((1, "x"), tuple[int, str]),
        (3, int | None),
        ({"x": [1]}, Any),
    ],
)
def test_it_is_fetched_in_reading(leave: Leave, value: Any, python_type: Any) -> None:
    literal = to_literal(value, python_type)
    assert from_literal(leave(literal), python_type) == value
    assert from_literal(leave(literal)) == from_literal(literal)
    assert asyncio.run(afrom_literal(leave(literal), python_type)) == value


def test_it_may_stand_in_a_value(leave: Leave) -> None:
    left = leave(primitive(integer=3))
    assert from_literal(to_literal([1, left], list[int]), list[int]) == [1, 3]
    assert from_literal(to_literal([1, left])) == [1, 3]
    assert from_literal(to_literal({"x": left}, dict[str, int]), dict[str, int]) == {"x": 3}
    assert from_literal(to_literal([left], list[int | None]), list[int | None]) == [3]
    assert from_literal_map(LiteralMap(literals={"x": left}), {"x": int}) == {"x": 3}
    literal = to_literal(3, int | None)
    literal.scalar.union.value.CopyFrom(left)
    assert from_literal(literal, int | None) == 3


def test_it_may_be_left_in_two_steps(leave: Leave) -> None:
    twice = leave(leave(primitive(integer=3)), "other")
    assert from_literal(twice, int) == from_literal(twice) == 3


def test_one_that_leads_to_itself_is_refused(leave: Leave, tmp_path: Any) -> None:
    itself = leave(offloaded(f"memory:/{tmp_path}/literal"))
    assert refusal_in_reading(itself) == refusal_in_reading(itself, int) == "p: nested deeper than 30 levels."


def test_a_converter_gets_what_lies_there(leave: Leave) -> None:
    register_converter(
        LiteralConverter(complex, LiteralType(simple=SimpleType.FLOAT), lambda _: Literal(), lambda it: it)
    )
    assert from_literal(leave(primitive(integer=3)), complex) == primitive(integer=3)


def test_it_can_be_passed_on_unread(leave: Leave) -> None:
    left = leave(primitive(integer=3))
    assert to_literal(left) is from_literal(left, Literal) is left


@pytest.mark.parametrize("python_type", [None, int, list[int], int | None, Row, Any])
class TestWhatIsRefused:
    def test_one_that_does_not_say_where_it_lies(self, python_type: Any) -> None:
        reason = "the offloaded literal has no URI."
        assert refusal_in_reading(offloaded(""), python_type) == f"p: {reason}"

    def test_one_that_is_not_there(self, python_type: Any) -> None:
        said = refusal_in_reading(offloaded("memory://nowhere/literal"), python_type)
        assert said.startswith("p: the literal offloaded to memory://nowhere/literal cannot be read: ")

    def test_one_that_nobody_can_read(self, python_type: Any) -> None:
        said = refusal_in_reading(offloaded("nothing://x"), python_type)
        assert said == "p: the literal offloaded to nothing://x cannot be read: Protocol not known: nothing."

    def test_what_is_no_literal(self, leave: Leave, python_type: Any) -> None:
        left = leave(b"\xff\xff")
        uri = left.offloaded_metadata.uri
        assert refusal_in_reading(left, python_type) == f"p: the data at {uri} is not a Literal."

    def test_one_that_is_too_large(self, leave: Leave, python_type: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("connector_core.literals.offloaded.MAX_OFFLOADED_BYTES", 2**20)
        left = leave(primitive(string_value="x" * 2**20))
        assert refusal_in_reading(left, python_type) == (
            f"p: the literal offloaded to {left.offloaded_metadata.uri} is larger than 1 MiB; "
            "pass a structured dataset or a file instead."
        )

    def test_the_place_is_named(self, python_type: Any) -> None:
        literal = Literal(collection={"literals": [offloaded("")]})
        assert refusal_in_reading(literal, list[python_type]).startswith("p[0]: the offloaded literal has no ")


def test_one_that_is_just_small_enough_is_read(leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    literal = primitive(string_value="x" * 1000)
    monkeypatch.setattr("connector_core.literals.offloaded.MAX_OFFLOADED_BYTES", literal.ByteSize())
    assert from_literal(leave(literal), str) == "x" * 1000


def test_one_of_another_type_is_refused(leave: Leave) -> None:
    assert refusal_in_reading(leave(primitive(string_value="x")), int) == "p: expected int, got str."
    assert refusal_in_reading(leave(to_literal(["x"])), list[int]) == "p[0]: expected int, got str."
