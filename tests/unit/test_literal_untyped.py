"""Literals of values without a declared type or with only a LiteralType, and literals inside values."""

from __future__ import annotations

import datetime as dt
import enum
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from connector_core import Directory, File, StructuredDataset, from_literal, literal_type, to_literal, to_literal_map
from connector_core.idl import (
    Blob,
    Literal,
    LiteralMap,
    LiteralType,
    Scalar,
    SimpleType,
)
from connector_core.idl import StructuredDataset as DatasetMessage
from support.literals import msgpack, packed, primitive, refusal, refusal_in_reading, same, struct, travelled, union

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
NO_PLAIN_DATA = (
    "is not plain data (None, bool, int, float, str, bytes, and lists and dicts of them); "
    "declare the type of the container, such as dict[str, T] or a dataclass."
)
ONE = primitive(integer=1)


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Order:
    day: dt.date
    amounts: list[float]


class Foreign:
    pass


class TestWritingWithoutAType:
    @pytest.mark.parametrize(
        ("value", "python_type"),
        [
            (3, int),
            (3.5, float),
            (True, bool),
            ("x", str),
            (None, type(None)),
            (b"x", bytes),
            (NOON, dt.datetime),
            (NOON.date(), dt.date),
            (dt.timedelta(1), dt.timedelta),
            (Decimal("1.5"), Decimal),
            (Colour.RED, Colour),
            (Order(NOON.date(), [1]), Order),
            (File("s3://b/f"), File),
            (Directory("s3://b/d"), Directory),
            (StructuredDataset("s3://b/t"), StructuredDataset),
        ],
    )
    def test_the_type_of_the_value_is_used(self, value: Any, python_type: Any) -> None:
        assert to_literal(value) == to_literal(value, python_type)

    @pytest.mark.parametrize("make", [list, tuple, set, frozenset])
    def test_a_list_tuple_or_set_is_a_collection_of_its_values(self, make: Any) -> None:
        assert travelled(make([1])) == [1]
        assert to_literal(make([1])).collection.literals[0] == ONE

    def test_each_of_its_values_has_its_own_type(self) -> None:
        value = [1, "x", None, NOON, [Colour.RED], Order(NOON.date(), [1])]
        assert travelled(value) == [1, "x", None, NOON, ["red"], {"day": "2026-11-22", "amounts": [1.0]}]

    def test_a_dict_is_msgpack(self) -> None:
        value = {"x": 1, "y": [None, {"z": b""}], "t": (1,)}
        assert packed(to_literal(value)) == {"x": 1, "y": [None, {"z": b""}], "t": [1]}

    def test_an_int_in_a_dict_stays_an_int(self) -> None:
        assert same(travelled({"x": 3}), {"x": 3})

    def test_a_dict_of_values_that_msgpack_cannot_hold_is_a_map(self) -> None:
        literal = to_literal({"at": NOON, "x": {"y": 1}, "z": {"at": NOON}})
        assert literal.WhichOneof("value") == literal.map.literals["z"].WhichOneof("value") == "map"
        assert packed(literal.map.literals["x"]) == {"y": 1}
        assert from_literal(literal) == {"at": NOON, "x": {"y": 1}, "z": {"at": NOON}}

    def test_a_subclass_of_dict_is_a_map_too(self) -> None:
        assert travelled(OrderedDict(x=1)) == {"x": 1}

    def test_a_key_of_such_a_map_must_be_a_str(self) -> None:
        assert refusal({1: NOON}) == "p: a name must be a str, got 1."

    def test_an_int_beyond_the_range_of_msgpack_is_refused(self) -> None:
        assert refusal({"x": 2**64}).startswith("p cannot be encoded: ")

    def test_a_subclass_of_list_is_refused(self) -> None:
        class Rows(list[int]):
            pass

        assert refusal(Rows([1])).startswith("p: Rows is not a type that Flyte supports; ")


