"""``NAME=VALUE``: the arguments of ``-i``, ``--custom`` and ``--config``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from connector_core.cli.errors import WrongUse
from connector_core.errors import LiteralError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["json_or_text", "read_json", "read_pairs"]

T = TypeVar("T")


def read_pairs(
    option: str, words: Iterable[str], read: Callable[[str, str | None], T], *, typed: bool = False
) -> dict[str, T]:
    """Read the arguments of an option.

    Args:
        option: The option, for messages.
        words: The arguments.
        read: Converts a value. It is called with the text of the value, and with the text of its type or None.
        typed: If True, an argument may be ``NAME:TYPE=VALUE``.

    Returns:
        The values by name.

    Raises:
        WrongUse: if an argument cannot be read, or if a name is given twice.
    """
    values: dict[str, T] = {}
    for word in words:
        left, equals, text = word.partition("=")
        name, colon, type_text = left.partition(":") if typed else (left, "", "")
        if not (name and equals):
            raise WrongUse(f"{option} {word!r} cannot be read: write it as NAME=VALUE, such as {option} x=1.")
        if name in values:
            raise WrongUse(f"{option} {name} is given twice; give it once.")
        try:
            values[name] = read(text, type_text if colon else None)
        except LiteralError as error:
            raise WrongUse(f"{option} {left:.80} cannot be read: {error}") from error
        except (RecursionError, MemoryError) as error:  # Python's parser raises either.
            raise WrongUse(f"{option} {left:.80} cannot be read: it is nested too deeply.") from error
    return values


def json_or_text(text: str) -> Any:
    """Return what the text means: the JSON value, or the text itself if it does not parse as JSON."""
    try:
        return read_json(text)
    except ValueError:
        return text


def read_json(text: str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: if the text is not JSON. ``NaN`` and ``Infinity``, which Python accepts, are not JSON.
    """
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
