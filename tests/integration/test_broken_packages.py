"""Broken packages, installed beside healthy ones, do not affect the others."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from support.packages import COUNTDOWN, GREETING, MARK
from support.venvs import Venv
from support.wheels import build_wheel

# On one worker, which makes the environments once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("broken_packages")]

GROUP = "flytekit.connectors"
HEALTHY = {"greeting": GREETING, "countdown": COUNTDOWN}
BROKEN = {
    "raises": "raise RuntimeError('the licence file is missing')",
    "exits": "import sys\nsys.exit('no licence')",
    "syntax": "def broken(:\n    pass",
    "lacks": "import acme_sdk",
    "attribute": GREETING.replace("class Greeting", "class Connector"),
    "othername": GREETING,
    "registers": "from connector_core import ConnectorRegistry\n"
    + GREETING.replace('"greeting"', '"registers"')
    + "\nConnectorRegistry.register(Greeting())",
}
TWINS = ("twin-one", "twin-two")

# The reason of each failure, and the remedy.
REASONS = {
    "raises": "cannot be loaded: RuntimeError: the licence file is missing. Report it to its author.",
    "exits": "calls sys.exit('no licence') when it is imported. Report it to its author.",
    "syntax": "has a syntax error in {site}/acme_syntax.py, line 5: invalid syntax. Correct it there.",
    "lacks": "needs the module acme_sdk, which is not installed. Install the package that provides it.",
    "attribute": "is refused: The module acme_attribute has no Conector. Did you mean Connector?",
    "othername": "is refused: 'acme_othername:Greeting' returns a connector for the task type greeting. The entry's "
    'name must be the task type: add greeting = "acme_othername:Greeting" to '
    '[project.entry-points."flytekit.connectors"] of the package.',
    "registers": "is refused: acme_registers calls ConnectorRegistry.register(…) when it is imported. Remove the call: "
    "the entry registers the connector, and a second registry would find nothing.",
    "twin": "The task type twin is claimed by twin-one 1.0 (twin_one:Greeting) and twin-two 1.0 (twin_two:Greeting); "
    "uninstall one, or choose with CONNECTORS_PREFER=twin=twin-one.",
}


def reason(task_type: str, venv: Venv) -> str:
    """Return the sentences that explain why the entry is unusable."""
    text = REASONS[task_type].format(site=venv.site_packages)
    if task_type == "twin":
        return text
    return f"The entry {task_type} of acme-{task_type} 1.0 {text} CONNECTORS_DISABLE={task_type} disables it."


def build(dest: Path, task_type: str, source: str, *, name: str | None = None, attribute: str = "Greeting") -> Path:
    name = name or f"acme-{task_type}"
    module = name.replace("-", "_")
    return build_wheel(
        dest,
        name,
        files={f"{module}.py": source},
        entry_points={GROUP: {task_type: f"{module}:{attribute}"}},
        dependencies=["connector-core"],
    )


@pytest.fixture(scope="module")
def venv(
    core_wheel: Path, core_venv_factory: Any, process_wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Venv:
    """Make an environment with all the broken packages and three healthy ones."""
    dest = tmp_path_factory.mktemp("packages")
    attributes = {"attribute": "Conector", "countdown": "CountdownConnector"}
    wheels = [
        build(
            dest,
            task_type,
            source if task_type in HEALTHY else MARK + source,
            attribute=attributes.get(task_type, "Greeting"),
        )
        for task_type, source in {**HEALTHY, **BROKEN}.items()
    ]
    wheels += [build(dest, "twin", GREETING.replace('"greeting"', '"twin"'), name=name) for name in TWINS]
    made: Venv = core_venv_factory(process_wheel, *wheels)
    return made


Connectors = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def connectors(venv: Venv) -> Connectors:
    """Return a function that runs ``connectors`` in that environment."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return venv.run("connectors", *arguments, env=env, check=False)

    return run


