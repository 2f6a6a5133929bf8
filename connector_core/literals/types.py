"""Finds the kind and the LiteralType of a Python type.

The modules of kinds that few programs use are imported when a type needs them, because importing them takes time.
"""

from __future__ import annotations

import collections.abc
import os
import pathlib
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from types import MappingProxyType, NoneType
from typing import Annotated, Any, NewType, get_args, get_origin

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralMap, LiteralType, SimpleType
from connector_core.literals.containers import DictKind, ListKind, MapKind, TupleKind
from connector_core.literals.converters import ConverterKind, converter_for
from connector_core.literals.kinds import KINDS, Kind
from connector_core.literals.naming import type_name
from connector_core.literals.scalars import SCALARS, TEXTS, EnumKind, LiteralKind, TextEnumKind
from connector_core.literals.untyped import ANY, AnyRecordKind, OnlyLiteralKind, UntypedDictKind, UntypedKind

__all__ = ["kind_of", "literal_type"]


def literal_type(python_type: Any) -> LiteralType:
    """Return the LiteralType of a Python type, as flytekit declares it.

    Args:
        python_type: A type, a generic such as ``list[int]`` or ``dict[str, float]``, a union, None, or a LiteralType,
            which is returned unchanged.

    Raises:
        LiteralError: if Flyte does not support the type and there is no converter for it.
    """
    if isinstance(python_type, LiteralType):
        return python_type
    declared = LiteralType()
    try:
        declared.CopyFrom(_kind_within(python_type).literal_type())
    except RecursionError:
        raise LiteralError(f"{type_name(python_type)} is infinitely recursive; use a dataclass.") from None
    return declared


def kind_of(python_type: Any) -> Kind:
    """Return the kind of a Python type or a LiteralType, or (for None) of values without a declared type.

    Raises:
        LiteralError: if Flyte does not support the type and there is no converter for it.
    """
    try:
        known, kind = KINDS[python_type]
    except KeyError:
        pass
    except TypeError:  # It is not hashable: a LiteralType, or a type with such an annotation.
        return _make_kind(python_type)
    else:
        # `int | str` equals `str | int`, and `Literal[1, 2]` equals `Literal[2, 1]`.
        if known is python_type or not kind.is_ordered:
            return kind
    kind = _make_kind(python_type)
    if len(KINDS) >= _MOST_KINDS:
        KINDS.clear()
    KINDS[python_type] = python_type, kind
    return kind


_MOST_KINDS = 10_000
"""Cache limit: programs can create types indefinitely."""


def _make_kind(python_type: Any) -> Kind:
    if python_type is None:
        return UNTYPED
    if isinstance(python_type, LiteralType):
        return _kind_of_literal_type(python_type)
    if get_origin(python_type) is Annotated:
        return _annotated_kind(*get_args(python_type))
    if (kind := _look_up(SCALARS, python_type)) is not None:
        return kind
    if (converter := converter_for(python_type)) is not None:
        return ConverterKind(python_type, converter, UNTYPED)
    for find in (_plain_kind, _generic_kind, _class_kind):
        if (kind := find(python_type)) is not None:
            return kind
    raise LiteralError(
        f"{type_name(python_type)} is not a type that Flyte supports; use {_KNOWN}, or add a LiteralConverter."
    )


def _plain_kind(python_type: Any) -> Kind | None:
    """Return the kind of an alias of another type, or of a type without arguments."""
    if isinstance(python_type, NewType):
        return kind_of(python_type.__supertype__)
    if get_origin(python_type) is typing.Final:
        return _kind_within(*get_args(python_type))
    if isinstance(python_type, typing.TypeVar):
        return kind_of(python_type.__bound__) if python_type.__bound__ else ANY
    if type(python_type).__name__ == "TypeAliasType":  # Python 3.12's, or typing_extensions'
        return kind_of(python_type.__value__)
    return _look_up(_PLAIN_TYPES, python_type)


def _look_up(kinds: Mapping[Any, Kind], python_type: Any) -> Kind | None:
    try:
        return kinds.get(python_type)
    except TypeError:  # It is not hashable.
        return None


def _generic_kind(python_type: Any) -> Kind | None:
    origin: Any = get_origin(python_type) or python_type
    arguments = get_args(python_type)
    if origin is typing.Literal:
        return LiteralKind(type_name(python_type), arguments)
    if origin in (typing.Union, types.UnionType):
        from connector_core.literals.unions import UnionKind

        return UnionKind(type_name(python_type), tuple(map(_kind_within, arguments)))
    name = type_name(python_type)
    if origin is tuple and arguments and arguments[-1] is not ...:
        return TupleKind(name, tuple(map(_kind_within, arguments)))
    if origin is tuple and python_type == tuple[()]:
        return TupleKind(name, ())
    if isinstance(origin, type) and origin in _LISTS:
        make, accepted = _LISTS[origin]
        return ListKind(name, _kind_within(arguments[0]) if arguments else ANY, make, accepted)
    if origin in (dict, Mapping, collections.abc.MutableMapping):
        if not arguments:
            return UntypedDictKind(UNTYPED)
        key, value = map(_kind_within, arguments)
        return MapKind(name, key, value) if key is SCALARS[str] else DictKind(name, key, value)
    if arguments and (parameters := getattr(origin, "__parameters__", ())):  # A generic dataclass, such as Page[int].
        from connector_core.literals.dataclass_like import record_kind

        bound = dict(zip(parameters, arguments, strict=False))
        return record_kind(origin, lambda part: _kind_within(_substitute(part, bound)))
    return None


