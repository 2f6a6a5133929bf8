"""The checks of the project: `nox -l` lists the sessions, `nox` runs those that every change must pass."""

from __future__ import annotations

import filecmp
import os
import random
import shutil
from pathlib import Path

import nox

ROOT = Path(__file__).parent
CONSTRAINTS = "constraints.txt"
IMAGE_REQUIREMENTS = ".ci/image-requirements.txt"
EXTRAS = "service,tables,testing"
PLUGINS = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("plugins/*/pyproject.toml"))
PYTHONS = ["3.11", "3.12", "3.13"]
# Skips the tests that run the README's commands, which install the source tree in pinned versions.
NOT_NESTED = {"CONNECTOR_CORE_NESTED_TESTS": "1"}

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "typing", "tests", "plugins", "docs"]


def _offer_pyenv_pythons() -> None:
    """Put pyenv's Pythons on PATH before its shims, which run only the versions that pyenv has activated."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [
        str(versions_bin)
        for python in PYTHONS
        for versions_bin in sorted(versions.glob(f"{python}.*/bin"))
        if (versions_bin / f"python{python}").exists()
    ]
    os.environ["PATH"] = os.pathsep.join([*found, os.environ.get("PATH", os.defpath)])


_offer_pyenv_pythons()


def install(session: nox.Session, *groups: str, plugins: bool = True, more: tuple[str, ...] = ()) -> None:
    """Install the project from its source, in the versions that constraints.txt pins.

    Args:
        session: The session to install into.
        groups: Dependency groups of pyproject.toml.
        plugins: Whether to install the plugins, too.
        more: Further requirements.
    """
    editable = [argument for plugin in (PLUGINS if plugins else []) for argument in ("-e", plugin)]
    session.install("-c", CONSTRAINTS, "-e", f".[{EXTRAS}]", *editable, *_groups(*groups), *more)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, the direction of imports, and the prose."""
    install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("pytest", "-q", "tests/docs/test_prose.py")


@nox.session
def typing(session: nox.Session) -> None:
    """Run mypy (strict) on all sources and pyright on the core; check `tests/typing` as users' code."""
    install(session, "dev")
    type_tests = [path for path in ["tests/typing"] if (ROOT / path).exists()]
    session.run("mypy", "connector_core", *type_tests)
    for plugin in PLUGINS:
        # One at a time, because two plugins may have modules with the same name.
        if (ROOT / plugin / "src").exists():
            session.run("mypy", f"{plugin}/src")
    session.run("mypy", "noxfile.py", "tests/support", "tests/integration")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "connector_core", "--ignoreexternal")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the whole suite with coverage, on every supported Python that is installed."""
    install(session, "docs", "tests", more=("import-linter",))
    # Another option must follow `--cov`, which would take a path for its value.
    session.run("pytest", "--cov", "-n", "2", "--dist", "loadgroup", *session.posargs)


@nox.session
def plugins(session: nox.Session) -> None:
    """Run the plugins' tests."""
    install(session, "tests")
    session.run("pytest", *(f"{plugin}/tests" for plugin in PLUGINS if (ROOT / plugin / "tests").exists()))


