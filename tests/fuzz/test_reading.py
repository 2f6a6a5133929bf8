"""Reading any literal returns a value, or raises a LiteralError that names the position of the error."""

from __future__ import annotations

import tracemalloc
from typing import Any
from zlib import crc32

import pytest
from hypothesis import strategies as st

from connector_core import LiteralError, from_literal, from_literal_map
from connector_core.idl import Binary, Literal, LiteralMap, LiteralType, Scalar, VariableMap
from fuzz.inputs import BATCH, fuzz
from fuzz.messages import (
    NAMES,
    VALID,
    Draw,
    altered,
    altered_msgpack,
    deep_literal,
    deep_msgpack,
    deep_struct,
    messages,
)
from fuzz.python_types import TYPES


def read(literal: Literal, python_type: Any) -> None:
    refusal: LiteralError | None = None
    try:
        from_literal(literal, python_type, path="outputs")
    except LiteralError as error:
        refusal = error
    except Exception as error:
        error.add_note(f"reading Literal.FromString({literal.SerializePartialToString()!r}) as {python_type}")
        raise
    assert refusal is None or (refusal.path.startswith("outputs") and str(refusal).startswith(refusal.path))


def read_as_several_types(literal: Literal) -> None:
    """Read a literal as every second type, starting at one that depends on the literal's bytes."""
    for python_type in TYPES[crc32(literal.SerializePartialToString()) % 2 :: 2]:
        read(literal, python_type)


@fuzz(25, altered(messages(Literal)))
def test_any_literal(literal: Literal) -> None:
    read_as_several_types(literal)


@fuzz(23, altered(st.sampled_from(VALID)))
def test_a_valid_literal_with_changes(literal: Literal) -> None:
    read_as_several_types(literal)


@fuzz(15, altered_msgpack())
def test_any_msgpack(literal: Literal) -> None:
    read_as_several_types(literal)


DEPTHS = [5, 10, 15, 20, 25, 28, 29, 30, 31, 35, 45, 60, 80, 100, 150, 200]
assert len(DEPTHS) == BATCH


@st.composite
def deep(draw: Draw) -> list[Literal]:
    """Draw one nesting at several depths."""
    pattern = draw(st.lists(st.sampled_from(["collection", "map", "union"]), min_size=1, max_size=4))
    leaf = draw(messages(Literal, 2))
    make = draw(st.sampled_from([deep_struct, deep_msgpack, None]))
    if make is None:
        return [deep_literal((pattern * depth)[:depth], leaf) for depth in DEPTHS]
    return [deep_literal(pattern, make(depth, pattern[0])) for depth in DEPTHS]


@fuzz(2, deep())
def test_a_deep_literal(literal: Literal) -> None:
    read_as_several_types(literal)


@st.composite
def declared(draw: Draw) -> list[tuple[Literal, LiteralType]]:
    """Draw a random literal and valid ones, with a declared type."""
    literals = [
        draw(messages(Literal)),
        *draw(st.lists(st.sampled_from(VALID), min_size=BATCH - 1, max_size=BATCH - 1)),
    ]
    literal_type = draw(messages(LiteralType))
    return [(literal, literal_type) for literal in literals]


@fuzz(5, declared())
def test_any_declared_type(given: tuple[Literal, LiteralType]) -> None:
    read(*given)


@st.composite
def named(draw: Draw) -> list[tuple[LiteralMap, Any]]:
    """Draw literals by name, with types by name or an interface, which may contain other names."""
    literals = [draw(messages(LiteralMap, 4)) for _ in range(4)]
    types = st.dictionaries(NAMES, st.sampled_from(TYPES), max_size=3)
    interfaces = [draw(st.none() | types | messages(VariableMap, 4)) for _ in range(4)]
    return [(given, interface) for given in literals for interface in interfaces]


@fuzz(5, named())
def test_any_literals_by_name(given: tuple[LiteralMap, Any]) -> None:
    refusal: LiteralError | None = None
    try:
        from_literal_map(*given, path="outputs")
    except LiteralError as error:
        refusal = error
    assert refusal is None or refusal.path.startswith("outputs.")


OVERSTATED = {
    "a list": b"\xdd\xff\xff\xff\xff",
    "a map": b"\xdf\xff\xff\xff\xff",
    "a text": b"\xdb\xff\xff\xff\xff",
    "bytes": b"\xc6\xff\xff\xff\xff",
    "an extension": b"\xc9\xff\xff\xff\xff\x01",
    "lists within each other": b"\xdc\xff\xff" * 900,
    "more lists than can be read": b"\x91" * 100_000,
    "more maps than can be read": b"\x81\x01" * 100_000,
}


@pytest.mark.parametrize("python_type", [None, list[int], dict, Any], ids=str)
@pytest.mark.parametrize("packed", OVERSTATED.values(), ids=OVERSTATED.keys())
def test_what_a_length_promises_takes_no_memory(packed: bytes, python_type: Any) -> None:
    literal = Literal(scalar=Scalar(binary=Binary(value=packed, tag="msgpack")))
    tracemalloc.start()
    try:
        with pytest.raises(LiteralError, match=r"^outputs: "):
            from_literal(literal, python_type, path="outputs")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