def entries(completed: subprocess.CompletedProcess[str], state: str) -> list[str]:
    """Return the task types in this state, from the JSON output of `list` or `doctor`."""
    document = json.loads(completed.stdout)
    rows = document if isinstance(document, list) else document["entries"]
    return [row["task_type"] for row in rows if row["state"] == state]


ONLY_HEALTHY = {"CONNECTORS_DISABLE": "raises exits syntax lacks attribute othername registers twin"}


class TestList:
    def test_everything_is_listed(self, connectors: Connectors) -> None:
        completed = connectors("list")
        assert completed.returncode == 0
        header, *rows = completed.stdout.splitlines()
        assert header.split() == ["task_type", "state", "entry_point", "distribution", "distribution_version"]
        assert [row.split()[0] for row in rows] == sorted([*HEALTHY, *BROKEN, "process", "twin", "twin"])
        assert completed.stderr == "\nSome entries cannot be used; `connectors doctor` says why.\n"

    def test_nothing_is_imported(self, connectors: Connectors, tmp_path: Path) -> None:
        completed = connectors("list", "--json", env={"MARKS": str(tmp_path)})
        assert len(json.loads(completed.stdout)) == len(HEALTHY) + len(BROKEN) + 3
        assert list(tmp_path.iterdir()) == []

    def test_loading_tells_what_is_broken(self, connectors: Connectors, venv: Venv, tmp_path: Path) -> None:
        completed = connectors("list", "--load", "--json", env={"MARKS": str(tmp_path)})
        assert completed.returncode == 0
        assert completed.stderr == ""
        assert entries(completed, "loaded") == ["countdown", "greeting", "process"]
        assert entries(completed, "failed") == sorted(BROKEN)
        assert entries(completed, "conflicting") == ["twin", "twin"]
        for row in json.loads(completed.stdout):
            assert row["error"] == (reason(row["task_type"], venv) if row["task_type"] in REASONS else None)
        told = {
            row["task_type"]: (row["version"], row["kind"], row["connector"]) for row in json.loads(completed.stdout)
        }
        assert told["greeting"] == (0, "sync", "Greeting")
        assert told["countdown"] == (0, "async", "CountdownConnector")
        assert told["raises"] == (None, None, None)
        imported = {path.name for path in tmp_path.iterdir()}
        assert {"acme_greeting", "acme_countdown", "acme_raises"} <= imported
        assert not {"twin_one", "twin_two"} & imported


class TestTheHealthyOnesRun:
    def test_a_sync_one(self, connectors: Connectors, tmp_path: Path) -> None:
        completed = connectors("run", "greeting", "-i", "name=Ada", env={"MARKS": str(tmp_path)})
        assert completed.returncode == 0
        assert completed.stdout.splitlines()[1:] == ["greeting: Hello, Ada!"]
        assert completed.stderr == ""
        assert [path.name for path in tmp_path.iterdir()] == ["acme_greeting"]

    def test_an_async_one(self, connectors: Connectors) -> None:
        completed = connectors("run", "countdown")
        assert completed.returncode == 0
        running, succeeded, output = completed.stdout.splitlines()
        assert running == "RUNNING: 1 to go"
        assert succeeded.startswith("SUCCEEDED in ")
        assert output == "start: 2"

    def test_one_that_was_published_as_it_is(self, connectors: Connectors) -> None:
        completed = connectors("run", "process", "--json", "--", "echo", "hello")
        assert completed.returncode == 0
        assert json.loads(completed.stdout)["outputs"]["stdout"].strip() == "hello"

    def test_they_are_shown(self, connectors: Connectors) -> None:
        completed = connectors("show", "greeting")
        assert completed.returncode == 0
        assert "acme_greeting:Greeting" in completed.stdout
        assert "acme-greeting 1.0" in completed.stdout
        assert completed.stdout.endswith("Greets by name.\n")


