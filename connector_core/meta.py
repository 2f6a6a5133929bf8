"""ResourceMeta: what identifies a job, and how it travels.

Flyte keeps the encoded metadata between two calls and gives it back to any replica, of an older or a newer release.
So the encoding is plain JSON of the fields (what flytekit writes, this reads, and the other way round), an unknown
field is ignored, a missing one takes its default, and what could not be read again is refused before it is sent.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

import attrs
import msgspec

from connector_core.encoding import make_encoder
from connector_core.errors import InvalidResourceMeta
from connector_core.secrets import Secret

__all__ = ["ResourceMeta", "check_metadata_type", "credential_like_fields", "metadata_fields"]

M = TypeVar("M", bound="ResourceMeta")


class ResourceMeta:
    """What identifies a job: subclass it as a dataclass or an attrs class, with typed fields.

    ::

        @dataclass
        class QueryMeta(ResourceMeta):
            query_id: str
            region: str = "eu"

    Fields may be of any type that JSON can carry faithfully, datetimes, bytes, enums, UUIDs, Decimals, nested
    dataclasses and attrs classes, and lists, tuples, sets, dicts and Optionals of them. Keep it small (Flyte 2 stores
    it in the task's status), and keep credentials out of it: the engine logs and stores it.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) is ResourceMeta or NotImplemented

    def __hash__(self) -> int:
        return object.__hash__(self)

    def encode(self) -> bytes:
        """The metadata as UTF-8 JSON.

        Raises:
            InvalidResourceMeta: ``decode`` would not give an equal object back.
        """
        try:
            encode = _encoders[type(self)]
        except KeyError:
            encode = _make_codec(type(self)).encode
        try:
            return encode(self)
        except InvalidResourceMeta:
            raise
        except Exception as error:
            raise _explain(type(self), error) from error

    @classmethod
    def decode(cls: type[M], data: bytes) -> M:
        """The object that ``encode`` made the bytes of.

        Args:
            data: UTF-8 JSON, of any release of the connector, or of flytekit.

        Raises:
            InvalidResourceMeta: It is no JSON object, a field has another type, or one without a default is missing.
        """
        try:
            decode = _decoders[cls]
        except KeyError:
            decode = _make_codec(cls).decode
        try:
            return decode(data)  # type: ignore[no-any-return]
        except Exception as error:
            raise _explain(cls, error) from error


def check_metadata_type(metadata_type: type[ResourceMeta]) -> None:
    """Refuse a type whose objects the codec could not carry faithfully.

    A type that brings its own ``encode`` and ``decode`` is its author's responsibility.

    Raises:
        InvalidResourceMeta: Naming the field, and what may stand there.
    """
    if not (isinstance(metadata_type, type) and issubclass(metadata_type, ResourceMeta)):
        raise InvalidResourceMeta(repr(metadata_type), "a metadata type is a subclass of ResourceMeta.")
    if metadata_type.encode is ResourceMeta.encode:
        _make_codec(metadata_type)


def credential_like_fields(metadata_type: type[ResourceMeta]) -> list[str]:
    """The fields whose names suggest that they hold a credential, which the engine would log and store."""
    return [name for name in metadata_fields(metadata_type) if _CREDENTIAL.search(name)]


def metadata_fields(metadata_type: type[ResourceMeta]) -> dict[str, str]:
    """The fields of a metadata type and their types as a person would write them, in order."""
    if attrs.has(metadata_type):
        return {field.name: _spell(field.type) for field in attrs.fields(metadata_type)}
    if dataclasses.is_dataclass(metadata_type):
        return {field.name: _spell(field.type) for field in dataclasses.fields(metadata_type)}
    return {}


class _Codec(NamedTuple):
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


# Looked up in each encode and each decode: two plain dicts of functions are the fastest there is.
_encoders: dict[type[ResourceMeta], Callable[[Any], bytes]] = {}
_decoders: dict[type[ResourceMeta], Callable[[bytes], Any]] = {}


def _make_codec(cls: type[ResourceMeta]) -> _Codec:
    if cls is ResourceMeta:
        any_object = msgspec.json.Decoder(dict[str, Any])
        return _Codec(lambda _: b"{}", lambda data: any_object.decode(data) is None or ResourceMeta())
    if not _has_fields(cls):
        reason = "it has no fields; make it a dataclass (@dataclass) or an attrs class."
        raise InvalidResourceMeta(cls.__name__, reason) from None
    try:
        decode = msgspec.json.Decoder(cls).decode
        description = msgspec.inspect.type_info(cls)
    except Exception as error:
        raise InvalidResourceMeta(cls.__name__, f"{error}.".replace("`", "")) from error
    for problem in _uncarriable(description, "", set()):
        raise InvalidResourceMeta(cls.__name__, problem.reason, field=problem.path or None) from None
    codec = _Codec(make_encoder(description, decode, _lossy), decode)
    _encoders[cls], _decoders[cls] = codec
    return codec


def _has_fields(cls: type) -> bool:
    return attrs.has(cls) or dataclasses.is_dataclass(cls)


class _Problem(NamedTuple):
    path: str
    reason: str


def _uncarriable(node: msgspec.inspect.Type, path: str, seen: set[type]) -> Iterator[_Problem]:
    """What msgspec would accept here and then alter, drop, or refuse only at run time."""
    match node:
        case msgspec.inspect.CustomType(cls=cls) if isinstance(cls, type) and issubclass(cls, Secret):
            yield _Problem(path, "metadata may not hold a Secret, since the engine logs and stores it.")
        case msgspec.inspect.CustomType() | msgspec.inspect.RawType() | msgspec.inspect.ExtType():
            name = _spell(getattr(node, "cls", type(node)))
            yield _Problem(path, f"{name} cannot be carried as JSON; use plain types, dataclasses or attrs classes.")
        case msgspec.inspect.DataclassType(cls=cls) if cls not in seen:
            seen.add(cls)
            yield from _uncarriable_class(cls, path)
        case _:
            pass
    for step, child in _children(node):
        if not (isinstance(child, msgspec.inspect.DataclassType) and child.cls in seen):
            yield from _uncarriable(child, f"{path}{step}".lstrip("."), seen)


def _children(node: msgspec.inspect.Type) -> Iterator[tuple[str, msgspec.inspect.Type]]:
    for field in getattr(node, "fields", ()):
        yield f".{field.name}", field.type
    for item in getattr(node, "types", ()) or getattr(node, "item_types", ()):
        yield "", item
    for attribute, step in (("item_type", "[…]"), ("key_type", "{key}"), ("value_type", "{…}")):
        if (child := getattr(node, attribute, None)) is not None:
            yield step, child


def _uncarriable_class(cls: type, path: str) -> Iterator[_Problem]:
    if attrs.has(cls):
        if dataclasses.is_dataclass(cls):
            yield _Problem(path, f"{cls.__name__} mixes attrs and dataclass in one line of classes; choose one.")
        declared = {field.name for field in attrs.fields(cls)}
        for attribute in attrs.fields(cls):
            where = f"{path}.{attribute.name}".lstrip(".")
            if attribute.converter is not None:
                yield _Problem(where, "an attrs converter does not run when metadata is read; convert before.")
            if attribute.name.startswith("_"):
                yield _Problem(where, "a private attribute of an attrs class is not carried; drop the underscore.")
            if not attribute.eq:
                yield _Problem(where, "it is left out of comparison, so nobody would notice a change; compare it.")
    else:
        declared = {field.name for field in dataclasses.fields(cls)}
        for field in dataclasses.fields(cls):
            if not field.compare:
                where = f"{path}.{field.name}".lstrip(".")
                yield _Problem(where, "it is left out of comparison, so nobody would notice a change; compare it.")
    if cls.__eq__ in (object.__eq__, ResourceMeta.__eq__):  # type: ignore[comparison-overlap]
        yield _Problem(path, f"{cls.__name__} compares by identity, so nobody would notice a change; leave eq on.")
    annotated = {name for name, kind in vars(cls).get("__annotations__", {}).items() if "ClassVar" not in str(kind)}
    for name in sorted(annotated - declared):
        yield _Problem(
            f"{path}.{name}".lstrip("."), f"it is no field, because {cls.__name__} lacks its own decorator; add it."
        )


def _explain(cls: type, error: Exception) -> InvalidResourceMeta:
    if isinstance(error, InvalidResourceMeta):
        return error
    text = str(error).replace("`", "")
    reason, _, path = text.partition(" - at $")
    if missing := _MISSING.fullmatch(reason):
        reason, path = "the field is missing and has no default", f"{path}.{missing[1]}"
    reason = reason[:1].lower() + reason[1:]
    return InvalidResourceMeta(cls.__name__, f"{reason or type(error).__name__}.", field=path.lstrip(".") or None)


def _lossy(meta: ResourceMeta, again: ResourceMeta) -> InvalidResourceMeta:
    changed = [name for name in metadata_fields(type(meta)) if getattr(meta, name) != getattr(again, name)]
    return InvalidResourceMeta(
        type(meta).__name__,
        "its value would come back changed; NaN, infinity and objects of another type than the field's cannot be "
        "carried.",
        field=changed[0] if changed else None,
    )


def _spell(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)


_MISSING = re.compile(r"Object missing required field (\S+)")
_CREDENTIAL = re.compile(r"password|passwd|secret|token|credential|api_?key|access_?key|private_?key", re.IGNORECASE)
