"""The image, as far as it can be checked without a Docker engine: its contents, its installation and its commands."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.venvs import Venv, minimal_environment
from support.wheels import ROOT, build_wheel

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CONTEXT = {
    line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
}
REQUIREMENTS = ROOT / ".ci" / "image-requirements.txt"
CONNECTOR = """
from connector_core import Resource, SyncConnectorBase

class Greet(SyncConnectorBase):
    def __init__(self):
        super().__init__(task_type_name="greet")

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        return Resource.succeeded(outputs={"greeting": "hello"})
"""


def instructions(name: str) -> list[str]:
    """Return the arguments of each instruction with this name."""
    return re.findall(rf"^{name} (.+)$", DOCKERFILE.replace("\\\n", " "), flags=re.MULTILINE)


class TestTheDockerfile:
    def test_builds_in_one_stage_and_runs_in_another(self) -> None:
        assert len(instructions("FROM")) == 2
        assert any(copied.startswith("--from=build ") for copied in instructions("COPY"))

    def test_does_not_run_as_root(self) -> None:
        assert instructions("USER") == ["1000"]

    def test_leaves_the_code_to_root(self) -> None:
        assert "chown" not in DOCKERFILE

    def test_says_that_it_has_heredocs(self) -> None:
        assert DOCKERFILE.startswith("# syntax=docker/dockerfile:1\n")

    def test_opens_the_ports_that_flytes_charts_use(self) -> None:
        assert instructions("EXPOSE") == ["8000 9090"]

    def test_names_no_package_registry(self) -> None:
        assert not re.search(r"https?://|--index-url|--extra-index", DOCKERFILE)

    def test_copies_only_what_the_context_has(self) -> None:
        copied = [
            word for line in instructions("COPY") if not line.startswith(("--", "<<")) for word in line.split()[:-1]
        ]
        assert set(copied) == CONTEXT
        assert all((ROOT / name).exists() for name in copied)


def test_the_image_has_the_versions_that_are_tested() -> None:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = REQUIREMENTS.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    assert requirements
    for requirement in requirements:
        version, *hashes = requirement.split(" --hash=sha256:")
        assert version.strip() in pinned, "run `nox -s constraints`"
        assert hashes


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """An environment that the Dockerfile's own `pip install` commands fill, and a connector package on top."""
    context = tmp_path_factory.mktemp("image")
    for name in CONTEXT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (context / name).parent.mkdir(exist_ok=True)
        copy(ROOT / name, context / name)
    venv = Venv(context / "venv")
    installed = [run.split("/opt/connectors/bin/pip install --no-cache-dir ")[1:] for run in instructions("RUN")]
    assert sum(map(len, installed)) == DOCKERFILE.count("pip install") == 2
    for arguments in (arguments for run in installed for arguments in run):
        venv.install(*shlex.split(arguments), constraints=None)
    greet = build_wheel(
        context / "wheels",
        "greet",
        files={"greet.py": CONNECTOR},
        entry_points={"flytekit.connectors": {"greet": "greet:Greet"}},
    )
    venv.install(greet)
    scripts = re.findall(
        r"^COPY <<EOF /opt/connectors/bin/(\S+)\n(.+?)^EOF$", DOCKERFILE, flags=re.MULTILINE | re.DOTALL
    )
    assert {name for name, _ in scripts} == {"pyflyte", "c0"}
    for name, content in scripts:
        venv.bin(name).write_text(content.replace("/opt/connectors/bin/python", str(venv.python)), encoding="utf-8")
        venv.bin(name).chmod(0o755)
    return venv


@pytest.mark.slow
@pytest.mark.xdist_group("image")
@pytest.mark.parametrize(
    "command",
    [
        ["connectors", "serve", "--port", "0", "--metrics-port", "0"],
        ["pyflyte", "serve", "agent", "--port", "0", "--prometheus_port", "0"],
        ["pyflyte", "serve", "connector", "--port", "0", "--prometheus_port", "0", "--worker", "10"],
        ["c0", "--port", "0", "--prometheus_port", "0"],
    ],
    ids=["connectors serve", "pyflyte serve agent", "pyflyte serve connector", "c0"],
)
def test_each_command_serves_until_it_is_told_to_stop(image: Venv, command: list[str]) -> None:
    environment = minimal_environment() | {"no_grpc_proxy": "127.0.0.1"}
    process = subprocess.Popen(
        [str(image.bin(command[0])), *command[1:]], stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        said = next(json.loads(line)["event"] for line in lines if line.startswith("{"))
        told = re.fullmatch(r"Serving 1 connectors? on (.+):(\d+); probes and metrics on port \d+\.", said)
        assert told is not None, said
        assert told[1] == ("localhost" if command[0] == "connectors" else "0.0.0.0")
        with grpc.insecure_channel(f"127.0.0.1:{told[2]}") as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(service=""), timeout=30, wait_for_ready=True)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
