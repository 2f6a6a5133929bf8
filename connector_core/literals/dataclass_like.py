"""The kinds of records: dataclasses, attrs classes, TypedDicts, NamedTuples, pydantic models, msgspec Structs."""

from __future__ import annotations

import dataclasses
import sys
import typing
from base64 import encodebytes
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from connector_core.errors import LiteralError
from connector_core.idl import LiteralType
from connector_core.literals.kinds import Kind, Scope, msgpack_type
from connector_core.literals.paths import key_step, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["record_kind"]


def record_kind(cls: type, kind_of: Callable[[Any], Kind]) -> Kind | None:
    """Return the kind of a class with fields, or None for any other class.

    Args:
        cls: The class.
        kind_of: Returns the kind of a field's type. It is called when the kind is first needed, because a record may
            contain itself.
    """
    if typing.is_typeddict(cls):
        return _TypedDictKind(cls, kind_of)
    if issubclass(cls, msgspec.Struct):
        return _MsgspecKind(cls, kind_of)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _NamedTupleKind(cls, kind_of)
    if _is_model(cls):
        return _PydanticKind(cls, kind_of)
    if dataclasses.is_dataclass(cls) or attrs.has(cls):
        return _DataclassKind(cls, kind_of)
    return None


def _is_model(cls: type) -> bool:
    pydantic = sys.modules.get("pydantic")  # A program with a model has imported it.
    return pydantic is not None and issubclass(cls, pydantic.BaseModel)


_MISSING: Any = object()


@attrs.frozen
class _Field:
    """A field of a record.

    Attributes:
        name: The name in the packed record.
        kind: The kind of its type.
        argument: The argument of the constructor, or None if there is none.
        default: The default, as the schema shows it.
        is_required: True if a packed record must have the field.
        description: The description, as the schema shows it.
    """

    name: str
    kind: Kind
    argument: str | None
    default: Any = _MISSING
    is_required: bool = True
    description: str = ""


