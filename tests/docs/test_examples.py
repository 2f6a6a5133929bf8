"""Every Python block of the documentation is run: those of one page in order, in one namespace."""

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
    # They build images, and serve until they are stopped.
    "docs/how-to/deploy.md: FROM connector-core",
    "docs/how-to/deploy.md: docker build -t connector-core .",
    "docs/how-to/deploy.md: pip install 'connector-core[service]' connector-duckdb",
    "docs/how-to/secure.md: connectors serve --tls-cert tls.crt --tls-key tls.key --tls-client-ca clients.crt",
    # It uploads.
    "docs/how-to/publish.md: uv build",
    "docs/reference/performance.md: nox -s bench",
}
"""The blocks marked `not run`, which cannot be run: page, and how the block begins."""

KINDS = {"console", "mermaid", "pycon", "python", "text", ""}
"""What is run, drawn or only read; the last is for Sphinx."""

PAGES = [page for page in pages() if any(block.language in ("python", "pycon") for block in blocks(page))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_python_of_a_page_runs(page: Path, hermetic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A module that can be found: dataclasses look up there what their annotations name.
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


def test_no_more_is_left_out_than_must_be() -> None:
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
    """Write the file, and let later blocks import it."""
    path = directory / (block.file or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    monkeypatch.syspath_prepend(path.parent)
    monkeypatch.delitem(sys.modules, path.stem, raising=False)


def _run(block: Block, module: ModuleType) -> None:
    # So that a traceback shows the line of the page.
    source = "\n" * block.line + block.text
    code = compile(source, block.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:  # As in a notebook.

        async def main() -> None:
            await eval(code, vars(module))

        asyncio.run(main())
    else:
        exec(code, vars(module))


def _compare(block: Block, module: ModuleType) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, vars(module), block.place, str(block.page), block.line)
    test.globs = vars(module)  # It would be a copy, of which the next block knew nothing.
    report: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    doctest.DocTestRunner(optionflags=flags).run(test, out=report.append, clear_globs=False)
    assert not report, "".join(report)