@pytest.fixture(scope="module")
def doctor(connectors: Connectors) -> subprocess.CompletedProcess[str]:
    """Run the doctor for all packages."""
    return connectors("doctor")


class TestDoctor:
    def test_the_exit_status_is_1(self, doctor: subprocess.CompletedProcess[str]) -> None:
        assert doctor.returncode == 1
        assert doctor.stderr == ""

    @pytest.mark.parametrize("task_type", BROKEN)
    def test_each_failure_has_its_reason_and_remedy(
        self, doctor: subprocess.CompletedProcess[str], venv: Venv, task_type: str
    ) -> None:
        lines = doctor.stdout.splitlines()
        attribute = "Conector" if task_type == "attribute" else "Greeting"
        at = lines.index(f"failed       {task_type}  (acme_{task_type}:{attribute}, acme-{task_type} 1.0)")
        assert lines[at + 1].strip() == reason(task_type, venv)

    def test_a_conflict_is_explained_once(self, doctor: subprocess.CompletedProcess[str], venv: Venv) -> None:
        lines = doctor.stdout.splitlines()
        at = lines.index("conflicting  twin  (twin_one:Greeting, twin-one 1.0)")
        assert lines[at + 1] == "conflicting  twin  (twin_two:Greeting, twin-two 1.0)"
        assert lines[at + 2].strip() == reason("twin", venv)

    def test_what_can_be_used_comes_first_and_the_sum_last(self, doctor: subprocess.CompletedProcess[str]) -> None:
        lines = doctor.stdout.splitlines()
        assert [line.split()[:2] for line in lines[:3]] == [
            ["loaded", "countdown"],
            ["loaded", "greeting"],
            ["loaded", "process"],
        ]
        assert lines[-1] == "3 loaded, 7 failed, 2 conflicting"

    def test_as_json(self, connectors: Connectors, venv: Venv) -> None:
        completed = connectors("doctor", "--json")
        assert completed.returncode == 1
        assert completed.stderr == ""
        document = json.loads(completed.stdout)
        assert list(document) == ["healthy", "entries", "plugins", "unreadable"]
        assert (document["healthy"], document["plugins"], document["unreadable"]) == (False, [], [])
        told = {row["task_type"]: row["reason"] for row in document["entries"]}
        assert told == {
            **dict.fromkeys([*HEALTHY, "process"]),
            **{task_type: reason(task_type, venv) for task_type in REASONS},
        }

    def test_tracebacks_when_asked_for(self, connectors: Connectors) -> None:
        completed = connectors("doctor", "--verbose")
        assert completed.stderr.count("Traceback") >= len(BROKEN) - 1
        assert "RuntimeError: the licence file is missing" in completed.stderr


class TestABrokenOneThatIsAskedFor:
    @pytest.mark.parametrize(
        ("command", "task_type"), [("run", "raises"), ("run", "exits"), ("show", "othername"), ("show", "twin")]
    )
    def test_one_sentence_says_why(self, connectors: Connectors, venv: Venv, command: str, task_type: str) -> None:
        completed = connectors(command, task_type)
        assert completed.returncode == 1
        assert completed.stdout == ""
        assert completed.stderr == (
            f"connectors: Cannot find connector for task category: {task_type}_v0. {reason(task_type, venv)}\n"
        )

    def test_the_traceback_when_asked_for(self, connectors: Connectors) -> None:
        completed = connectors("run", "raises", "--verbose")
        assert completed.returncode == 1
        assert 'acme_raises.py", line 5, in <module>' in completed.stderr
        assert completed.stderr.splitlines()[-1].startswith("connectors: Cannot find connector")


