"""ResourceMeta, the identification of a job, and its codec.

Flyte stores the encoded metadata between two calls and may send it to another replica, which may run an older or newer
release. The encoding is therefore the plain JSON of the fields, compatible with flytekit's. Decoding ignores unknown
fields and uses the defaults of missing ones. Encoding decodes the result and compares it with the original, so metadata
that cannot be read again is refused before Flyte stores it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import attrs
import msgspec

from connector_core.errors import InvalidResourceMeta
from connector_core.secrets import Secret

__all__ = ["ResourceMeta", "check_metadata_type", "credential_like_fields", "metadata_fields"]

M = TypeVar("M", bound="ResourceMeta")


class ResourceMeta:
    """The identification of a job; the base class of a connector's metadata type.

    Subclass it as a dataclass or an attrs class with typed fields::

        @dataclass
        class QueryMeta(ResourceMeta):
            query_id: str
            region: str = "eu"

    A field may have any type that JSON can represent exactly, and also datetimes, bytes, enums, UUIDs, Decimals, nested
    dataclasses and attrs classes, and lists, tuples, sets, dicts and Optionals of all these. Keep metadata small (Flyte
    2 stores it in the task's status) and free of credentials (Flyte logs and stores it).
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) is ResourceMeta or NotImplemented

    def __hash__(self) -> int:
        return object.__hash__(self)

    def encode(self) -> bytes:
        """Return the metadata as UTF-8 JSON.

        Raises:
            InvalidResourceMeta: if ``decode`` would not return an equal object, or if the codec does not support the
                metadata type.
        """
        try:
            decode = _decoders[type(self)]
        except KeyError:
            if type(self) is ResourceMeta:
                return b"{}"
            decode = _make_decoder(type(self))
        try:
            data = _encode(self)
            if decode(data) == self:  # attrs derives != from ==, so == is faster.
                return data
        except Exception as error:
            raise _codec_error(type(self), error) from error
        raise _changed_value_error(self, decode(data))

    @classmethod
    def decode(cls: type[M], data: bytes) -> M:
        """Return the object that ``encode`` encoded.

        Args:
            data: UTF-8 JSON, written by any release of the connector or by flytekit.

        Raises:
            InvalidResourceMeta: if `data` is not a JSON object, if a field has another type, if a field without a
                default is missing, or if the codec does not support the metadata type.
        """
        try:
            decode = _decoders[cls]
        except KeyError:
            decode = _make_decoder(cls)
        try:
            return decode(data)  # type: ignore[no-any-return]
        except Exception as error:
            raise _codec_error(cls, error) from error


def check_metadata_type(metadata_type: type[ResourceMeta]) -> None:
    """Check that the codec can encode and decode every object of a metadata type.

    The codec of a type that overrides ``encode`` is not checked.

    Raises:
        InvalidResourceMeta: if it cannot. The error names the field and the remedy.
    """
    if not (isinstance(metadata_type, type) and issubclass(metadata_type, ResourceMeta)):
        raise InvalidResourceMeta(repr(metadata_type), "a metadata type must be a subclass of ResourceMeta.")
    if metadata_type.encode is ResourceMeta.encode:
        _make_decoder(metadata_type)


def credential_like_fields(metadata_type: type[ResourceMeta]) -> list[str]:
    """Return the names of the fields that seem to hold a credential, which Flyte would log and store."""
    return [name for name in metadata_fields(metadata_type) if _CREDENTIAL.search(name)]


def metadata_fields(metadata_type: type[ResourceMeta]) -> dict[str, str]:
    """Return the names of the fields and their types in Python notation, in the declared order."""
    if attrs.has(metadata_type):
        return {field.name: _type_name(field.type) for field in attrs.fields(metadata_type)}
    if dataclasses.is_dataclass(metadata_type):
        return {field.name: _type_name(field.type) for field in dataclasses.fields(metadata_type)}
    return {}


_encode = msgspec.json.Encoder().encode
_decoders: dict[type[ResourceMeta], Callable[[bytes], Any]] = {}


def _make_decoder(cls: type[ResourceMeta]) -> Callable[[bytes], Any]:
    """Check the class, and return and store the function that decodes its objects."""
    if cls is ResourceMeta:
        return _decode_without_fields
    if not _has_fields(cls):
        reason = "the class has no fields; decorate it with @dataclass or @attrs.define."
        raise InvalidResourceMeta(cls.__name__, reason) from None
    try:
        decode = msgspec.json.Decoder(cls).decode
        description = msgspec.inspect.type_info(cls)
    except Exception as error:
        raise InvalidResourceMeta(cls.__name__, f"{error}.".replace("`", "")) from error
    for path, reason in _type_problems(description, "", set()):
        raise InvalidResourceMeta(cls.__name__, reason, field=path or None) from None
    _decoders[cls] = decode
    return decode


