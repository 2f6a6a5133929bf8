"""Python values to Flyte literals, and back."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core import LiteralError, from_literal, from_literal_map, literal_type, to_literal, to_literal_map
from connector_core.idl import (
    Binary,
    Blob,
    Duration,
    Literal,
    LiteralCollection,
    LiteralMap,
    LiteralType,
    Primitive,
    Scalar,
    SimpleType,
    Struct,
    StructuredDataset,
    Timestamp,
    Void,
)

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
VALUES: list[tuple[Any, Any]] = [
    (3, int),
    (-(2**63), int),
    (1.5, float),
    (True, bool),
    ("é", str),
    (None, type(None)),
    (NOON, dt.datetime),
    (dt.timedelta(days=-1, microseconds=1), dt.timedelta),
    ([1, 2], list[int]),
    ([], list[int]),
    ([[1], []], list[list[int]]),
    ({"a": 1}, dict[str, int]),
    ({}, dict[str, int]),
    ({"a": [NOON]}, dict[str, list[dt.datetime]]),
    ({"a": 1, "b": [None, {"c": b"\x00"}]}, dict),
    ({}, dict),
]


def primitive(**value: Any) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(**value)))


class TestRoundTrip:
    @pytest.mark.parametrize(("value", "python_type"), VALUES, ids=repr)
    def test_a_value_of_a_known_type_comes_back(self, value: Any, python_type: Any) -> None:
        again = from_literal(to_literal(value, python_type), python_type)
        assert again == value
        assert type(again) is type(value)

    @pytest.mark.parametrize(("value", "python_type"), VALUES, ids=repr)
    def test_it_comes_back_without_its_type_too(self, value: Any, python_type: Any) -> None:
        assert from_literal(to_literal(value)) == value

    def test_a_date_is_midnight_in_utc(self) -> None:
        literal = to_literal(dt.date(2026, 11, 22))
        assert from_literal(literal) == dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
        assert from_literal(literal, dt.date) == dt.date(2026, 11, 22)

    def test_a_datetime_without_a_zone_is_one_in_utc(self) -> None:
        assert from_literal(to_literal(dt.datetime(2026, 11, 22, 12))) == NOON

    def test_nothing_is_altered_that_float_can_hold(self) -> None:
        for value in (math.inf, -math.inf, 0.1):
            assert from_literal(to_literal(value)) == value
        assert math.isnan(from_literal(to_literal(math.nan)))

    def test_an_integer_in_a_dict_stays_one(self) -> None:
        assert repr(from_literal(to_literal({"x": 3}))) == "{'x': 3}"

    def test_a_dict_of_what_msgpack_cannot_hold_is_a_map(self) -> None:
        assert to_literal({"at": NOON}).WhichOneof("value") == "map"
        assert from_literal(to_literal({"at": NOON, "x": 1})) == {"at": NOON, "x": 1}

    def test_a_plain_dict_is_written_as_flytekit_writes_it(self) -> None:
        binary = to_literal({"x": 1}).scalar.binary
        assert (binary.tag, msgspec.msgpack.decode(binary.value)) == ("msgpack", {"x": 1})


class TestPassingThrough:
    def test_a_literal_stays_itself_wherever_it_stands(self) -> None:
        literal = primitive(integer=1)
        assert to_literal(literal) is literal
        assert to_literal(literal, str) is literal
        assert to_literal([literal]).collection.literals[0] == literal
        assert to_literal({"x": literal}).map.literals["x"] == literal

    def test_a_literal_map_is_a_map(self) -> None:
        literals = LiteralMap(literals={"x": primitive(integer=1)})
        assert to_literal(literals).map == literals
        assert to_literal_map(literals) is literals

    def test_a_literal_can_be_asked_for(self) -> None:
        literal = primitive(integer=1)
        assert from_literal(literal, Literal) is literal

    @pytest.mark.parametrize(
        "scalar",
        [Scalar(blob=Blob(uri="s3://b/x")), Scalar(structured_dataset=StructuredDataset(uri="s3://b/t"))],
        ids=["blob", "structured dataset"],
    )
    def test_what_stands_for_something_elsewhere_is_given_as_it_is(self, scalar: Scalar) -> None:
        literal = Literal(scalar=scalar)
        assert from_literal(literal) is literal

    def test_an_offloaded_literal_is_given_as_it_is(self) -> None:
        literal = Literal()
        literal.offloaded_metadata.uri = "s3://b/l"
        assert from_literal(literal) is literal


class TestReading:
    """What Flyte's other parts write."""

    def test_the_console_writes_numbers_of_either_kind(self) -> None:
        assert from_literal(primitive(float_value=3.0), int) == 3
        assert isinstance(from_literal(primitive(integer=3), float), float)

    def test_a_struct_is_a_dict(self) -> None:
        struct = Struct()
        struct.update({"x": "y"})
        literal = Literal(scalar=Scalar(generic=struct))
        assert from_literal(literal) == from_literal(literal, dict) == {"x": "y"}

    def test_a_union_is_its_value(self) -> None:
        literal = Literal()
        literal.scalar.union.value.CopyFrom(primitive(integer=3))
        assert from_literal(literal) == 3

    def test_a_declared_map_holds_its_type(self) -> None:
        literal = Literal(map=LiteralMap(literals={"x": primitive(integer=3)}))
        assert repr(from_literal(literal, dict[str, float])) == "{'x': 3.0}"

    @pytest.mark.parametrize(
        ("literal", "python_type", "message"),
        [
            (primitive(string_value="3"), int, r"^p: expected int, got str\.$"),
            (primitive(float_value=3.5), int, r"^p: expected int, got float\.$"),
            (primitive(boolean=True), int, r"^p: expected int, got bool\.$"),
            (primitive(boolean=True), float, r"^p: expected float, got bool\.$"),
            (primitive(integer=1), str, r"^p: expected str, got int\.$"),
            (Literal(scalar=Scalar(none_type=Void())), int, r"^p: expected int, got None\.$"),
            (primitive(integer=1), list[int], r"^p: expected list, got integer\.$"),
            (primitive(integer=1), dict[str, int], r"^p: expected dict, got integer\.$"),
            (Literal(collection=LiteralCollection()), dict, r"^p: expected dict, got collection\.$"),
            (Literal(scalar=Scalar(none_type=Void())), list[int], r"^p: expected list, got none_type\.$"),
            (to_literal([1, "x"]), list[int], r"^p\[1\]: expected int, got str\.$"),
            (to_literal({"a": "x"}, dict[str, str]), dict[str, int], r"^p\.a: expected int, got str\.$"),
            (primitive(integer=1), object, r"^p: cannot read a object; ask for int, .*, or add a LiteralConverter"),
            (primitive(integer=1), int | None, r"^p: cannot read a int \| None; ask for"),
            (Literal(), None, r"^p: the literal holds no value\.$"),
            (Literal(scalar=Scalar()), None, r"^p: the literal holds no value\.$"),
            (Literal(scalar=Scalar(primitive=Primitive())), None, r"^p: the literal holds no value\.$"),
            (
                Literal(scalar=Scalar(binary=Binary(value=b"\xc1", tag="msgpack"))),
                None,
                r"^p: its msgpack bytes are malformed: ",
            ),
            (primitive(datetime=Timestamp(seconds=10**15)), None, r"^p: the datetime is out of range: "),
            (primitive(duration=Duration(seconds=10**17)), None, r"^p: the duration is out of range: "),
        ],
    )
    def test_what_is_of_another_type_or_malformed_is_refused(
        self, literal: Literal, python_type: Any, message: str
    ) -> None:
        with pytest.raises(LiteralError, match=message) as e:
            from_literal(literal, python_type, path="p")
        assert e.value.path.startswith("p")

    def test_binary_of_another_tag_is_given_as_it_is(self) -> None:
        literal = Literal(scalar=Scalar(binary=Binary(value=b"x", tag="other")))
        assert from_literal(literal) is literal