class TestSettings:
    def test_prefer_chooses_one_of_those_in_conflict(self, connectors: Connectors) -> None:
        env = {"CONNECTORS_PREFER": "twin=twin-two"}
        shown = json.loads(connectors("show", "twin", "--json", env=env).stdout)
        assert shown["package"] == "twin-two 1.0"
        listed = connectors("list", "--json", env=env)
        assert entries(listed, "conflicting") == []
        (other,) = (row for row in json.loads(listed.stdout) if row["state"] == "disabled")
        assert other["distribution"] == "twin-one"
        assert other["error"] == (
            "The entry twin of twin-one 1.0 is disabled by CONNECTORS_PREFER=twin=twin-two; "
            "change the setting to use it."
        )

    def test_disable_leaves_a_healthy_rest(self, connectors: Connectors) -> None:
        completed = connectors("doctor", env=ONLY_HEALTHY)
        assert completed.returncode == 0
        assert completed.stdout.splitlines()[-1] == "3 loaded, 9 disabled"
        assert "is disabled by CONNECTORS_DISABLE=raises; change the setting to use it." in completed.stdout

    def test_disabling_one_of_two_ends_their_conflict(self, connectors: Connectors) -> None:
        env = {"CONNECTORS_DISABLE": "dist:twin-one"}
        assert json.loads(connectors("show", "twin", "--json", env=env).stdout)["package"] == "twin-two 1.0"

    def test_allow_names_the_only_ones(self, connectors: Connectors) -> None:
        completed = connectors("list", "--load", "--json", env={"CONNECTORS_ALLOW": "greet*,dist:acme-countdown"})
        assert entries(completed, "loaded") == ["countdown", "greeting"]
        assert len(entries(completed, "disabled")) == 10

    def test_without_autoload_none_can_be_used(self, connectors: Connectors) -> None:
        env = {"CONNECTORS_AUTOLOAD": "0"}
        assert set(entries(connectors("doctor", "--json", env=env), "disabled")) == {
            *HEALTHY,
            *BROKEN,
            "process",
            "twin",
        }
        completed = connectors("run", "greeting", env=env)
        assert completed.returncode == 1
        assert completed.stderr == (
            "connectors: Cannot find connector for task category: greeting_v0. The entry greeting of acme-greeting 1.0 "
            "is disabled by CONNECTORS_AUTOLOAD=0; change the setting to use it.\n"
        )

    def test_strict_makes_a_failed_entry_an_error_of_loading_all(self, connectors: Connectors, venv: Venv) -> None:
        completed = connectors("list", "--load", env={"CONNECTORS_STRICT": "1"})
        assert completed.returncode == 1
        assert completed.stdout == ""
        assert completed.stderr == (
            f"connectors: Cannot find connector for task category: attribute_v0. {reason('attribute', venv)}\n"
        )

    @pytest.mark.parametrize("arguments", [["list", "--load"], ["run", "countdown"]])
    def test_strict_lets_pass_what_is_healthy(self, connectors: Connectors, arguments: list[str]) -> None:
        completed = connectors(*arguments, env={**ONLY_HEALTHY, "CONNECTORS_STRICT": "1"})
        assert completed.returncode == 0

    @pytest.mark.parametrize(
        ("setting", "value", "expected"),
        [
            ("CONNECTORS_AUTOLOAD", "maybe", "1 or 0"),
            ("CONNECTORS_STRICT", "", "1 or 0"),
            ("CONNECTORS_PREFER", "twin", "TASK_TYPE=DISTRIBUTION, separated by commas or spaces"),
        ],
    )
    def test_one_that_cannot_be_read_is_wrong_use(
        self, connectors: Connectors, setting: str, value: str, expected: str
    ) -> None:
        completed = connectors("list", env={setting: value})
        assert completed.returncode == 2
        assert completed.stdout == ""
        assert completed.stderr == f"connectors: {setting}={value!r} cannot be read: expected {expected}.\n"