@nox.session
def docs(session: nox.Session) -> None:
    """Run every example in the documentation, and build the site."""
    install(session, "docs", "tests")
    session.run("pytest", "tests/docs", "tests/site", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """Build the documentation site in build/site; a warning is an error."""
    install(session, "docs", plugins=False)
    build = ["sphinx-build", "--fail-on-warning", "--keep-going", "--fresh-env", "--quiet", "--conf-dir", "docs"]
    session.run(*build, "--doctree-dir", "build/doctrees", ".", "build/site", *session.posargs)


# A new environment each time: uv would keep a wheel of the same version that is already installed.
@nox.session(reuse_venv=False)
def wheel(session: nox.Session) -> None:
    """Build wheels and sdists, check that they agree, and run the suite against the installed wheels."""
    directory = Path(session.create_tmp()).resolve()
    dist, direct = directory / "dist", directory / "direct"
    for path in (dist, direct):
        shutil.rmtree(path, ignore_errors=True)
    build = ("uv", "build", "--quiet", "--all-packages", "--build-constraints", CONSTRAINTS)
    session.run(*build, "--out-dir", str(dist), external=True)  # each sdist, and a wheel from the sdist
    session.run(*build, "--out-dir", str(direct), "--wheel", external=True)
    wheels = sorted(path.name for path in direct.glob("*.whl"))
    if filecmp.cmpfiles(dist, direct, wheels, shallow=False) != (wheels, [], []):
        session.error("An sdist builds another wheel than the source tree does.")
    core, *others = (dist / name for name in wheels)
    session.install("-c", CONSTRAINTS, f"{core}[{EXTRAS}]", *map(str, others), *_groups("dev"))
    # The source tree must not be importable, here or in the processes that the tests start.
    env = {"PYTHONSAFEPATH": "1", "CONNECTOR_CORE_TESTS_OF_WHEEL": "1", **NOT_NESTED}
    session.run("pytest", "-n", "2", "--dist", "loadgroup", *session.posargs, env=env)


@nox.session(python=["3.12", "3.11"])
def flytekit(session: nox.Session) -> None:
    """Check parity with the real flytekit, in an environment that has it."""
    install(session, "tests", more=("flytekit",))
    # flytekit causes warnings of its own.
    session.run("pytest", "tests/flytekit", "-W", "default", *session.posargs)


@nox.session
def flyte(session: nox.Session) -> None:
    """Run the examples of tasks for Flyte 2, with Flyte's SDK."""
    # The SDK requires other releases of some packages than constraints.txt and the group `tests` allow.
    session.install("-e", ".[testing]", "flyte>=2.12", "hatchling", "hypothesis", "pytest-xdist", "uv")
    session.run("pytest", "tests/flytekit/test_documentation.py", "-W", "default", *session.posargs)


# A new environment each time: an installed package would not be replaced by an older one.
@nox.session(python="3.11", reuse_venv=False)
def oldest(session: nox.Session) -> None:
    """Run the suite with the oldest release of each dependency that pyproject.toml allows."""
    editable = [argument for plugin in PLUGINS for argument in ("-e", plugin)]
    # flyteidl sets no bound for this one, and its newest release excludes the oldest protobuf.
    indirect = "googleapis-common-protos>=1.65"
    lowest = ("--resolution", "lowest-direct")
    session.install(*lowest, "-e", f".[{EXTRAS}]", *editable, *_groups("tests"), indirect)
    session.run("pytest", "-n", "2", "--dist", "loadgroup", *session.posargs, env=NOT_NESTED)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Send a million malformed literals and 2.5 million malformed requests; others unless FUZZ_SEED is set."""
    install(session, "tests", plugins=False)
    inputs = {
        "FUZZ_INPUTS": os.environ.get("FUZZ_INPUTS", "1000000"),
        "FUZZ_SEED": os.environ.get("FUZZ_SEED", str(random.randrange(2**32))),
    }
    session.run("pytest", "tests/fuzz", "-n", "2", *session.posargs, env=inputs)


@nox.session
def soak(session: nox.Session) -> None:
    """Run two replicas for five minutes with failures; check that no job is lost, doubled or left behind."""
    install(session, plugins=False)
    session.run("python", "tests/soak/soak.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Print the measurements behind the figures that the documentation promises."""
    # flytekit's own service imports httpx, and is measured, too.
    install(session, "tests", more=("flytekit", "httpx"))
    for script in sorted((ROOT / "tests" / "bench").glob("bench_*.py")):
        session.run("python", str(script.relative_to(ROOT)), *session.posargs)


@nox.session(venv_backend="none")
def constraints(session: nox.Session) -> None:
    """Pin the versions of all dependencies, and the hashes of what the image installs, for all supported Pythons."""
    (ROOT / ".nox").mkdir(exist_ok=True)
    further = ROOT / ".nox" / "requirements.txt"
    further.write_text("flytekit\n", encoding="utf-8")
    own = ["connector-core", *(Path(plugin).name for plugin in PLUGINS)]
    compile_ = (
        *("uv", "pip", "compile", "--universal", "--python-version", PYTHONS[0]),
        *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
        *(argument for name in own for argument in ("--no-emit-package", name)),
        "pyproject.toml",
    )
    session.run(
        *compile_,
        *(*(f"{plugin}/pyproject.toml" for plugin in PLUGINS), str(further)),
        *("--all-extras", "--group", "dev", "--output-file", CONSTRAINTS, *session.posargs),
        external=True,
        silent=True,
    )
    # The build backend is among them, so that the image's build runs nothing without a hash either.
    further.write_text("hatchling\n", encoding="utf-8")
    session.run(
        *(*compile_, str(further), "--extra", "service", "--extra", "tables", "-c", CONSTRAINTS),
        *("--generate-hashes", "--output-file", IMAGE_REQUIREMENTS),
        external=True,
        silent=True,
    )


def _groups(*names: str) -> list[str]:
    return [argument for name in names for argument in ("--group", name)]
