"""Reads the secrets and settings of a call that Flyte 2 sends with a request.

Flyte 1's message classes parse Flyte 2's requests, because the fields that both have agree in number and type. Flyte
2's ``connection`` (field 5, a ``flyteidl2.core.Connection``) is an unknown field to Flyte 1's classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.unknown_fields import UnknownFieldSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

__all__ = ["Connection", "connection_of"]


class Connection(NamedTuple):
    """The secrets and settings of a call.

    Args:
        secrets: The secrets, by key.
        settings: The settings, by key; Flyte calls them configs.
    """

    secrets: Mapping[str, str] = {}
    settings: Mapping[str, str] = {}


def connection_of(request: Message) -> Connection:
    """Return the secrets and settings of a request. Requests of Flyte 1 have none.

    Args:
        request: A message of ``flyteidl.admin.agent_pb2``.

    Raises:
        google.protobuf.message.DecodeError: if the field is not a connection.
    """
    unknown = UnknownFieldSet(request)
    if not len(unknown):
        return _NONE
    fields = [unknown[index] for index in range(len(unknown))]
    sent = [field.data for field in fields if field.field_number == 5 and field.wire_type == _LENGTH_DELIMITED]
    # If the field occurs twice, its messages are merged (protobuf's rule for fields that are not repeated).
    message: Any = _message_class().FromString(b"".join(sent))
    return Connection(dict(message.secrets), dict(message.configs))


def _message_class() -> type[Message]:
    global _class
    if _class is None:
        _class = _make_message_class()
    return _class


def _make_message_class() -> type[Message]:
    """Make ``flyteidl2.core.Connection`` in a pool of its own, so that it does not conflict with flyteidl2."""
    text, message = descriptor_pb2.FieldDescriptorProto.TYPE_STRING, descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
    file = descriptor_pb2.FileDescriptorProto(name="connection.proto", syntax="proto3")
    connection = file.message_type.add(name="Connection")
    connection.field.add(name="task_type", number=1, type=text, label=_ONE)
    for number, name in ((2, "secrets"), (3, "configs")):
        entry = connection.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=text, label=_ONE)
        entry.field.add(name="value", number=2, type=text, label=_ONE)
        type_name = f".Connection.{entry.name}"
        connection.field.add(name=name, number=number, type=message, label=_MANY, type_name=type_name)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Connection"))


_LENGTH_DELIMITED = 2
_ONE = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
_MANY = descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
_NONE = Connection()
_class: type[Message] | None = None
