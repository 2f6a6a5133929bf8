"""The commands of the documentation: the parser accepts each, and each console shows the real output."""

from __future__ import annotations

import doctest
import json
import os
import pty
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest
import uv

from connector_core.cli import _parser
from support.markdown import Block, Command, blocks, commands, installed, name_of, pages, words_of
from support.venvs import Venv, minimal_environment
from support.wheels import ROOT, build_project, build_wheel

SHELL = [
    pytest.param(block, id=block.place)
    for page in pages()
    for block in blocks(page)
    if block.language in ("bash", "console") and block.not_run is None
]
# The README's console has a test of its own below.
WITH_CONSOLE = [page for page in pages()[1:] if any(block.language == "console" for block in blocks(page))]

# Distributions that pages use without showing their source.
MADE_UP = {
    "acme-connectors": ("1.0", {"warehouse": "acme_connectors:Warehouse", "mail": "acme_connectors:Mail"}),
    "globex-connectors": ("2.3", {"warehouse": "globex_connectors:Warehouse"}),
    "initech-connectors": ("0.4", {"printer": "initech_connectors:Printer"}),
}
SOURCES = {
    "acme-connectors": """
from connector_core import Resource, SyncConnectorBase


class Warehouse(SyncConnectorBase):
    task_type = "warehouse"

    def __init__(self):
        super().__init__(task_type_name=self.task_type)

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        return Resource.succeeded(outputs={"served_by": type(self).__module__})


class Mail(Warehouse):
    task_type = "mail"
""",
    "initech-connectors": "import tps_reports\n",
}
SOURCES["globex-connectors"] = SOURCES["acme-connectors"]

Install = Callable[..., Venv]

ON_ONE_WORKER = pytest.mark.xdist_group("environments")
"""So that pages share environments and wheels."""