class TestReadingWithoutAType:
    @pytest.mark.parametrize(
        ("literal", "value"),
        [
            (ONE, 1),
            (primitive(float_value=1.0), 1.0),
            (primitive(string_value="x"), "x"),
            (primitive(boolean=True), True),
            (msgpack({"x": [1, None]}), {"x": [1, None]}),
            (msgpack(3), 3),
            (struct({"x": 3, "y": {"z": [0.5, None]}}), {"x": 3, "y": {"z": [0.5, None]}}),
            (union(union(ONE)), 1),
            (Literal(scalar=Scalar(blob=Blob(uri="s3://b/x"))), File("s3://b/x")),
            (
                Literal(scalar=Scalar(blob=Blob(uri="s3://b/x", metadata={"type": {"format": "csv"}}))),
                File("s3://b/x", format="csv"),
            ),
            (
                Literal(scalar=Scalar(blob=Blob(uri="s3://b/x", metadata={"type": {"dimensionality": "MULTIPART"}}))),
                Directory("s3://b/x"),
            ),
            (Literal(scalar=Scalar(structured_dataset=DatasetMessage(uri="s3://b/t"))), StructuredDataset("s3://b/t")),
        ],
    )
    @pytest.mark.parametrize("python_type", [None, Any, object, LiteralType()])
    def test_the_literal_determines_the_type(self, literal: Literal, value: Any, python_type: Any) -> None:
        assert same(from_literal(literal, python_type), value)
        assert same(from_literal(Literal(collection={"literals": [literal]}), python_type), [value])
        assert same(from_literal(Literal(map={"literals": {"x": literal}}), python_type), {"x": value})

    @pytest.mark.parametrize("name", ["schema", "error"])
    def test_literals_without_a_python_value_stay_literals(self, name: str) -> None:
        literal = Literal()
        getattr(literal.scalar, name).SetInParent()
        assert from_literal(literal) is literal
        assert from_literal(Literal(collection={"literals": [literal]})) == [literal]

    def test_the_error_names_the_path_of_a_malformed_literal(self) -> None:
        literal = Literal(map={"literals": {"x": Literal(collection={"literals": [ONE, Literal()]})}})
        assert refusal_in_reading(literal) == "p.x[1]: the literal holds no value."

    def test_a_dataset_without_a_uri_is_refused(self) -> None:
        literal = Literal(scalar=Scalar(structured_dataset=DatasetMessage()))
        assert refusal_in_reading(literal) == "p: the dataset has no URI."


class TestAny:
    @pytest.mark.parametrize("python_type", [Any, object])
    @pytest.mark.parametrize("value", [None, True, 3, 3.5, "x", b"x", [1, [2]], {"x": {"y": None}}])
    def test_it_is_plain_data_as_msgpack(self, python_type: Any, value: Any) -> None:
        assert packed(to_literal(value, python_type)) == value
        assert same(travelled(value, python_type), value)

    @pytest.mark.parametrize("value", [NOON, Foreign(), Colour.RED, Order(NOON.date(), []), {1, 2}, File("s3://b/f")])
    def test_other_values_are_refused(self, value: Any) -> None:
        name = type(value).__name__
        assert refusal(value, Any) == f"p: {name} {NO_PLAIN_DATA}"
        assert refusal([{"x": value}], Any) == f"p[0].x: {name} {NO_PLAIN_DATA}"
        assert refusal([{"x": value}], list[Any]) == f"p[0].x: {name} {NO_PLAIN_DATA}"
        assert refusal({"x": [value]}, dict[str, Any]) == f"p.x[0]: {name} {NO_PLAIN_DATA}"

    def test_a_tuple_becomes_a_list(self) -> None:
        assert travelled((1, (2,)), Any) == [1, [2]]

    def test_a_plain_object_is_refused(self) -> None:
        assert refusal(object()).startswith("p: object is not plain ")


