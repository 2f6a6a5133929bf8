"""A plugin that implements all six hooks."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, assert_type

from connector_core import Call, ConnectorBase, Entry, LiteralConverter, Outcome, TaskCategory, hookimpl
from connector_core.idl import Literal, LiteralType, Primitive, Scalar, SimpleType


@hookimpl
def connector_core_connectors() -> Iterable[ConnectorBase]:
    return []


@hookimpl
def connector_core_entries() -> Iterable[Entry]:
    return [Entry(task_type="query", value="acme:Query")]


@hookimpl(tryfirst=True)
def connector_core_secret(key: str) -> str | None:
    return None


@hookimpl
def connector_core_before_call(call: Call) -> None:
    assert_type(call.task_category, TaskCategory)
    assert_type(call.idempotency_key, str | None)


@hookimpl
def connector_core_after_call(call: Call, outcome: Outcome) -> None:
    assert_type(outcome.seconds, float)
    assert_type(outcome.error, BaseException | None)


def _to(value: Any) -> Literal:
    return Literal(scalar=Scalar(primitive=Primitive(string_value=str(value))))


def _from(literal: Literal) -> Decimal:
    return Decimal(literal.scalar.primitive.string_value)


@hookimpl
def connector_core_literal_converters() -> Iterable[LiteralConverter]:
    return [LiteralConverter("decimal.Decimal", LiteralType(simple=SimpleType.STRING), _to, _from)]