@pytest.mark.parametrize("block", SHELL)
def test_the_parser_accepts_every_connectors_command(block: Block) -> None:
    for command in commands(block):
        for words in words_of(command.text):
            while re.match(r"[A-Z_]+=", words[0]):
                del words[0]
            if Path(words[0]).name == "connectors":
                arguments = words[1 : words.index("--") if "--" in words else None]
                try:
                    _parser().parse_args(arguments)
                except SystemExit as stopped:
                    if stopped.code != 0:  # The parser exits after --help.
                        pytest.fail(f"{command.place}: {command.text}")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Return a function that gives an environment with connector-core and the distributions of the given names.

    Without names it is a new one, because the page installs its own package.
    """
    root = tmp_path_factory.mktemp("docs")
    wheels: dict[str, Path] = {}
    shared: dict[tuple[str, ...], Venv] = {}

    def wheel(name: str) -> Path:
        if name not in wheels:
            plugin = ROOT / "plugins" / name
            if name == "connector-core":
                wheels[name] = build_project(ROOT, root)
            elif name in MADE_UP:
                version, entries = MADE_UP[name]
                files = {f"{name.replace('-', '_')}.py": SOURCES[name]}
                groups = {"flytekit.connectors": entries}
                wheels[name] = build_wheel(root, name, version, files=files, entry_points=groups)
            elif (plugin / "src").exists():
                wheels[name] = build_project(plugin, root)
            else:
                pytest.skip(f"{name} is not in this checkout")
        return wheels[name]

    def make(*names: str) -> Venv:
        if names in shared:
            return shared[names]
        wanted = [wheel(name) for name in ("connector-core", *names)]
        venv = Venv(root / f"venv{len(list(root.glob('venv*')))}")
        venv.install(*wanted)
        if names:
            shared[names] = venv
        return venv

    return make


@pytest.mark.slow
@ON_ONE_WORKER
@pytest.mark.parametrize("page", WITH_CONSOLE, ids=name_of)
def test_a_console_says_what_the_page_shows(page: Path, environment: Install, tmp_path: Path) -> None:
    with _Session(environment(*installed(page)), tmp_path) as session:
        for block in blocks(page):
            if block.file is not None:
                path = tmp_path / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            elif block.language == "console" and block.not_run is None:
                session.type_all(commands(block))


def test_the_package_of_the_readme_has_less_than_forty_lines() -> None:
    files = [block.text.splitlines() for block in blocks(ROOT / "README.md") if block.file is not None]
    assert len(files) == 2
    assert sum(map(len, files)) < 40


@pytest.mark.slow
@ON_ONE_WORKER
def test_the_package_of_the_readme_is_installed_and_run(environment: Install, tmp_path: Path) -> None:
    (tmp_path / "greeting").mkdir()
    for block in blocks(ROOT / "README.md"):
        if block.file is not None:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    (console,) = (block for block in blocks(ROOT / "README.md") if block.language == "console")
    with _Session(environment(), tmp_path / "greeting") as session:
        session.type_all(commands(console))


@pytest.mark.slow
@ON_ONE_WORKER
def test_the_five_lines_of_the_readme_work(environment: Install, tmp_path: Path) -> None:
    (block,) = (block for block in blocks(ROOT / "README.md") if "connectors doctor" in block.text)
    with _Session(environment("connector-duckdb", "connector-process"), tmp_path) as session:
        session.type_all(commands(block))


class _Session:
    """A user at a terminal with the environment activated, and at a second terminal if a service must be started."""

    def __init__(self, venv: Venv, directory: Path) -> None:
        self.venv = venv
        self.directory = self.home = directory
        self.status = 0
        self.service: subprocess.Popen[bytes] | None = None
        self.endpoint = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self.service is not None:
            self.service.terminate()
            self.service.wait(timeout=60)
            self.log.close()

    def type_all(self, typed: list[Command]) -> None:
        for number, command in enumerate(typed):
            asked = number + 1 < len(typed) and typed[number + 1].text == "echo $?"
            output = self._type(command)
            assert asked or command.text == "echo $?" or self.status == 0, (
                f"{command.place}: exit status {self.status}\n{output}"
            )
            if command.output is not None:
                _compare(command, output)

    def _type(self, command: Command) -> str:
        words = shlex.split(command.text, comments=True)
        if words == ["echo", "$?"]:
            return str(self.status)
        if words[0] == "cd":
            self.directory = self.directory / words[1]
            return ""
        if words[:3] == ["python3", "-m", "venv"] or words[0] == ".":
            return ""  # The environment exists already.
        if words[:2] == ["pip", "install"]:
            self._install([word for word in words[2:] if not word.startswith("-")], editable="-e" in words)
            return ""
        if words == ["connectors", "serve"]:
            return self._serve()
        if words[0] == "uv":
            uv_command = [uv.find_uv_bin(), *words[1:], "--quiet"]
            subprocess.run(uv_command, cwd=self.directory, env=minimal_environment(index=True), check=True)
            return ""
        script = f"exec 2>&1\n{command.text}".replace("localhost:8000", self.endpoint)
        # A terminal shows the lines of both streams in the order in which they are written.
        env = {"PYTHONUNBUFFERED": "1", "HOME": str(self.home)}
        completed = self.venv.run("bash", "-c", script, cwd=self.directory, env=env, check=False)
        self.status = completed.returncode
        return completed.stdout

    def _install(self, requirements: list[str], *, editable: bool) -> None:
        for requirement in requirements:
            if editable:
                self.venv.install("--editable", self.directory / requirement, dependencies=False)
            elif (self.directory / requirement / "pyproject.toml").exists():
                wheel = build_project(self.directory / requirement, self.directory / ".wheels")
                self.venv.install(wheel, dependencies=False)
            elif requirement.startswith("connector-core["):
                core = build_project(ROOT, self.home / ".wheels")
                self.venv.install(f"{requirement} @ {core.as_uri()}")
            elif requirement != "connector-core":
                there = list(self.venv.site_packages.glob(f"{requirement.replace('-', '_')}-*.dist-info"))
                assert there, f"add <!-- installed: {requirement} --> to the page"

    def _serve(self) -> str:
        """Start a service that logs to a terminal, on free ports because another test may use the default ones."""
        terminal, its_end = pty.openpty()
        command = [self.venv.bin("connectors"), "serve", "--port", "0", "--metrics-port", "0"]
        env = {**minimal_environment(), "HOME": str(self.home)}
        self.service = subprocess.Popen(command, stderr=its_end, env=env)
        os.close(its_end)
        self.log = os.fdopen(terminal, encoding="utf-8")
        while said := self.log.readline():
            if found := re.search(r"Serving .* on (localhost:\d+); .* (port \d+)", said):
                self.endpoint = found[1]
                return said.replace(found[1], "localhost:8000").replace(found[2], "port 9090")
        raise AssertionError("The service has ended before it was ready.")


def _compare(command: Command, output: str) -> None:
    if "--json" in command.text and "..." not in (command.output or ""):
        wanted, got = json.loads(command.output or ""), json.loads(output)
        if isinstance(got, dict) and "seconds" in got:
            wanted["seconds"] = got["seconds"]
        assert got == wanted, f"{command.place}: {command.text}"
        return
    wanted, got = (
        re.sub(r"\bin \d+\.\d s\b", "in 0.0 s", "\n".join(map(str.rstrip, text.strip("\n").splitlines())))
        for text in (command.output or "", output)
    )
    same = doctest.OutputChecker().check_output(f"{wanted}\n", f"{got}\n", doctest.ELLIPSIS)
    assert same, f"{command.place}: {command.text}\n--- the page\n{wanted}\n--- now\n{got}"