class TestAnInterface:
    """Values whose declared type is a LiteralType."""

    @pytest.mark.parametrize(
        ("python_type", "value", "again"),
        [
            (int, 3, 3),
            (float, 3, 3.0),
            (bool, True, True),
            (str, "x", "x"),
            (None, None, None),
            (bytes, b"x", b"x"),
            (dt.datetime, NOON, NOON),
            (dt.timedelta, dt.timedelta(1), dt.timedelta(1)),
            (Colour, Colour.RED, "red"),
            (list[int], (1,), [1]),
            (list[list[str]], [["x"]], [["x"]]),
            (dict[str, float], {"x": 1}, {"x": 1.0}),
            (int | None, None, None),
            (dict, {"x": [1]}, {"x": [1]}),
            (Order, Order(NOON.date(), [1]), {"day": "2026-11-22", "amounts": [1.0]}),
            (Order, {"x": 1}, {"x": 1}),
            (File, "s3://b/x", File("s3://b/x")),
            (Directory, "s3://b/x", Directory("s3://b/x")),
            (StructuredDataset, "s3://b/x", StructuredDataset("s3://b/x")),
        ],
    )
    def test_matching_values_are_accepted(self, python_type: Any, value: Any, again: Any) -> None:
        declared = literal_type(python_type)
        assert same(from_literal(to_literal(value, declared), declared), again)
        assert same(from_literal(to_literal([value], LiteralType(collection_type=declared))), [again])
        assert same(from_literal(to_literal({"x": value}, LiteralType(map_value_type=declared))), {"x": again})

    @pytest.mark.parametrize(
        ("python_type", "value", "message"),
        [
            (int, "3", "p: expected int, got str."),
            (list[int], [1, "x"], "p[1]: expected int, got str."),
            (dict[str, int], {"x": None}, "p.x: expected int, got None."),
            (int | None, "x", "p: expected int | None, got str."),
            (Order, 3, "p: expected a record or a dict, got int."),
            (Order, [1], "p: expected a record or a dict, got list."),
            (Order, {"x": NOON}, f"p.x: datetime {NO_PLAIN_DATA}"),
            (Order, Order(NOON, []), "p.day: expected date, got datetime."),
            (File, 3, "p: expected File, got int."),
            (StructuredDataset, 3, "p: expected StructuredDataset, got int."),
        ],
    )
    def test_other_values_are_refused(self, python_type: Any, value: Any, message: str) -> None:
        assert refusal(value, literal_type(python_type)) == message

    def test_a_value_of_an_unsupported_type_is_refused(self) -> None:
        assert refusal(Foreign(), literal_type(Order)).startswith("p: Foreign is not a type that Flyte supports; ")

    @pytest.mark.parametrize(
        "message", [{"integer": 1}, {"float_value": 1.5}, {"string_value": "x"}, {"boolean": True}]
    )
    def test_literals_are_checked_in_reading(self, message: dict[str, Any]) -> None:
        for python_type in (dt.datetime, dt.timedelta, list[int], dict[str, int], File, StructuredDataset):
            said = refusal_in_reading(primitive(**message), literal_type(python_type))
            assert said.startswith("p: expected ")

    def test_a_date_that_flytekit_declares_is_read_as_a_date(self) -> None:
        declared = LiteralType(simple=SimpleType.DATETIME, structure={"tag": "date"})
        assert from_literal(to_literal(NOON), declared) == NOON.date()
        assert refusal(NOON, declared) == "p: expected date, got datetime."

    def test_with_an_empty_type_the_type_of_the_value_is_used(self) -> None:
        assert to_literal(NOON, LiteralType()) == to_literal(NOON)
        assert from_literal(to_literal({"at": NOON}), LiteralType()) == {"at": NOON}

    @pytest.mark.parametrize(
        "declared", [LiteralType(simple=SimpleType.ERROR), LiteralType(schema={})], ids=["error", "schema"]
    )
    def test_types_without_a_python_value_accept_only_literals(self, declared: LiteralType) -> None:
        assert to_literal(ONE, declared) is from_literal(ONE, declared) is ONE
        assert literal_type(declared) is declared
        assert refusal(1, declared) == "p: expected Literal, got int."
        assert refusal([1], LiteralType(collection_type=declared)) == "p[0]: expected Literal, got int."
        assert travelled([ONE], LiteralType(collection_type=declared)) == [ONE]


