"""The kind of unions and Optionals."""

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

    Writing tries the variants with exactly the type of the value first, and then the others in the declared order. The
    first variant that accepts the value is used, and its type is sent with the value. (flytekit tries all variants and
    refuses a value that two of them accept.) Reading tries the variant whose type was sent first, and then the variants
    with the same tag.
    """

    tag = "Typed Union"
    is_ordered: bool = True

    def __init__(self, name: str, variants: tuple[Kind, ...], declared: LiteralType | None = None) -> None:
        """Make the union of these variants; `declared` is its LiteralType if it comes from an interface."""
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
        """The LiteralType that is sent with a value of each variant."""
        return dict(zip(self.variants, self.literal_type().union_type.variants, strict=True))

    @cached_property
    def _tags(self) -> dict[str, list[Kind]]:
        """The variants by tag. A tag with one variant saves comparing the types."""
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
            return super().read(literal, depth)  # Fetch the literal once, not for each variant.
        if literal.scalar.WhichOneof("value") != "union":
            # The value was declared without the union, for instance by an upstream task.
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
        # In the declared order, as mashumaro does in flytekit, but numbers and strings only match their own types.
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
        """Convert a value once, even if several variants of the surrounding unions try it.

        Otherwise records that contain themselves would be converted 2**n times at depth n.
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
            raise LiteralError(refusal.reason, path=refusal.path)  # The caller changes the path of the error.
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
            raise refusals[0]  # The value was meant for this variant, whose error is the most precise.
        got = content_name(value) if isinstance(value, Literal) else type_name(type(value))
        raise LiteralError(f"expected {self}, got {got}.") from next(iter(refusals), None)


_SIMPLE = (int, float, bool, str, NoneType)

_Outcome = tuple[Any, Any, LiteralError | None]
_KNOWN: ContextVar[dict[tuple[Kind, str, int], _Outcome] | None] = ContextVar("_KNOWN", default=None)
"""The outcomes of the values inside the outermost union, by id; holding the values keeps the ids unique."""


def _tagged(variant: Kind, outer: tuple[Kind, ...]) -> LiteralType:
    """Return the LiteralType of a variant, with its tag instead of the structure, as flytekit does."""
    declared = LiteralType()
    declared.CopyFrom(variant.literal_type(outer))
    declared.structure.Clear()
    declared.structure.tag = variant.tag
    return declared
