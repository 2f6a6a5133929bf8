"""Writing any value returns a literal that can be sent, or raises a LiteralError that names the error's position."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from flyteidl.admin.agent_pb2 import ExecuteTaskSyncResponse
from hypothesis import strategies as st

from connector_core import LiteralError, from_literal_map, to_literal_map
from connector_core.idl import LiteralMap, LiteralType
from fuzz.inputs import fuzz
from fuzz.messages import Draw, messages
from fuzz.python_types import TYPES
from fuzz.values import SECRET, VALUES, Made


def write(made: Made, python_type: Any) -> None:
    """Write a value, send the literal, and read it again."""
    refusal: LiteralError | None = None
    try:
        try:
            literals = to_literal_map({"x": made.value}, {"x": python_type}, path="outputs")
        except LiteralError as error:
            refusal = error
        else:
            from_literal_map(sent(literals), {"x": python_type}, path="outputs")
    except LiteralError:
        pass  # Not every literal can be read: some refer to files or tables that do not exist.
    except Exception as error:
        error.add_note(f"writing {made!r} as {python_type}")
        raise
    assert refusal is None or (refusal.path.startswith("outputs.x") and str(refusal).startswith(refusal.path))


def sent(literals: LiteralMap) -> LiteralMap:
    """Return the literals as they arrive in the message that nests them most deeply."""
    response = ExecuteTaskSyncResponse()
    response.header.resource.outputs.CopyFrom(literals)
    data = response.SerializeToString()
    assert SECRET.encode() not in data
    return ExecuteTaskSyncResponse.FromString(data).header.resource.outputs


@fuzz(20, VALUES)
def test_any_value(made: Made) -> None:
    # Each value is written as a third of the types; its name determines which.
    for python_type in TYPES[crc32(repr(made).encode(errors="replace")) % 3 :: 3]:
        write(made, python_type)


@st.composite
def declared(draw: Draw) -> list[tuple[Made, LiteralType]]:
    literal_type, made = draw(messages(LiteralType)), draw(VALUES)
    return [(each, literal_type) for each in made]


@fuzz(5, declared())
def test_any_value_of_any_declared_type(given: tuple[Made, LiteralType]) -> None:
    write(*given)
