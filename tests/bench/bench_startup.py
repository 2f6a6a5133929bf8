"""The time of the two shortest runs, as whole processes, next to that of Python and of DuckDB alone.

The four are run in turn, in the environment of this process, in which both connectors must be installed. CPU time is
that of the process and of the children that it waited for; unlike wall time, it says something on a busy machine.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.venvs import minimal_environment

CONNECTORS = str(Path(sys.executable).with_name("connectors"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "duckdb alone": [sys.executable, "-c", 'import duckdb; duckdb.sql("SELECT 1").fetchall()'],
    "connectors run process -- true": [CONNECTORS, "run", "process", "--", "true"],
    "connectors run duckdb --sql 'SELECT 1'": [CONNECTORS, "run", "duckdb", "--sql", "SELECT 1"],
}
PROCESS_GOAL = 0.30
DUCKDB_GOAL = 0.25
"""Seconds beyond DuckDB's own."""


def measure(command: list[str], directory: str) -> tuple[float, float]:
    """Return the wall time and the CPU time of a process."""
    environment = minimal_environment() | {"CONNECTOR_PROCESS_DIR": directory}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, cwd=directory, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a line for each command, and a line for each goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="processes for each figure")
    # Every script of the bench session is given the same arguments.
    rounds: int = parser.parse_known_args()[0].rounds
    walls: dict[str, list[float]] = {name: [] for name in COMMANDS}
    cpus: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for command in COMMANDS.values():
            measure(command, directory)  # Compiles what the others only read, unless the environment forbids it.
        for _ in range(rounds):
            for name, command in COMMANDS.items():
                wall, cpu = measure(command, directory)
                walls[name].append(wall)
                cpus[name].append(cpu)
    wall_of = {name: statistics.median(values) for name, values in walls.items()}
    cpu_of = {name: statistics.median(values) for name, values in cpus.items()}
    for name in COMMANDS:
        ratio = cpu_of[name] / cpu_of["duckdb alone" if "duckdb" in name else "python -c pass"]
        print(f"{name:40} wall {wall_of[name]:.3f} s  CPU {cpu_of[name]:.3f} s  ratio of CPU {ratio:5.2f}", flush=True)
    process = wall_of["connectors run process -- true"]
    beyond = wall_of["connectors run duckdb --sql 'SELECT 1'"] - wall_of["duckdb alone"]
    print(f"process: {process:.3f} s, goal <= {PROCESS_GOAL}  {'ok' if process <= PROCESS_GOAL else 'MISSED'}")
    print(f"duckdb: {beyond:.3f} s beyond DuckDB, goal <= {DUCKDB_GOAL}  {'ok' if beyond <= DUCKDB_GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()
