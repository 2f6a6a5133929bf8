"""Literals by name, such as a connector's inputs and outputs."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core import (
    ConnectorRegistry,
    LiteralError,
    Resource,
    SyncConnectorBase,
    Task,
    afrom_literal_map,
    ato_literal_map,
    from_literal_map,
    literal_type,
    to_literal,
    to_literal_map,
)
from connector_core.idl import LiteralMap, Variable, VariableMap
from connector_core.secrets import Secret
from support.literals import primitive, same


@dataclass
class Row:
    price: float


def interface(**types: Any) -> VariableMap:
    return VariableMap(variables={name: Variable(type=literal_type(held)) for name, held in types.items()})


@pytest.fixture(params=["to_literal_map", "ato_literal_map"])
def write(request: pytest.FixtureRequest) -> Callable[..., LiteralMap]:
    """Return `to_literal_map`, or a function that runs `ato_literal_map` on an event loop."""
    if request.param == "to_literal_map":
        return to_literal_map
    return lambda *arguments, **options: asyncio.run(ato_literal_map(*arguments, **options))


@pytest.fixture(params=["from_literal_map", "afrom_literal_map"])
def read(request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    """Return `from_literal_map`, or a function that runs `afrom_literal_map` on an event loop."""
    if request.param == "from_literal_map":
        return from_literal_map
    return lambda *arguments, **options: asyncio.run(afrom_literal_map(*arguments, **options))


class TestWriting:
    def test_values_by_name_become_literals_by_name(self, write: Any) -> None:
        literals = write({"x": 1, "y": ["a"]})
        assert literals == LiteralMap(literals={"x": primitive(integer=1), "y": to_literal(["a"])})

    def test_each_literal_has_its_declared_type(self, write: Any) -> None:
        assert write({"x": 1}, {"x": float}).literals["x"] == primitive(float_value=1)
        assert write({"x": 1}, interface(x=float)).literals["x"] == primitive(float_value=1)

    @pytest.mark.parametrize("values", [{"x": 1}, OrderedDict(x=1), MappingProxyType({"x": 1})])
    def test_any_mapping_is_accepted(self, values: Any) -> None:
        assert from_literal_map(to_literal_map(values)) == {"x": 1}

    def test_a_literal_map_is_returned_unchanged(self, write: Any) -> None:
        literals = to_literal_map({"x": 1})
        assert write(literals) is write(literals, {"y": str}) is literals

    @pytest.mark.parametrize(
        ("values", "types", "message"),
        [
            (
                {"x": 1, "z": 2},
                {"x": int, "y": int},
                "inputs.z: the name is not declared; the declared names are: x, y.",
            ),
            ({"x": 1}, {}, "inputs.x: the name is not declared; no names are declared."),
            ({}, {"x": int}, "inputs.x is missing; expected int."),
            ({}, {"x": list[int]}, "inputs.x is missing; expected list[int]."),
            ({}, {"x": int | None}, "inputs.x is missing; expected int | None."),
            ({"x": "1"}, {"x": int}, "inputs.x: expected int, got str."),
            ({"x": None}, {"x": int}, "inputs.x: expected int, got None."),
            ({"x": [Row(1), Row("2")]}, {"x": list[Row]}, "inputs.x[1].price: expected float, got str."),  # type: ignore[arg-type]
            ({3: 1}, None, "inputs: a name must be a str, got 3."),
            ({Secret("x"): 1}, None, "inputs: a name must be a str, got Secret('***')."),
            ({"\ud800": 1}, None, r"inputs: the name '\ud800' is not valid Unicode: surrogates not allowed."),
            ([1], None, "inputs: expected values by name, got list."),
            (None, None, "inputs: expected values by name, got None."),
        ],
    )
    def test_names_and_values_are_checked(self, write: Any, values: Any, types: Any, message: str) -> None:
        with pytest.raises(LiteralError) as refused:
            write(values, types, path="inputs")
        assert str(refused.value) == message

    def test_an_interface_is_checked_too(self) -> None:
        with pytest.raises(LiteralError, match=r"^y is missing; expected dict\[str, int\]\.$"):
            to_literal_map({"x": 1}, interface(x=int, y=dict[str, int]))
        with pytest.raises(LiteralError, match=r"^z: the name is not declared; the declared names are: x\.$"):
            to_literal_map({"x": 1, "z": 1}, interface(x=int))

    def test_an_interface_without_names_accepts_any_names(self) -> None:
        assert from_literal_map(to_literal_map({"x": 1}, VariableMap())) == {"x": 1}

    def test_an_optional_value_must_be_given(self) -> None:
        assert from_literal_map(to_literal_map({"x": None}, {"x": int | None})) == {"x": None}

    def test_a_name_declared_as_none_has_the_type_of_its_value(self) -> None:
        assert from_literal_map(to_literal_map({"x": 3}, {"x": None})) == {"x": 3}


class TestSize:
    def test_values_over_the_limit_are_refused_and_the_largest_is_named(self, write: Any) -> None:
        values = {"a": "x", "rows": ["x" * 100] * 10, "b": "x" * 100}
        with pytest.raises(LiteralError) as refused:
            write(values, path="outputs", max_bytes=1000)
        assert refused.value.path == "outputs.rows"
        assert str(refused.value) == (
            "outputs.rows: the largest of the values, which take "
            f"{to_literal_map(values).ByteSize():,} bytes together; Flyte accepts at most 1,000. "
            "Use a table, a StructuredDataset or a File instead, of which only the URI is sent."
        )

    def test_values_of_exactly_the_limit_are_accepted(self, write: Any) -> None:
        size = to_literal_map({"x": "x" * 1000}).ByteSize()
        assert write({"x": "x" * 1000}, max_bytes=size).ByteSize() == size
        with pytest.raises(LiteralError, match="the largest of the values"):
            write({"x": "x" * 1000}, max_bytes=size - 1)

    def test_the_limit_applies_to_a_literal_map_too(self, write: Any) -> None:
        with pytest.raises(LiteralError, match=r"^x: the largest of the values"):
            write(to_literal_map({"x": "x" * 1000}), max_bytes=1000)

    def test_without_a_limit_any_size_is_accepted(self) -> None:
        assert to_literal_map({"x": "x" * 5 * 2**20}).ByteSize() > 5 * 2**20


class TestReading:
    def test_literals_become_values_by_name(self, read: Any) -> None:
        literals = to_literal_map({"x": 1, "y": ["a"]})
        assert read(literals) == read(literals, {"x": int, "y": list[str]}) == {"x": 1, "y": ["a"]}

    def test_the_result_has_the_declared_names_in_their_order(self, read: Any) -> None:
        literals = to_literal_map({"a": "x", "b": 1, "c": 2})
        assert list(read(literals, {"b": int, "a": str}).items()) == [("b", 1), ("a", "x")]

    def test_an_interface_declares_the_types_too(self, read: Any) -> None:
        literals = to_literal_map({"x": 3, "y": "a"})
        assert same(read(literals, interface(x=float)), {"x": 3.0})

    @pytest.mark.parametrize("types", [None, VariableMap()])
    def test_without_declared_types_the_literals_determine_them(self, types: Any) -> None:
        assert from_literal_map(to_literal_map({"x": 1}), types) == {"x": 1}
        assert from_literal_map(None, types) == from_literal_map(LiteralMap(), types) == {}

    def test_with_no_declared_names_the_result_is_empty(self) -> None:
        assert from_literal_map(to_literal_map({"x": 1}), {}) == from_literal_map(None, {}) == {}

    def test_a_none_is_kept(self) -> None:
        assert from_literal_map(to_literal_map({"x": None}), {"x": int | None}) == {"x": None}

    @pytest.mark.parametrize(
        ("literals", "message"),
        [
            (None, "inputs.x is missing; no inputs were given."),
            (LiteralMap(), "inputs.x is missing; no inputs were given."),
            (to_literal_map({"z": 1, "a": 1}), "inputs.x is missing; the given inputs are: a, z."),
            (to_literal_map({"x": "1"}), "inputs.x: expected int, got str."),
            (to_literal_map({"x": None}), "inputs.x: expected int, got None."),
            ({"x": 1}, "inputs: expected a LiteralMap, got dict."),
            (primitive(integer=1), "inputs: expected a LiteralMap, got Literal."),
        ],
    )
    @pytest.mark.parametrize("declare", [dict, interface])
    def test_missing_values_and_wrong_types_are_refused(
        self, read: Any, literals: Any, message: str, declare: Any
    ) -> None:
        with pytest.raises(LiteralError) as refused:
            read(literals, declare(x=int), path="inputs")
        assert str(refused.value) == message

    def test_a_missing_optional_value_is_refused(self) -> None:
        with pytest.raises(LiteralError, match=r"^x is missing; no values were given\.$"):
            from_literal_map(LiteralMap(), {"x": int | None})

    def test_the_error_names_the_path_of_a_wrong_type(self) -> None:
        with pytest.raises(LiteralError, match=r"^outputs\.rows\[1\]\.price: expected float, got str\.$"):
            from_literal_map(
                to_literal_map({"rows": [{"price": 1}, {"price": "2"}]}), {"rows": list[Row]}, path="outputs"
            )


def test_a_templates_interface_works_in_writing_and_reading() -> None:
    registry = ConnectorRegistry(discover=False)
    registry.register(_Any())
    template = Task("any", inputs={"day": dt.date, "rows": list[Row]}, registry=registry).template
    values = {"day": dt.date(2026, 11, 22), "rows": [Row(1.5)]}
    literals = to_literal_map(values, template.interface.inputs)
    assert from_literal_map(literals, {"day": dt.date, "rows": list[Row]}) == values


class _Any(SyncConnectorBase):
    def __init__(self) -> None:
        super().__init__(task_type_name="any")

    def do(self, task_template: Any, **kwargs: Any) -> Resource:
        raise NotImplementedError


@given(st.dictionaries(st.text(), st.integers(-(2**63), 2**63 - 1) | st.text() | st.none()))
def test_any_names_and_values_come_back(values: dict[str, Any]) -> None:
    literals = LiteralMap.FromString(to_literal_map(values).SerializeToString())
    assert from_literal_map(literals) == values
    assert list(from_literal_map(literals, dict.fromkeys(values))) == list(values)
