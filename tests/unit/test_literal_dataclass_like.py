"""Literals of dataclasses, attrs classes, TypedDicts, NamedTuples, msgspec Structs and pydantic models."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import math
from collections import namedtuple
from dataclasses import KW_ONLY, InitVar, dataclass, field
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)

import attrs
import msgspec
import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from connector_core import File, LiteralError, StructuredDataset, from_literal, literal_type, to_literal
from connector_core.idl import Literal as LiteralMessage
from connector_core.idl import LiteralType, SimpleType
from support.literals import msgpack, packed, refusal, refusal_in_reading, same, sent, struct, travelled

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
T = TypeVar("T")


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Item:
    price: float
    tags: list[str] = field(default_factory=list)
    note: str | None = None


@dataclass
class Order:
    day: dt.date
    items: list[Item]
    by_size: dict[int, Item] = field(default_factory=dict)
    colour: Colour = Colour.RED


@dataclass(frozen=True, slots=True)
class Node:
    """A recursive class, with annotations that are strings."""

    value: int
    children: list[Node] = field(default_factory=list)
    next: Node | None = None


def schema_of(python_type: Any) -> Any:
    """Return the JSON schema in the literal type."""
    return MessageToDict(literal_type(python_type).metadata)


class TestDataclasses:
    def test_a_dataclass_becomes_msgpack_of_its_fields(self) -> None:
        value = Order(NOON.date(), [Item(1.5, ["a"])], {7: Item(2)})
        assert packed(to_literal(value)) == {
            "day": "2026-11-22",
            "items": [{"price": 1.5, "tags": ["a"], "note": None}],
            "by_size": {7: {"price": 2.0, "tags": [], "note": None}},
            "colour": "red",
        }
        assert travelled(value, Order) == value
        assert travelled(value) == packed(to_literal(value))

    def test_the_error_names_the_refused_field(self) -> None:
        assert refusal(Item("1"), Item) == "p.price: expected float, got str."  # type: ignore[arg-type]
        value = Order(NOON.date(), [Item(1), Item(2, ["x", None])])  # type: ignore[list-item]
        assert refusal([value]) == "p[0].items[1].tags[1]: expected str, got None."
        value = Order(NOON.date(), [], {3: Item(1, note=2)})  # type: ignore[arg-type]
        assert refusal(value) == "p.by_size[3].note: expected str | None, got int."

    def test_values_are_checked_in_reading(self) -> None:
        assert refusal_in_reading(msgpack({"price": "1"}), Item) == "p.price: expected float, got str."
        literal = msgpack({"day": "2026-11-22", "items": [{"price": 1, "tags": 3}]})
        assert refusal_in_reading(literal, Order) == "p.items[0].tags: expected list[str], got int."

    def test_a_missing_field_takes_its_default(self) -> None:
        assert from_literal(msgpack({"price": 1}), Item) == Item(1.0)

    def test_a_missing_field_without_a_default_is_refused(self) -> None:
        assert refusal_in_reading(msgpack({}), Item) == "p.price is missing; expected float."
        literal = msgpack({"day": "2026-11-22", "items": [{"price": 1}, {}]})
        assert refusal_in_reading(literal, Order) == "p.items[1].price is missing; expected float."

    def test_an_unknown_field_is_ignored_in_reading(self) -> None:
        assert from_literal(msgpack({"price": 1, "currency": "EUR"}), Item) == Item(1.0)

    def test_an_unknown_field_is_refused_in_a_given_dict(self) -> None:
        assert refusal({"price": 1, "pirce": 2}, Item) == "p.pirce: Item has no such field; it has: price, tags, note."
        assert refusal({"price": 1, 3: 2}, Item) == "p[3]: Item has no such field; it has: price, tags, note."

    def test_a_dict_is_accepted_at_every_level(self) -> None:
        value = {"day": NOON.date(), "items": [{"price": 1}]}
        assert travelled(value, Order) == Order(NOON.date(), [Item(1.0)])
        assert refusal({"day": "2026-11-22", "items": []}, Order) == "p.day: expected date, got str."
        assert refusal({"items": []}, Order) == "p.day is missing; expected date."

    @pytest.mark.parametrize("value", [3, None, [1.5], "x", Node(1)])
    def test_other_values_are_refused(self, value: Any) -> None:
        got = "None" if value is None else type(value).__name__
        assert refusal(value, Item) == f"p: expected Item, got {got}."

    @pytest.mark.parametrize(("value", "got"), [(3, "int"), ([1], "list"), (None, "None"), ("x", "str")])
    def test_other_literals_are_refused(self, value: Any, got: str) -> None:
        assert refusal_in_reading(msgpack(value), Item) == f"p: expected Item, got {got}."
        assert refusal_in_reading(to_literal(value), Item) == f"p: expected Item, got {got}."

    def test_the_consoles_struct_is_read_too(self) -> None:
        literal = struct({"value": 3, "children": [{"value": 4.0}], "next": None})
        assert same(from_literal(literal, Node), Node(3, [Node(4)]))
        assert same(from_literal(struct({"price": 3}), Item).price, 3.0)
        assert refusal_in_reading(struct({"value": 3.5}), Node) == "p.value: expected int, got float."
        literal = struct({"day": "2026-11-22", "items": [], "by_size": {"7": {"price": 2}}})
        assert from_literal(literal, Order).by_size == {7: Item(2.0)}

    def test_a_recursive_dataclass_is_supported(self) -> None:
        value = Node(1, [Node(2), Node(3, [Node(4)])], Node(5, next=Node(6)))
        assert travelled(value, Node) == value
        assert refusal(Node(1, [Node("x")])) == "p.children[0].value: expected int, got str."  # type: ignore[arg-type]

    def test_an_object_that_contains_itself_is_refused(self) -> None:
        children: list[Node] = []
        value = Node(1, children)
        children.append(value)
        assert refusal(value) == "p: nested too deeply."

    def test_keyword_only_and_computed_fields(self) -> None:
        @dataclass
        class Computed:
            width: int
            _: KW_ONLY
            height: int = 2
            area: int = field(init=False)
            seen: int = field(init=False, default=0)

            def __post_init__(self) -> None:
                self.area = self.width * self.height

        value = Computed(3, height=4)
        assert packed(to_literal(value)) == {"width": 3, "height": 4, "area": 12, "seen": 0}
        assert travelled(value, Computed) == value
        assert from_literal(msgpack({"width": 3, "area": 99}), Computed).area == 6
        assert travelled({"width": 3}, Computed).area == 6
        assert set(schema_of(Computed)["properties"]) == {"width", "height"}

    def test_class_and_init_variables_do_not_travel(self) -> None:
        @dataclass
        class Sized:
            size: int
            unit: ClassVar[str] = "cm"
            scale: InitVar[int] = 1

            def __post_init__(self, scale: int) -> None:
                self.size *= scale

        assert packed(to_literal(Sized(3, 2))) == {"size": 6}
        assert travelled(Sized(3, 2), Sized) == Sized(6)

    def test_final_and_annotated_fields(self) -> None:
        @dataclass
        class Held:
            size: Final[int]
            name: Annotated[str, "what it is called"]

        assert travelled(Held(3, "x"), Held) == Held(3, "x")

    def test_inherited_fields(self) -> None:
        @dataclass
        class Sale(Item):
            discount: float = 0.5

        assert travelled(Sale(1, discount=0.1), Sale) == Sale(1, discount=0.1)
        assert travelled(Sale(1, ["x"], discount=0.1), Item) == Item(1, ["x"])

    def test_an_error_of_a_validator_is_a_refusal(self) -> None:
        @dataclass
        class Positive:
            size: int

            def __post_init__(self) -> None:
                if self.size < 0:
                    raise ValueError("size is negative")

        assert refusal_in_reading(msgpack({"size": -1}), Positive) == "p: Positive refuses the value: size is negative."
        assert refusal([{"size": -1}], list[Positive]) == "p[0]: Positive refuses the value: size is negative."
        with pytest.raises(LiteralError) as refused:
            from_literal(to_literal([{"size": -1}]), list[Positive])
        assert refused.value.path == "[0]"
        assert isinstance(refused.value.__cause__, ValueError)

    def test_an_unresolvable_field_type_is_refused(self) -> None:
        @dataclass
        class Lost:
            it: Nowhere  # type: ignore[name-defined]  # noqa: F821

        reason = "the field types of Lost cannot be resolved: name 'Nowhere' is not defined."
        assert refusal(Lost(3)) == refusal_in_reading(msgpack({"it": 3}), Lost) == f"p: {reason}"
        assert refusal([{"x": Lost(3)}]) == f"p[0].x: {reason}"

    def test_the_error_names_a_field_of_an_unsupported_type(self) -> None:
        Inner = dataclasses.make_dataclass("Inner", [("number", complex)])
        Outer = dataclasses.make_dataclass("Outer", [("inner", Inner)])
        reason = "complex is not a type that Flyte supports; use a scalar"
        assert refusal(Outer(Inner(1j))).startswith(f"p.inner.number: {reason}")
        assert refusal_in_reading(msgpack({"inner": {"number": 1}}), Outer).startswith(f"p.inner.number: {reason}")
        with pytest.raises(LiteralError, match=r"^inner\.number: complex is not a type"):
            literal_type(Outer)

    def test_a_generic_dataclass_has_the_type_of_its_argument(self) -> None:
        assert travelled(Page([1], 2), Page[int]) == Page([1], 2)
        assert travelled(Page([Item(1)]), Page[Item]) == Page([Item(1.0)])
        assert refusal(Page(["x"]), Page[int]) == "p.items[0]: expected int, got str."
        assert refusal({"items": [1]}, Page[str]) == "p.items[0]: expected str, got int."
        assert literal_type(Page[int]).structure.dataclass_type["items"] == literal_type(list[int])

    def test_fields_may_have_the_type_variable_itself(self) -> None:
        assert travelled(Box(Item(1), Page([Item(2)])), Box[Item]) == Box(Item(1.0), Page([Item(2.0)]))
        assert refusal(Box("x", Page([])), Box[int]) == "p.it: expected int, got str."
        assert refusal(Box(1, Page(["x"])), Box[int]) == "p.more.items[0]: expected int, got str."

    def test_a_generic_dataclass_without_an_argument_holds_plain_data(self) -> None:
        assert travelled(Page(["x", 1]), Page) == Page(["x", 1])

    def test_an_int_beyond_the_range_of_msgpack_is_refused(self) -> None:
        assert refusal(Node(2**64)) == f"p.value: {2**64} is out of the range that msgpack can hold, 64 bits."

    def test_nesting_of_any_depth_gives_a_literal_or_a_refusal(self) -> None:
        value = Node(1)
        for _ in range(100):
            value = Node(1, next=value)
        assert travelled(value, Node) == value
        for _ in range(5_000):
            value = Node(1, next=value)
        assert refusal(value, Node).endswith("nested too deeply.")


@dataclass
class Page(Generic[T]):
    items: list[T]
    next: T | None = None


@dataclass
class Box(Generic[T]):
    it: T
    more: Page[T]


class TestTheTypeOfADataclass:
    def test_it_has_a_json_schema(self) -> None:
        assert schema_of(Item) == {
            "type": "object",
            "title": "Item",
            "additionalProperties": False,
            "properties": {
                "price": {"type": "number"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            },
            "required": ["price"],
        }

    def test_it_has_the_types_of_its_fields(self) -> None:
        declared = literal_type(Order).structure.dataclass_type
        assert set(declared) == {"day", "items", "by_size", "colour"}
        assert declared["day"] == literal_type(dt.date)
        assert declared["items"] == literal_type(list[Item])
        assert declared["colour"] == literal_type(Colour)

    def test_the_schema_of_a_recursive_dataclass_refers_to_itself(self) -> None:
        schema = schema_of(Node)
        assert schema["$ref"] == "#/$defs/Node"
        assert schema["$defs"]["Node"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
        declared = literal_type(Node).structure.dataclass_type["children"].collection_type
        assert declared.simple == SimpleType.STRUCT
        assert not declared.HasField("structure")

    def test_it_can_be_sent(self) -> None:
        for python_type in (Order, Node, Page[int], list[Order | None]):
            declared = literal_type(python_type)
            assert LiteralType.FromString(declared.SerializeToString()) == declared

    def test_the_schema_has_descriptions(self) -> None:
        @dataclass
        class Described:
            size: int = field(metadata={"description": "in cm"})

        assert schema_of(Described)["properties"]["size"] == {"type": "integer", "description": "in cm"}

    @pytest.mark.parametrize(
        ("python_type", "default", "told"),
        [
            (int, 3, 3.0),
            (Colour, Colour.RED, "red"),
            (bytes, b"x", "eA==\n"),
            (tuple[int, bytes], (1, b"x"), [1.0, "eA=="]),
            (dt.date, NOON.date(), "2026-11-22"),
            (int | None, None, None),
        ],
    )
    def test_the_schema_has_defaults(self, python_type: Any, default: Any, told: Any) -> None:
        kind = dataclasses.make_dataclass("Kind", [("it", python_type, field(default=default))])
        assert schema_of(kind)["properties"]["it"]["default"] == told

    @pytest.mark.parametrize(
        ("python_type", "default"),
        [(float, math.nan), (float, math.inf), (str, "\ud800"), (int, "wrong"), (int, 2**70)],
    )
    def test_the_schema_omits_defaults_that_json_cannot_hold(self, python_type: Any, default: Any) -> None:
        kind = dataclasses.make_dataclass("Kind", [("it", python_type, field(default=default))])
        assert "default" not in schema_of(kind)["properties"]["it"]
        assert "required" not in schema_of(kind)

    def test_a_dataclass_without_fields(self) -> None:
        @dataclass
        class Nothing:
            pass

        assert schema_of(Nothing) == {"type": "object", "title": "Nothing", "additionalProperties": False}
        assert travelled(Nothing(), Nothing) == Nothing()

    @pytest.mark.parametrize(
        ("python_type", "schema"),
        [
            (dt.datetime, {"type": "string", "format": "date-time"}),
            (dt.timedelta, {"type": "number", "format": "time-delta"}),
            (bytes, {"type": "string", "format": "base64"}),
            (None, {"type": "null"}),
            (Any, {}),
            (dict, {"type": "object"}),
            (list, {"type": "array"}),
            (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
            (tuple[()], {"type": "array", "maxItems": 0.0}),
            (
                tuple[int, str],
                {
                    "type": "array",
                    "prefixItems": [{"type": "integer"}, {"type": "string"}],
                    "minItems": 2.0,
                    "maxItems": 2.0,
                },
            ),
            (
                dict[int, Any],
                {"type": "object", "propertyNames": {"type": "integer"}},
            ),
            (
                dict[str, bool],
                {
                    "type": "object",
                    "propertyNames": {"type": "string"},
                    "additionalProperties": {"type": "boolean"},
                },
            ),
            (Colour, {"enum": ["red"]}),
            (Literal["a"], {"const": "a"}),
            (Literal["a", "b"], {"enum": ["a", "b"]}),
            (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
            (Decimal, {"type": "string", "format": "decimal"}),
        ],
    )
    def test_the_schema_of_each_kind_of_field(self, python_type: Any, schema: Any) -> None:
        kind = dataclasses.make_dataclass("Kind", [("it", python_type)])
        assert schema_of(kind)["properties"]["it"] == schema

    def test_files_and_datasets_are_described_as_in_flytekit(self) -> None:
        kind = dataclasses.make_dataclass("Kind", [("file", File), ("table", StructuredDataset)])
        properties = schema_of(kind)["properties"]
        assert properties["file"]["title"] == "FlyteFile"
        assert properties["table"]["title"] == "StructuredDataset"
        assert set(properties["table"]["properties"]) == {"uri", "file_format"}

    def test_a_field_of_any_literal_is_omitted(self) -> None:
        kind = dataclasses.make_dataclass("Kind", [("it", LiteralMessage), ("size", int)])
        assert list(literal_type(kind).structure.dataclass_type) == ["size"]


class TestAttrsClasses:
    def test_private_names_aliases_and_converters_are_supported(self) -> None:
        @attrs.define
        class Job:
            _id: int
            size: float = attrs.field(converter=float, default=1, alias="how_large")
            tags: list[str] = attrs.Factory(list)
            twice: int = attrs.field(init=False, default=attrs.Factory(lambda self: self._id * 2, takes_self=True))

        value = Job(3, how_large=2, tags=["x"])
        assert packed(to_literal(value)) == {"_id": 3, "size": 2.0, "tags": ["x"], "twice": 6}
        assert travelled(value, Job) == value
        assert from_literal(msgpack({"_id": 3}), Job) == Job(3)
        assert travelled({"_id": 3, "size": 5}, Job) == Job(3, how_large=5)
        assert refusal({"id": 3}, Job) == "p.id: Job has no such field; it has: _id, size, tags, twice."
        assert refusal_in_reading(msgpack({}), Job) == "p._id is missing; expected int."
        assert schema_of(Job)["required"] == ["_id"]

    def test_an_error_of_a_validator_is_a_refusal(self) -> None:
        @attrs.frozen
        class Positive:
            size: int = attrs.field(validator=attrs.validators.ge(0))

        assert refusal_in_reading(msgpack([{"size": -1}]), list[Positive]) == (
            "p[0]: Positive refuses the value: 'size' must be >= 0: -1."
        )

    def test_a_field_without_a_type_holds_plain_data(self) -> None:
        @attrs.define
        class Anything:
            it = attrs.field(default=None)

        assert travelled(Anything({"x": [1]}), Anything) == Anything({"x": [1]})
        assert refusal(Anything(NOON)).startswith("p.it: datetime is not plain data ")

    def test_a_recursive_class_may_contain_a_dataclass(self) -> None:
        value = Tree(Item(1), [Tree(Item(2))])
        assert travelled(value, Tree) == value
        assert schema_of(Tree)["$ref"] == "#/$defs/Tree"
        assert refusal(Tree(Item("x"))) == "p.item.price: expected float, got str."  # type: ignore[arg-type]

    def test_the_schema_has_the_keys_of_a_default_as_str(self) -> None:
        @attrs.frozen
        class Keyed:
            it: dict[int, int] = attrs.field(default={1: 2})

        assert schema_of(Keyed)["properties"]["it"]["default"] == {"1": 2.0}


@attrs.define
class Tree:
    item: Item
    branches: list[Tree] = attrs.Factory(list)


class Total(TypedDict):
    size: int
    note: NotRequired[str]


class Partial(Total, total=False):
    day: dt.date
    price: Required[float]


class Nested(TypedDict):
    inner: Total
    rows: list[Item]


class TestTypedDicts:
    @pytest.mark.parametrize(
        ("value", "python_type"),
        [
            ({"size": 3}, Total),
            ({"size": 3, "note": "x"}, Total),
            ({"size": 3, "price": 1.5}, Partial),
            ({"size": 3, "price": 1.5, "day": NOON.date()}, Partial),
            ({"inner": {"size": 3}, "rows": [Item(1.5)]}, Nested),
        ],
    )
    def test_they_are_dicts(self, value: Any, python_type: Any) -> None:
        assert same(travelled(value, python_type), value)
        assert same(travelled([value], list[python_type]), [value])

    def test_a_missing_required_key_is_refused(self) -> None:
        assert refusal({"note": "x"}, Total) == "p.size is missing; expected int."
        assert refusal({"size": 1}, Partial) == "p.price is missing; expected float."
        assert refusal_in_reading(msgpack({}), Total) == "p.size is missing; expected int."
        assert schema_of(dataclasses.make_dataclass("Kind", [("it", Partial)]))["properties"]["it"]["required"] == [
            "price",
            "size",
        ]

    def test_an_unknown_key_is_refused_in_writing_and_ignored_in_reading(self) -> None:
        assert refusal({"size": 1, "sise": 2}, Total) == "p.sise: Total has no such field; it has: size, note."
        assert from_literal(msgpack({"size": 1, "new": 2}), Total) == {"size": 1}

    def test_the_type_of_each_value_is_checked(self) -> None:
        assert refusal({"size": "1"}, Total) == "p.size: expected int, got str."
        assert refusal({"inner": {"size": 1}, "rows": [Item(None)]}, Nested) == (  # type: ignore[arg-type]
            "p.rows[0].price: expected float, got None."
        )
        assert refusal_in_reading(msgpack({"size": "1"}), Total) == "p.size: expected int, got str."
        assert same(from_literal(struct({"size": 1}), Total), {"size": 1})

    def test_other_values_are_refused(self) -> None:
        assert refusal([], Total) == "p: expected Total, got list."
        assert refusal_in_reading(msgpack([]), Total) == "p: expected Total, got list."

    def test_an_empty_typed_dict(self) -> None:
        empty = TypedDict("empty", {})  # noqa: UP013
        assert travelled({}, empty) == {}
        assert schema_of(dataclasses.make_dataclass("Kind", [("it", empty)]))["properties"]["it"] == {
            "type": "object",
            "additionalProperties": False,
        }


class Pair(NamedTuple):
    left: int
    right: Item | None = None


class TestNamedTuples:
    def test_they_are_lists(self) -> None:
        value = Pair(3, Item(1.5))
        assert packed(to_literal(value)) == [3, {"price": 1.5, "tags": [], "note": None}]
        assert same(travelled(value, Pair), value)
        assert from_literal(to_literal(value)) == packed(to_literal(value))

    def test_missing_values_take_their_defaults(self) -> None:
        assert from_literal(msgpack([3]), Pair) == Pair(3)
        assert refusal_in_reading(msgpack([]), Pair) == "p.left is missing; expected int."

    def test_too_many_values_are_refused(self) -> None:
        assert refusal_in_reading(msgpack([1, None, 3]), Pair) == "p: expected 2 values for Pair, got 3."

    def test_the_type_of_each_value_is_checked(self) -> None:
        assert refusal(Pair("3")) == "p.left: expected int, got str."  # type: ignore[arg-type]
        assert refusal_in_reading(msgpack([3, {"price": "x"}]), Pair) == "p.right.price: expected float, got str."

    def test_other_values_are_refused(self) -> None:
        assert refusal((1, None), Pair) == "p: expected Pair, got tuple."
        assert refusal_in_reading(msgpack({}), Pair) == "p: expected Pair, got dict."

    def test_a_namedtuple_without_types_holds_plain_data(self) -> None:
        untyped = namedtuple("untyped", "a b")
        assert travelled(untyped(1, ["x"]), untyped) == (1, ["x"])

    def test_its_schema_is_that_of_a_list(self) -> None:
        schema = schema_of(dataclasses.make_dataclass("Kind", [("it", Pair)]))["properties"]["it"]
        assert (schema["type"], schema["minItems"], schema["prefixItems"][0]) == ("array", 2, {"type": "integer"})

    def test_an_error_of_the_class_is_a_refusal(self) -> None:
        class Checked(Pair):
            def __new__(cls, left: int, right: Any = None) -> Checked:
                raise ValueError("never")

        assert refusal_in_reading(msgpack([1]), Checked) == "p: Checked refuses the value: never."


class Shape(msgspec.Struct, rename="camel"):
    side_count: int
    sides: list[float] = []
    drawn_on: dt.date | None = None
    image: bytes = b""


class Chain(msgspec.Struct):
    next: Chain | None = None


class Positive(msgspec.Struct):
    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("size is negative")
        if self.size == 0:
            raise KeyError("size")


class TestStructs:
    """msgspec Structs."""

    def test_msgspec_writes_and_reads_them(self) -> None:
        value = Shape(3, [1.5], NOON.date(), b"\xff")
        assert packed(to_literal(value)) == {
            "sideCount": 3,
            "sides": [1.5],
            "drawnOn": "2026-11-22",
            "image": b"\xff",
        }
        assert travelled(value, Shape) == value
        assert travelled([Chain(Chain())], list[Chain]) == [Chain(Chain())]
        assert same(from_literal(struct({"sideCount": 3}), Shape).side_count, 3)

    def test_a_value_that_could_not_be_read_back_is_refused(self) -> None:
        assert refusal(Shape("3"), Shape) == "p.sideCount: Expected int, got str."  # type: ignore[arg-type]
        assert refusal(Shape(3, [1, None])) == "p.sides[1]: Expected float, got null."  # type: ignore[list-item]

    def test_a_value_that_cannot_be_written_is_refused(self) -> None:
        assert refusal(Shape(1j)).startswith("p: Shape refuses the value: ")  # type: ignore[arg-type]

    def test_values_are_checked_in_reading(self) -> None:
        assert refusal_in_reading(msgpack({}), Shape) == "p: Object missing required field sideCount."
        assert refusal_in_reading(to_literal([{"sideCount": 1, "sides": ["x"]}]), list[Shape]) == (
            "p[0].sides[0]: Expected float, got str."
        )

    def test_an_error_of_a_validator_is_a_refusal(self) -> None:
        assert refusal_in_reading(msgpack({"size": -1}), Positive) == "p: size is negative."
        assert refusal_in_reading(msgpack({"size": 0}), Positive) == "p: Positive refuses the value: 'size'."

    @pytest.mark.parametrize("value", [{"sideCount": 3}, None, 3])
    def test_other_values_are_refused(self, value: Any) -> None:
        got = "None" if value is None else type(value).__name__
        assert refusal(value, Shape) == f"p: expected Shape, got {got}."

    def test_the_schema_is_that_of_msgspec(self) -> None:
        assert schema_of(Shape)["required"] == ["sideCount"]
        assert set(literal_type(Shape).structure.dataclass_type) == {"sideCount", "sides", "drawnOn", "image"}
        assert schema_of(Chain)["$ref"] == "#/$defs/Chain"

    def test_a_type_without_a_schema_is_refused(self) -> None:
        class Foreign(msgspec.Struct):
            it: complex = 0j

        with pytest.raises(LiteralError, match=r"^Foreign cannot be described: .*complex.* is not supported\.$"):
            literal_type(Foreign)

    def test_a_dataclass_may_contain_a_struct(self) -> None:
        kind = dataclasses.make_dataclass("Kind", [("shape", Shape)])
        assert travelled(kind(Shape(3)), kind) == kind(Shape(3))
        assert refusal(kind(Shape("3"))) == "p.shape.sideCount: Expected int, got str."  # type: ignore[arg-type]


class TestModels:
    """pydantic models."""

    @pytest.fixture(autouse=True)
    def _pydantic(self) -> None:
        self.pydantic = pytest.importorskip("pydantic")

    @pytest.fixture
    def model(self) -> Any:
        pydantic = self.pydantic

        class Part(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            size: int = pydantic.Field(ge=0)
            sides: list[float] = pydantic.Field(default_factory=list)
            day: dt.date | None = None

        return Part

    def test_pydantic_writes_and_reads_them(self, model: Any) -> None:
        value = model(size=3, sides=[1.5], day=NOON.date())
        assert packed(to_literal(value)) == {"size": 3, "sides": [1.5], "day": "2026-11-22"}
        assert travelled(value, model) == value
        assert travelled([value], list[model]) == [value]
        assert same(from_literal(struct({"size": 3}), model).size, 3)

    def test_a_dict_is_accepted(self, model: Any) -> None:
        assert travelled({"size": "3"}, model) == model(size=3)

    def test_constraints_are_checked(self, model: Any) -> None:
        reason = "Input should be greater than or equal to 0."
        assert refusal({"size": -1}, model) == refusal_in_reading(msgpack({"size": -1}), model) == f"p.size: {reason}"
        assert refusal_in_reading(to_literal([{"size": 3, "sides": [1, "x"]}]), list[model]) == (
            "p[0].sides[1]: Input should be a valid number, unable to parse string as a number."
        )
        assert refusal_in_reading(msgpack({}), model) == "p.size: Field required."
        assert refusal(model.model_construct(size=-1)) == f"p.size: {reason}"

    @pytest.mark.parametrize("value", [3, None, [1]])
    def test_other_values_are_refused(self, model: Any, value: Any) -> None:
        got = "None" if value is None else type(value).__name__
        assert refusal(value, model) == f"p: expected Part, got {got}."
        assert refusal_in_reading(msgpack(value), model).startswith("p: ")

    def test_an_error_of_a_validator_is_a_refusal(self) -> None:
        pydantic = self.pydantic

        class Checked(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            size: int

            @pydantic.field_validator("size")
            @classmethod
            def check(cls, size: int) -> int:
                raise {1: ValueError, 2: RuntimeError}[size]("never")

        assert refusal_in_reading(msgpack({"size": 1}), Checked) == "p.size: Value error, never."
        assert refusal_in_reading(msgpack({"size": 2}), Checked) == "p: Checked refuses the value: never."

    def test_aliases_are_used(self) -> None:
        pydantic = self.pydantic

        class Aliased(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            size: int = pydantic.Field(alias="sizeInBytes")
            unit: str = pydantic.Field(default="B", alias="unitOfSize")

        class Outer(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            inner: Aliased
            shown: int = pydantic.Field(default=0, serialization_alias="SHOWN")

        value = Aliased(sizeInBytes=3, unitOfSize="KB")
        assert travelled(value, Aliased) == value
        assert travelled({"sizeInBytes": 3}, Aliased) == Aliased(sizeInBytes=3)
        assert travelled(Outer(inner=value), Outer) == Outer(inner=value)

    def test_a_model_populated_by_name_is_written_by_name(self) -> None:
        pydantic = self.pydantic

        class Named(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            model_config = pydantic.ConfigDict(populate_by_name=True)
            size: int = pydantic.Field(alias="sizeInBytes")

        assert packed(to_literal(Named(size=3))) == {"size": 3}
        assert travelled(Named(size=3), Named) == Named(size=3)

    def test_excluded_fields_are_not_written(self) -> None:
        pydantic = self.pydantic

        class Excluding(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            size: int
            cached: int = pydantic.Field(default=0, exclude=True)

        assert travelled(Excluding(size=1, cached=2), Excluding) == Excluding(size=1)

    def test_a_value_that_json_cannot_hold_is_refused(self) -> None:
        pydantic = self.pydantic

        class Held(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            image: bytes = b""
            share: float = 0.0

        assert refusal(Held(image=b"\xff")).startswith("p: Held cannot be written: Error serializing to JSON: ")
        assert refusal(Held(share=math.nan)) == "p.share: Input should be a valid number."

    def test_the_schema_is_that_of_pydantic(self, model: Any) -> None:
        assert schema_of(model)["required"] == ["size"]
        assert literal_type(model).structure.dataclass_type["day"] == literal_type(dt.date | None)
        assert literal_type(model | None).union_type.variants[0].structure.tag == "Pydantic Transformer"

    def test_a_type_without_a_schema_is_refused(self) -> None:
        pydantic = self.pydantic

        class Unknown:
            pass

        class Foreign(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
            it: Unknown | None = None

        for python_type in (Foreign, dataclasses.make_dataclass("Kind", [("it", Foreign)])):
            with pytest.raises(LiteralError, match=r"cannot be described: Cannot generate a JsonSchema"):
                literal_type(python_type)

    def test_a_model_may_contain_dataclasses_and_be_part_of_one(self, model: Any) -> None:
        pydantic = self.pydantic

        class Outer(pydantic.BaseModel):  # type: ignore[misc, name-defined]
            item: Item
            parts: dict[str, model]

        kind = dataclasses.make_dataclass("Kind", [("outer", Outer)])
        value = kind(Outer(item=Item(1.5), parts={"a": model(size=3)}))
        assert travelled(value, kind) == value
        assert refusal_in_reading(msgpack({"outer": {"item": {}, "parts": {}}}), kind) == (
            "p.outer.item.price: Field required."
        )


items = st.builds(
    Item,
    st.floats(allow_nan=False),
    st.lists(st.text(), max_size=3),
    st.none() | st.text(),
)
orders = st.builds(
    Order,
    st.dates(),
    st.lists(items, max_size=3),
    st.dictionaries(st.integers(-(2**63), 2**64 - 1), items, max_size=3),
    st.just(Colour.RED),
)
trees = st.recursive(
    st.builds(Node, st.integers(-(2**63), 2**63)),
    lambda inner: st.builds(Node, st.just(1), st.lists(inner, max_size=3), st.none() | inner),
    max_leaves=8,
)


@given(orders, trees)
def test_any_dataclass_comes_back(order: Order, tree: Node) -> None:
    assert same(travelled(order, Order), order)
    assert same(travelled(tree, Node), tree)
    declared = literal_type(Order)
    assert from_literal(sent(to_literal(order, declared)), Order) == order
