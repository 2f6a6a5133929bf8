"""Literals of numbers, str, times, bytes, enums and Literal[...]."""

from __future__ import annotations

import datetime as dt
import enum
import math
import typing
import uuid
from base64 import encodebytes
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core import from_literal, literal_type, to_literal
from connector_core.idl import Binary, Duration, Literal, LiteralType, Scalar, SimpleType, Timestamp, Void
from connector_core.secrets import Secret
from support.literals import msgpack, packed, primitive, refusal, refusal_in_reading, same, struct, travelled

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 11, 22)
BERLIN = dt.timezone(dt.timedelta(hours=1))
NONE = Literal(scalar=Scalar(none_type=Void()))


def held(value: Any, python_type: Any) -> Any:
    """Return the msgpack form of a value that is part of a tuple."""
    return packed(to_literal((value,), tuple[python_type]))[0]


def taken(value: Any, python_type: Any) -> Any:
    """Read a value from its msgpack form as part of a tuple."""
    return from_literal(msgpack([value]), tuple[python_type])[0]


def taken_not(value: Any, python_type: Any) -> str:
    return refusal_in_reading(msgpack([value]), tuple[python_type])


class TestNumbers:
    def test_numbers_are_primitives_of_flyte(self) -> None:
        assert to_literal(3) == to_literal(3, int) == primitive(integer=3)
        assert to_literal(3.5) == to_literal(3.5, float) == primitive(float_value=3.5)
        assert to_literal(True) == to_literal(True, bool) == primitive(boolean=True)

    @pytest.mark.parametrize("value", [0, -(2**63), 2**63 - 1])
    def test_an_int_has_64_bits(self, value: int) -> None:
        assert travelled(value, int) == value

    @pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
    def test_an_int_of_more_than_64_bits_is_refused(self, value: int) -> None:
        assert refusal(value, int).startswith(f"p: {value} is out of the range that Flyte can hold: ")
        assert refusal([value]).startswith(f"p[0]: {value} is out of the range that Flyte can hold: ")

    def test_an_int_in_a_record_has_64_bits_signed_or_unsigned(self) -> None:
        assert held(2**64 - 1, int) == 2**64 - 1
        assert held(-(2**63), int) == -(2**63)
        assert refusal((2**64,), tuple[int]) == f"p[0]: {2**64} is out of the range that msgpack can hold, 64 bits."
        assert refusal((-(2**63) - 1,), tuple[int]).endswith("is out of the range that msgpack can hold, 64 bits.")

    def test_the_error_omits_the_digits_of_a_huge_int(self) -> None:
        for python_type in (int, float, None):
            assert refusal(10**5000, python_type).startswith("p: this int is out of the range ")
        assert refusal(10**5000, typing.Literal[1]) == "p: expected one of 1, got this int."

    def test_an_int_beyond_the_range_of_a_float_is_refused(self) -> None:
        assert refusal(10**400, float) == f"p: {'1' + '0' * 79} is out of the range of a float."

    @pytest.mark.parametrize("value", [math.inf, -math.inf, 0.1, -0.0, 5e-324])
    def test_a_float_comes_back_unchanged(self, value: float) -> None:
        assert repr(travelled(value, float)) == repr(value)
        assert repr(taken(value, float)) == repr(value)

    def test_a_float_may_be_nan(self) -> None:
        assert math.isnan(travelled(math.nan, float))
        assert math.isnan(taken(math.nan, float))

    def test_an_int_is_accepted_as_a_float_in_writing_and_reading(self) -> None:
        assert same(from_literal(to_literal(3, float)), 3.0)
        assert same(from_literal(primitive(integer=3), float), 3.0)
        assert same(held(3, float), 3.0)
        assert same(taken(3, float), 3.0)

    def test_a_whole_float_is_read_as_an_int_as_the_console_writes_it(self) -> None:
        assert same(from_literal(primitive(float_value=3.0), int), 3)
        assert same(taken(3.0, int), 3)

    def test_other_floats_are_not_read_as_an_int(self) -> None:
        assert refusal_in_reading(primitive(float_value=3.5), int) == "p: expected int, got float."
        assert refusal_in_reading(primitive(float_value=math.inf), int) == "p: expected int, got float."
        assert taken_not(3.5, int) == "p[0]: expected int, got float."
        assert refusal(3.0, int) == "p: expected int, got float."

    def test_a_bool_is_not_a_number(self) -> None:
        assert refusal(True, int) == "p: expected int, got bool."
        assert refusal(True, float) == "p: expected float, got bool."
        assert refusal(1, bool) == "p: expected bool, got int."
        assert refusal_in_reading(primitive(boolean=True), int) == "p: expected int, got bool."
        assert refusal_in_reading(primitive(boolean=True), float) == "p: expected float, got bool."
        assert refusal_in_reading(primitive(integer=1), bool) == "p: expected bool, got int."
        assert taken_not(True, int) == "p[0]: expected int, got bool."
        assert taken_not(True, float) == "p[0]: expected float, got bool."

    @given(st.integers())
    def test_any_int_comes_back_or_is_refused(self, value: int) -> None:
        if -(2**63) <= value < 2**63:
            assert travelled(value, int) == value
        else:
            assert "out of the range" in refusal(value, int)


