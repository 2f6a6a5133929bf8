"""Converting Python values to Flyte literals and back: the rules for all types."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
import functools
import operator
import os
import typing
import uuid
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, make_dataclass
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Annotated, Any, Final, NamedTuple, NewType, TypedDict, TypeVar

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core import (
    Directory,
    File,
    LiteralError,
    StructuredDataset,
    afrom_literal,
    ato_literal,
    from_literal,
    literal_type,
    to_literal,
)
from connector_core.idl import Binary, Literal, LiteralMap, LiteralType, Primitive, Scalar, SimpleType
from support.literals import msgpack, nested, primitive, refusal, refusal_in_reading, same, sent, travelled, union

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MOST = 30
"""The most levels of nesting in a value."""


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Point:
    x: int
    y: float = 0.5
    name: str | None = None


@attrs.frozen
class Size:
    width: int
    depths: list[float] = attrs.Factory(list)


class Row(TypedDict):
    day: dt.date
    amount: float


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Shape(msgspec.Struct, frozen=True):
    sides: int
    day: dt.date


class Foreign:
    """A type that Flyte does not support."""


OrderId = NewType("OrderId", int)
Unbound = TypeVar("Unbound")
Bound = TypeVar("Bound", bound=int)
KNOWN = "a scalar, list, dict, dataclass, enum, File, Directory or StructuredDataset"

VALUES: list[tuple[Any, Any]] = [
    (3, int),
    (-(2**63), int),
    (1.5, float),
    (True, bool),
    ("é", str),
    (None, type(None)),
    (None, Any),
    (NOON, dt.datetime),
    (dt.date(2026, 11, 22), dt.date),
    (dt.timedelta(days=-1, microseconds=1), dt.timedelta),
    (dt.time(1, 2, 3, 4), dt.time),
    (b"\x00\xff", bytes),
    (uuid.UUID(int=7), uuid.UUID),
    (Decimal("1.50"), Decimal),
    (Colour.RED, Colour),
    (Level.HIGH, Level),
    ("a", typing.Literal["a", "b"]),
    (2, typing.Literal[1, 2]),
    ([1, 2], list[int]),
    ([], list[int]),
    ([[1], []], list[list[int]]),
    ([1, "a", None], list),
    ([1, 2], Sequence[int]),
    ([1, 2], MutableSequence[int]),
    ((1, 2), tuple[int, ...]),
    ((), tuple[int, ...]),
    ((1, "a"), tuple),
    ({1, 2}, set[int]),
    (frozenset({1, 2}), frozenset[int]),
    (frozenset({1, 2}), AbstractSet[int]),
    ({"a": 1}, dict[str, int]),
    ({}, dict[str, int]),
    ({"a": 1}, Mapping[str, int]),
    ({"a": 1}, MutableMapping[str, int]),
    ({"a": [NOON]}, dict[str, list[dt.datetime]]),
    ({"a": 1, "b": [None, {"c": b"\x00"}]}, dict),
    ({}, dict),
    ({1: NOON.date()}, dict[int, dt.date]),
    ({Colour.RED: [1]}, dict[Colour, list[int]]),
    (None, int | None),
    (3, int | None),
    ("a", int | str),
    ([1, None], list[int | None]),
    (Point(1, 2.0, "p"), Point),
    ([Point(1)], list[Point]),
    (Size(1, [2.0]), Size),
    ({"day": NOON.date(), "amount": 2.0}, Row),
    (Pair(1), Pair),
    (Shape(3, NOON.date()), Shape),
    ((1, "a", Point(2)), tuple[int, str, Point]),
    ((), tuple[()]),
    ({"a": [1, {"b": None}]}, Any),
    ([1, [2]], object),
    (3, OrderId),
    (3, Annotated[int, "an order's number"]),
    ([3], list[Bound]),
    ([3], list[Unbound]),
    (File("s3://bucket/file"), File),
    (File("s3://bucket/file", format="csv"), Annotated[File, "csv"]),
    (Directory("s3://bucket/directory"), Directory),
    (Path(__file__), Path),
    (Path(__file__), os.PathLike),
    (StructuredDataset("s3://bucket/table", "csv"), StructuredDataset),
]
IDS = [f"{value!r:.40} as {python_type!s:.60}" for value, python_type in VALUES]


class TestRoundTrip:
    @pytest.mark.parametrize(("value", "python_type"), VALUES, ids=IDS)
    def test_a_value_of_a_known_type_comes_back(self, value: Any, python_type: Any) -> None:
        assert same(travelled(value, python_type), value)

    @pytest.mark.parametrize(("value", "python_type"), VALUES, ids=IDS)
    def test_a_value_has_its_declared_type(self, value: Any, python_type: Any) -> None:
        literal, declared = to_literal(value, python_type), literal_type(python_type)
        assert from_literal(literal, declared) == from_literal(literal)

    @pytest.mark.parametrize(("value", "python_type"), VALUES, ids=IDS)
    def test_a_value_may_be_in_a_list_or_a_map(self, value: Any, python_type: Any) -> None:
        assert same(travelled([value], list[python_type]), [value])
        assert same(travelled({"x": value}, dict[str, python_type]), {"x": value})

    @pytest.mark.parametrize(("value", "python_type"), VALUES, ids=IDS)
    def test_a_value_may_be_in_a_record(self, value: Any, python_type: Any) -> None:
        record = make_dataclass("Held", [("it", python_type)])
        again = travelled(record(value), record)
        if isinstance(value, File | StructuredDataset):  # A record keeps only some of their attributes, as in flytekit.
            assert again.it.uri == value.uri
        else:
            assert same(again.it, value)

    @pytest.mark.parametrize(("value", "python_type"), VALUES, ids=IDS)
    def test_a_value_may_be_optional(self, value: Any, python_type: Any) -> None:
        assert same(travelled(value, python_type | None), value)
        assert travelled(None, python_type | None) is None


def test_a_type_alias_is_resolved() -> None:
    make = getattr(typing, "TypeAliasType", None) or pytest.importorskip("typing_extensions").TypeAliasType
    orders = make("Orders", list[int])
    assert literal_type(orders) == literal_type(list[int])
    assert travelled([1], orders) == [1]
    assert travelled([[1]], list[orders]) == [[1]]


async def _both(value: Any, python_type: Any) -> Any:
    return await afrom_literal(sent(await ato_literal(value, python_type)), python_type)


@pytest.mark.parametrize(("value", "python_type"), VALUES[:8] + VALUES[-6:])
def test_the_async_functions_give_the_same_results(value: Any, python_type: Any) -> None:
    assert same(asyncio.run(_both(value, python_type)), value)


class TestErrors:
    @pytest.mark.parametrize(
        ("value", "path"),
        [
            (Foreign(), "p"),
            ([1, Foreign()], "p[1]"),
            ((1, Foreign()), "p[1]"),
            ({"x": {"y": [Foreign()]}}, "p.x.y[0]"),
        ],
    )
    def test_the_error_names_the_path_of_an_unsupported_value(self, value: Any, path: str) -> None:
        assert (
            refusal(value)
            == f"{path}: Foreign is not a type that Flyte supports; use {KNOWN}, or add a LiteralConverter."
        )

    @pytest.mark.parametrize("python_type", [Foreign, list[Foreign], dict[str, Foreign], tuple[Foreign | None]])
    def test_an_unsupported_type_is_refused_everywhere(self, python_type: Any) -> None:
        reason = f"Foreign is not a type that Flyte supports; use {KNOWN}, or add a LiteralConverter."
        assert refusal([], python_type) == refusal_in_reading(to_literal([]), python_type) == f"p: {reason}"
        with pytest.raises(LiteralError) as refused:
            literal_type(python_type)
        assert str(refused.value) == reason

    @pytest.mark.parametrize("python_type", ["int", 3, [int], typing.ClassVar[int], typing.Generic])
    def test_an_object_that_is_not_a_type_is_refused(self, python_type: Any) -> None:
        assert "is not a type that Flyte supports; use a scalar" in refusal(3, python_type)

    def test_without_a_path_the_message_has_no_prefix(self) -> None:
        with pytest.raises(LiteralError, match=r"^expected int, got str\.$"):
            to_literal("3", int)
        with pytest.raises(LiteralError, match=r"^\[1\]: expected int, got str\.$") as refused:
            to_literal([3, "3"], list[int])
        assert refused.value.path == "[1]"

    def test_the_path_starts_with_the_given_one(self) -> None:
        with pytest.raises(LiteralError) as refused:
            to_literal([{"price": "1"}], list[dict[str, float]], path="outputs.rows")
        assert refused.value.path == "outputs.rows[0].price"
        assert refused.value.reason == "expected float, got str."

    def test_an_object_that_is_not_a_literal_cannot_be_read(self) -> None:
        with pytest.raises(LiteralError, match=r"^inputs\.x: expected a Literal, got int\.$"):
            from_literal(3, path="inputs.x")  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "literal",
        [Literal(), Literal(scalar=Scalar()), Literal(scalar=Scalar(primitive=Primitive()))],
        ids=["nothing", "a scalar of nothing", "a primitive of nothing"],
    )
    def test_a_literal_without_a_value_is_refused(self, literal: Literal) -> None:
        assert refusal_in_reading(literal) == "p: the literal holds no value."
        assert refusal_in_reading(literal, dict) == "p: the literal holds no value."
        for python_type, name in [(int, "int"), (list[int], "list[int]"), (bytes, "bytes"), (Point, "Point")]:
            assert refusal_in_reading(literal, python_type).startswith(f"p: expected {name}, got ")

    def test_malformed_msgpack_is_refused(self) -> None:
        literal = Literal(scalar=Scalar(binary=Binary(value=b"\xc1", tag="msgpack")))
        assert refusal_in_reading(literal).startswith("p: the msgpack bytes are malformed: ")
        assert refusal_in_reading(literal, Point).startswith("p: the msgpack bytes are malformed: ")

    def test_msgpack_with_a_map_as_a_key_is_refused(self) -> None:
        literal = Literal(scalar=Scalar(binary=Binary(value=b"\x81\x80\x01", tag="msgpack")))
        assert refusal_in_reading(literal).startswith("p: the msgpack bytes are malformed: ")

    def test_bytes_of_another_format_stay_a_literal(self) -> None:
        literal = Literal(scalar=Scalar(binary=Binary(value=b"x", tag="cbor")))
        assert from_literal(literal) is literal
        reason = "the bytes have the format 'cbor', which is not supported; expected 'msgpack'."
        assert refusal_in_reading(literal, dict[int, int]) == refusal_in_reading(literal, bytes) == f"p: {reason}"

    def test_an_error_of_a_values_methods_is_a_refusal(self) -> None:
        class Lazy(dict[str, int]):
            def items(self) -> Any:
                raise OSError("the file is closed")

        assert refusal(Lazy(), dict[str, int], path="outputs.x") == "outputs.x: OSError: the file is closed."

        class Unhashed:
            def __hash__(self) -> int:
                raise RuntimeError("it is open")

        record = make_dataclass("Held", [], bases=(Unhashed,), eq=False)
        assert refusal_in_reading(msgpack([{}]), set[record]) == "p: RuntimeError: it is open."  # type: ignore[valid-type]

    def test_an_infinitely_recursive_type_is_refused(self) -> None:
        endless: Any = NewType("endless", int)
        endless.__supertype__ = list[endless]
        with pytest.raises(LiteralError, match="endless is infinitely recursive; use a dataclass"):
            literal_type(endless)
        assert refusal([], endless) == refusal_in_reading(to_literal([]), endless) == "p: nested too deeply."


class TestDeclaredTypes:
    @pytest.mark.parametrize(
        ("python_type", "simple"),
        [
            (int, SimpleType.INTEGER),
            (float, SimpleType.FLOAT),
            (bool, SimpleType.BOOLEAN),
            (str, SimpleType.STRING),
            (None, SimpleType.NONE),
            (type(None), SimpleType.NONE),
            (dt.datetime, SimpleType.DATETIME),
            (dt.date, SimpleType.DATETIME),
            (dt.timedelta, SimpleType.DURATION),
            (bytes, SimpleType.BINARY),
            (uuid.UUID, SimpleType.STRING),
            (Decimal, SimpleType.STRING),
            (dt.time, SimpleType.STRING),
            (OrderId, SimpleType.INTEGER),
            (Annotated[int, "an order's number"], SimpleType.INTEGER),
            (Final[int], SimpleType.INTEGER),
            (Bound, SimpleType.INTEGER),
        ],
    )
    def test_simple_types(self, python_type: Any, simple: int) -> None:
        assert literal_type(python_type) == LiteralType(simple=simple)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "python_type",
        [dict, dict[int, str], Any, object, Unbound, tuple[int, str], tuple[()], Point, Size, Row, Pair, Shape],
    )
    def test_types_written_as_msgpack_are_structs_with_an_annotation(self, python_type: Any) -> None:
        declared = literal_type(python_type)
        assert declared.simple == SimpleType.STRUCT
        assert declared.annotation.annotations["cache-key-metadata"]["serialization-format"] == "msgpack"

    def test_a_literal_type_is_returned_unchanged(self) -> None:
        declared = LiteralType(simple=SimpleType.STRUCT)
        assert literal_type(declared) is declared

    def test_changes_to_a_returned_type_have_no_effect(self) -> None:
        literal_type(list[int]).collection_type.simple = SimpleType.STRING
        literal_type(Point).metadata.Clear()
        assert literal_type(list[int]).collection_type.simple == SimpleType.INTEGER
        assert literal_type(Point).metadata["title"] == "Point"

    def test_a_literal_of_any_type_needs_a_literal_type(self) -> None:
        for python_type in (Literal, list[LiteralMap]):
            with pytest.raises(LiteralError, match=r"^a Literal may have any type; declare its LiteralType"):
                literal_type(python_type)


class TestDepth:
    @pytest.mark.parametrize("kind", ["list", "dict"])
    @pytest.mark.parametrize(
        ("leaf", "declared"),
        [
            (NOON, "nothing"),
            (NOON, "its type"),
            (NOON, "a LiteralType"),
            (3, "nothing"),
            (3, "its type"),
            (3, "a LiteralType"),
            (3, "Any"),
        ],
    )
    def test_30_levels_of_lists_and_dicts_come_back_and_31_are_refused(
        self, kind: str, leaf: Any, declared: str
    ) -> None:
        def typed(depth: int) -> Any:
            held: Any = type(leaf)
            for _ in range(depth):
                held = list[held] if kind == "list" else dict[str, held]
            return {"nothing": None, "its type": held, "a LiteralType": literal_type(held), "Any": Any}[declared]

        value = nested(MOST, leaf, kind)
        assert from_literal(_through_a_response(to_literal(value, typed(MOST))), typed(MOST)) == value
        step = "[0]" if kind == "list" else ".x"
        too_deep = nested(MOST + 1, leaf, kind)
        assert refusal(too_deep, typed(MOST + 1)) == f"p{step * MOST}: nested deeper than 30 levels."

    @pytest.mark.parametrize("python_type", [None, int, int | None])
    def test_30_nested_unions_are_read_and_31_are_refused(self, python_type: Any) -> None:
        literal = primitive(integer=1)
        for _ in range(MOST):
            literal = union(literal)
        assert from_literal(_through_a_response(literal), python_type) == 1
        assert refusal_in_reading(union(literal), python_type).startswith("p: ")

    def test_30_nested_unions_are_written_and_31_are_refused(self) -> None:
        declared = literal_type(int)
        for _ in range(MOST):
            declared = LiteralType(union_type={"variants": [declared]})
        assert from_literal(_through_a_response(to_literal(1, declared))) == 1
        assert refusal(1, LiteralType(union_type={"variants": [declared]})).startswith("p: ")

    @pytest.mark.parametrize("kind", ["collection", "map"])
    @pytest.mark.parametrize("python_type", [None, Any])
    def test_a_literal_that_is_nested_too_deeply_is_refused(self, kind: str, python_type: Any) -> None:
        literal = primitive(integer=1)
        for _ in range(MOST + 1):
            outer = Literal()
            if kind == "collection":
                outer.collection.literals.append(literal)
            else:
                outer.map.literals["x"].CopyFrom(literal)
            literal = outer
        step = "[0]" if kind == "collection" else ".x"
        assert refusal_in_reading(literal, python_type) == f"p{step * MOST}: nested deeper than 30 levels."

    @pytest.mark.parametrize("python_type", [None, Any, list])
    def test_a_list_that_contains_itself_is_refused(self, python_type: Any) -> None:
        value: list[Any] = []
        value.append(value)
        assert refusal(value, python_type) == f"p{'[0]' * MOST}: nested deeper than 30 levels."

    @pytest.mark.parametrize("python_type", [None, Any, dict])
    def test_a_dict_that_contains_itself_is_refused(self, python_type: Any) -> None:
        value: dict[str, Any] = {}
        value["x"] = value
        assert refusal(value, python_type) == f"p{'.x' * MOST}: nested deeper than 30 levels."

    @pytest.mark.parametrize("python_type", [None, Any, list[int], dict[str, int], Point])
    def test_msgpack_and_structs_of_any_depth_give_a_value_or_a_refusal(self, python_type: Any) -> None:
        deep = Literal(scalar=Scalar(binary=Binary(value=b"\x91" * 100_000 + b"\x01", tag="msgpack")))
        assert refusal_in_reading(deep, python_type) == "p: nested too deeply."
        deep = Literal()
        value = deep.scalar.generic.fields["x"]
        for _ in range(2_000):
            value = value.list_value.values.add()
        assert refusal_in_reading(deep, python_type) == "p: nested too deeply."

    def test_an_interface_of_any_depth_gives_a_type_or_a_refusal(self) -> None:
        declared = inner = LiteralType()
        for _ in range(5_000):
            inner = inner.collection_type
        inner.simple = SimpleType.INTEGER
        assert refusal([], declared) == refusal_in_reading(to_literal([]), declared) == "p: nested too deeply."


def _through_a_response(literal: Literal) -> Literal:
    """Return the literal as Flyte gets it in a response, which protobuf must parse."""
    from flyteidl.admin.agent_pb2 import ExecuteTaskSyncResponse

    answer = ExecuteTaskSyncResponse()
    answer.header.resource.outputs.literals["x"].CopyFrom(literal)
    answer = ExecuteTaskSyncResponse.FromString(answer.SerializeToString())
    return answer.header.resource.outputs.literals["x"]


class TestEqualTypes:
    """Types that are equal in Python and differ in Flyte."""

    @pytest.mark.parametrize("wrapped", [lambda one: one, lambda one: list[one], lambda one: dict[str, list[one]]])
    def test_a_union_keeps_its_order(self, wrapped: Any) -> None:
        def order(python_type: Any) -> list[int]:
            declared = literal_type(python_type)
            while not declared.HasField("union_type"):
                declared = declared.collection_type if declared.HasField("collection_type") else declared.map_value_type
            return [variant.simple for variant in declared.union_type.variants]

        assert wrapped(int | str) == wrapped(str | int)
        for _ in range(2):
            assert order(wrapped(int | str)) == [SimpleType.INTEGER, SimpleType.STRING]
            assert order(wrapped(str | int)) == [SimpleType.STRING, SimpleType.INTEGER]

    def test_a_literal_keeps_its_order(self) -> None:
        def values(python_type: Any) -> list[Any]:
            return list(literal_type(python_type).annotation.annotations["literal_values"])

        for _ in range(2):
            assert values(typing.Literal["a", "b"]) == ["a", "b"]
            assert values(typing.Literal["b", "a"]) == ["b", "a"]

    @pytest.mark.parametrize("wrapped", [lambda one: tuple[one], lambda one: dict[int, one], lambda one: one | None])
    def test_a_container_keeps_the_order_of_its_union(self, wrapped: Any) -> None:
        assert refusal(b"", wrapped(int | str)) != refusal(b"", wrapped(str | int))


class TestThreads:
    def test_16_threads_use_new_types_at_the_same_time(self) -> None:
        start = Barrier(16)
        records = [make_dataclass(f"New{number}", [("x", list[int]), ("y", "int | str")]) for number in range(50)]

        def meet(_: int) -> list[bool]:
            start.wait()
            return [
                same(travelled([record([1], "a")], list[record]), [record([1], "a")])  # type: ignore[valid-type]
                and literal_type(dict[str, record]).map_value_type.metadata["title"] == record.__name__  # type: ignore[valid-type]
                for record in records
            ]

        with ThreadPoolExecutor(16) as pool:
            assert all(all(known) for known in pool.map(meet, range(16)))

    def test_more_types_than_the_cache_holds_can_be_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("connector_core.literals.types._MOST_KINDS", 3)
        for number in range(10):
            record = make_dataclass(f"Passing{number}", [("x", int)])
            assert travelled(record(1), record) == record(1)


integers = st.integers(-(2**63), 2**63 - 1)
SCALARS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, integers),
    (float, st.floats(allow_nan=False)),
    (bool, st.booleans()),
    (str, st.text()),
    (type(None), st.none()),
    (dt.datetime, st.datetimes(timezones=st.just(dt.UTC))),
    (dt.date, st.dates()),
    (dt.time, st.times()),
    # A record holds a duration as a float of seconds, as in flytekit, which is exact for 285 years.
    (dt.timedelta, st.timedeltas(dt.timedelta(days=-99_000), dt.timedelta(days=99_000))),
    (bytes, st.binary()),
    (uuid.UUID, st.uuids()),
    (Decimal, st.decimals(allow_nan=False)),
    (Colour, st.sampled_from(Colour)),
    (Level, st.sampled_from(Level)),
    (typing.Literal["a", "b"], st.sampled_from(["a", "b"])),
    (File, st.builds(File, st.text(st.characters(codec="ascii", categories=["L"])).map("s3://bucket/{}".format))),
]
HASHED = [each for each in SCALARS if each[0] not in (bool, float, type(None), File)]
Made = tuple[Any, st.SearchStrategy[Any]]


def _wrapped(inner: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    return st.one_of(
        inner.map(lambda made: (list[made[0]], st.lists(made[1], max_size=3))),  # type: ignore[name-defined]
        inner.map(lambda made: (tuple[made[0], ...], st.lists(made[1], max_size=3).map(tuple))),  # type: ignore[name-defined]
        inner.map(lambda made: (dict[str, made[0]], st.dictionaries(st.text(), made[1], max_size=3))),  # type: ignore[name-defined]
        inner.map(lambda made: (made[0] | None, st.none() | made[1])),
        st.tuples(st.sampled_from(HASHED), inner).map(
            lambda made: (dict[made[0][0], made[1][0]], st.dictionaries(made[0][1], made[1][1], max_size=3))  # type: ignore[name-defined]
        ),
        st.sampled_from(HASHED).map(lambda made: (set[made[0]], st.sets(made[1], max_size=3))),  # type: ignore[name-defined]
        st.sampled_from(HASHED).map(lambda made: (frozenset[made[0]], st.frozensets(made[1], max_size=3))),  # type: ignore[name-defined]
        st.tuples(inner, inner).map(
            lambda made: (tuple[made[0][0], made[1][0]], st.tuples(made[0][1], made[1][1]))  # type: ignore[name-defined]
        ),
        st.lists(inner, min_size=1, max_size=3).map(_record),
    )


def _record(fields: list[Made]) -> Made:
    names = "abc"[: len(fields)]
    record = make_dataclass("Generated", [(name, made[0]) for name, made in zip(names, fields, strict=True)])
    return record, st.builds(record, **{name: made[1] for name, made in zip(names, fields, strict=True)})


typed_values = st.recursive(st.sampled_from(SCALARS), _wrapped, max_leaves=4)
# An interface declares these types only as str or int.
DECLARED = [each for each in SCALARS if each[0] not in (uuid.UUID, Decimal, dt.time, Level)]
unions = st.lists(st.sampled_from(DECLARED), min_size=2, max_size=4).map(
    lambda variants: (
        functools.reduce(operator.or_, (made[0] for made in variants)),
        st.one_of(*(made[1] for made in variants)),
    )
)
declared_values = st.recursive(
    st.sampled_from(DECLARED) | unions | st.lists(typed_values, min_size=1, max_size=3).map(_record),
    lambda inner: st.one_of(
        inner.map(lambda made: (list[made[0]], st.lists(made[1], max_size=3))),  # type: ignore[name-defined]
        inner.map(lambda made: (dict[str, made[0]], st.dictionaries(st.text(), made[1], max_size=3))),  # type: ignore[name-defined]
        inner.map(lambda made: (made[0] | None, st.none() | made[1])),
    ),
    max_leaves=4,
)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
    max_leaves=8,
)


@given(typed_values, st.data())
def test_a_value_of_its_declared_type_comes_back(made: Made, data: st.DataObject) -> None:
    python_type, values = made
    value = data.draw(values)
    assert same(travelled(value, python_type), value)


@given(declared_values, st.data())
def test_a_value_of_the_type_that_an_interface_declares_comes_back(made: Made, data: st.DataObject) -> None:
    python_type, values = made
    value = data.draw(values)
    declared = LiteralType.FromString(literal_type(python_type).SerializeToString())
    literal = sent(to_literal(value, declared))
    assert same(from_literal(literal, python_type), value)
    # A value that was read without the Python type can be written again.
    read = from_literal(literal, declared)
    assert same(from_literal(sent(to_literal(read, declared)), declared), read)


@given(st.dictionaries(st.text(), plain_values, max_size=3))
def test_a_plain_dict_comes_back(value: dict[str, Any]) -> None:
    assert same(travelled(value), value)
    assert same(travelled(value, dict), value)
    assert same(travelled(value, literal_type(dict)), value)


@given(plain_values)
def test_plain_data_comes_back(value: Any) -> None:
    assert same(travelled(value, Any), value)


@given(anything)
def test_anything_becomes_a_literal_or_is_refused(value: Any) -> None:
    try:
        literal = to_literal(value)
    except LiteralError:
        return
    from_literal(sent(literal))


@given(
    st.binary(max_size=40) | plain_values.map(lambda value: msgpack(value).scalar.binary.value),
    st.sampled_from([None, *{str(python_type): python_type for _, python_type in VALUES}.values()]),
)
def test_any_msgpack_gives_a_value_or_a_refusal(value: bytes, python_type: Any) -> None:
    try:
        from_literal(Literal(scalar=Scalar(binary=Binary(value=value, tag="msgpack"))), python_type)
    except LiteralError:
        pass


@given(anything, st.sampled_from([None, *{str(python_type): python_type for _, python_type in VALUES}.values()]))
def test_any_value_is_of_a_type_or_refused(value: Any, python_type: Any) -> None:
    for declared in (python_type, literal_type(python_type)):
        try:
            literal = to_literal(value, declared)
        except LiteralError:
            continue
        from_literal(sent(literal), declared)
