"""Unions and Optionals: the first variant that takes the value, with its tag."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cached_property
from types import NoneType
from typing import TYPE_CHECKING, Any

from connector_core.errors import LiteralError
from connector_core.idl import Literal, LiteralType
from connector_core.literals.kinds import Kind, Scope, deeper, fill_from_literal
from connector_core.literals.naming import content_name, type_name

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["UnionKind"]


class UnionKind(Kind):
    """``A | B``.

    A variant whose type is exactly that of the value comes first, then the others as they are declared; the first that
    takes the value is written, with its type beside it. (flytekit tries all of them and refuses where two fit.) In
    reading, the variant whose type stands beside the value comes first, then those with the same tag.
    """

    tag = "Typed Union"
    is_ordered: bool = True

    def __init__(self, name: str, variants: tuple[Kind, ...], declared: LiteralType | None = None) -> None:
        """The union of these variants; `declared` is its own type, where it comes from an interface."""
        self.name: str = name
        self.variants = variants
        self._declared = declared

    def literal_type(self, outer: tuple[Kind, ...] = ()) -> LiteralType:
        if self._declared is not None:
            return self._declared
        declared = LiteralType()
        declared.union_type.SetInParent()
        declared.union_type.variants.extend(_tagged(variant, outer) for variant in self.variants)
        return declared

    @cached_property
    def _types(self) -> dict[Kind, LiteralType]:
        """The type that stands beside a value of each variant."""
        return dict(zip(self.variants, self.literal_type().union_type.variants, strict=True))

    @cached_property
    def _tags(self) -> dict[str, list[Kind]]:
        """The variants that have a tag: mostly one, whose type need not be compared."""
        tags: dict[str, list[Kind]] = {}
        for variant, own in self._types.items():
            tags.setdefault(own.structure.tag, []).append(variant)
        return tags

    def schema(self, outer: tuple[Kind, ...] = ()) -> dict[str, Any]:
        return {"anyOf": [variant.schema(outer) for variant in self.variants]}

    def fill(self, literal: Literal, value: Any, scope: Scope) -> None:
        if fill_from_literal(literal, value):
            return
        inner = scope.deeper()

        def fill(variant: Kind) -> None:
            mark = len(scope.uploads)
            try:
                variant.fill(literal.scalar.union.value, value, inner)
            except LiteralError:
                literal.Clear()
                del scope.uploads[mark:]
                raise
            literal.scalar.union.type.CopyFrom(self._types[variant])

        self._first_accepting(fill, value, self._variants_of_type(value))

    def read(self, literal: Literal, depth: int) -> Any:
        if literal.WhichOneof("value") == "offloaded_metadata":
            return super().read(literal, depth)  # Fetched once, and not for each variant.
        if literal.scalar.WhichOneof("value") != "union":
            # What was declared without the union, such as by an upstream task.
            preferred = self._variants_of_type(None) if literal.scalar.HasField("none_type") else []
            return self._first_accepting(lambda variant: variant.read(literal, depth), literal, preferred)
        union, inner = literal.scalar.union, deeper(depth)
        same = self._tags.get(union.type.structure.tag, [])
        if len(same) > 1:
            same = [*(variant for variant in same if self._types[variant] == union.type), *same]
        return self._first_accepting(lambda variant: variant.read(union.value, inner), union.value, same)

    def pack(self, value: Any, scope: Scope) -> Any:
        preferred = self._variants_of_type(value)
        return self._convert_once(
            "pack", value, lambda: self._first_accepting(lambda variant: variant.pack(value, scope), value, preferred)
        )

    def unpack(self, packed: Any) -> Any:
        # As flytekit (that is, mashumaro) does it: in the declared order, but a number or text is nothing else.
        preferred = self._variants_of_type(None) if packed is None else []
        preferred += [
            variant
            for variant in self.variants
            if variant.packed_type is type(packed) or variant.packed_type not in _SIMPLE
        ]
        return self._convert_once(
            "unpack", packed, lambda: self._first_accepting(lambda variant: variant.unpack(packed), packed, preferred)
        )

    def _convert_once(self, operation: str, value: Any, convert: Callable[[], Any]) -> Any:
        """What a value is converted to, be it by several variants of the unions around this one.

        Records that hold themselves would be tried 2**n times at the depth n.
        """
        if type(value) in _SIMPLE:
            return convert()
        known = _KNOWN.get()
        if known is None:
            outermost = _KNOWN.set({})
            try:
                return convert()
            finally:
                _KNOWN.reset(outermost)
        key = self, operation, id(value)
        outcome = known.get(key)
        if outcome is None:
            try:
                outcome = value, convert(), None
            except LiteralError as error:
                outcome = value, None, error
            known[key] = outcome
        _, converted, refusal = outcome
        if refusal is not None:
            raise LiteralError(refusal.reason, path=refusal.path)  # Who catches it changes its path.
        return converted

    def _variants_of_type(self, value: Any) -> list[Kind]:
        return [variant for variant in self.variants if variant.python_type is type(value)]

    def _first_accepting(self, attempt: Callable[[Kind], Any], value: Any, preferred: list[Kind]) -> Any:
        refusals: list[LiteralError] = []
        for variant in dict.fromkeys((*preferred, *self.variants)):
            try:
                return attempt(variant)
            except LiteralError as error:
                refusals.append(error)
        if len(set(preferred)) == 1:
            raise refusals[0]  # It is this one that was meant, and it says what is wrong, and where.
        got = content_name(value) if isinstance(value, Literal) else type_name(type(value))
        raise LiteralError(f"expected {self}, got {got}.") from next(iter(refusals), None)


_SIMPLE = (int, float, bool, str, NoneType)

_Outcome = tuple[Any, Any, LiteralError | None]
_KNOWN: ContextVar[dict[tuple[Kind, str, int], _Outcome] | None] = ContextVar("_KNOWN", default=None)
"""What has become of the values in the outermost union, by id (and held, so that the id stays theirs)."""


def _tagged(variant: Kind, outer: tuple[Kind, ...]) -> LiteralType:
    """The type of a variant, with the tag instead of the structure, as flytekit has it."""
    declared = LiteralType()
    declared.CopyFrom(variant.literal_type(outer))
    declared.structure.Clear()
    declared.structure.tag = variant.tag
    return declared
