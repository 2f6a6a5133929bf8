"""Functions that encode metadata of one class, and make sure that what they write can be read again.

Reading back what was written, and comparing, tells for every class; but it takes twice as long as encoding. For most
classes a look at the values tells as much, and a function that looks at them is compiled here for each class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec

__all__ = ["make_encoder"]


def make_encoder(
    description: msgspec.inspect.Type, decode: Callable[[bytes], Any], lossy: Callable[[Any, Any], Exception]
) -> Callable[[Any], bytes]:
    """A function that encodes, and reads back what it wrote unless the values are such that this cannot fail.

    Args:
        description: The class, as msgspec describes it.
        decode: Reads what was written.
        lossy: Makes the error for an object and what it would come back as.
    """
    encode = msgspec.json.Encoder().encode

    def read_back(meta: Any) -> bytes:
        data = encode(meta)
        again = decode(data)
        if not (again == meta):  # attrs answers != by way of ==
            raise lossy(meta, again)
        return data

    source = _Source()
    try:
        struct = source.look_at_fields(description, "meta", "    ", ())
    except _OnlyReadingBackTells:
        return read_back
    # Compiled, because reading back takes twice as long as encoding.
    text = "\n".join(["def compiled(meta):", *source.lines, f"    return encode({struct})"])
    namespace = {**source.names, "encode": encode, "read_back": read_back}
    exec(text, namespace)
    compiled: Callable[[Any], bytes] = namespace["compiled"]
    return compiled


class _OnlyReadingBackTells(Exception):
    """Of values of this type: it has validators, constraints or types that JSON has no equivalent of."""


class _Source:
    """Writes the source of a function that leaves by ``read_back`` unless all it looks at is plain.

    A value is plain when it is exactly of its type, and JSON holds it faithfully.

    Attributes:
        lines: The function's lines.
        names: What the names in them stand for.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"scalars": _SCALARS}

    def look_at(self, node: msgspec.inspect.Type, value: str, indent: str, outer: tuple[type, ...]) -> str:
        """Write the lines that look at `value`, and give the expression that it is encoded from."""
        if condition := _plain_scalar(node):
            self._unless(condition.format(value), indent)
            return value
        if len(indent) > _DEEPEST:
            raise _OnlyReadingBackTells
        match node:
            case msgspec.inspect.UnionType(types=members) if len(members) == 2 and _NONE in members:
                (inner,) = (member for member in members if member != _NONE)
                self.lines.append(f"{indent}if {value} is not None:")
                self.look_at(inner, value, f"{indent}    ", outer)
            case msgspec.inspect.ListType(item_type=item_type) if node == msgspec.inspect.ListType(item_type):
                item = self._name()
                self._unless(f"type({value}) is list", indent)
                self.lines.append(f"{indent}for {item} in {value}:")
                self.look_at(item_type, item, f"{indent}    ", outer)
            case msgspec.inspect.DictType(value_type=item_type) if node == msgspec.inspect.DictType(_STR, item_type):
                key, item = self._name(), self._name()
                self._unless(f"type({value}) is dict", indent)
                self.lines.append(f"{indent}for {key} in {value}:")
                self._unless(f"type({key}) is str", f"{indent}    ")
                self.lines.append(f"{indent}    {item} = {value}[{key}]")
                self.look_at(item_type, item, f"{indent}    ", outer)
            case msgspec.inspect.DataclassType(cls=cls):
                self._unless(f"type({value}) is {self._name(cls)}", indent)
                return self.look_at_fields(node, value, indent, outer)
            case _:
                raise _OnlyReadingBackTells
        return value

    def look_at_fields(self, node: msgspec.inspect.Type, value: str, indent: str, outer: tuple[type, ...]) -> str:
        """The same for all fields of an object.

        It is encoded from a Struct: to make one and write it takes msgspec less time than to write the object.
        """
        if not isinstance(node, msgspec.inspect.DataclassType) or node.cls in outer or _has_own_rules(node.cls):
            raise _OnlyReadingBackTells
        parts = []
        for field in node.fields:
            local = self._name()
            self.lines.append(f"{indent}{local} = {value}.{field.name}")
            parts.append(self.look_at(field.type, local, indent, (*outer, node.cls)))
        struct = msgspec.defstruct(node.cls.__name__, [field.name for field in node.fields], gc=False)
        return f"{self._name(struct)}({', '.join(parts)})"

    def _unless(self, condition: str, indent: str) -> None:
        self.lines.append(f"{indent}if not ({condition}): return read_back(meta)")

    def _name(self, meaning: object = None) -> str:
        name = f"name_{len(self.names)}"
        self.names[name] = meaning
        return name


def _plain_scalar(node: msgspec.inspect.Type) -> str | None:
    """The condition that a value is plain, or None where it is more than a scalar."""
    if isinstance(node, msgspec.inspect.UnionType):
        parts = [_plain_scalar(member) for member in node.types]
        return " or ".join(part for part in parts if part) if all(parts) else None
    return next((condition for plain_type, condition in _PLAIN if node == plain_type), None)


def _has_own_rules(cls: type) -> bool:
    hooks = ("__post_init__", "__attrs_pre_init__", "__attrs_post_init__")
    return any(hasattr(cls, hook) for hook in hooks) or (
        attrs.has(cls) and any(attribute.validator for attribute in attrs.fields(cls))
    )


_NONE, _STR = msgspec.inspect.NoneType(), msgspec.inspect.StrType()
_SCALARS = frozenset({str, int, bool, type(None)})
# Pairs and no dict: the descriptions compare by value (a constraint makes them differ) but do not hash.
_PLAIN = (
    (_NONE, "{0} is None"),
    (_STR, "type({0}) is str"),
    (msgspec.inspect.BoolType(), "type({0}) is bool"),
    (msgspec.inspect.IntType(), "type({0}) is int"),
    # The difference is not 0 for infinity and NaN.
    (msgspec.inspect.FloatType(), "type({0}) is float and {0} - {0} == 0.0"),
    (msgspec.inspect.AnyType(), "type({0}) in scalars or type({0}) is float and {0} - {0} == 0.0"),
)
_DEEPEST = 40
"""Spaces of indentation: Python allows 20 loops in each other, and four spaces are one."""
