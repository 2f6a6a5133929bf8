"""Literals that Flyte has offloaded to the object store."""

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
    """Return a function that offloads a literal as Flyte does, and returns the literal that Flyte sends instead."""
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
def test_an_offloaded_literal_is_fetched_in_reading(leave: Leave, value: Any, python_type: Any) -> None:
    literal = to_literal(value, python_type)
    assert from_literal(leave(literal), python_type) == value
    assert from_literal(leave(literal)) == from_literal(literal)
    assert asyncio.run(afrom_literal(leave(literal), python_type)) == value


def test_it_may_be_part_of_another_literal(leave: Leave) -> None:
    left = leave(primitive(integer=3))
    assert from_literal(to_literal([1, left], list[int]), list[int]) == [1, 3]
    assert from_literal(to_literal([1, left])) == [1, 3]
    assert from_literal(to_literal({"x": left}, dict[str, int]), dict[str, int]) == {"x": 3}
    assert from_literal(to_literal([left], list[int | None]), list[int | None]) == [3]
    assert from_literal_map(LiteralMap(literals={"x": left}), {"x": int}) == {"x": 3}
    literal = to_literal(3, int | None)
    literal.scalar.union.value.CopyFrom(left)
    assert from_literal(literal, int | None) == 3


def test_it_may_be_offloaded_twice(leave: Leave) -> None:
    twice = leave(leave(primitive(integer=3)), "other")
    assert from_literal(twice, int) == from_literal(twice) == 3


def test_a_literal_that_refers_to_itself_is_refused(leave: Leave, tmp_path: Any) -> None:
    itself = leave(offloaded(f"memory:/{tmp_path}/literal"))
    assert refusal_in_reading(itself) == refusal_in_reading(itself, int) == "p: nested deeper than 30 levels."


def test_a_converter_gets_the_fetched_literal(leave: Leave) -> None:
    register_converter(
        LiteralConverter(complex, LiteralType(simple=SimpleType.FLOAT), lambda _: Literal(), lambda it: it)
    )
    assert from_literal(leave(primitive(integer=3)), complex) == primitive(integer=3)


def test_it_can_be_passed_on_unread(leave: Leave) -> None:
    left = leave(primitive(integer=3))
    assert to_literal(left) is from_literal(left, Literal) is left


@pytest.mark.parametrize("python_type", [None, int, list[int], int | None, Row, Any])
class TestErrors:
    def test_a_literal_without_a_uri(self, python_type: Any) -> None:
        reason = "the offloaded literal has no URI."
        assert refusal_in_reading(offloaded(""), python_type) == f"p: {reason}"

    def test_a_missing_file(self, python_type: Any) -> None:
        said = refusal_in_reading(offloaded("memory://nowhere/literal"), python_type)
        assert said.startswith("p: the literal offloaded to memory://nowhere/literal cannot be read: ")

    def test_an_unknown_scheme(self, python_type: Any) -> None:
        said = refusal_in_reading(offloaded("nothing://x"), python_type)
        assert said == "p: the literal offloaded to nothing://x cannot be read: Protocol not known: nothing."

    def test_a_file_that_is_not_a_literal(self, leave: Leave, python_type: Any) -> None:
        left = leave(b"\xff\xff")
        uri = left.offloaded_metadata.uri
        assert refusal_in_reading(left, python_type) == f"p: the data at {uri} is not a Literal."

    def test_a_literal_that_is_too_large(self, leave: Leave, python_type: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("connector_core.literals.offloaded.MAX_OFFLOADED_BYTES", 2**20)
        left = leave(primitive(string_value="x" * 2**20))
        assert refusal_in_reading(left, python_type) == (
            f"p: the literal offloaded to {left.offloaded_metadata.uri} is larger than 1 MiB; "
            "pass a structured dataset or a file instead."
        )

    def test_the_error_names_the_path(self, python_type: Any) -> None:
        literal = Literal(collection={"literals": [offloaded("")]})
        assert refusal_in_reading(literal, list[python_type]).startswith("p[0]: the offloaded literal has no ")


def test_a_literal_of_exactly_the_limit_is_read(leave: Leave, monkeypatch: pytest.MonkeyPatch) -> None:
    literal = primitive(string_value="x" * 1000)
    monkeypatch.setattr("connector_core.literals.offloaded.MAX_OFFLOADED_BYTES", literal.ByteSize())
    assert from_literal(leave(literal), str) == "x" * 1000


def test_a_literal_of_another_type_is_refused(leave: Leave) -> None:
    assert refusal_in_reading(leave(primitive(string_value="x")), int) == "p: expected int, got str."
    assert refusal_in_reading(leave(to_literal(["x"])), list[int]) == "p[0]: expected int, got str."
