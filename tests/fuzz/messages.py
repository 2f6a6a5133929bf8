"""Draw random protobuf messages: well-formed as protobuf, but seldom valid.

They are made from their descriptors, so they include the fields that a new release of flyteidl adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, TypeVar

import msgspec
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import strategies as st

from connector_core.idl import Binary, Literal, LiteralType, Scalar
from connector_core.literals import literal_type, to_literal
from fuzz.inputs import BATCH
from fuzz.python_types import EXAMPLES

M = TypeVar("M", bound=Message)
Draw = Callable[[st.SearchStrategy[Any]], Any]

VALID: list[Literal] = [to_literal(value, python_type) for python_type, value in EXAMPLES]

OFFLOADED: dict[str, bytes] = {
    **{f"memory://fuzz/{number}": literal.SerializeToString() for number, literal in enumerate(VALID)},
    "memory://fuzz/itself": Literal(offloaded_metadata={"uri": "memory://fuzz/itself"}).SerializeToString(),
    "memory://fuzz/garbage": b"\xff\xff",
    "memory://fuzz/empty": b"",
}
"""The content of the file at each URI."""

URIS = (
    # The other URIs refer to no other machine, and do not block.
    *OFFLOADED,
    *("", "missing", "/missing/file", "file:///missing", "file://", "memory://fuzz/missing", "memory://", "nosuch://x"),
    *("://", "::", "nosuch://a::memory://b", "[", "~", "{0}", "*", "memory://fuzz/*", "\0", "memory://\0"),
    *("data:,x", "data:;base64,?"),
)

texts = st.text(max_size=6) | st.sampled_from(
    ["1", "-1", "1e999", "nan", "true", "null", "[]", "2026-03-02", "2026-03-02T12:00:00Z", "12:30", "red", "a", "YQ=="]
)
NAMES = st.sampled_from(["name", "value", "next", "children", "named", "x", "y", "at", "uri", "path"]) | texts
_int64s = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, -1, 2**53 + 1])
_seconds = _int64s | st.sampled_from(
    # The limits of Timestamp, Duration, datetime and timedelta.
    [
        edge + step
        for edge in (-62135596800, 253402300799, 315576000000, -315576000000, 86399999999999, -86399999913600)
        for step in (-1, 0, 1)
    ]
)
plain_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | texts | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | st.dictionaries(st.integers(-5, 5) | st.floats() | st.none() | st.binary(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)
"""Values that msgpack can hold."""

_packed = plain_data.map(msgspec.msgpack.encode)
_headers = st.sampled_from(
    # The first bytes of a msgpack value; more or fewer bytes follow than they announce.
    [bytes([kind]) + rest for kind in range(0x80, 0x100) for rest in (b"", b"\xff" * 4, b"\0" * 4, b"\0" * 16)]
)
TASK_TYPES = st.sampled_from(["job", "plain", "echo", "job", "plain", "echo", "nobody", "", "\0", "x" * 9000])
_VERSIONS = st.sampled_from([0] * 8 + [1, -1, 2**31 - 1, -(2**31)])
METADATA = st.binary(max_size=12) | st.sampled_from(
    [b"{}", b'{"job_id":1}', b'{"job_id":"x"}', b'{"job_id":1e999}', b"[" * 2000, b"\xff\xfe", b"null"]
)
_known_types = [literal_type(python_type) for python_type, value in EXAMPLES if not isinstance(value, Message)]
_known_types += [variant for declared in _known_types for variant in declared.union_type.variants]

_OF_TYPE: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=8),
    FieldDescriptor.TYPE_DOUBLE: st.floats() | st.integers(-3, 3).map(float),
    FieldDescriptor.TYPE_ENUM: st.integers(0, 10) | st.just(99),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1) | st.sampled_from([0, -1, 999_999_999, 10**9]),
    FieldDescriptor.TYPE_INT64: _int64s,
    FieldDescriptor.TYPE_STRING: texts,
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1) | st.integers(0, 3),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
}
_OF_FIELD: dict[str, st.SearchStrategy[Any]] = {
    "flyteidl.core.Binary.tag": st.sampled_from(["msgpack", "msgpack", "msgpack", "", "json"]),
    "flyteidl.core.Binary.value": _packed | _headers | st.binary(max_size=12),
    "flyteidl.core.Blob.uri": st.sampled_from(URIS),
    "flyteidl.core.LiteralOffloadedMetadata.uri": st.sampled_from(URIS),
    "flyteidl.core.StructuredDataset.uri": st.sampled_from(URIS),
    "flyteidl.admin.TaskCategory.name": TASK_TYPES,
    "flyteidl.admin.TaskCategory.version": _VERSIONS,
    "flyteidl.core.TaskTemplate.type": TASK_TYPES,
    "flyteidl.core.TaskTemplate.task_type_version": _VERSIONS,
    **{
        f"flyteidl.admin.{request}Request.{field}": values
        for request in ("GetTask", "DeleteTask", "GetTaskLogs", "GetTaskMetrics")
        for field, values in (("task_type", TASK_TYPES), ("resource_meta", METADATA))
    },
    "google.protobuf.Duration.seconds": _seconds,
    "google.protobuf.Struct.FieldsEntry.key": NAMES,
    "google.protobuf.Timestamp.seconds": _seconds,
}
_TYPES = st.sampled_from(_known_types)
_COUNTS = st.integers(0, 3)


@st.composite
def messages(draw: Draw, cls: type[M], depth: int = 5) -> M:
    """Draw a message of a class, with any of its fields."""
    message = cls()
    _fill(draw, message, depth)
    return message


def _fill(draw: Draw, message: Message, depth: int) -> None:
    for field in _chosen(draw, message.DESCRIPTOR, depth):
        held = getattr(message, field.name)
        if field.message_type and field.message_type.GetOptions().map_entry:
            _fill_map(draw, held, field.message_type, depth)
        elif hasattr(held, "add"):
            for _ in range(draw(_COUNTS)):
                _fill(draw, held.add(), depth - 1)
        elif field.message_type:
            held.SetInParent()
            _fill_part(draw, held, depth - 1)
        elif hasattr(held, "extend"):
            held.extend(draw(_value(field)) for _ in range(draw(_COUNTS)))
        else:
            setattr(message, field.name, draw(_value(field)))


def _fill_map(draw: Draw, entries: Any, entry: Any, depth: int) -> None:
    key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
    for _ in range(draw(_COUNTS)):
        name = draw(_value(key))
        if value.message_type:
            _fill(draw, entries[name], depth - 1)
        else:
            entries[name] = draw(_value(value))


def _fill_part(draw: Draw, part: Message, depth: int) -> None:
    if isinstance(part, LiteralType) and draw(st.booleans()):
        part.CopyFrom(draw(_TYPES))  # This is often the type of the value in the same message.
    else:
        _fill(draw, part, depth)


def _chosen(draw: Draw, descriptor: Any, depth: int) -> Iterator[FieldDescriptor]:
    """Draw the fields to set: at most one of each oneof, and no message fields at depth 0."""
    fields = [field for field in descriptor.fields if depth > 0 or not field.message_type]
    for oneof in descriptor.oneofs:
        field = draw(st.sampled_from([None, *(field for field in fields if field.containing_oneof is oneof)]))
        if field is not None:
            yield field
    for field in fields:
        if field.containing_oneof is None and draw(st.integers(0, 3)):
            yield field


def _value(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    of_type = _OF_TYPE[field.type]
    return _OF_FIELD.get(field.full_name, of_type)


def altered(literals: st.SearchStrategy[Literal]) -> st.SearchStrategy[list[Literal]]:
    """Draw a literal and literals made by changing its bytes at random."""

    def batch(literal: Literal, seed: int) -> list[Literal]:
        random, data, made = Random(seed), literal.SerializeToString(), [literal]
        while len(made) < BATCH:
            try:
                made.append(Literal.FromString(_changed(data, random)))
            except DecodeError:
                continue
        return made

    return st.builds(batch, literals, st.integers(0, 2**32))


def altered_bytes(requests: st.SearchStrategy[Message]) -> st.SearchStrategy[list[bytes]]:
    """Draw a serialized message and random changes of its bytes, a quarter of which need not be valid protobuf."""

    def batch(request: Message, seed: int) -> list[bytes]:
        random, data = Random(seed), request.SerializeToString()
        made = [data, *(_changed(data, random) for _ in range(BATCH // 4))]
        while len(made) < BATCH:
            changed = _changed(data, random)
            try:
                type(request).FromString(changed)
            except DecodeError:
                continue
            made.append(changed)
        return made

    return st.builds(batch, requests, st.integers(0, 2**32))


def altered_msgpack() -> st.SearchStrategy[list[Literal]]:
    """Draw literals that hold msgpack; all but the first have been changed at random."""

    def batch(data: bytes, seed: int) -> list[Literal]:
        random = Random(seed)
        values = [data, *(_changed(data, random) for _ in range(BATCH - 1))]
        return [Literal(scalar=Scalar(binary=Binary(value=value, tag="msgpack"))) for value in values]

    return st.builds(batch, _packed | _headers | st.sampled_from(_VALID_PACKED), st.integers(0, 2**32))


_VALID_PACKED = [literal.scalar.binary.value for literal in VALID if literal.scalar.binary.value]
_PIECES = [b"\0", b"\x7f", b"\x80", b"\xc0", b"\xff", b"\xff" * 4, *_VALID_PACKED]
_PIECES += [literal.SerializeToString() for literal in VALID if literal.ByteSize() < 100]


def _changed(data: bytes, random: Random) -> bytes:
    """Return the bytes with one to three parts replaced."""
    for _ in range(random.randint(1, 3)):
        start = random.randint(0, len(data))
        end = start + random.randint(0, 4)
        piece = random.choice([random.randbytes(end - start), random.choice(_PIECES), 2 * data[start:end], b""])
        data = data[:start] + piece + data[end:]
    return data


def deep_literal(pattern: Sequence[str], leaf: Literal | None = None) -> Literal:
    """Return nested literals, each of the kind that the pattern names.

    They are built from the outside inwards, so they can be deeper than protobuf would parse.
    """
    outermost = literal = Literal()
    for kind in pattern:
        match kind:
            case "collection":
                literal = literal.collection.literals.add()
            case "map":
                literal = literal.map.literals["x"]
            case _:
                literal = literal.scalar.union.value
    literal.CopyFrom(leaf or to_literal(1))
    return outermost


def deep_struct(depth: int, kind: str) -> Literal:
    """Return a Struct of nested lists or structs."""
    literal = Literal()
    value = literal.scalar.generic.fields["value"]
    for _ in range(depth):
        value = value.list_value.values.add() if kind == "collection" else value.struct_value.fields["next"]
    value.number_value = 1
    return literal


def deep_msgpack(depth: int, kind: str) -> Literal:
    """Return msgpack of nested lists or maps."""
    level = b"\x91" if kind == "collection" else b"\x82\xa5value\x01\xa4next"
    return Literal(scalar=Scalar(binary=Binary(value=level * depth + b"\xc0", tag="msgpack")))