def _has_fields(cls: type) -> bool:
    return attrs.has(cls) or dataclasses.is_dataclass(cls)


def _decode_without_fields(data: bytes) -> ResourceMeta:
    msgspec.json.decode(data, type=dict[str, Any])
    return ResourceMeta()


def _type_problems(node: msgspec.inspect.Type, path: str, seen: set[type]) -> Iterator[tuple[str, str]]:
    """Yield the path and the reason of everything that msgspec would alter, drop, or refuse only at run time."""
    match node:
        case msgspec.inspect.CustomType(cls=cls) if isinstance(cls, type) and issubclass(cls, Secret):
            yield path, "metadata must not contain a Secret, because Flyte logs and stores metadata."
        case msgspec.inspect.CustomType() | msgspec.inspect.RawType() | msgspec.inspect.ExtType():
            name = _type_name(getattr(node, "cls", type(node)))
            yield path, f"{name} cannot be represented as JSON; use plain types, dataclasses or attrs classes."
        case msgspec.inspect.DataclassType(cls=cls) if cls not in seen:
            seen.add(cls)
            yield from _class_problems(cls, path)
        case _:
            pass
    for step, child in _children(node):
        if not (isinstance(child, msgspec.inspect.DataclassType) and child.cls in seen):
            yield from _type_problems(child, f"{path}{step}".lstrip("."), seen)


def _children(node: msgspec.inspect.Type) -> Iterator[tuple[str, msgspec.inspect.Type]]:
    for field in getattr(node, "fields", ()):
        yield f".{field.name}", field.type
    for item in getattr(node, "types", ()) or getattr(node, "item_types", ()):
        yield "", item
    for attribute, step in (("item_type", "[…]"), ("key_type", "{key}"), ("value_type", "{…}")):
        if (child := getattr(node, attribute, None)) is not None:
            yield step, child


def _class_problems(cls: type, path: str) -> Iterator[tuple[str, str]]:
    prefix = f"{path}." if path else ""
    if attrs.has(cls):
        if dataclasses.is_dataclass(cls):
            yield path, f"{cls.__name__} inherits from an attrs class and a dataclass; use one of the two."
        declared = {field.name for field in attrs.fields(cls)}
        compared = {field.name for field in attrs.fields(cls) if field.eq}
        for field in attrs.fields(cls):
            if field.converter is not None:
                yield prefix + field.name, "an attrs converter does not run in decoding; convert the value earlier."
            if field.name.startswith("_"):
                yield prefix + field.name, "a private attrs field is not encoded; remove the underscore."
    else:
        declared = {field.name for field in dataclasses.fields(cls)}
        compared = {field.name for field in dataclasses.fields(cls) if field.compare}
    for name in sorted(declared - compared):
        yield prefix + name, "the field is excluded from comparison, so a change would go unnoticed; include it."
    if cls.__eq__ in (object.__eq__, ResourceMeta.__eq__):  # type: ignore[comparison-overlap]
        yield path, f"{cls.__name__} objects compare by identity, so a change would go unnoticed; remove eq=False."
    annotated = {name for name, kind in vars(cls).get("__annotations__", {}).items() if "ClassVar" not in str(kind)}
    for name in sorted(annotated - declared):
        yield prefix + name, f"it is not a field, because {cls.__name__} has no decorator of its own; add one."


def _codec_error(cls: type, error: Exception) -> InvalidResourceMeta:
    """Translate an error of msgspec, or of a class's own methods."""
    text = str(error).replace("`", "")
    reason, _, path = text.partition(" - at $")
    if missing := _MISSING.fullmatch(reason):
        reason, path = "the field is missing and has no default", f"{path}.{missing[1]}"
    if not reason.startswith("JSON"):
        reason = reason[:1].lower() + reason[1:]
    return InvalidResourceMeta(cls.__name__, f"{reason or type(error).__name__}.", field=path.lstrip(".") or None)


def _changed_value_error(meta: ResourceMeta, decoded: ResourceMeta) -> InvalidResourceMeta:
    changed = [name for name in metadata_fields(type(meta)) if getattr(meta, name) != getattr(decoded, name)]
    return InvalidResourceMeta(
        type(meta).__name__,
        "encoding would change the value; NaN, infinity and objects of another type than the field's are refused.",
        field=changed[0] if changed else None,
    )


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)


_MISSING = re.compile(r"Object missing required field (\S+)")
_CREDENTIAL = re.compile(r"password|passwd|secret|token|credential|api_?key|access_?key|private_?key", re.IGNORECASE)