def _substitute(python_type: Any, bound: Mapping[Any, Any]) -> Any:
    """Return the type with its type variables replaced."""
    if isinstance(python_type, typing.TypeVar):
        return bound.get(python_type, python_type)
    parameters = () if isinstance(python_type, type) else getattr(python_type, "__parameters__", ())
    arguments = tuple(bound.get(parameter, parameter) for parameter in parameters)
    generic: Any = python_type
    return generic[arguments] if arguments else generic


def _kind_within(python_type: Any) -> Kind:
    """Return the kind of a type inside another one, where None is the type of None."""
    return kind_of(NoneType if python_type is None else python_type)


def _class_kind(python_type: Any) -> Kind | None:
    if not isinstance(python_type, type):
        return None
    if issubclass(python_type, Enum):
        return EnumKind(python_type)
    if issubclass(python_type, pathlib.PurePath) or python_type is os.PathLike:
        from connector_core.literals.blobs import PathKind

        return PathKind()
    if (kind := _blob_or_dataset_kind(python_type)) is not None:
        return kind
    from connector_core.literals.dataclass_like import record_kind

    return record_kind(python_type, _kind_within)


def _blob_or_dataset_kind(
    python_type: Any, format: str = "", columns: Mapping[str, Any] = MappingProxyType({})
) -> Kind | None:
    from connector_core.literals.files import Directory, File

    if python_type in (File, Directory):
        from connector_core.literals.blobs import BlobKind

        return BlobKind(python_type, format)
    from connector_core.literals.tables import StructuredDataset, is_table

    if python_type is StructuredDataset or is_table(python_type):
        from connector_core.literals.datasets import DatasetKind, declared_columns

        return DatasetKind(python_type, declared_columns(columns, literal_type), format)
    return None


def _annotated_kind(python_type: Any, *annotations: Any) -> Kind:
    """Return the kind of an annotated type; the annotations may give a format and the columns of a dataset."""
    form = next((annotation for annotation in annotations if isinstance(annotation, str)), "")
    columns = next((annotation for annotation in annotations if isinstance(annotation, Mapping)), {})
    return _blob_or_dataset_kind(python_type, form, columns) or _kind_within(python_type)


def _kind_of_literal_type(declared: LiteralType) -> Kind:
    match declared.WhichOneof("type"):
        case "simple" if declared.structure.tag == "date":
            return SCALARS[date]
        case "simple" if declared.simple in _SIMPLE_TYPES:
            return SCALARS[_SIMPLE_TYPES[declared.simple]]
        case "simple" if declared.simple == SimpleType.STRUCT:
            return AnyRecordKind(declared, kind_of)
        case "collection_type":
            item = _kind_of_literal_type(declared.collection_type)
            return ListKind(f"list[{item}]", item, accepted=(list, tuple, set, frozenset))
        case "map_value_type":
            value = _kind_of_literal_type(declared.map_value_type)
            return MapKind(f"dict[str, {value}]", SCALARS[str], value)
        case "union_type":
            variants = tuple(map(_kind_of_literal_type, declared.union_type.variants))
            from connector_core.literals.unions import UnionKind

            return UnionKind(" | ".join(map(str, variants)), variants, declared)
        case "enum_type":
            return TextEnumKind(declared.enum_type.values)
        case "blob":
            from connector_core.literals.blobs import blob_kind

            return blob_kind(declared.blob)
        case "structured_dataset_type":
            from connector_core.literals.datasets import DatasetKind

            dataset = declared.structured_dataset_type
            return DatasetKind(
                columns={column.name: column.literal_type for column in dataset.columns}, format=dataset.format
            )
        case None:
            return UNTYPED
        case _:
            return OnlyLiteralKind(declared)


UNTYPED = UntypedKind(kind_of)

_PLAIN_TYPES: dict[Any, Kind] = {
    **TEXTS,
    Any: ANY,
    object: ANY,
    Literal: OnlyLiteralKind(),
    LiteralMap: OnlyLiteralKind(),
}

_LISTS: dict[Any, tuple[type, tuple[type, ...]]] = {
    list: (list, (list,)),
    collections.abc.Sequence: (list, (list, tuple)),
    collections.abc.MutableSequence: (list, (list,)),
    tuple: (tuple, (tuple,)),
    set: (set, (set,)),
    frozenset: (frozenset, (frozenset,)),
    collections.abc.Set: (frozenset, (set, frozenset)),
}

_SIMPLE_TYPES: dict[int, type] = {
    SimpleType.INTEGER: int,
    SimpleType.FLOAT: float,
    SimpleType.BOOLEAN: bool,
    SimpleType.STRING: str,
    SimpleType.NONE: NoneType,
    SimpleType.DATETIME: datetime,
    SimpleType.DURATION: timedelta,
    SimpleType.BINARY: bytes,
}

_KNOWN = "a scalar, list, dict, dataclass, enum, File, Directory or StructuredDataset"