class TestWriting:
    @pytest.mark.parametrize(
        ("value", "python_type", "message"),
        [
            ("3", int, r"^p: expected int, got str\.$"),
            (True, int, r"^p: expected int, got bool\.$"),
            (True, float, r"^p: expected float, got bool\.$"),
            (1, str, r"^p: expected str, got int\.$"),
            (None, str, r"^p: expected str, got None\.$"),
            (3, list[int], r"^p: expected list, got int\.$"),
            ((1, 2), list[int], r"^p: expected list, got tuple\.$"),
            ([1], dict[str, int], r"^p: expected dict, got list\.$"),
            ([1, "x"], list[int], r"^p\[1\]: expected int, got str\.$"),
            ({"a": [1, None]}, dict[str, list[int]], r"^p\.a\[1\]: expected int, got None\.$"),
            ({1: 1}, dict[str, int], r"^p: a name must be a str, got 1\.$"),
            ({1: NOON}, None, r"^p: a name must be a str, got 1\.$"),
            (2**63, int, r"^p: 9223372036854775808 is out of the range that Flyte can hold: "),
            (10**400, float, r"^p: 1000.* is out of the range that Flyte can hold: "),
            (
                dt.timedelta.max,
                dt.timedelta,
                r"out of the range that Flyte can hold: a duration is at most 10,000 years",
            ),
            ("\ud800", str, r"^p: the text is no valid Unicode: surrogates not allowed\.$"),
            ({"x": 2**64}, dict, r"^p: it cannot be written: "),
            ({"x": "\ud800"}, dict, r"^p: it cannot be written: "),
            (
                object(),
                None,
                r"^p: object is no type that Flyte has; use int, float, .*, or add a LiteralConverter for it\.$",
            ),
            (b"x", None, r"^p: bytes is no type that Flyte has; use int"),
            ((1,), None, r"^p: tuple is no type that Flyte has; use int"),
            ({1, 2}, None, r"^p: set is no type that Flyte has; use int"),
            ([object()], None, r"^p\[0\]: object is no type that Flyte has"),
            ({"x": {"y": object()}}, None, r"^p\.x\.y: object is no type that Flyte has"),
            (1, int | str, r"^p: int \| str is no type that Flyte has"),
        ],
    )
    def test_what_is_of_another_type_is_refused_by_its_path(self, value: Any, python_type: Any, message: str) -> None:
        with pytest.raises(LiteralError, match=message) as e:
            to_literal(value, python_type, path="p")
        assert e.value.path.startswith("p")

    def test_without_a_path_the_message_stands_alone(self) -> None:
        with pytest.raises(LiteralError, match=r"^expected int, got str\.$"):
            to_literal("3", int)

    def test_an_integer_is_good_for_a_float(self) -> None:
        assert from_literal(to_literal(3, float)) == 3.0

    @pytest.mark.parametrize("kind", ["list", "dict", "itself"])
    def test_what_is_nested_too_deep_is_refused(self, kind: str) -> None:
        value: Any = NOON
        for _ in range(50):
            value = [value] if kind == "list" else {"x": value}
        if kind == "itself":
            value = []
            value.append(value)
        with pytest.raises(LiteralError, match="nested deeper than 40 levels"):
            to_literal(value)

    def test_a_plain_dict_that_is_nested_too_deep_is_refused(self) -> None:
        value: dict[str, Any] = {}
        for _ in range(50):
            value = {"x": value}
        with pytest.raises(LiteralError, match="nested deeper than 40 levels"):
            to_literal(value)

    @pytest.mark.parametrize("kind", ["collection", "map", "union"])
    def test_a_literal_that_is_nested_too_deep_is_refused(self, kind: str) -> None:
        literal = primitive(integer=1)
        for _ in range(45):
            outer = Literal()
            if kind == "collection":
                outer.collection.literals.append(literal)
            elif kind == "map":
                outer.map.literals["x"].CopyFrom(literal)
            else:
                outer.scalar.union.value.CopyFrom(literal)
            literal = outer
        with pytest.raises(LiteralError, match="nested deeper than 40 levels"):
            from_literal(literal)


