"""Literals of unions and optional values."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import Any, Union

import pytest

from connector_core import File, from_literal, literal_type, to_literal
from connector_core.idl import Literal, LiteralType, SimpleType
from support.literals import msgpack, packed, primitive, refusal, refusal_in_reading, same, struct, travelled, union

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@dataclass
class Cat:
    name: str
    lives: int = 9


@dataclass
class Dog:
    name: str
    tricks: list[str] = field(default_factory=list)


@dataclass
class Puppy(Dog):
    weeks: int = 8


class Colour(enum.Enum):
    RED = "red"


def written_as(value: Any, python_type: Any) -> LiteralType:
    """Return the type in the literal of a union."""
    literal = to_literal(value, python_type)
    assert literal.scalar.HasField("union")
    return literal.scalar.union.type


class TestTheType:
    def test_it_lists_the_variants_with_flytekits_tags(self) -> None:
        declared = literal_type(int | str | None).union_type.variants
        assert [variant.simple for variant in declared] == [SimpleType.INTEGER, SimpleType.STRING, SimpleType.NONE]
        assert [variant.structure.tag for variant in declared] == ["int", "str", "none"]

    @pytest.mark.parametrize(
        ("variant", "tag"),
        [
            (float, "float"),
            (bool, "bool"),
            (dt.datetime, "datetime"),
            (dt.date, "date"),
            (dt.timedelta, "timedelta"),
            (list[int], "Typed List"),
            (dict[str, int], "Typed Dict"),
            (dict, "Typed Dict"),
            (Colour, "DefaultEnumTransformer"),
            (Cat, "Object-Dataclass-Transformer"),
            (File, "FlyteFilePath"),
        ],
    )
    def test_each_variant_has_flytekits_tag(self, variant: Any, tag: str) -> None:
        assert literal_type(variant | None).union_type.variants[0].structure.tag == tag

    def test_every_spelling_gives_the_same_type(self) -> None:
        assert literal_type(Union[int, None]) == literal_type(int | None)  # noqa: UP007 - its class differs from that of int | None

    def test_nested_unions_are_flattened(self) -> None:
        assert len(literal_type(Union[int | None, str]).union_type.variants) == 3  # noqa: UP007

    def test_an_unsupported_variant_is_refused(self) -> None:
        assert refusal(3, int | complex).startswith("p: complex is not a type that Flyte supports; ")


class TestWriting:
    def test_the_literal_has_the_value_and_its_type(self) -> None:
        literal = to_literal(3, int | None)
        assert literal.scalar.union.value == primitive(integer=3)
        assert literal.scalar.union.type == literal_type(int | None).union_type.variants[0]

    @pytest.mark.parametrize(
        ("value", "python_type", "simple"),
        [
            (3, float | int, SimpleType.INTEGER),
            (3.0, int | float, SimpleType.FLOAT),
            (True, int | bool, SimpleType.BOOLEAN),
            (NOON.date(), dt.datetime | dt.date, SimpleType.DATETIME),
            ("red", Colour | str, SimpleType.STRING),
        ],
    )
    def test_the_variant_of_exactly_the_values_type_is_preferred(
        self, value: Any, python_type: Any, simple: int
    ) -> None:
        assert written_as(value, python_type).simple == simple
        assert same(travelled(value, python_type), value)

    @pytest.mark.parametrize(
        ("value", "python_type", "tag", "again"),
        [
            (3, float | None, "float", 3.0),
            (3, str | float | None, "float", 3.0),
            ("red", Colour | None, "DefaultEnumTransformer", Colour.RED),
            (NOON.date(), dt.datetime | str, "datetime", dt.datetime(2026, 11, 22, tzinfo=dt.UTC)),
            ({"name": "Tom"}, Cat | Dog, "Object-Dataclass-Transformer", Cat("Tom")),
        ],
    )
    def test_otherwise_the_first_variant_that_accepts_the_value_is_used(
        self, value: Any, python_type: Any, tag: str, again: Any
    ) -> None:
        assert written_as(value, python_type).structure.tag == tag
        assert same(travelled(value, python_type), again)

    @pytest.mark.parametrize("value", [Cat("Tom"), Dog("Rex", ["sit"]), Puppy("Rex", weeks=3)])
    def test_a_record_is_written_as_its_own_class(self, value: Any) -> None:
        assert same(travelled(value, Cat | Dog | Puppy), value)
        assert same(travelled([value], list[Dog | Cat | Puppy]), [value])

    def test_a_subclass_is_written_as_its_base_if_no_variant_fits_better(self) -> None:
        assert travelled(Puppy("Rex"), Cat | Dog) == Dog("Rex")

    @pytest.mark.parametrize(("value", "first"), [([1], 0), (["x"], 1), ([], 0)])
    def test_lists_are_distinguished_by_their_items(self, value: Any, first: int) -> None:
        python_type = list[int] | list[str]
        assert written_as(value, python_type) == literal_type(python_type).union_type.variants[first]
        assert travelled(value, python_type) == value

    def test_a_value_that_no_variant_accepts_is_refused(self) -> None:
        assert refusal("x", int | None) == "p: expected int | None, got str."
        assert refusal([1, "x"], list[int] | list[str]) == "p: expected list[int] | list[str], got list."
        assert refusal([3, b"x"], list[int | str]) == "p[1]: expected int | str, got bytes."
        assert refusal((b"x",), tuple[int | str]) == "p[0]: expected int | str, got bytes."

    def test_the_error_is_that_of_the_only_matching_variant(self) -> None:
        assert refusal([Cat("Tom", lives=None)], list[Cat | None]) == "p[0].lives: expected int, got None."  # type: ignore[arg-type]
        assert refusal({"a": {"b": "x"}}, dict[str, int] | dict[str, dict[str, int]] | None) == (
            "p: expected dict[str, int] | dict[str, dict[str, int]] | None, got dict."
        )
        assert refusal(2**63, int | str).startswith("p: 9223372036854775808 is out of the range ")

    def test_a_variant_that_refuses_a_value_leaves_no_trace(self) -> None:
        literal = to_literal({"a": "x"}, dict[str, int] | dict[str, str])
        assert literal.scalar.union.value == to_literal({"a": "x"}, dict[str, str])

    def test_an_interface_without_variants_accepts_nothing(self) -> None:
        declared = LiteralType(union_type={})
        assert refusal(3, declared).startswith("p: expected ")
        assert refusal_in_reading(to_literal(3), declared).startswith("p: expected ")

    def test_a_union_that_an_interface_declares_is_written_as_declared(self) -> None:
        declared = literal_type(int | str | None)
        for value in (3, "x", None):
            literal = to_literal(value, declared)
            assert literal == to_literal(value, int | str | None)
            assert from_literal(literal, declared) == value
        assert refusal(b"x", declared) == "p: expected int | str | None, got bytes."


class TestReading:
    def test_the_variant_of_the_type_in_the_literal_comes_first(self) -> None:
        literal = to_literal("red", Colour | str)
        assert from_literal(literal, Colour | str) == "red"
        literal.scalar.union.type.CopyFrom(literal_type(Colour | str).union_type.variants[0])
        assert from_literal(literal, Colour | str) is Colour.RED

    def test_then_variants_with_the_same_tag(self) -> None:
        literal = to_literal(3, int | None)
        literal.scalar.union.type.Clear()
        literal.scalar.union.type.structure.tag = "float"
        assert same(from_literal(literal, int | float), 3.0)

    def test_then_the_others_in_their_order(self) -> None:
        assert same(from_literal(union(primitive(integer=3)), str | float | int), 3.0)

    def test_other_literals_are_read_as_the_first_variant_that_accepts_them(self) -> None:
        assert same(from_literal(primitive(integer=3), str | int), 3)
        assert from_literal(to_literal(None), int | None) is None
        assert from_literal(to_literal([1]), int | list[int]) == [1]
        assert from_literal(msgpack({"name": "Tom"}), int | Cat) == Cat("Tom")

    def test_a_union_can_be_read_as_the_type_of_its_value(self) -> None:
        literal = to_literal(3, int | str)
        assert from_literal(literal) == from_literal(literal, int) == 3
        assert from_literal(to_literal(Cat("Tom"), Cat | None), Cat) == Cat("Tom")
        assert from_literal(to_literal([1], list[int] | None), list[int]) == [1]

    def test_a_value_that_no_variant_accepts_is_refused(self) -> None:
        assert refusal_in_reading(primitive(string_value="x"), int | None) == "p: expected int | None, got str."
        assert refusal_in_reading(to_literal("x", str | None), int | None) == "p: expected int | None, got str."
        assert refusal_in_reading(to_literal(["x"], list[str]), list[int | None]) == (
            "p[0]: expected int | None, got str."
        )

    def test_the_error_is_that_of_the_only_matching_variant(self) -> None:
        literal = to_literal(Cat("Tom"), Cat | None)
        literal.scalar.union.value.CopyFrom(msgpack({"name": 3}))
        assert refusal_in_reading(literal, Cat | None) == "p.name: expected str, got int."

    def test_an_empty_union_is_refused(self) -> None:
        literal = Literal()
        literal.scalar.union.SetInParent()
        assert refusal_in_reading(literal) == "p: the literal holds no value."
        assert refusal_in_reading(literal, int | None) == ("p: expected int | None, got a literal that holds no value.")


class TestInRecords:
    """Unions in records, in which values are written without their types."""

    @pytest.mark.parametrize(
        ("value", "python_type"),
        [
            (3, int | str),
            (3, str | int),
            ("x", int | str),
            (None, int | None),
            (True, int | bool),
            (NOON.date(), int | dt.date),
            ([1], int | list[int]),
            ({"a": 1}, int | dict[str, int]),
            (Cat("Tom"), Cat | None),
            (Dog("Rex", ["sit"]), Dog | None),
        ],
    )
    def test_the_value_determines_the_variant(self, value: Any, python_type: Any) -> None:
        assert same(travelled((value,), tuple[python_type]), (value,))

    def test_a_value_is_written_without_its_type(self) -> None:
        assert packed(to_literal((3, None), tuple[int | None, int | None])) == [3, None]

    def test_a_number_is_a_float_if_no_variant_is_int(self) -> None:
        assert same(from_literal(msgpack([3]), tuple[float | None]), (3.0,))
        assert same(from_literal(struct({"a": 3}), dict[str, float | None]), {"a": 3.0})

    def test_a_value_that_no_variant_accepts_is_refused(self) -> None:
        assert refusal_in_reading(msgpack(["x"]), tuple[int | None]) == "p[0]: expected int | None, got str."
        assert refusal_in_reading(msgpack([{"name": 3}]), tuple[Cat | None]) == "p[0].name: expected str, got int."

    def test_recursive_variants_are_read_quickly(self) -> None:
        value: Any = None
        for _ in range(60):
            value = Branch(value)
        assert travelled(value, Branch | Leaf) == value
        deepest: Any = {"left": 3}
        for _ in range(60):
            deepest = {"left": deepest}
        said = refusal_in_reading(msgpack(deepest), Branch | Leaf)
        assert said == f"p: expected {__name__}.Branch | {__name__}.Leaf, got binary."


@dataclass
class Leaf:
    left: Branch | Leaf | None = None


@dataclass
class Branch:
    left: Branch | Leaf | None = None