class TestStrings:
    def test_a_str_is_a_primitive_of_flyte(self) -> None:
        assert to_literal("é") == to_literal("é", str) == primitive(string_value="é")

    @pytest.mark.parametrize("python_type", [str, None])
    def test_invalid_unicode_is_refused(self, python_type: Any) -> None:
        assert refusal("\ud800", python_type) == "p: the string is not valid Unicode: surrogates not allowed."

    def test_invalid_unicode_in_a_record_is_refused(self) -> None:
        assert refusal(("\ud800",), tuple[str]).startswith("p cannot be encoded: ")
        assert refusal({"x": "\ud800"}, dict).startswith("p cannot be encoded: ")

    @pytest.mark.parametrize("value", [1, b"x", None, ["x"]])
    def test_other_values_are_refused(self, value: Any) -> None:
        word = {int: "int", bytes: "bytes", type(None): "None", list: "list"}[type(value)]
        assert refusal(value, str) == f"p: expected str, got {word}."

    def test_a_secret_is_refused_and_not_shown(self) -> None:
        secret = Secret("pa55word")
        assert refusal(secret, str) == "p: expected str, got Secret."
        for value, python_type in [
            (secret, None),
            ([secret], None),
            ({"x": secret}, None),
            ({"x": secret}, dict),
            ({secret: 1}, None),
            ({secret: 1}, dict),
            ({secret: 1}, dict[str, int]),
            ({secret: 1}, dict[typing.Literal["a"], int]),
            ((secret,), tuple[str]),
            (secret, typing.Literal["pa55word"]),
        ]:
            assert "Secret" in (said := refusal(value, python_type))
            assert "pa55word" not in said.replace("one of 'pa55word'", "")


class TestNone:
    def test_none_is_a_scalar_of_flyte(self) -> None:
        assert to_literal(None) == to_literal(None, type(None)) == NONE
        assert from_literal(NONE) is from_literal(NONE, type(None)) is None

    def test_other_values_are_not_none(self) -> None:
        assert refusal(0, type(None)) == "p: expected None, got int."
        assert refusal_in_reading(primitive(integer=0), type(None)) == "p: expected None, got int."
        assert taken_not(0, None) == "p[0]: expected None, got int."

    @pytest.mark.parametrize(
        ("python_type", "name"),
        [(int, "int"), (str, "str"), (dt.date, "date"), (bytes, "bytes"), (list[int], "list[int]"), (dict, "dict")],
    )
    def test_none_is_refused_for_other_types(self, python_type: Any, name: str) -> None:
        assert refusal(None, python_type) == f"p: expected {name}, got None."
        assert refusal_in_reading(NONE, python_type).startswith(f"p: expected {name}, got None")

    def test_none_may_be_an_item_type(self) -> None:
        assert travelled([None], list[None]) == [None]
        assert literal_type(list[None]).collection_type.simple == SimpleType.NONE
        assert travelled((None, 1), tuple[None, int]) == (None, 1)