class TestPassingThrough:
    """A Literal or a LiteralMap in place of a value."""

    def test_a_literal_is_returned_unchanged(self) -> None:
        assert to_literal(ONE) is to_literal(ONE, str) is ONE
        assert from_literal(ONE, Literal) is ONE

    def test_a_literal_map_becomes_a_map(self) -> None:
        literals = LiteralMap(literals={"x": ONE})
        assert to_literal(literals).map == to_literal(literals, dict[str, int]).map == literals
        assert to_literal_map(literals) is literals

    @pytest.mark.parametrize(
        "python_type",
        [
            None,
            int,
            float,
            bool,
            str,
            type(None),
            bytes,
            dt.datetime,
            Decimal,
            Colour,
            list[int],
            dict[str, int],
            dict[int, int],
            dict,
            tuple[int, str],
            int | None,
            Order,
            File,
            StructuredDataset,
            Any,
            Literal,
            LiteralMap,
        ],
    )
    def test_it_is_passed_on_for_every_declared_type(self, python_type: Any) -> None:
        declared = (python_type,) if python_type in (Literal, LiteralMap) else (python_type, literal_type(python_type))
        for one in declared:
            held = LiteralType(collection_type=one) if isinstance(one, LiteralType) else list[one]
            assert to_literal([ONE], held).collection.literals == [ONE]
            literals = LiteralMap(literals={"x": ONE})
            assert to_literal([literals], held).collection.literals[0].map == literals

    def test_it_is_passed_on_at_every_depth(self) -> None:
        assert to_literal([[{"x": ONE}]]).collection.literals[0].collection.literals[0].map.literals["x"] == ONE
        assert to_literal({"x": {"y": [ONE]}}).map.literals["x"].map.literals["y"].collection.literals[0] == ONE
        literal = to_literal({"x": [{"y": ONE}]}, dict[str, list[dict[str, int]]])
        assert literal.map.literals["x"].collection.literals[0].map.literals["y"] == ONE

    def test_it_is_passed_on_in_an_untyped_dict(self) -> None:
        literal = to_literal({"x": ONE, "y": 2}, dict)
        assert literal.map.literals["x"] == ONE
        assert from_literal(literal, dict) == {"x": 1, "y": 2}

    def test_it_cannot_be_part_of_a_value_written_as_msgpack(self) -> None:
        @dataclass
        class Holder:
            it: Literal

        assert refusal(Holder(ONE)) == "p.it: a Literal cannot be part of a record."
        assert refusal(Holder(3)) == "p.it: expected Literal, got int."  # type: ignore[arg-type]
        assert refusal_in_reading(msgpack({"it": 3}), Holder) == "p.it: expected Literal, got int."
        assert refusal((ONE,), tuple[int]) == "p[0]: expected int, got Literal."
        assert refusal([[ONE]], list[Any]) == f"p[0][0]: Literal {NO_PLAIN_DATA}"

    def test_a_part_of_a_value_can_be_read_as_a_literal(self) -> None:
        literal = to_literal({"x": [1, 2]}, dict[str, list[int]])
        assert from_literal(literal, dict[str, Literal]) == {"x": to_literal([1, 2])}
        assert from_literal(to_literal([1]), list[Literal]) == [ONE]

    def test_a_type_declared_as_literal_accepts_only_literals(self) -> None:
        assert refusal(3, Literal) == "p: expected Literal, got int."
        assert refusal([3], list[LiteralMap]) == "p[0]: expected Literal, got int."