class TestMaps:
    def test_values_by_name_become_literals_by_name(self) -> None:
        literals = to_literal_map({"x": 1, "y": ["a"]})
        assert from_literal_map(literals) == {"x": 1, "y": ["a"]}

    def test_the_result_has_the_declared_order(self) -> None:
        types = {"b": int, "a": str}
        literals = to_literal_map({"a": "x", "b": 1}, types)
        assert list(from_literal_map(literals, types).items()) == [("b", 1), ("a", "x")]

    @pytest.mark.parametrize(
        ("values", "types", "message"),
        [
            ({"x": 1, "z": 2}, {"x": int}, r"^inputs\.z: there is no such name; declared are: x\.$"),
            ({"x": 1}, {}, r"^inputs\.x: there is no such name; none is declared\.$"),
            ({}, {"x": int}, r"^inputs\.x: a value is missing, expected int\.$"),
            ({}, {"x": list[int]}, r"^inputs\.x: a value is missing, expected list\[int\]\.$"),
            ({"x": "1"}, {"x": int}, r"^inputs\.x: expected int, got str\.$"),
            ({3: 1}, None, r"^inputs: a name must be a str, got 3\.$"),
            ([1], None, r"^inputs: expected values by name, got list\.$"),
        ],
    )
    def test_names_and_types_are_checked(self, values: Any, types: Any, message: str) -> None:
        with pytest.raises(LiteralError, match=message):
            to_literal_map(values, types, path="inputs")

    def test_no_map_is_as_good_as_an_empty_one(self) -> None:
        assert from_literal_map(None) == {}

    def test_a_declared_name_that_is_missing_is_told(self) -> None:
        with pytest.raises(LiteralError, match=r"^outputs\.x: .*missing"):
            from_literal_map(LiteralMap(), {"x": int}, path="outputs")

    def test_a_literal_of_another_type_is_named(self) -> None:
        with pytest.raises(LiteralError, match=r"^x: expected int, got str\.$"):
            from_literal_map(to_literal_map({"x": "1"}), {"x": int})