class _FieldsKind(Kind):
    """The base class of the kinds of records. The LiteralType contains the types of the fields as ``structure``."""

    tag = "Object-Dataclass-Transformer"
    packed_type: type | None = dict

    def __init__(self, cls: type, kind_of: Callable[[Any], Kind]) -> None:
        self.name: str = cls.__name__
        self.python_type = cls
        self.kind_of = kind_of

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The types of the fields, with string annotations resolved."""
        try:
            return typing.get_type_hints(self.python_type, include_extras=True)
        except Exception as error:  # An annotation is any expression.
            raise LiteralError(f"the field types of {self} cannot be resolved: {error}.") from error

    def kind_of_field(self, name: str, python_type: Any) -> Kind:
        """Return the kind of the type of a field."""
        with within(f".{name}"):
            return self.kind_of(python_type)

    def field_types(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the type of each field."""
        yield from self.hints.items()

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        declared = msgpack_type()
        try:
            declared.metadata.update(self.root_schema())
        except (LiteralError, RecursionError):
            raise
        except Exception as error:  # pydantic and msgspec support types that they cannot describe.
            raise LiteralError(f"{self} cannot be described: {' '.join(str(error).split())}.") from error
        if self in outer:  # It contains itself, and its fields have been described already.
            return declared
        declared.structure.SetInParent()
        for name, python_type in self.field_types():
            try:
                part = self.kind_of(python_type).literal_type((*outer, self))
            except LiteralError:
                continue  # The field is still sent; only Flyte does not know its type.
            declared.structure.dataclass_type[name].CopyFrom(part)
        return declared

    def root_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the record on its own."""
        return self.schema()


class _DataclassKind(_FieldsKind):
    """A dataclass or an attrs class."""

    @cached_property
    def fields(self) -> list[_Field]:
        """The fields, in their order."""
        if attrs.has(self.python_type):
            return [self._of_attrs(field) for field in attrs.fields(self.python_type)]
        return [self._of_dataclass(field) for field in dataclasses.fields(self.python_type)]

    def field_types(self) -> Iterator[tuple[str, Any]]:
        for field in self.fields:
            yield field.name, self.hints.get(field.name, Any)

    def _of_dataclass(self, field: dataclasses.Field[Any]) -> _Field:
        default = _MISSING if field.default is dataclasses.MISSING else field.default
        return _Field(
            field.name,
            self.kind_of_field(field.name, self.hints[field.name]),
            field.name if field.init else None,
            default,
            is_required=default is _MISSING and field.default_factory is dataclasses.MISSING,
            description=field.metadata.get("description", ""),
        )

    def _of_attrs(self, field: attrs.Attribute[Any]) -> _Field:
        has_factory = isinstance(field.default, attrs.Factory)  # type: ignore[arg-type]
        return _Field(
            field.name,
            self.kind_of_field(field.name, self.hints.get(field.name, Any)),
            field.alias if field.init else None,
            _MISSING if field.default is attrs.NOTHING or has_factory else field.default,
            is_required=field.default is attrs.NOTHING,
            description=field.metadata.get("description", ""),
        )

    def pack(self, value: Any, scope: Scope) -> Any:
        if not isinstance(value, self.python_type):
            if type(value) is not dict:
                raise self.refusal(value)
            _refuse_unknown(self.fields, value, self)
            arguments = (field for field in self.fields if field.argument)
            value = _construct(self.python_type, _convert_fields(arguments, value, lambda field, item: item))
        packed: dict[str, Any] = {}
        name, fields = "", self.fields
        with within(lambda: f".{name}"):
            for field in fields:
                name = field.name
                packed[name] = field.kind.pack(getattr(value, name), scope)
        return packed

    def unpack(self, packed: Any) -> Any:
        if type(packed) is not dict:
            raise self.refusal(packed)
        fields = (field for field in self.fields if field.argument)
        return _construct(self.python_type, _convert_fields(fields, packed, _unpack_field))

    def root_schema(self) -> dict[str, Any]:
        schema = self.schema()
        pointer = f"#/$defs/{self.name}"
        if f"'$ref': '{pointer}'" in repr(schema):
            return {"$ref": pointer, "$defs": {self.name: schema}}
        return schema

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        if self in outer:
            return {"$ref": f"#/$defs/{self.name}"}
        fields = [field for field in self.fields if field.argument]
        schema: dict[str, Any] = {"type": "object", "title": self.name, "additionalProperties": False}
        if fields:
            schema["properties"] = {field.name: _property_schema(field, (*outer, self)) for field in fields}
        if required := [field.name for field in fields if field.is_required]:
            schema["required"] = required
        return schema


class _TypedDictKind(_FieldsKind):
    """A TypedDict. flytekit declares it as a dict, so Flyte does not see the fields."""

    tag = "Typed Dict"

    @cached_property
    def fields(self) -> list[_Field]:
        """The fields, in their order."""
        cls: Any = self.python_type
        fields = []
        for name, hint in self.hints.items():
            bare, qualifiers = _unqualified(hint)
            # __required_keys__ ignores the qualifiers in string annotations.
            required = name in cls.__required_keys__ and "NotRequired" not in qualifiers
            required = required or "Required" in qualifiers
            fields.append(_Field(name, self.kind_of_field(name, bare), name, is_required=required))
        return fields

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return msgpack_type()

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object", "additionalProperties": False}
        if self.fields:
            schema["properties"] = {field.name: _property_schema(field, (*outer, self)) for field in self.fields}
        if required := sorted(field.name for field in self.fields if field.is_required):
            schema["required"] = required
        return schema

    def pack(self, value: Any, scope: Scope) -> Any:
        if type(value) is not dict:
            raise self.refusal(value)
        _refuse_unknown(self.fields, value, self)
        return _convert_fields(self.fields, value, lambda field, item: field.kind.pack(item, scope))

    def unpack(self, packed: Any) -> Any:
        if type(packed) is not dict:
            raise self.refusal(packed)
        return _convert_fields(self.fields, packed, _unpack_field)


class _NamedTupleKind(_FieldsKind):
    """A NamedTuple, which is packed as a list. flytekit supports it inside records only."""

    packed_type: type | None = list

    @cached_property
    def fields(self) -> list[_Field]:
        """The fields, in their order."""
        cls: Any = self.python_type
        defaults = cls._field_defaults
        return [
            _Field(
                name,
                self.kind_of_field(name, self.hints.get(name, Any)),
                name,
                defaults.get(name, _MISSING),
                is_required=name not in defaults,
            )
            for name in cls._fields
        ]

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        return msgpack_type()

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        size = len(self.fields)
        items = [_property_schema(field, (*outer, self)) for field in self.fields]
        return {"type": "array", "prefixItems": items, "minItems": size, "maxItems": size}

    def pack(self, value: Any, scope: Scope) -> Any:
        if not isinstance(value, self.python_type):
            raise self.refusal(value)
        return list(
            _convert_fields(self.fields, value._asdict(), lambda field, item: field.kind.pack(item, scope)).values()
        )

    def unpack(self, packed: Any) -> Any:
        if type(packed) is not list:
            raise self.refusal(packed)
        if len(packed) > len(self.fields):
            raise LiteralError(f"expected {len(self.fields)} values for {self}, got {len(packed)}.")
        named = {field.name: item for field, item in zip(self.fields, packed, strict=False)}
        return _construct(self.python_type, _convert_fields(self.fields, named, _unpack_field))


class _PydanticKind(_FieldsKind):
    """A pydantic model, which pydantic converts."""

    tag = "Pydantic Transformer"

    def field_types(self) -> Iterator[tuple[str, Any]]:
        for name, field in self.python_type.model_fields.items():
            yield name, field.annotation

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        schema: dict[str, Any] = self.python_type.model_json_schema()
        return schema

    def pack(self, value: Any, scope: Scope) -> Any:
        if type(value) is dict:
            value = self.unpack(value)
        elif not isinstance(value, self.python_type):
            raise self.refusal(value)
        # flytekit writes fields by name. A field with only an alias cannot be read by its name.
        for by_alias in (False, True):
            packed = self._dump(value, by_alias)
            with suppress(LiteralError):
                if self.unpack(packed) == value:
                    return packed
        packed = self._dump(value, by_alias=False)
        self.unpack(packed)  # It raises, for instance for a NaN, which is null in JSON.
        return packed

    def _dump(self, value: Any, by_alias: bool) -> Any:
        try:
            # Through JSON, as flytekit does.
            return msgspec.json.decode(value.model_dump_json(by_alias=by_alias))
        except ValueError as error:
            raise LiteralError(f"{self} cannot be written: {error}.") from error

    def unpack(self, packed: Any) -> Any:
        try:
            return self.python_type.model_validate_json(msgspec.json.encode(packed), strict=False)
        except Exception as error:  # pydantic's ValidationError, or what a model's own validators raise
            raise _pydantic_error(error, self) from error


class _MsgspecKind(_FieldsKind):
    """A msgspec Struct, which msgspec converts."""

    def field_types(self) -> Iterator[tuple[str, Any]]:
        for field in msgspec.structs.fields(self.python_type):
            yield field.encode_name, field.type

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        schema = msgspec.json.schema(self.python_type)
        definitions = schema["$defs"]
        # Inline, as for a dataclass, unless something refers to it.
        return definitions[self.name] if len(definitions) == 1 and "$ref" not in repr(definitions) else schema

    def pack(self, value: Any, scope: Scope) -> Any:
        if not isinstance(value, self.python_type):
            raise self.refusal(value)
        try:
            packed = msgspec.to_builtins(value, builtin_types=(bytes,))
            msgspec.convert(packed, self.python_type)
        except Exception as error:
            raise _msgspec_error(error, self) from error
        return packed

    def unpack(self, packed: Any) -> Any:
        try:
            return msgspec.convert(packed, self.python_type)
        except Exception as error:  # __post_init__ may raise anything.
            raise _msgspec_error(error, self) from error


def _pydantic_error(error: Any, kind: Kind) -> LiteralError:
    if not hasattr(error, "errors"):
        return LiteralError(f"{kind} refuses the value: {error}.")
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    return LiteralError(f"{first['msg']}.", path=path)


def _msgspec_error(error: Exception, kind: Kind) -> LiteralError:
    if not isinstance(error, msgspec.ValidationError):
        return LiteralError(f"{kind} refuses the value: {error}.")
    reason, _, place = str(error).partition(" - at `$")
    return LiteralError(f"{reason.replace('`', '')}.", path=place.rstrip("`"))


def _convert_fields(
    fields: Iterable[_Field], values: Mapping[str, Any], convert: Callable[[_Field, Any], Any]
) -> dict[str, Any]:
    """Return the converted values by argument, without the optional ones that are missing."""
    converted: dict[str, Any] = {}
    name = ""
    with within(lambda: f".{name}"):
        for field in fields:
            name = field.name
            if name in values:
                converted[field.argument or name] = convert(field, values[name])
            elif field.is_required:
                raise LiteralError(f"the value is missing; expected {field.kind}.")
    return converted


def _unpack_field(field: _Field, packed: Any) -> Any:
    return field.kind.unpack(packed)


def _refuse_unknown(fields: Iterable[_Field], values: Mapping[str, Any], kind: Kind) -> None:
    """Refuse an unknown field when writing, because it would be lost. A read one may come from a newer release."""
    names = [field.name for field in fields]
    for name in values:
        if name not in names:
            raise LiteralError(f"{kind} has no such field; it has: {', '.join(names)}.", path=key_step(name))


def _construct(cls: Any, arguments: Mapping[str, Any]) -> Any:
    try:
        return cls(**arguments)
    except Exception as error:  # Validators and __post_init__ may raise anything.
        raise LiteralError(f"{cls.__name__} refuses the value: {error}.") from error


def _property_schema(field: _Field, outer: tuple[Kind, ...]) -> dict[str, Any]:
    with within(f".{field.name}"):
        schema = field.kind.schema(outer)
    if field.default is not _MISSING:
        try:
            packed = field.kind.pack(field.default, Scope())
            # As mashumaro writes bytes.
            default = encodebytes(packed).decode() if isinstance(packed, bytes) else _as_json(packed)
        except (ValueError, OverflowError):  # LiteralError, UnicodeEncodeError; or an int has more than 64 bits.
            return schema
        if default is not None or packed is None:  # JSON has no NaN.
            schema["default"] = default
    if field.description:
        schema["description"] = field.description
    return schema


def _as_json(packed: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(packed))


def _unqualified(hint: Any) -> tuple[Any, set[str]]:
    """Return the type inside Required, NotRequired and ReadOnly, and the names of these qualifiers."""
    qualifiers: set[str] = set()
    while (name := getattr(typing.get_origin(hint), "_name", "")) in ("Required", "NotRequired", "ReadOnly"):
        qualifiers.add(name)
        hint = typing.get_args(hint)[0]
    return hint, qualifiers
