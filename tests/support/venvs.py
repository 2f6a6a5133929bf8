"""Make real virtual environments for tests with uv."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import uv

from support.wheels import ROOT

CONSTRAINTS = ROOT / "constraints.txt"

# The variables that a process needs. All others are left out: PYTHONPATH, VIRTUAL_ENV, CONNECTORS_*, …
_MACHINE = ("HOME", "LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ", "USER")
_CERTIFICATES = ("CURL_CA_BUNDLE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE")
# The settings for reaching a package index, which only an installation needs.
_INDEX = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "XDG_CACHE_HOME")
_INDEX_PREFIXES = ("PIP_", "UV_")
# The settings that would lead uv to another environment or Python than the given one.
_NEVER = frozenset({"UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_SYSTEM_PYTHON", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"})


def minimal_environment(*, index: bool = False) -> dict[str, str]:
    """Return the environment variables for a process that must not depend on this one.

    Args:
        index: True if the process installs packages from an index.
    """
    wanted = {*_MACHINE, *_CERTIFICATES}
    if index:
        wanted |= {*_INDEX, *(name.lower() for name in _INDEX)}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _NEVER and (name in wanted or (index and name.startswith(_INDEX_PREFIXES)))
    }


def unmeasured() -> dict[str, str]:
    """Return this process's environment without coverage, for a long process that covers nothing new."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}


class Venv:
    """A virtual environment in its own directory, without any packages at first, not even pip."""

    def __init__(self, path: Path, python: str | Path | None = None) -> None:
        """Make the environment in `path`, with `python` or the Python that runs the tests."""
        self.path = path
        self._uv("venv", "--no-project", "--quiet", "--python", str(python or sys.executable), str(path))

    @property
    def scripts(self) -> Path:
        """The directory of the environment's commands."""
        return self.path / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.bin("python")

    @property
    def site_packages(self) -> Path:
        """The directory of the installed packages."""
        (path,) = self.path.glob("Lib/site-packages" if os.name == "nt" else "lib/python3*/site-packages")
        return path

    def bin(self, name: str) -> Path:
        """Return the path of the environment's command `name`, which need not exist."""
        return self.scripts / (f"{name}.exe" if os.name == "nt" else name)

    def install(
        self, *requirements: str | Path, constraints: Path | None = CONSTRAINTS, dependencies: bool = True
    ) -> None:
        """Install wheels (paths) or requirements (text), with their dependencies unless told otherwise."""
        arguments = [str(requirement) for requirement in requirements]
        if constraints is not None:
            arguments += ["--constraint", str(constraints)]
        if not dependencies:
            arguments.append("--no-deps")
        self._uv("pip", "install", "--quiet", "--python", str(self.python), *arguments)

    def uninstall(self, *names: str) -> None:
        """Uninstall distributions."""
        self._uv("pip", "uninstall", "--quiet", "--python", str(self.python), *names)

    def run(
        self,
        *command: str | Path,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        cwd: Path | None = None,
        input: str | None = None,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment (`connectors`, `python`, …) or one given by its path.

        Args:
            command: The command and its arguments.
            env: Variables in addition to `minimal_environment()`.
            check: If true, raise an AssertionError with the output for an exit status other than 0.
            cwd: The working directory; by default the environment's, from which no source can be imported by accident.
            input: The standard input.
            timeout: The seconds after which the command is killed.
        """
        program = self.bin(str(command[0]))
        arguments = [str(program if program.exists() else command[0]), *map(str, command[1:])]
        environment = minimal_environment()
        environment["PATH"] = os.pathsep.join([str(self.scripts), environment.get("PATH", os.defpath)])
        completed = subprocess.run(
            arguments,
            env={**environment, **(env or {})},
            cwd=cwd or self.path,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return _checked(completed) if check else completed

    def _uv(self, *arguments: str) -> None:
        completed = subprocess.run(
            [uv.find_uv_bin(), "--no-config", *arguments],
            env=minimal_environment(index=True),
            cwd=self.path.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        _checked(completed)


def _checked(completed: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    if completed.returncode != 0:
        raise AssertionError(
            f"exit status {completed.returncode}: {' '.join(completed.args)}\n"
            f"--- stdout\n{completed.stdout}\n--- stderr\n{completed.stderr}"
        )
    return completed