class TestTimes:
    def test_a_datetime_without_a_zone_is_in_utc(self) -> None:
        assert travelled(dt.datetime(2026, 11, 22, 12), dt.datetime) == NOON

    def test_a_datetime_comes_back_in_utc(self) -> None:
        again = travelled(NOON.astimezone(BERLIN), dt.datetime)
        assert (again, again.tzinfo) == (NOON, dt.UTC)

    def test_a_datetime_in_a_record_keeps_its_zone(self) -> None:
        for value in (NOON, NOON.astimezone(BERLIN), NOON.replace(tzinfo=None)):
            assert held(value, dt.datetime) == value.isoformat()
            assert repr(taken(value.isoformat(), dt.datetime)) == repr(value)

    def test_the_text_of_a_datetime_may_end_with_z(self) -> None:
        assert taken("2026-11-22T12:00:00Z", dt.datetime) == NOON

    def test_a_date_is_midnight_in_utc(self) -> None:
        literal = to_literal(DAY, dt.date)
        assert literal == to_literal(DAY) == to_literal(DAY, dt.datetime)
        assert from_literal(literal) == dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
        assert from_literal(literal, dt.date) == DAY

    def test_a_date_in_a_record_is_its_text(self) -> None:
        assert held(DAY, dt.date) == "2026-11-22"
        assert taken("2026-11-22", dt.date) == DAY
        assert held(DAY, dt.datetime) == "2026-11-22T00:00:00+00:00"

    def test_a_datetime_can_be_read_as_a_date(self) -> None:
        assert from_literal(to_literal(NOON), dt.date) == DAY

    def test_a_datetime_is_not_written_as_a_date(self) -> None:
        assert refusal(NOON, dt.date) == "p: expected date, got datetime."

    def test_a_subclass_of_datetime_is_accepted(self) -> None:
        class Stamp(dt.datetime):
            pass

        assert travelled(Stamp(2026, 11, 22, 12, tzinfo=dt.UTC), dt.datetime) == NOON

    @pytest.mark.parametrize("value", ["2026-11-22", 3, None])
    def test_other_values_are_refused(self, value: Any) -> None:
        got = {str: "str", int: "int", type(None): "None"}[type(value)]
        for python_type in (dt.datetime, dt.date, dt.timedelta, dt.time):
            assert refusal(value, python_type) == f"p: expected {python_type.__name__}, got {got}."

    def test_text_that_is_not_a_time_is_refused(self) -> None:
        assert taken_not("noon", dt.datetime) == "p[0]: expected datetime, got the string 'noon'."
        assert taken_not("noon", dt.date) == "p[0]: expected date, got the string 'noon'."
        assert taken_not(12, dt.datetime) == "p[0]: expected datetime, got int."
        assert refusal_in_reading(primitive(string_value="noon"), dt.time) == "p: expected time, got the string 'noon'."

    def test_a_duration_may_be_negative(self) -> None:
        assert travelled(dt.timedelta(days=-1, microseconds=1), dt.timedelta) == dt.timedelta(days=-1, microseconds=1)

    def test_a_duration_in_a_record_is_a_number_of_seconds(self) -> None:
        assert held(dt.timedelta(minutes=1, milliseconds=500), dt.timedelta) == 60.5
        assert taken(60.5, dt.timedelta) == dt.timedelta(minutes=1, milliseconds=500)
        assert taken(60, dt.timedelta) == dt.timedelta(minutes=1)
        assert taken_not("60", dt.timedelta) == "p[0]: expected timedelta, got str."

    def test_a_duration_of_more_than_10000_years_is_refused(self) -> None:
        assert refusal(dt.timedelta.max, dt.timedelta) == (
            "p: datetime.timedelta(days=999999999, seconds=86399, microseconds=999999) is out of the range that Flyte "
            "can hold: a duration is at most 10,000 years."
        )

    @pytest.mark.parametrize("seconds", [1e300, math.nan, math.inf])
    def test_seconds_out_of_range_are_refused(self, seconds: float) -> None:
        assert taken_not(seconds, dt.timedelta).startswith(f"p[0]: {seconds!r} seconds are out of range: ")

    def test_datetimes_and_durations_out_of_range_are_refused(self) -> None:
        for python_type in (None, dt.datetime, dt.date):
            literal = primitive(datetime=Timestamp(seconds=10**15))
            assert refusal_in_reading(literal, python_type).startswith("p: the datetime is out of range: ")
        for python_type in (None, dt.timedelta):
            literal = primitive(duration=Duration(seconds=10**17))
            assert refusal_in_reading(literal, python_type).startswith("p: the duration is out of range: ")

    def test_a_time_of_day_is_its_text(self) -> None:
        assert to_literal(dt.time(1, 2, 3)) == primitive(string_value="01:02:03")
        assert travelled(dt.time(1, 2, tzinfo=dt.UTC), dt.time) == dt.time(1, 2, tzinfo=dt.UTC)


