"""The Python blocks of each page run in order, in one namespace."""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from connector_core import ConnectorRegistry
from support.markdown import Block, blocks, installed, name_of, pages

NOT_RUN = {
    # These build images, and serve until they are stopped.
    "docs/how-to/deploy.md: FROM connector-core",
    "docs/how-to/deploy.md: docker build -t connector-core .",
    "docs/how-to/deploy.md: pip install 'connector-core[service]' connector-duckdb",
    "docs/how-to/secure.md: connectors serve --tls-cert tls.crt --tls-key tls.key --tls-client-ca clients.crt",
    # This uploads.
    "docs/how-to/publish.md: uv build",
    "docs/reference/performance.md: nox -s bench",
}
"""The blocks marked `not run`, which tests cannot run, as (page, first line)."""

KINDS = {"console", "mermaid", "pycon", "python", "text", ""}
"""Languages of blocks that are run, drawn or only parsed; the last one is for Sphinx."""

PAGES = [page for page in pages() if any(block.language in ("python", "pycon") for block in blocks(page))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_python_blocks_of_a_page_run(page: Path, hermetic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A registered module, in which dataclasses look up the names in their annotations.
    module = ModuleType("the_page")
    monkeypatch.setitem(sys.modules, "the_page", module)
    if names := installed(page):
        registry = ConnectorRegistry(allow=[f"dist:{name}" for name in names])
        monkeypatch.setattr("connector_core.registry._default", registry)
    for block in blocks(page):
        if block.file is not None:
            _write(block, hermetic, monkeypatch)
        if block.not_run is None and block.runs_with is None:
            if block.language == "python":
                _run(block, module)
            elif block.language == "pycon":
                _compare(block, module)


def test_only_the_listed_blocks_are_not_run() -> None:
    found = {
        f"{name_of(page)}: {block.text.splitlines()[0]}"
        for page in pages()
        for block in blocks(page)
        if block.not_run is not None
    }
    assert found == NOT_RUN


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_page_has_its_commands_in_consoles_and_its_files_can_be_read(page: Path) -> None:
    for block in blocks(page):
        if block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "yaml":
            yaml = pytest.importorskip("yaml", reason="the group `docs` is not installed")
            assert all(yaml.safe_load_all(block.text)), block.place
        elif block.not_run is None and name_of(page) != "README.md":  # Its commands have tests of their own.
            assert block.language in KINDS, block.place


def _write(block: Block, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the file, so that later blocks can import it."""
    path = directory / (block.file or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    monkeypatch.syspath_prepend(path.parent)
    monkeypatch.delitem(sys.modules, path.stem, raising=False)


def _run(block: Block, module: ModuleType) -> None:
    # A traceback then shows the line of the page.
    source = "\n" * block.line + block.text
    code = compile(source, block.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:  # As a notebook does.

        async def main() -> None:
            await eval(code, vars(module))

        asyncio.run(main())
    else:
        exec(code, vars(module))


def _compare(block: Block, module: ModuleType) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, vars(module), block.place, str(block.page), block.line)
    test.globs = vars(module)  # Later blocks would not see what a copy changes.
    report: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=flags).run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)