@pytest.fixture(scope="module")
def damaged(core_venv_factory: Any, tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """Make an environment with a healthy package, one with malformed entry points, and one without METADATA."""
    dest = tmp_path_factory.mktemp("packages")
    wheels = [
        build(dest, "greeting", GREETING),
        build(dest, "malformed", GREETING),
        build(dest, "nameless", GREETING.replace('"greeting"', '"nameless"')),
    ]
    made: Venv = core_venv_factory(*wheels)
    info = made.site_packages / "acme_malformed-1.0.dist-info"
    (info / "entry_points.txt").write_text("[flytekit.connectors]\nwhat stands here has no meaning\n")
    (made.site_packages / "acme_nameless-1.0.dist-info" / "METADATA").unlink()
    return made


class TestBrokenMetadata:
    def test_the_others_are_listed_and_run(self, damaged: Venv) -> None:
        rows = json.loads(damaged.run("connectors", "list", "--json").stdout)
        assert "greeting" in [row["task_type"] for row in rows]
        assert damaged.run("connectors", "run", "greeting", "-i", "name=Ada").stdout.endswith("Hello, Ada!\n")

    def test_the_doctor_names_them(self, damaged: Venv) -> None:
        completed = damaged.run("connectors", "doctor", check=False)
        assert completed.returncode == 1
        assert "loaded       greeting  (acme_greeting:Greeting, acme-greeting 1.0)" in completed.stdout.splitlines()
        unreadable = [line for line in completed.stdout.splitlines() if line.startswith("unreadable ")]
        assert len(unreadable) == 2
        assert sum("acme_malformed-1.0.dist-info" in line for line in unreadable) == 1
        assert sum("acme_nameless-1.0.dist-info" in line for line in unreadable) == 1
        assert completed.stdout.splitlines()[-1].endswith("2 unreadable")


class TestOneDistributionTwice:
    def test_editable_and_as_a_wheel_it_is_one_entry(self, core_venv_factory: Any, tmp_path: Path) -> None:
        project = tmp_path / "project"
        project.mkdir()
        (project / "acme_greeting.py").write_text(GREETING, encoding="utf-8")
        (project / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
            '[project]\nname = "acme-greeting"\nversion = "1.0"\n'
            '[project.entry-points."flytekit.connectors"]\ngreeting = "acme_greeting:Greeting"\n'
            '[tool.hatch.build]\nonly-include = ["acme_greeting.py"]\ndev-mode-dirs = ["."]\n',
            encoding="utf-8",
        )
        builder = WheelBuilder(str(project))
        (editable,) = builder.build(directory=str(tmp_path / "editable"), versions=["editable"])
        (standard,) = builder.build(directory=str(tmp_path / "standard"), versions=["standard"])
        venv: Venv = core_venv_factory(Path(editable))
        with zipfile.ZipFile(standard) as archive:
            archive.extractall(tmp_path / "unpacked")
        env = {"PYTHONPATH": str(tmp_path / "unpacked")}
        completed = venv.run("connectors", "list", "--load", "--json", env=env)
        assert entries(completed, "loaded") == ["greeting"]
        assert len(json.loads(completed.stdout)) == 1
        assert venv.run("connectors", "doctor", env=env).stdout.splitlines()[-1] == "1 loaded"


VAULT = """
import os
from connector_core import Entry, LiteralConverter, hookimpl, literal_type, to_literal


def say(line):
    with open(os.environ["CALLS"], "a") as calls:
        print(line, file=calls)


class Money:
    def __init__(self, amount):
        self.amount = amount


@hookimpl
def connector_core_entries():
    return [Entry("paid", "acme_paid:Paid")]


@hookimpl
def connector_core_secret(key):
    return "from the vault" if key == "token" else None


@hookimpl
def connector_core_before_call(call):
    say(f"before {call.task_category}.{call.operation}")
    raise RuntimeError("the audit log is full")


@hookimpl
def connector_core_after_call(call, outcome):
    say(f"after {call.task_category}.{call.operation}: {outcome.error}")


@hookimpl
def connector_core_literal_converters():
    return [
        LiteralConverter(
            python_type="acme_vault.Money",
            literal_type=literal_type(str),
            to_literal=lambda money: to_literal(f"{money.amount} EUR"),
            from_literal=lambda literal: Money(literal.scalar.primitive.string_value),
        )
    ]
"""
PAID = """
from acme_vault import Money
from connector_core import Resource, SyncConnectorBase, get_connector_secret


class Paid(SyncConnectorBase):
    def __init__(self):
        super().__init__(task_type_name="paid")

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        return Resource.succeeded(outputs={"token": str(get_connector_secret("token")), "price": Money(12)})
"""


@pytest.fixture(scope="module")
def plugged(core_venv_factory: Any, tmp_path_factory: pytest.TempPathFactory) -> Venv:
    dest = tmp_path_factory.mktemp("packages")
    vault = build_wheel(
        dest,
        "acme-vault",
        files={"acme_vault.py": VAULT, "acme_paid.py": PAID},
        entry_points={"connector_core": {"vault": "acme_vault"}},
    )
    burst = build_wheel(
        dest,
        "acme-burst",
        files={"acme_burst.py": "raise RuntimeError('no network')"},
        entry_points={"connector_core": {"burst": "acme_burst"}},
    )
    made: Venv = core_venv_factory(vault, burst, build(dest, "greeting", GREETING))
    return made


class TestPlugins:
    """Plugins of the group ``connector_core``: one that implements every hook, and one that raises at import."""

    FAILURE = (
        "The entry burst of acme-burst 1.0 cannot be loaded: RuntimeError: no network. Report it to its author. "
        "CONNECTORS_DISABLE=burst disables it."
    )
    HOOK_FAILURE = (
        "The hook connector_core_before_call of the plugin acme-vault:vault failed. RuntimeError: the audit log is full"
    )

    def test_further_entries_are_listed(self, plugged: Venv) -> None:
        completed = plugged.run("connectors", "list", "--json")
        assert entries(completed, "discovered") == ["greeting", "paid"]
        assert json.loads(completed.stdout)[1]["distribution"] is None

    def test_one_that_fails_is_told_and_stops_nothing(self, plugged: Venv) -> None:
        completed = plugged.run("connectors", "list")
        assert completed.stderr == f"{self.FAILURE}\n"

    def test_secrets_and_converters_reach_a_run_and_every_call_is_observed(self, plugged: Venv, tmp_path: Path) -> None:
        calls = tmp_path / "calls"
        completed = plugged.run("connectors", "run", "paid", "--json", env={"CALLS": str(calls)})
        assert json.loads(completed.stdout)["outputs"] == {"token": "from the vault", "price": "12 EUR"}
        assert calls.read_text().splitlines() == ["before paid_v0.do", "after paid_v0.do: None"]
        assert completed.stderr.splitlines() == [
            f"connectors: {self.FAILURE}",
            f"connectors: {self.HOOK_FAILURE}",
        ]

    def test_the_doctor_knows_them_too(self, plugged: Venv) -> None:
        completed = plugged.run("connectors", "doctor", check=False)
        assert completed.returncode == 1
        assert completed.stdout.splitlines() == [
            "loaded       greeting  (acme_greeting:Greeting, acme-greeting 1.0)",
            "loaded       paid  (acme_paid:Paid, a connector_core_entries hook)",
            "loaded       plugin vault  (acme_vault, acme-vault 1.0)",
            "failed       plugin burst  (acme_burst, acme-burst 1.0)",
            f"             {self.FAILURE}",
            "",
            "3 loaded, 1 failed",
        ]

    def test_one_can_be_turned_off(self, plugged: Venv) -> None:
        completed = plugged.run("connectors", "doctor", "--json", env={"CONNECTORS_DISABLE": "burst"})
        assert [row["state"] for row in json.loads(completed.stdout)["plugins"]] == ["disabled", "loaded"]
