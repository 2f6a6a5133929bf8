"""Reading what a command has written, while it may be writing on."""

from __future__ import annotations

from pathlib import Path

__all__ = ["last_lines", "lines_from", "size", "tail"]


def size(path: Path) -> int:
    """How many bytes a file has; none if there is no such file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def tail(path: Path, limit: int) -> str:
    """The last characters of a file.

    Args:
        path: The file; there need be none.
        limit: How many bytes at most.
    """
    length = size(path)
    data = _read(path, max(0, length - limit), limit)
    return (data[_first_character(data, 0) :] if length > limit else data).decode(errors="replace")


def last_lines(path: Path, count: int) -> str:
    """The last lines of a file that are not blank, cut where they are long."""
    lines = [line.rstrip() for line in tail(path, _MESSAGE_BYTES).splitlines()]
    return "\n".join([line for line in lines if line][-count:])


def lines_from(path: Path, offset: int, count: int, *, ended: bool) -> tuple[list[str], int]:
    """Lines of a file, whole ones only: one that may still grow is left for the next time.

    Args:
        path: The file.
        offset: Where to start, in bytes.
        count: How many lines at most.
        ended: Whether nobody writes any more.

    Returns:
        The lines, and where the next one starts.
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
"""What a message may hold of the output: an error's details must stay below 4 KiB."""

_PAGE_BYTES = 256 * 1024
"""What one page of a log reads of a file: a whole response must stay below 4 MiB."""


def _read(path: Path, offset: int, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        return b""


def _first_character(data: bytes, position: int) -> int:
    """Where the first character from a position on begins."""
    while position < len(data) and data[position] & 0xC0 == 0x80:
        position += 1
    return position


def _last_character(data: bytes) -> int:
    """Where the last character, which may be incomplete, begins; the end where that would leave nothing."""
    position = len(data) - 1
    while position > 0 and data[position] & 0xC0 == 0x80:
        position -= 1
    return position or len(data)
