"""Literals of lists, tuples, sets and dicts."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pytest

from connector_core import LiteralError, from_literal, literal_type, to_literal
from connector_core.idl import Literal, LiteralCollection, LiteralMap, LiteralType, SimpleType
from connector_core.secrets import Secret
from support.literals import msgpack, packed, primitive, refusal, refusal_in_reading, same, struct, travelled

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


class Colour(enum.Enum):
    RED = "red"


class TestLists:
    @pytest.mark.parametrize(
        "python_type", [list[int], Sequence[int], MutableSequence[int], tuple[int, ...], set[int], frozenset[int]]
    )
    def test_they_are_collections_of_literals(self, python_type: Any) -> None:
        values = (python_type.__origin__ if python_type.__origin__ in (tuple, set, frozenset) else list)([1])
        literal = to_literal(values, python_type)
        assert literal == Literal(collection=LiteralCollection(literals=[primitive(integer=1)]))
        assert literal_type(python_type) == LiteralType(collection_type=LiteralType(simple=SimpleType.INTEGER))

    def test_an_empty_container_is_one_of_its_kind(self) -> None:
        assert to_literal([]).WhichOneof("value") == "collection"
        assert from_literal(to_literal([])) == []

    @pytest.mark.parametrize(
        ("value", "python_type", "again"),
        [
            ((1, 2), Sequence[int], [1, 2]),
            ([1, 2], Sequence[int], [1, 2]),
            ({1}, AbstractSet[int], frozenset({1})),
            (frozenset({1}), AbstractSet[int], frozenset({1})),
        ],
    )
    def test_an_abstract_type_takes_every_concrete_type(self, value: Any, python_type: Any, again: Any) -> None:
        assert same(travelled(value, python_type), again)

    @pytest.mark.parametrize(
        ("value", "python_type", "message"),
        [
            (3, list[int], "p: expected list[int], got int."),
            ("ab", list[str], "p: expected list[str], got str."),
            ("ab", Sequence[str], "p: expected collections.abc.Sequence[str], got str."),
            ((1, 2), list[int], "p: expected list[int], got tuple."),
            ([1], tuple[int, ...], "p: expected tuple[int, ...], got list."),
            ([1], set[int], "p: expected set[int], got list."),
            ({1}, frozenset[int], "p: expected frozenset[int], got set."),
            ({}, list, "p: expected list, got dict."),
            (range(3), list[int], "p: expected list[int], got range."),
            ((i for i in [1]), list[int], "p: expected list[int], got generator."),
        ],
    )
    def test_a_value_of_another_type_is_refused(self, value: Any, python_type: Any, message: str) -> None:
        assert refusal(value, python_type) == message
        assert refusal((value,), tuple[python_type]) == message.replace("p:", "p[0]:")

    def test_the_error_names_the_refused_value(self) -> None:
        assert refusal([1, "x"], list[int]) == "p[1]: expected int, got str."
        assert refusal([[], [1, None]], list[list[int]]) == "p[1][1]: expected int, got None."
        assert refusal(([1, "x"],), tuple[list[int]]) == "p[0][1]: expected int, got str."

    def test_values_are_checked_in_reading_too(self) -> None:
        assert refusal_in_reading(to_literal([1, "x"]), list[int]) == "p[1]: expected int, got str."
        assert refusal_in_reading(msgpack([1, "x"]), list[int]) == "p[1]: expected int, got str."
        assert refusal_in_reading(to_literal(3), list[int]) == "p: expected list[int], got int."
        assert refusal_in_reading(msgpack({"a": 1}), list[int]) == "p: expected list[int], got dict."

    @pytest.mark.parametrize(("python_type", "again"), [(list[int], [1]), (tuple[int, ...], (1,)), (set[int], {1})])
    def test_they_are_read_from_msgpack_too(self, python_type: Any, again: Any) -> None:
        assert same(from_literal(msgpack([1]), python_type), again)

    def test_in_a_record_they_are_lists(self) -> None:
        value = ([1], (2,), {3}, frozenset({4}))
        python_type = tuple[list[int], tuple[int, ...], set[int], frozenset[int]]
        assert packed(to_literal(value, python_type)) == [[1], [2], [3], [4]]
        assert same(travelled(value, python_type), value)

    def test_unhashable_values_cannot_be_read_as_a_set(self) -> None:
        for python_type in (set[list[int]], frozenset[list[int]]):
            name = python_type.__origin__.__name__
            reason = f"p: the values cannot be in a {name}: unhashable type: 'list'."
            assert refusal_in_reading(to_literal([[1]]), python_type) == reason

    def test_a_list_without_an_item_type_holds_plain_data(self) -> None:
        value = [1, "a", None, [True], {"x": b""}]
        assert same(travelled(value, list), value)
        assert same(travelled(tuple(value), tuple), tuple(value))
        assert literal_type(list).collection_type.simple == SimpleType.STRUCT
        assert refusal([1, NOON], list) == (
            "p[1]: datetime is not plain data (None, bool, int, float, str, bytes, and lists and dicts of them); "
            "declare the type of the container, such as dict[str, T] or a dataclass."
        )

    def test_a_list_that_an_interface_declares_takes_every_kind(self) -> None:
        declared = literal_type(list[int])
        for value in ([1], (1,), {1}, frozenset({1})):
            assert from_literal(to_literal(value, declared), declared) == [1]
        assert refusal(range(3), declared) == "p: expected list[int], got range."


class TestTuples:
    """Tuples of a fixed length."""

    def test_they_are_msgpack(self) -> None:
        literal = to_literal((1, "a", NOON.date()), tuple[int, str, dt.date])
        assert packed(literal) == [1, "a", "2026-11-22"]
        assert from_literal(literal, tuple[int, str, dt.date]) == (1, "a", NOON.date())

    @pytest.mark.parametrize("value", [(), (1,), (1, "a", 2)])
    def test_a_tuple_of_another_length_is_refused(self, value: tuple[Any, ...]) -> None:
        assert refusal(value, tuple[int, str]) == f"p: expected tuple[int, str], got {len(value)} values."
        assert refusal_in_reading(msgpack(value), tuple[int, str]).endswith(f"got {len(value)} values.")

    def test_an_empty_tuple_holds_nothing(self) -> None:
        assert travelled((), tuple[()]) == ()
        assert refusal((1,), tuple[()]) == "p: expected tuple[()], got 1 values."

    def test_each_value_has_its_own_type(self) -> None:
        assert refusal((1, 2), tuple[int, str]) == "p[1]: expected str, got int."
        assert refusal_in_reading(msgpack([1, 2]), tuple[int, str]) == "p[1]: expected str, got int."

    def test_a_list_is_not_a_tuple(self) -> None:
        assert refusal([1, "a"], tuple[int, str]) == "p: expected tuple[int, str], got list."
        assert refusal_in_reading(msgpack({}), tuple[int, str]) == "p: expected tuple[int, str], got dict."
        assert refusal_in_reading(to_literal(3), tuple[int, str]) == "p: expected tuple[int, str], got int."


class TestMaps:
    """Dicts with str keys: ``dict[str, T]``."""

    @pytest.mark.parametrize("python_type", [dict[str, int], Mapping[str, int]])
    def test_they_are_maps_of_literals(self, python_type: Any) -> None:
        literal = to_literal({"x": 1}, python_type)
        assert literal == Literal(map=LiteralMap(literals={"x": primitive(integer=1)}))
        assert literal_type(python_type) == LiteralType(map_value_type=LiteralType(simple=SimpleType.INTEGER))
        assert from_literal(literal) == from_literal(literal, python_type) == {"x": 1}

    def test_an_empty_container_is_one_of_its_kind(self) -> None:
        assert to_literal({}, dict[str, int]).WhichOneof("value") == "map"

    @pytest.mark.parametrize("value", [OrderedDict(x=1), defaultdict(int, x=1)])
    def test_a_subclass_of_dict_comes_back_as_a_dict(self, value: dict[str, int]) -> None:
        assert same(travelled(value, dict[str, int]), {"x": 1})
        assert same(travelled((value,), tuple[dict[str, int]]), ({"x": 1},))

    @pytest.mark.parametrize("value", [[("x", 1)], 3, None])
    def test_a_value_that_is_not_a_dict_is_refused(self, value: Any) -> None:
        got = {list: "list", int: "int", type(None): "None"}[type(value)]
        for python_type, name in [
            (dict[str, int], "dict[str, int]"),
            (dict[int, int], "dict[int, int]"),
            (dict, "dict"),
        ]:
            assert refusal(value, python_type) == f"p: expected {name}, got {got}."
            assert refusal((value,), tuple[python_type]) == f"p[0]: expected {name}, got {got}."  # type: ignore[valid-type]

    def test_the_error_names_the_refused_value(self) -> None:
        assert refusal({"a": [1, None]}, dict[str, list[int]]) == "p.a[1]: expected int, got None."
        assert refusal(({"a": None},), tuple[dict[str, int]]) == "p[0].a: expected int, got None."
        assert refusal_in_reading(to_literal({"a": "x"}, dict[str, str]), dict[str, int]) == (
            "p.a: expected int, got str."
        )
        assert refusal_in_reading(msgpack({"a": "x"}), dict[str, int]) == "p.a: expected int, got str."
        assert refusal_in_reading(struct({"a": "x"}), dict[str, int]) == "p.a: expected int, got str."

    @pytest.mark.parametrize("key", [1, None, b"x", Colour.RED, Secret("x")])
    @pytest.mark.parametrize("python_type", [dict[str, dt.datetime], None])
    def test_a_key_must_be_a_str(self, key: Any, python_type: Any) -> None:
        assert refusal({key: NOON}, python_type) == f"p: a name must be a str, got {key!r}."

    def test_a_key_must_be_valid_unicode(self) -> None:
        assert refusal({"\ud800": NOON}, dict[str, dt.datetime]) == (
            r"p: the name '\ud800' is not valid Unicode: surrogates not allowed."
        )

    @pytest.mark.parametrize("key", ["", "é", "a.b [0]", "\x00"])
    def test_any_valid_str_is_a_key(self, key: str) -> None:
        assert travelled({key: 1}, dict[str, int]) == {key: 1}

    def test_they_are_read_from_msgpack_and_from_the_consoles_struct_too(self) -> None:
        assert from_literal(msgpack({"x": 1}), dict[str, int]) == {"x": 1}
        assert same(from_literal(struct({"x": 1.0}), dict[str, int]), {"x": 1})

    def test_a_literal_that_is_not_a_dict_is_refused(self) -> None:
        for python_type, name in [(dict[str, int], "dict[str, int]"), (dict, "dict")]:
            assert refusal_in_reading(primitive(integer=1), python_type).startswith(f"p: expected {name}, got int.")
            assert refusal_in_reading(to_literal([1]), python_type) == f"p: expected {name}, got list."
            assert refusal_in_reading(msgpack([1]), python_type) == f"p: expected {name}, got list."


class TestOtherDicts:
    """Dicts whose keys are not str."""

    @pytest.mark.parametrize(
        ("value", "python_type", "held"),
        [
            ({1: "a"}, dict[int, str], {1: "a"}),
            ({1.5: [NOON.date()]}, dict[float, list[dt.date]], {1.5: ["2026-11-22"]}),
            ({NOON.date(): 1}, dict[dt.date, int], {"2026-11-22": 1}),
            ({uuid.UUID(int=1): 1}, dict[uuid.UUID, int], {str(uuid.UUID(int=1)): 1}),
            ({Colour.RED: 1}, dict[Colour, int], {"red": 1}),
            ({True: 1}, dict[bool, int], {True: 1}),
            ({None: 1}, dict[None, int], {None: 1}),
            ({b"x": 1}, dict[bytes, int], {b"x": 1}),
        ],
    )
    def test_they_are_msgpack(self, value: Any, python_type: Any, held: Any) -> None:
        assert packed(to_literal(value, python_type)) == held
        assert same(travelled(value, python_type), value)
        assert literal_type(python_type).simple == SimpleType.STRUCT

    def test_a_key_and_a_value_are_checked(self) -> None:
        assert refusal({"a": 1}, dict[int, int]) == "p.a: expected int, got str."
        assert refusal({1: "a"}, dict[int, int]) == "p[1]: expected int, got str."
        assert refusal_in_reading(msgpack({"a": 1}), dict[int, int]) == "p.a: expected int, got str."
        assert refusal_in_reading(msgpack({1: "a"}), dict[int, int]) == "p[1]: expected int, got str."
        assert refusal_in_reading(msgpack({1.5: 1}), dict[str, int]) == "p[1.5]: expected str, got float."

    @pytest.mark.parametrize(
        ("text", "python_type", "key"), [("1", int, 1), ("1.5", float, 1.5), ("2", float, 2.0), ("true", bool, True)]
    )
    def test_number_keys_are_read_from_the_consoles_text(self, text: str, python_type: Any, key: Any) -> None:
        assert same(from_literal(struct({text: "a"}), dict[python_type, str]), {key: "a"})

    def test_other_text_is_not_read_as_a_number(self) -> None:
        for text in ("x", '"1"', "1.5"):
            assert refusal_in_reading(struct({text: "a"}), dict[int, str]) == f"p.{text}: expected int, got str."

    def test_a_key_that_msgpack_would_turn_into_a_list_is_refused(self) -> None:
        python_type = dict[tuple[int, int], int]
        reason = f"a key of {python_type} cannot be a dict key: unhashable type: 'list'."
        assert refusal({(1, 2): 3}, python_type) == f"p: {reason}"
        assert refusal_in_reading(msgpack({"[1]": 1}), dict[list[int], int]).startswith(
            "p: a key of dict[list[int], int] cannot be a dict key: unhashable type"
        )


class TestBareDicts:
    @pytest.mark.parametrize("value", [{}, {"a": 1, "b": [None, {"c": b"\x00"}]}, {1: 2, None: 3, b"x": 4, 1.5: 5}])
    def test_they_are_plain_data(self, value: Any) -> None:
        assert packed(to_literal(value, dict)) == value
        assert same(travelled(value, dict), value)

    def test_other_data_is_refused_and_the_error_names_the_path(self) -> None:
        reason = (
            "is not plain data (None, bool, int, float, str, bytes, and lists and dicts of them); "
            "declare the type of the container, such as dict[str, T] or a dataclass."
        )
        assert refusal({"a": [1, {2: NOON}]}, dict) == f"p.a[1][2]: datetime {reason}"
        assert refusal({"a": {1}}, dict) == f"p.a: set {reason}"
        assert refusal({"a": (1j,)}, dict) == f"p.a[0]: complex {reason}"

    @pytest.mark.parametrize("key", [NOON, (1, 2), Colour.RED])
    def test_a_key_must_be_plain_too(self, key: Any) -> None:
        assert refusal({"a": {key: 1}}, dict) == f"p.a: {type(key).__name__} cannot be a dict key in plain data."

    def test_an_int_of_more_than_64_bits_is_refused(self) -> None:
        assert refusal({"x": 2**64}, dict).startswith("p cannot be encoded: ")

    def test_they_are_read_from_maps_and_structs_too(self) -> None:
        assert from_literal(to_literal({"a": NOON}, dict[str, dt.datetime]), dict) == {"a": NOON}
        assert same(
            from_literal(struct({"a": 3, "b": [0.5, None, True, "x", {}]}), dict),
            {
                "a": 3,
                "b": [0.5, None, True, "x", {}],
            },
        )

    def test_a_map_that_an_interface_declares_takes_a_dict(self) -> None:
        declared = literal_type(dict[str, int])
        assert from_literal(to_literal({"a": 1}, declared), declared) == {"a": 1}
        assert refusal({"a": "x"}, declared) == "p.a: expected int, got str."
        assert refusal([], declared) == "p: expected dict[str, int], got list."


def test_the_first_error_is_reported() -> None:
    with pytest.raises(LiteralError) as refused:
        to_literal([{"a": [1, "x", "y"]}, {"b": [None]}], list[dict[str, list[int]]])
    assert refused.value.path == "[0].a[1]"
