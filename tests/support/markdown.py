"""Read the documentation: fenced blocks, the comments that mark them, headings and links.

A comment line before a block marks it:

* ``<!-- file: PATH -->``: the block is the content of this file.
* ``<!-- not run: REASON -->``: the block cannot be run.
* ``<!-- runs with: PACKAGE -->``: the block is run in a separate environment that has this package.

A comment ``<!-- installed: NAME, NAME -->`` anywhere on a page names the distributions that its commands need.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

from support.wheels import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_FILES = _PROJECT["urls"]["Repository"] + "/blob/main/"


class Block(NamedTuple):
    """A fenced block."""

    page: Path
    line: int
    language: str
    text: str
    file: str | None
    not_run: str | None
    runs_with: str | None

    @property
    def place(self) -> str:
        """The page and the line, for messages."""
        return f"{name_of(self.page)}:{self.line}"


class Command(NamedTuple):
    """A command, and the output that the page shows: None if it shows none."""

    place: str
    text: str
    output: str | None


def pages() -> list[Path]:
    """Return every page of the documentation, the README first and the plugins' last."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("plugins/*/README.md"))]


def name_of(page: Path) -> str:
    """Return the page's path, relative to the root of the repository."""
    return Path(os.path.relpath(page, ROOT)).as_posix()


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        marks = dict(_MARK.findall(match["marks"]))
        line = text.count("\n", 0, match.start("fence")) + 1
        special = (marks.get(mark) for mark in ("file", "not run", "runs with"))
        found.append(Block(page, line, match["language"], match["text"], *special))
    return found


def installed(page: Path) -> list[str]:
    """Return the distributions that the page's commands need."""
    found = re.search(r"^<!-- installed: (.+) -->$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found[1].split(", ") if found else []


def commands(block: Block) -> list[Command]:
    """Return the commands of a `bash` block, or those after a ``$`` in a `console` block."""
    if block.language == "console":
        return _commands_of_console(block)
    return [Command(block.place, text, None) for text in _joined(block.text.splitlines())]


def links(page: Path) -> list[str]:
    """Return the targets of the page's links to files of this repository, relative to the page."""
    targets = (
        os.path.relpath(ROOT / target[len(_FILES) :], page.parent) if target.startswith(_FILES) else target
        for target in all_links(page)
    )
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def all_links(page: Path) -> list[str]:
    """Return the targets of the page's links as they are written."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    text = re.sub(r"`[^`]*`", "", text)
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^]]+\]: (\S+)$", text, flags=re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that a link to the page may name after ``#``."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(page: Path, heading: str) -> str:
    """Return the text under a heading, up to the next heading of its level or above."""
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, flags=re.MULTILINE)
    assert found, f"{name_of(page)} has no heading {heading!r}"
    rest = text[found.end() :]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, flags=re.MULTILINE)
    return rest[: following.start()] if following else rest


def words_of(command: str) -> list[list[str]]:
    """Return the words of each simple command of a line, split at ``&&``, ``|`` and ``;``."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if word and set(word) <= set("|&;"):
            found.append([])
        else:
            found[-1].append(word)
    return [words for words in found if words]


def _commands_of_console(block: Block) -> list[Command]:
    found: list[Command] = []
    lines = block.text.splitlines()
    number = 0
    while number < len(lines):
        assert lines[number].startswith("$ "), f"{block.place}: a console block begins with a $"
        start = number
        typed = [lines[number].removeprefix("$ ")]
        number += 1
        while number < len(lines) and lines[number].startswith("> "):
            typed.append(lines[number].removeprefix("> "))
            number += 1
        shown = []
        while number < len(lines) and not lines[number].startswith("$ "):
            shown.append(lines[number])
            number += 1
        place = f"{name_of(block.page)}:{block.line + start + 1}"
        found.append(Command(place, "\n".join(typed), "\n".join(shown).strip("\n") if shown else None))
    return found


def _joined(lines: list[str]) -> list[str]:
    """Join the lines of one command: after an open quote, or after a backslash at the end."""
    found: list[str] = []
    pending = ""
    for line in lines:
        pending = f"{pending}\n{line}" if pending else line
        if pending.endswith("\\"):
            continue
        try:
            shlex.split(pending, comments=True)
        except ValueError:
            continue
        if shlex.split(pending, comments=True):
            found.append(pending)
        pending = ""
    assert not pending, pending
    return found


_FENCE = re.compile(
    r"(?P<marks>(?:^<!--(?:(?!-->).)*-->\n+)*)^(?P<fence>```(?P<language>\w*))[^\n]*\n(?P<text>.*?)^```$",
    flags=re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^<!-- (file|not run|runs with): (.*?) -->$", flags=re.MULTILINE)