class TestBytes:
    def test_they_are_a_binary_without_a_format(self) -> None:
        literal = to_literal(b"\x00", bytes)
        assert literal == to_literal(b"\x00") == Literal(scalar=Scalar(binary=Binary(value=b"\x00")))
        assert from_literal(literal) == from_literal(literal, bytes) == b"\x00"

    def test_in_a_record_they_are_bytes_and_base64_can_be_read(self) -> None:
        value = bytes(range(100))
        assert held(value, bytes) == value
        assert taken(value, bytes) == taken(encodebytes(value).decode(), bytes) == value

    def test_other_text_is_refused(self) -> None:
        assert taken_not("!", bytes) == "p[0]: expected bytes, got the string '!'."
        assert taken_not(3, bytes) == "p[0]: expected bytes, got int."

    @pytest.mark.parametrize("value", ["x", bytearray(b"x"), memoryview(b"x")])
    def test_other_values_are_refused(self, value: Any) -> None:
        assert refusal(value, bytes) == f"p: expected bytes, got {type(value).__name__}."

    def test_a_number_cannot_be_read_as_bytes(self) -> None:
        assert refusal_in_reading(primitive(integer=1), bytes) == "p: expected bytes, got int."


TEXTS = [
    (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    (Decimal("1.50"), "1.50"),
    (dt.time(1, 2, 3, 4), "01:02:03.000004"),
]


class TestTypesWrittenAsText:
    @pytest.mark.parametrize(("value", "text"), TEXTS)
    def test_a_value_is_written_as_text_and_comes_back(self, value: Any, text: str) -> None:
        kind = type(value)
        assert to_literal(value, kind) == to_literal(value) == primitive(string_value=text)
        assert from_literal(primitive(string_value=text), kind) == value
        assert (held(value, kind), taken(text, kind)) == (text, value)

    @pytest.mark.parametrize(("value", "text"), TEXTS)
    def test_a_str_is_refused_in_writing(self, value: Any, text: str) -> None:
        assert refusal(text, type(value)) == f"p: expected {type(value).__name__}, got str."

    @pytest.mark.parametrize("python_type", [uuid.UUID, Decimal, dt.time])
    def test_other_text_is_refused(self, python_type: Any) -> None:
        reason = f"expected {python_type.__name__}, got the string 'x'."
        assert refusal_in_reading(primitive(string_value="x"), python_type) == f"p: {reason}"
        assert taken_not("x", python_type) == f"p[0]: {reason}"
        assert refusal_in_reading(primitive(integer=1), python_type) == f"p: expected {python_type.__name__}, got int."


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Share(enum.Enum):
    HALF = 0.5
    ALL = 1.0


class Mode(enum.StrEnum):
    APPEND = enum.auto()
    REPLACE = enum.auto()


class Part(enum.Flag):
    HEAD = 1
    TAIL = 2


class Mixed(enum.Enum):
    NUMBER = 1
    TEXT = "text"


class Points(enum.Enum):
    ORIGIN = (0, 0)


class Empty(enum.Enum):
    pass


class TestEnums:
    @pytest.mark.parametrize("member", [Colour.RED, Level.HIGH, Share.ALL, Mode.APPEND, Part.TAIL])
    def test_a_member_travels_as_its_value(self, member: enum.Enum) -> None:
        kind = type(member)
        assert from_literal(to_literal(member)) == member.value
        assert travelled(member, kind) is member
        assert (held(member, kind), taken(member.value, kind)) == (member.value, member)

    def test_the_value_of_a_member_is_accepted(self) -> None:
        assert travelled("red", Colour) is Colour.RED
        assert travelled(1, Level) is Level.LOW

    @pytest.mark.parametrize("value", ["green", None, 3, Level.LOW])
    def test_other_values_are_refused(self, value: Any) -> None:
        shown = "1" if value is Level.LOW else repr(value)
        assert refusal(value, Colour) == f"p: expected one of 'red', 'blue', got {shown}."

    def test_other_values_are_refused_in_reading_too(self) -> None:
        assert refusal_in_reading(to_literal("green"), Colour) == "p: expected one of 'red', 'blue', got 'green'."
        assert refusal_in_reading(to_literal(1), Colour) == "p: expected str, got int."
        assert taken_not("green", Colour) == "p[0]: expected one of 'red', 'blue', got 'green'."

    def test_true_is_not_1(self) -> None:
        assert refusal(True, Level) == "p: expected one of 1, 2, got True."

    def test_the_type_of_str_values_is_an_enum_and_of_numbers_a_literal(self) -> None:
        assert list(literal_type(Colour).enum_type.values) == ["red", "blue"]
        declared = literal_type(Level)
        assert declared.simple == SimpleType.INTEGER
        assert list(declared.annotation.annotations["literal_values"]) == [1, 2]

    @pytest.mark.parametrize("member", [Mixed.TEXT, Points.ORIGIN])
    def test_an_enum_of_mixed_or_other_values_is_refused(self, member: enum.Enum) -> None:
        name = type(member).__name__
        assert refusal(member) == f"p: the values of {name} must be all strings or all numbers."
        assert refusal_in_reading(to_literal(1), type(member)) == refusal(member)

    def test_an_enum_without_members_is_refused(self) -> None:
        assert refusal("x", Empty) == "p: the values of Empty must be all strings or all numbers."

    def test_values_in_a_record_may_be_mixed(self) -> None:
        assert held(Mixed.TEXT, Mixed) == "text"
        assert [taken(1, Mixed), taken("text", Mixed)] == [Mixed.NUMBER, Mixed.TEXT]

    def test_an_enum_that_only_an_interface_declares_is_read_as_str(self) -> None:
        declared = literal_type(Colour)
        assert from_literal(to_literal(Colour.RED, declared), declared) == "red"
        assert refusal("green", declared) == "p: expected one of 'red', 'blue', got 'green'."


class TestLiteralTypes:
    """Values of ``typing.Literal``."""

    @pytest.mark.parametrize(
        ("python_type", "simple", "values"),
        [
            (typing.Literal["a", "b"], SimpleType.STRING, ["a", "b"]),
            (typing.Literal[1, 2], SimpleType.INTEGER, [1, 2]),
            (typing.Literal[True], SimpleType.BOOLEAN, [True]),
            (typing.Literal[None], SimpleType.NONE, [None]),
            (typing.Literal[Colour.RED], SimpleType.STRING, ["red"]),
        ],
    )
    def test_the_interface_has_their_type_and_lists_them(
        self, python_type: Any, simple: int, values: list[Any]
    ) -> None:
        declared = literal_type(python_type)
        assert declared.simple == simple
        assert list(declared.annotation.annotations["literal_values"]) == values

    @pytest.mark.parametrize("value", ["c", 1, None, ["a"]])
    def test_other_values_are_refused(self, value: Any) -> None:
        python_type = typing.Literal["a", "b"]
        assert refusal(value, python_type) == f"p: expected one of 'a', 'b', got {value!r}."
        assert refusal_in_reading(msgpack([value]), tuple[python_type]) == (
            f"p[0]: expected one of 'a', 'b', got {value!r}."
        )

    def test_other_values_are_refused_in_reading_too(self) -> None:
        assert refusal_in_reading(to_literal("c"), typing.Literal["a"]) == "p: expected one of 'a', got 'c'."
        assert refusal_in_reading(to_literal(1), typing.Literal["a"]) == "p: expected str, got int."

    def test_true_is_not_1(self) -> None:
        assert refusal(True, typing.Literal[1]) == "p: expected one of 1, got True."
        assert refusal(1, typing.Literal[True]) == "p: expected one of True, got 1."

    def test_values_of_several_types_are_accepted_in_a_record_only(self) -> None:
        python_type = typing.Literal["a", 1]
        assert refusal("a", python_type) == "p: the values of Literal['a', 1] must be all strings or all numbers."
        assert (held("a", python_type), taken(1, python_type)) == ("a", 1)

    def test_a_member_of_an_enum_comes_back_as_a_member(self) -> None:
        assert travelled(Colour.RED, typing.Literal[Colour.RED]) is Colour.RED
        assert refusal(Colour.BLUE, typing.Literal[Colour.RED]) == "p: expected one of 'red', got 'blue'."


@pytest.mark.parametrize(
    ("literal", "word"),
    [
        (primitive(integer=1), "int"),
        (primitive(float_value=1.5), "float"),
        (primitive(string_value="x"), "str"),
        (primitive(boolean=True), "bool"),
        (primitive(datetime=Timestamp()), "datetime"),
        (primitive(duration=Duration()), "timedelta"),
        (NONE, "None"),
        (to_literal([1]), "list"),
        (to_literal({"x": NOON}), "dict"),
        (to_literal("s3://bucket/x", LiteralType(blob={})), "blob"),
        (Literal(scalar=Scalar(union={})), None),
        (Literal(), "a literal that holds no value"),
    ],
)
def test_the_error_names_the_python_type_of_the_literal(literal: Literal, word: str | None) -> None:
    expected = "int" if word != "int" else "str"
    said = refusal_in_reading(literal, {"int": int, "str": str}[expected])
    assert said == f"p: expected {expected}, got {word or 'a literal that holds no value'}."


def test_a_whole_number_of_the_console_is_read_as_an_int() -> None:
    assert same(from_literal(struct({"n": 3}), dict[str, int]), {"n": 3})
    assert same(from_literal(struct({"n": 3}), dict[str, float]), {"n": 3.0})
    assert same(from_literal(struct({"n": 2.0**60}), dict), {"n": 2.0**60})
