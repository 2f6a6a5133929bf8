"""Measure how long it takes to list connectors and to import connector_core.

Each measurement is a whole process in a virtual environment with built wheels. The baseline is the least that any list
of entry points must do: find them with importlib_metadata, and read the name and version of each distribution.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from figures import interleaved, report, say

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.venvs import Venv, minimal_environment
from support.wheels import ROOT, build_project, build_wheel

LISTING_GOAL = 1.25
IMPORT_GOAL = 1.0

BASELINE = """\
import importlib_metadata
for point in importlib_metadata.entry_points(group="flytekit.connectors"):
    print(point.name, point.dist.name, point.dist.version)
"""
FLYTEKIT = """\
from flytekit.extend.backend.base_connector import ConnectorRegistry
for agent in ConnectorRegistry.list_connectors():
    print(agent.name)
"""
IMPORTED = """\
import sys
from connector_core.cli import main
main(["list", "--json"])
roots = {"google.protobuf", "grpc", "flyteidl", *(name for name in sys.modules if name.startswith("bench_connector_"))}
print(sorted(name for name in roots if name in sys.modules), file=sys.stderr)
"""


def environment(root: Path, distributions: int, connectors: int, *, slow: bool) -> Venv:
    """Make an environment with `distributions` installed, of which `connectors` have one connector each."""
    wheels = [build_project(ROOT, root / "wheels")]
    name = f"{distributions}-{connectors}{'-slow' if slow else ''}"
    source = "import time\n\ntime.sleep(0.1)\n" if slow else ""
    for number in range(connectors):
        module = f"bench_connector_{number}"
        wheels.append(
            build_wheel(
                root / name,
                module,
                files={f"{module}/__init__.py": source + CONNECTOR.replace("TASK_TYPE", f"bench_{number}")},
                entry_points={"flytekit.connectors": {f"bench_{number}": f"{module}:Bench"}},
            )
        )
    for number in range(distributions - connectors):
        module = f"bench_library_{number}"
        # Libraries have commands, too: entry points that a list must skip.
        commands = {"console_scripts": {f"bench-{number}": f"{module}:main"}}
        wheels.append(
            build_wheel(root / name, module, files={f"{module}.py": "def main(): ...\n"}, entry_points=commands)
        )
    venv = Venv(root / f"venv-{name}")
    venv.install(*wheels)
    # Without this, the first process would compile the modules, and the others would only read them.
    venv.run("python", "-m", "compileall", "-q", str(venv.site_packages), timeout=600)
    return venv


CONNECTOR = """\
from connector_core import Resource, SyncConnectorBase


class Bench(SyncConnectorBase):
    def __init__(self):
        super().__init__(task_type_name="TASK_TYPE")

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        return Resource.succeeded()
"""


def process(venv: Venv, *command: str) -> Callable[[], float]:
    """Return a function that measures the seconds of a whole process, from its start to its end."""
    arguments = [str(venv.bin(command[0])), *command[1:]]
    environ = minimal_environment()

    def measure() -> float:
        start = time.perf_counter()
        subprocess.run(arguments, env=environ, cwd=venv.path, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - start

    measure()
    return measure


def listing(venv: Venv, what: str, rounds: int, connectors: int) -> None:
    """Compare `connectors list --json` to the baseline, and check which modules it imported."""
    ours, baseline = process(venv, "connectors", "list", "--json"), process(venv, "python", "-c", BASELINE)
    report(f"list: {what}", interleaved(ours, baseline, rounds), speedup=False, goal=LISTING_GOAL)
    listed = venv.run("python", "-c", IMPORTED)
    if listed.stdout.count('"task_type"') != connectors:
        raise AssertionError(f"{connectors} connectors are installed; the list is:\n{listed.stdout}")
    imported = listed.stderr.strip()
    say("list: imports no connector, no protobuf, no grpc", ok=imported == "[]", detail=f"imported: {imported}")


def imports(venv: Venv, rounds: int) -> None:
    """Compare `import connector_core` to importing the libraries that it cannot do without."""
    ours = process(venv, "python", "-c", "import connector_core")
    theirs = process(venv, "python", "-c", "import pluggy, attrs, importlib_metadata")
    what = "import connector_core, to pluggy, attrs and importlib_metadata"
    report(what, interleaved(ours, theirs, rounds), speedup=False, goal=IMPORT_GOAL)


def flytekit_listing(rounds: int) -> None:
    """Compare flytekit's list to the baseline, in this process's environment, which has no connector installed."""
    try:
        import flytekit  # noqa: F401
    except ImportError:
        print("flytekit is not installed here, so its list is not measured")
        return
    environ = minimal_environment()

    def run(code: str) -> Callable[[], float]:
        def measure() -> float:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=True)
            return time.perf_counter() - start

        measure()
        return measure

    pairs = interleaved(run(FLYTEKIT), run(BASELINE), rounds)
    flytekits, baselines = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    ratio = statistics.median(theirs / baseline for theirs, baseline in pairs)
    what = "list: flytekit's, to the baseline in its environment"
    print(f"{what:62} flytekit {flytekits * 1e3:.1f} ms  baseline {baselines * 1e3:.1f} ms  ratio {ratio:.2f}")


def main() -> None:
    """Make the environments, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31, help="pairs of processes for each figure")
    # The bench session passes the same arguments to every script.
    rounds: int = parser.parse_known_args()[0].rounds
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        root = Path(temporary)
        for distributions, connectors in ((50, 20), (500, 200)):
            for slow in (False, True):
                venv = environment(root, distributions, connectors, slow=slow)
                what = f"{connectors} of {distributions}{', each 100 ms to import' if slow else ''}"
                listing(venv, what, rounds, connectors)
                if distributions == 50 and not slow:
                    imports(venv, rounds)
    flytekit_listing(max(3, rounds // 4))


if __name__ == "__main__":
    main()
