"""The conventions of CONTRIBUTING.md for English, as far as a rule can check them; `nox -s lint` runs this test."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from support.wheels import ROOT

PHRASES = (
    "whoever|whomever|who has (gone|been)|one's own|nobody asks|for (him|whom)|be it|lest"
    "|(is|are|was|were) no (longer )?[a-z]+ (nor|of|and|that)|(is|are|was|were) (asked|waited) for"
)
# A space also matches a line break and the comment sign on the next line.
REFUSED = re.compile(r"\b(" + PHRASES.replace(" ", r"\s+(?:#\s*)?") + r")\b", flags=re.IGNORECASE)
NO_IMPERATIVE = re.compile(r"(What|Where|Whether|That|The|How|Who)\b")

LISTED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.md", "*.in", "*.toml", "*.yml"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split()
SELF = "tests/docs/test_prose.py"
FILES = [name for name in LISTED if name != SELF and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", FILES)
def test_the_prose_is_plain(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = [(text.count("\n", 0, match.start()) + 1, match[0]) for match in REFUSED.finditer(text)]
    if name.endswith(".py"):
        found += _without_imperative(ast.parse(text))
    lines = "".join(f"\n{name}:{line}: {phrase}" for line, phrase in found)
    assert not found, f"Rewrite these in plain English (CONTRIBUTING.md, Conventions):{lines}"


def _without_imperative(tree: ast.Module) -> list[tuple[int, str]]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        (function.lineno, docstring.splitlines()[0])
        for function in functions
        if not any("property" in ast.unparse(decorator) for decorator in function.decorator_list)
        if (docstring := ast.get_docstring(function)) and NO_IMPERATIVE.match(docstring)
    ]
