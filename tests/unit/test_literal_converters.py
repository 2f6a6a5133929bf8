"""Literals of types for which plugins have converters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import attrs
import pytest

from connector_core import (
    ConnectorRegistry,
    LiteralConverter,
    LiteralError,
    from_literal,
    hookimpl,
    literal_type,
    to_literal,
    to_literal_map,
)
from connector_core.idl import Literal, LiteralType, SimpleType
from support.literals import msgpack, packed, primitive, refusal, refusal_in_reading, same, travelled

Register = Callable[..., LiteralConverter]


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.cents == other.cents  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.cents)


class Euro(Money):
    pass


@dataclass
class Order:
    price: Money
    tips: list[Money]
    paid: Money | None = None


@attrs.define
class Bill:
    total: Money


@pytest.fixture
def register(registry: ConnectorRegistry) -> Register:
    """Return a function that registers a converter in a plugin."""

    def register(python_type: Any = Money, **changes: Any) -> LiteralConverter:
        fields: dict[str, Any] = {
            "python_type": python_type,
            "literal_type": LiteralType(simple=SimpleType.INTEGER),
            "to_literal": lambda money: primitive(integer=money.cents),
            "from_literal": lambda literal: Money(literal.scalar.primitive.integer),
        }
        converter = LiteralConverter(**fields | changes)

        class Plugin:
            @hookimpl
            def connector_core_literal_converters(self) -> list[LiteralConverter]:
                return [converter]

        registry.register_plugin(Plugin())
        return converter

    return register


class TestATypeWithAConverter:
    def test_is_unknown_until_its_converter_is_registered(self, register: Register) -> None:
        assert refusal(Money(3)).startswith("p: Money is not a type that Flyte supports; ")
        assert refusal(Order(Money(3), []), Order).startswith("p.price: Money is not a type that Flyte supports; ")
        register()
        assert travelled(Money(3), Money) == Money(3)
        assert travelled(Order(Money(3), [Money(4)]), Order) == Order(Money(3), [Money(4)])

    def test_has_the_literal_type_of_the_converter(self, register: Register) -> None:
        register()
        assert literal_type(Money) == LiteralType(simple=SimpleType.INTEGER)
        assert to_literal(Money(3)) == to_literal(Money(3), Money) == primitive(integer=3)
        assert from_literal(to_literal(Money(3))) == 3

    @pytest.mark.parametrize(
        ("value", "python_type"),
        [
            ([Money(3)], list[Money]),
            ({"x": Money(3)}, dict[str, Money]),
            ({1: Money(3)}, dict[int, Money]),
            ((Money(3), 1), tuple[Money, int]),
            (Money(3), Money | None),
            (None, Money | None),
            ({Money(3)}, set[Money]),
            (Order(Money(3), [Money(4)], Money(5)), Order),
            (Bill(Money(3)), Bill),
        ],
    )
    def test_works_wherever_a_type_may_occur(self, register: Register, value: Any, python_type: Any) -> None:
        register()
        assert same(travelled(value, python_type), value)

    def test_is_the_content_of_its_literal_in_a_record(self, register: Register) -> None:
        register()
        assert packed(to_literal(Order(Money(3), [Money(4)]))) == {"price": 3, "tips": [4], "paid": None}
        assert literal_type(Order).structure.dataclass_type["price"].simple == SimpleType.INTEGER

    def test_does_not_convert_an_optional_none(self, register: Register) -> None:
        register()
        assert from_literal(to_literal(None), Money | None) is None
        assert from_literal(msgpack([None]), tuple[Money | None]) == (None,)

    def test_works_in_a_list_or_dict_without_a_type(self, register: Register) -> None:
        register()
        assert travelled([Money(3), {"x": Money(4)}]) == [3, {"x": 4}]

    def test_includes_its_subclasses(self, register: Register) -> None:
        register()
        assert to_literal(Euro(3)) == to_literal(Euro(3), Money) == primitive(integer=3)
        assert literal_type(Euro) == literal_type(Money)

    def test_the_converter_of_the_nearest_base_counts(self, register: Register) -> None:
        register()
        register(Euro, to_literal=lambda euro: primitive(string_value=f"€ {euro.cents}"))
        assert from_literal(to_literal([Money(3), Euro(3)])) == [3, "€ 3"]

    def test_a_literal_is_passed_on(self, register: Register) -> None:
        register()
        assert to_literal([primitive(integer=3)], list[Money]) == to_literal([Money(3)], list[Money])

    def test_may_be_one_that_is_otherwise_written_as_text(self, register: Register) -> None:
        from decimal import Decimal

        register(
            Decimal,
            literal_type=LiteralType(simple=SimpleType.FLOAT),
            to_literal=lambda value: primitive(float_value=float(value)),
            from_literal=lambda literal: Decimal(literal.scalar.primitive.float_value),
        )
        assert to_literal(Decimal("1.5")) == primitive(float_value=1.5)
        assert travelled(Decimal("1.5"), Decimal) == Decimal("1.5")

    def test_cannot_be_one_of_flytes_scalars(self, register: Register) -> None:
        register(int, to_literal=lambda value: primitive(string_value="never"))
        assert to_literal(3) == primitive(integer=3)

    def test_may_be_a_dataclass(self, register: Register) -> None:
        register(Order, to_literal=lambda order: primitive(integer=order.price.cents))
        assert from_literal(to_literal(Order(Money(3), []))) == 3


class TestByName:
    def test_the_type_may_be_given_by_name(self, register: Register) -> None:
        converter = register(f"{Money.__module__}.Money")
        assert converter.type_name == f"{Money.__module__}.Money"
        assert travelled(Money(3), Money) == Money(3)
        assert to_literal(Euro(3)) == primitive(integer=3)

    def test_its_module_is_not_imported(self) -> None:
        program = """
