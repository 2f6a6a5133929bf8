"""The sessions that judge the project: `nox -l` lists them, `nox` runs those that a change must pass."""

from __future__ import annotations

import os
import random
from pathlib import Path

import nox

ROOT = Path(__file__).parent
CONSTRAINTS = "constraints.txt"
PLUGINS = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("plugins/*/pyproject.toml"))
PYTHONS = ["3.11", "3.12", "3.13"]

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "typing", "tests", "plugins", "docs"]


def _offer_pyenv_pythons() -> None:
    """Put each Python of pyenv on PATH, before pyenv's shims: those run only the versions that are switched on."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [
        str(versions_bin)
        for python in PYTHONS
        for versions_bin in sorted(versions.glob(f"{python}.*/bin"))
        if (versions_bin / f"python{python}").exists()
    ]
    os.environ["PATH"] = os.pathsep.join([*found, os.environ.get("PATH", os.defpath)])


_offer_pyenv_pythons()


def install(session: nox.Session, *extras: str, plugins: bool = True, more: tuple[str, ...] = ()) -> None:
    """Install the project with `extras`, its plugins unless told otherwise, and `more`; versions as pinned."""
    core = f".[{','.join(extras)}]" if extras else "."
    editable = [argument for plugin in (PLUGINS if plugins else []) for argument in ("-e", plugin)]
    session.install("-c", CONSTRAINTS, "-e", core, *editable, *more)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, and the direction of imports."""
    install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def typing(session: nox.Session) -> None:
    """Mypy (strict) on all sources, pyright on the core; `tests/typing` says what users' code must check as."""
    install(session, "dev", "service")
    type_tests = [path for path in ["tests/typing"] if (ROOT / path).exists()]
    session.run("mypy", "connector_core", *type_tests)
    for plugin in PLUGINS:
        # One by one: nothing keeps two plugins from having modules of the same name.
        if (ROOT / plugin / "src").exists():
            session.run("mypy", f"{plugin}/src")
    session.run("mypy", "noxfile.py", "tests/support", "tests/integration")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "connector_core", "--ignoreexternal")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The whole suite with coverage, on every supported Python that is installed."""
    install(session, "docs", "tests", more=("import-linter",))
    # `--cov` takes what follows it for its value, unless that is an option.
    session.run("pytest", "--cov", "-n", "2", "--dist", "loadgroup", *session.posargs)


@nox.session
def plugins(session: nox.Session) -> None:
    """The plugins' own tests."""
    install(session, "tests")
    session.run("pytest", *(f"{plugin}/tests" for plugin in PLUGINS if (ROOT / plugin / "tests").exists()))


@nox.session
def docs(session: nox.Session) -> None:
    """Every example in the documentation is run, and the site builds."""
    install(session, "docs", "tests")
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """Build the site of the documentation, to be read at build/site/index.html; a warning is an error."""
    install(session, "docs", "testing", plugins=False)
    build = ["sphinx-build", "--fail-on-warning", "--keep-going", "--fresh-env", "--quiet", "--conf-dir", "docs"]
    session.run(*build, "--doctree-dir", "build/doctrees", ".", "build/site", *session.posargs)


@nox.session(python=["3.12", "3.11"])
def flytekit(session: nox.Session) -> None:
    """Parity with the real flytekit, which is given an environment of its own."""
    install(session, "tests", "service", more=("flytekit",))
    # flytekit's own warnings are not ours to mend.
    session.run("pytest", "tests/flytekit", "-W", "default", *session.posargs)


@nox.session
def flyte(session: nox.Session) -> None:
    """The examples of tasks for Flyte 2, with its SDK."""
    # It wants other releases of some packages, exactly, than the constraints and the extra `tests` have.
    session.install("-e", ".[testing]", "flyte>=2.12", "hatchling", "hypothesis", "pytest-xdist", "uv")
    session.run("pytest", "tests/flytekit/test_documentation.py", "-W", "default", *session.posargs)


# Never reused: what is installed already is not replaced by something older.
@nox.session(python="3.11", reuse_venv=False)
def oldest(session: nox.Session) -> None:
    """The suite with the oldest release of each dependency that pyproject.toml allows."""
    editable = [argument for plugin in PLUGINS for argument in ("-e", plugin)]
    # flyteidl leaves this one open, and its newest release would not let us have the oldest protobuf.
    indirect = "googleapis-common-protos>=1.65"
    session.install("--resolution", "lowest-direct", "-e", ".[tests]", *editable, indirect)
    # The README's commands install pinned versions: there is nothing about them to learn here.
    readme = {"CONNECTOR_CORE_NESTED_TESTS": "1"}
    session.run("pytest", "-n", "2", "--dist", "loadgroup", *session.posargs, env=readme)


@nox.session
def fuzz(session: nox.Session) -> None:
    """A million literals, and 2.5 million requests, that are not what they should be; others without FUZZ_SEED."""
    install(session, "tests", plugins=False)
    inputs = {
        "FUZZ_INPUTS": os.environ.get("FUZZ_INPUTS", "1000000"),
        "FUZZ_SEED": os.environ.get("FUZZ_SEED", str(random.randrange(2**32))),
    }
    session.run("pytest", "tests/fuzz", "-n", "2", *session.posargs, env=inputs)


@nox.session
def soak(session: nox.Session) -> None:
    """Two replicas for five minutes, in a world that fails: no job is lost, doubled, or left behind."""
    install(session, "service", plugins=False)
    session.run("python", "tests/soak/soak.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Print the measurements that the project promises something about."""
    # flytekit's own service, which is measured too, imports httpx.
    install(session, "tests", more=("flytekit", "httpx"))
    for script in sorted((ROOT / "tests" / "bench").glob("bench_*.py")):
        session.run("python", str(script.relative_to(ROOT)), *session.posargs)


@nox.session(venv_backend="none")
def constraints(session: nox.Session) -> None:
    """Pin anew what tests and tools are installed with: one file for all supported Pythons."""
    (ROOT / ".nox").mkdir(exist_ok=True)
    further = ROOT / ".nox" / "requirements.txt"
    further.write_text("flytekit\n", encoding="utf-8")
    own = ["connector-core", *(Path(plugin).name for plugin in PLUGINS)]
    session.run(
        *("uv", "pip", "compile", "--universal", "--python-version", PYTHONS[0], "--all-extras"),
        *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
        *(argument for name in own for argument in ("--no-emit-package", name)),
        *("pyproject.toml", *(f"{plugin}/pyproject.toml" for plugin in PLUGINS), str(further)),
        *("--output-file", CONSTRAINTS, *session.posargs),
        external=True,
        silent=True,
    )