class TestTypes:
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
        ],
    )
    def test_simple_types(self, python_type: Any, simple: int) -> None:
        assert literal_type(python_type) == LiteralType(simple=simple)  # type: ignore[arg-type]

    def test_lists_and_maps_say_what_they_hold(self) -> None:
        assert literal_type(list[list[int]]).collection_type.collection_type.simple == SimpleType.INTEGER
        assert literal_type(dict[str, float]).map_value_type.simple == SimpleType.FLOAT

    @pytest.mark.parametrize("python_type", [dict, dict[int, str]])
    def test_another_dict_is_a_struct_in_msgpack(self, python_type: Any) -> None:
        kind = literal_type(python_type)
        assert kind.simple == SimpleType.STRUCT
        assert kind.annotation.annotations["cache-key-metadata"]["serialization-format"] == "msgpack"

    def test_a_literal_type_stays_itself(self) -> None:
        kind = LiteralType(simple=SimpleType.STRUCT)
        assert literal_type(kind) is kind

    def test_a_bare_list_is_refused(self) -> None:
        with pytest.raises(LiteralError, match=r"^a list must say what it holds, such as list\[int\]\.$"):
            literal_type(list)

    @pytest.mark.parametrize("python_type", [object, bytes, int | None, tuple[int], "int", 3])
    def test_an_unknown_type_is_refused(self, python_type: Any) -> None:
        with pytest.raises(
            LiteralError, match=r"^no literal type for .*; use int, .*, or add a LiteralConverter for it\.$"
        ):
            literal_type(python_type)


scalars: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers(-(2**63), 2**63 - 1)),
    (float, st.floats(allow_nan=False)),
    (bool, st.booleans()),
    (str, st.text()),
    (type(None), st.none()),
    (dt.datetime, st.datetimes(timezones=st.just(dt.UTC))),
    (dt.date, st.dates()),
    (dt.timedelta, st.timedeltas(dt.timedelta(days=-3_000_000), dt.timedelta(days=3_000_000))),
]
typed_values = st.recursive(
    st.sampled_from(scalars),
    lambda inner: inner.flatmap(
        lambda made: st.sampled_from(
            [
                (list[made[0]], st.lists(made[1], max_size=3)),  # type: ignore[name-defined]
                (dict[str, made[0]], st.dictionaries(st.text(), made[1], max_size=3)),  # type: ignore[name-defined]
            ]
        )
    ),
    max_leaves=3,
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
def test_a_value_of_its_declared_type_comes_back(made: tuple[Any, st.SearchStrategy[Any]], data: st.DataObject) -> None:
    python_type, values = made
    value = data.draw(values)
    literal = Literal.FromString(to_literal(value, python_type).SerializeToString())
    assert from_literal(literal, python_type) == value


@given(st.dictionaries(st.text(), plain_values, max_size=3))
def test_a_plain_dict_comes_back(value: dict[str, Any]) -> None:
    literal = Literal.FromString(to_literal(value).SerializeToString())
    assert from_literal(literal, dict) == value


@given(anything)
def test_anything_becomes_a_literal_or_is_refused(value: Any) -> None:
    try:
        literal = to_literal(value)
    except LiteralError:
        return
    assert isinstance(Literal.FromString(literal.SerializeToString()), Literal)


@given(st.binary(max_size=40), st.sampled_from([None, int, list[int], dict[str, int], dict]))
def test_any_msgpack_gives_a_value_or_a_refusal(value: bytes, python_type: Any) -> None:
    try:
        from_literal(Literal(scalar=Scalar(binary=Binary(value=value, tag="msgpack"))), python_type)
    except LiteralError:
        pass
