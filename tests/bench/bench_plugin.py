"""Measure what the pytest plugin costs a run that does not use it.

pytest lists the files of each distribution that has a plugin, to rewrite their asserts. Then it imports the plugin and
registers the plugin's fixtures. The script times these steps inside new processes that have imported pytest already.
The times of whole runs vary by more than the plugin takes, so their difference would show nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from figures import say

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.venvs import Venv
from support.wheels import ROOT, build_project

GOAL = 0.005
RUN = """\
import importlib.metadata
import time

import pytest

class Timed:
    def pytest_sessionstart(self, session):
        distribution = importlib.metadata.distribution("connector-core")
        started = time.perf_counter()
        list(map(str, distribution.files))
        import connector_core.testing.plugin as plugin
        session.config.pluginmanager.register(plugin)
        print("TOOK", time.perf_counter() - started)

pytest.main(["-q", "-s", "-p", "no:cacheprovider", "-p", "no:connector_core", "test_empty.py"], plugins=[Timed()])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        venv = Venv(root / "venv")
        venv.install(build_project(ROOT, root / "wheels"), "pytest")
        # Without this, the first process would compile the modules, and the others would only read them.
        venv.run("python", "-m", "compileall", "-q", str(venv.site_packages), timeout=600)
        (root / "test_empty.py").write_text("def test_nothing(): ...\n", encoding="utf-8")
        seconds = [
            float(line.split()[1])
            for _ in range(rounds)
            for line in venv.run("python", "-c", RUN, cwd=root).stdout.splitlines()
            if line.startswith("TOOK")
        ]
    cost = statistics.median(seconds)
    detail = f"{cost * 1000:.1f} ms, at most {max(seconds) * 1000:.1f}; goal <= {GOAL * 1000:g}"
    say("the pytest plugin, in a run that does not use it", ok=cost <= GOAL, detail=detail)


if __name__ == "__main__":
    main()
