"""The command ``connectors new``: the packages that it writes, and the names that it refuses."""

from __future__ import annotations

import ast
import errno
import os
import tomllib
from pathlib import Path

import pytest

from connector_core.testing.sites import Site
from support.cli import connectors
from support.sources import sync_connector

Capsys = pytest.CaptureFixture[str]


def _raise(error: Exception) -> None:
    raise error


def files(directory: Path) -> set[str]:
    """Return the relative paths of the files below a directory."""
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


class TestWriting:
    @pytest.mark.parametrize(("kind", "more"), [("--sync", set()), ("--async", {"src/connector_acme/system.py"})])
    def test_the_files_of_a_package(self, tmp_path: Path, capsys: Capsys, kind: str, more: set[str]) -> None:
        ran = connectors(capsys, "new", "connector-acme", kind, "--output", str(tmp_path))
        assert (ran.status, ran.err) == (0, "")
        assert [path.name for path in tmp_path.iterdir()] == ["connector-acme"]
        assert files(tmp_path / "connector-acme") == more | {
            ".github/workflows/test.yml",
            ".gitignore",
            "README.md",
            "pyproject.toml",
            "src/connector_acme/__init__.py",
            "src/connector_acme/py.typed",
            "tests/test_connector_acme.py",
        }

    @pytest.mark.parametrize("kind", ["--sync", "--async"])
    def test_nothing_is_left_of_the_sample(self, tmp_path: Path, capsys: Capsys, kind: str) -> None:
        connectors(capsys, "new", "connector-acme", kind, "--output", str(tmp_path))
        for path in (tmp_path / "connector-acme").rglob("*.*"):
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            assert "sample" not in text.lower(), path
            assert "@RELEASE@" not in text, path
            if path.suffix == ".py":
                ast.parse(text)

    @pytest.mark.parametrize("name", ["connector-sample", "my-sample-type", "connector-sample-connector"])
    def test_a_name_that_contains_sample(self, tmp_path: Path, capsys: Capsys, name: str) -> None:
        module = name.replace("-", "_")
        connectors(capsys, "new", name, "--output", str(tmp_path))
        assert f"src/{module}/__init__.py" in files(tmp_path / name)
        assert f"import {module}\n" in (tmp_path / name / "tests" / f"test_{module}.py").read_text()

    def test_the_name_of_the_entry_point_is_the_task_type(self, tmp_path: Path, capsys: Capsys) -> None:
        connectors(capsys, "new", "connector-big-query", "--output", str(tmp_path))
        project = tomllib.loads((tmp_path / "connector-big-query" / "pyproject.toml").read_text())["project"]
        assert project["name"] == "connector-big-query"
        assert project["entry-points"] == {
            "flytekit.connectors": {"big_query": "connector_big_query:BigQueryConnector"}
        }

    def test_the_default_is_the_working_directory(
        self, tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        ran = connectors(capsys, "new", "Acme.Connector")
        assert ran.out.startswith("Wrote acme-connector: a sync connector for the task type acme.")
        assert (tmp_path / "acme-connector").is_dir()


class TestRefusing:
    @pytest.mark.parametrize("name", ["3d", "a b", "-x", "a/b", "../up", "", "ünder", "a-", "a--b"])
    def test_an_invalid_name(self, tmp_path: Path, capsys: Capsys, name: str) -> None:
        ran = connectors(capsys, "new", "--output", str(tmp_path), "--", name)
        assert ran.status == 2
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", ["class", "json"])
    def test_a_keyword_or_a_module_of_python(self, tmp_path: Path, capsys: Capsys, name: str) -> None:
        told = f"because {name} is a keyword or a module of Python; choose another, such as connector-{name}."
        ran = connectors(capsys, "new", name, "--output", str(tmp_path))
        assert ran == (2, "", f"connectors: '{name}' cannot be the name of a package, {told}\n")

    @pytest.mark.parametrize("name", ["pytest", "connector-core"])
    def test_a_module_that_is_installed_already(self, tmp_path: Path, capsys: Capsys, name: str) -> None:
        told = f"because the module {name.replace('-', '_')} is installed already; choose another."
        ran = connectors(capsys, "new", name, "--output", str(tmp_path))
        assert ran == (2, "", f"connectors: '{name}' cannot be the name of a package, {told}\n")

    def test_a_name_that_is_too_long(self, tmp_path: Path, capsys: Capsys) -> None:
        ran = connectors(capsys, "new", "a" * 300, "--output", str(tmp_path))
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.endswith(
            " cannot be written: File name too long. Nothing was written; choose another name or --output.\n"
        )
        assert list(tmp_path.iterdir()) == []

    def test_a_directory_that_cannot_be_written_to(
        self, tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The tests may run as root, who can write everywhere, so the error is simulated.
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        monkeypatch.setattr("os.mkdir", lambda *args, **kwargs: _raise(full))
        ran = connectors(capsys, "new", "connector-acme", "--output", str(tmp_path))
        assert (ran.status, ran.out) == (2, "")
        assert "connector-acme cannot be written: No space left on device. Nothing was written; " in ran.err

    def test_a_task_type_that_starts_with_a_digit(self, tmp_path: Path, capsys: Capsys) -> None:
        ran = connectors(capsys, "new", "connector-3d", "--output", str(tmp_path))
        told = "leads to the class name 3dConnector, which is not valid; let 3d begin with a letter."
        assert ran == (2, "", f"connectors: 'connector-3d' {told}\n")

    def test_a_task_type_that_is_served_already(self, site: Site, tmp_path: Path, capsys: Capsys) -> None:
        site.add("connector-first", connectors={"acme": "acme_first:Acme"}, modules={"acme_first": sync_connector()})
        ran = connectors(capsys, "new", "connector-acme", "--output", str(tmp_path))
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith("connectors: connector-first 1.0 already serves the task type acme; ")

    @pytest.mark.parametrize("kind", ["directory", "file", "link"])
    def test_a_path_that_exists_already(self, tmp_path: Path, capsys: Capsys, kind: str) -> None:
        there = tmp_path / "connector-acme"
        {"directory": there.mkdir, "file": there.touch, "link": lambda: there.symlink_to("nowhere")}[kind]()
        ran = connectors(capsys, "new", "connector-acme", "--output", str(tmp_path))
        assert (ran.status, ran.out) == (2, "")
        assert ran.err == (
            f"connectors: {there} exists already. Nothing was written; choose another name or --output.\n"
        )
        assert len(list(tmp_path.iterdir())) == 1

    def test_a_missing_directory(self, tmp_path: Path, capsys: Capsys) -> None:
        nowhere = tmp_path / "nowhere"
        ran = connectors(capsys, "new", "connector-acme", "--output", str(nowhere))
        assert ran == (
            *(2, ""),
            f"connectors: There is no directory {nowhere}; create it, or choose another with --output.\n",
        )