import sys
from connector_core import LiteralConverter, from_literal, to_literal
from connector_core.idl import Literal, LiteralType
from connector_core.literals import register_converter

def convert(value):
    literal = Literal()
    literal.scalar.primitive.string_value = str(value)
    return literal

register_converter(LiteralConverter("fractions.Fraction", LiteralType(simple=3), convert, lambda literal: None))
to_literal({"x": [1]})
assert "fractions" not in sys.modules
from fractions import Fraction
assert from_literal(to_literal(Fraction(1, 2))) == "1/2"
"""
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

    def test_a_converter_registered_after_the_first_use_counts(self, register: Register) -> None:
        @dataclass
        class Share:
            of: Fraction

        for value in (Fraction(1, 2), [Fraction(1, 2)], Share(Fraction(1, 2))):
            assert "Fraction is not a type that Flyte supports" in refusal(value)
        register(
            "fractions.Fraction",
            to_literal=lambda value: primitive(string_value=str(value)),
            from_literal=lambda literal: Fraction(literal.scalar.primitive.string_value),
        )
        assert travelled(Fraction(1, 2), Fraction) == Fraction(1, 2)
        assert travelled([Share(Fraction(1, 2))], list[Share]) == [Share(Fraction(1, 2))]


class TestErrors:
    def test_an_error_of_the_converter_names_the_path(self, register: Register) -> None:
        def fail(_: Any) -> Any:
            raise KeyError("no rate")

        register(to_literal=fail, from_literal=fail)
        reason = f"the converter of {__name__}.Money failed: KeyError: 'no rate'."
        assert refusal(Money(3)) == f"p: {reason}"
        assert refusal([{"x": Money(3)}]) == f"p[0].x: {reason}"
        assert refusal(Order(Money(3), []), Order) == f"p.price: {reason}"
        assert refusal_in_reading(primitive(integer=3), Money) == f"p: {reason}"
        assert refusal_in_reading(msgpack({"price": 3, "tips": []}), Order) == f"p.price: {reason}"
        with pytest.raises(LiteralError) as refused:
            to_literal_map({"price": Money(3)}, path="outputs")
        assert str(refused.value) == f"outputs.price: {reason}"
        assert isinstance(refused.value.__cause__, KeyError)

    def test_a_literal_error_keeps_its_path_and_reason(self, register: Register) -> None:
        def fail(_: Any) -> Any:
            raise LiteralError("today's rate is missing", path=".rate")

        register(to_literal=fail, from_literal=fail)
        assert refusal([Money(3)]) == "p[0].rate: today's rate is missing"
        assert refusal_in_reading(to_literal([1]), list[Money]) == "p[0].rate: today's rate is missing"

    @pytest.mark.parametrize("rubbish", [None, 3, LiteralType()])
    def test_a_result_that_is_not_a_literal_is_refused(self, register: Register, rubbish: Any) -> None:
        register(to_literal=lambda _: rubbish)
        reason = f"the converter of {__name__}.Money returned a {type(rubbish).__name__} instead of a Literal."
        assert refusal([Money(3)], list[Money]) == f"p[0]: {reason}"
        assert refusal(Order(Money(3), []), Order) == f"p.price: {reason}"

    def test_an_empty_literal_cannot_be_part_of_a_record(self, register: Register) -> None:
        register(to_literal=lambda _: Literal())
        assert refusal(Order(Money(3), []), Order) == "p.price: the literal holds no value."

    def test_a_literal_that_is_not_plain_data_cannot_be_part_of_a_record(self, register: Register) -> None:
        register(to_literal=lambda _: to_literal("s3://b/x", LiteralType(blob={})))
        assert refusal(Order(Money(3), []), Order).startswith("p.price: File is not plain data ")
