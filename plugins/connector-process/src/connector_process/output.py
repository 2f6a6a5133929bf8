"""Reads the output of a command that may still be writing."""

from __future__ import annotations

from pathlib import Path

__all__ = ["last_lines", "lines_from", "size", "tail"]


def size(path: Path) -> int:
    """Return the size of a file in bytes; 0 if it does not exist."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def tail(path: Path, limit: int) -> str:
    """Return the end of a file, cut between two characters.

    Args:
        path: The file, which need not exist.
        limit: The maximum number of bytes.
    """
    length = size(path)
    data = _read(path, max(0, length - limit), limit)
    return (data[_first_character(data, 0) :] if length > limit else data).decode(errors="replace")


def last_lines(path: Path, count: int) -> str:
    """Return the last lines of a file that are not blank, from at most its last 2 KiB."""
    lines = [line.rstrip() for line in tail(path, _MESSAGE_BYTES).splitlines()]
    return "\n".join([line for line in lines if line][-count:])


def lines_from(path: Path, offset: int, count: int, *, ended: bool) -> tuple[list[str], int]:
    """Return whole lines of a file. A last line that may still grow is left for the next call.

    Args:
        path: The file.
        offset: The first byte to read.
        count: The maximum number of lines.
        ended: True if the command no longer writes.

    Returns:
        The lines, and the offset of the next one.
    """
    data = _read(path, offset, _PAGE_BYTES)
    *whole, rest = data.split(b"\n")
    lines = whole[:count]
    offset += sum(len(line) + 1 for line in lines)
    if rest and len(lines) == len(whole) < count:
        if len(data) < _PAGE_BYTES:
            part = rest if ended else b""
        elif not whole:  # A line longer than a page comes in pieces.
            part = rest[: _last_character(rest)]
        else:
            part = b""
        if part:
            lines.append(part)
            offset += len(part)
    return [line.removesuffix(b"\r").decode(errors="replace") for line in lines], offset


_MESSAGE_BYTES = 2048
"""The bytes of output in a message: an error's details must stay below 4 KiB."""

_PAGE_BYTES = 256 * 1024
"""The bytes that one page of a log reads: a response must stay below 4 MiB."""


def _read(path: Path, offset: int, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        return b""


def _first_character(data: bytes, position: int) -> int:
    """Return the offset of the first character that begins at or after the position."""
    while position < len(data) and data[position] & 0xC0 == 0x80:
        position += 1
    return position


def _last_character(data: bytes) -> int:
    """Return the offset of the last, possibly incomplete, character; the length if it is the only one."""
    position = len(data) - 1
    while position > 0 and data[position] & 0xC0 == 0x80:
        position -= 1
    return position or len(data)
