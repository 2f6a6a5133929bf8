"""The reference describes every hook, setting, error, option, metric, key and public name, and no others."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from grpc import StatusCode
from prometheus_client import Metric

import connector_core
from connector_core import Call, Outcome, Resource, errors, hookspecs, service, testing
from connector_core.cli import _parser, main
from connector_core.discovery import Settings, State
from connector_core.service import ServiceSettings
from connector_core.service.metrics import Metrics
from connector_core.service.pages import PATHS
from connector_core.testing import BaseAsyncConnectorSuite, BaseSyncConnectorSuite, plugin
from support.connectors import Echo
from support.markdown import name_of, pages, section
from support.wheels import ROOT

REFERENCE = ROOT / "docs" / "reference"
SOURCES = sorted((ROOT / "connector_core").rglob("*.py"))
VARIABLE = re.compile(r"\b(?:CONNECTORS_[A-Z_]+[A-Z]|FLYTE_[A-Z_]+[A-Z])\b|\b_FSEC_")


def text_of(page: str) -> str:
    return (REFERENCE / page).read_text(encoding="utf-8")


def in_backticks(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def strings(source: Path) -> Iterator[str]:
    """Return the string constants of a module, without docstrings and other prose."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
            yield node.value


SETTINGS = [*Settings._fields, *(field.name for field in attrs.fields(ServiceSettings))]
VARIABLES = {found for source in SOURCES for text in strings(source) for found in VARIABLE.findall(text)} | {
    f"CONNECTORS_{field.upper()}" for field in SETTINGS
}
HOOKS = [name for name in hookspecs.__all__ if name != "hookimpl"]
PARSER = _parser()
(SUBPARSERS,) = (action for action in PARSER._actions if isinstance(action, argparse._SubParsersAction))
COMMANDS: dict[str, argparse.ArgumentParser] = SUBPARSERS.choices


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings}


def test_the_code_has_settings_hooks_and_commands() -> None:
    assert {"CONNECTORS_DISABLE", "CONNECTORS_STRICT", "FLYTE_SECRETS_DEFAULT_DIR", "_FSEC_"} <= VARIABLES
    assert len(HOOKS) == 6
    assert {"list", "show", "doctor", "run"} <= set(COMMANDS)


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_every_setting_is_in_the_reference(variable: str) -> None:
    assert f"| `{variable}" in text_of("settings.md")


@pytest.mark.parametrize("field", SETTINGS)
def test_every_setting_is_in_the_reference_with_its_argument(field: str) -> None:
    assert f"| `CONNECTORS_{field.upper()}` | `{field}` |" in text_of("settings.md")


@pytest.mark.parametrize("page", [*pages(), ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_no_page_names_a_setting_that_does_not_exist(page: Path) -> None:
    assert set(VARIABLE.findall(page.read_text(encoding="utf-8"))) <= VARIABLES


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_in_the_reference_with_its_arguments(hook: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    described = section(REFERENCE / "hooks.md", f"`{hook}({arguments})`")
    assert "**Called**" in described
    assert "**Returns**" in described


def test_no_page_names_a_hook_that_does_not_exist() -> None:
    for page in pages():
        named = set(re.findall(r"\bconnector_core_\w+", page.read_text(encoding="utf-8")))
        assert named <= set(HOOKS), name_of(page)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_in_the_reference(name: str) -> None:
    kind = getattr(errors, name)
    builtins = [base.__name__ for base in kind.__bases__ if base.__module__ == "builtins" and base is not Exception]
    described = section(REFERENCE / "errors.md", " ".join([name, *(f"({builtin})" for builtin in builtins)]))
    if name not in ("ConnectorError", "CallError"):
        for part in ("When", "Message", "Do"):
            assert f"- **{part}:**" in described
    own = re.search(r"Attributes:\n(.*)", inspect.getdoc(kind) or "", flags=re.DOTALL)
    if own and "__init__" in vars(kind):
        for attribute in re.findall(r"^    (\w+):", own[1], flags=re.MULTILINE):
            assert f"`{attribute}`" in described, attribute


def test_the_tree_of_errors_is_that_of_the_code() -> None:
    tree = re.search(r"```text\n(.*?)```", text_of("errors.md"), flags=re.DOTALL)
    assert tree
    lines = (errors.__doc__ or "").splitlines()
    drawn = [
        re.sub(r"(?<=[\w)]) {2,}.*", "", line[4:]) for line in lines if re.search(r"^    ConnectorError$|[├└]──", line)
    ]
    assert tree[1].splitlines() == drawn


@pytest.mark.parametrize("name", [name for name in errors.__all__ if "__init__" in vars(getattr(errors, name))])
def test_a_message_is_in_the_reference_word_for_word(name: str) -> None:
    """Look for the fixed parts of each error's message."""
    source = textwrap.dedent(inspect.getsource(getattr(errors, name).__init__))
    page = " ".join(text_of("errors.md").split())
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.Constant) and len(str(part.value)) > 7:
                    assert str(part.value).strip() in page


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_the_reference(command: str) -> None:
    own = options(COMMANDS[command])
    everywhere = in_backticks(section(REFERENCE / "command-line.md", "All commands"))
    described = section(REFERENCE / "command-line.md", command)
    rows = set(re.findall(r"^\| `(--?[\w-]+)", described, flags=re.MULTILINE))
    assert own <= rows | everywhere
    assert rows - {"--"} <= own
    usage = described.split("\n\n")[1]
    assert usage.startswith(f"`connectors {command}")
    assert set(re.findall(r"--\w[\w-]*", usage)) <= own
    for action in COMMANDS[command]._actions:
        if not action.option_strings:
            assert str(action.metavar) in usage


def test_every_command_is_in_the_reference() -> None:
    table = text_of("command-line.md").split("## All commands")[0]
    assert set(re.findall(r"^\| \[`(\w+)`\]", table, flags=re.MULTILINE)) == set(COMMANDS)
    assert options(PARSER) <= in_backticks(section(REFERENCE / "command-line.md", "All commands"))


@pytest.mark.usefixtures("a_connector")
@pytest.mark.parametrize("words", [["list", "--load"], ["show", "rows"], ["doctor"], ["run", "rows"]])
def test_every_key_of_a_document_is_in_the_reference(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*words, "--json"])
    described = section(REFERENCE / "command-line.md", words[0])
    if words[0] == "show":
        described += section(REFERENCE / "command-line.md", "list")
    assert keys(json.loads(capsys.readouterr().out)) <= in_backticks(described)


@pytest.fixture
def a_connector(hermetic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install one connector and one plugin."""
    (hermetic / "rows_connector.py").write_text(
        "from dataclasses import dataclass\n"
        "from connector_core import *\n"
        "@dataclass\n"
        "class Meta(ResourceMeta):\n"
        "    job: int\n"
        "class Rows(AsyncConnectorBase):\n"
        "    def __init__(self): super().__init__(metadata_type=Meta, task_type_name='rows')\n"
        "    async def create(self, **_): return Meta(1)\n"
        "    async def get(self, **_): return Resource.failed('no', code='NO')\n"
        "    async def delete(self, **_): pass\n",
        encoding="utf-8",
    )
    info = hermetic / "rows-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rows\nVersion: 1.0\n", encoding="utf-8")
    entries = "[flytekit.connectors]\nrows = rows_connector:Rows\n[connector_core]\nplugin = rows_connector\n"
    (info / "entry_points.txt").write_text(entries, encoding="utf-8")
    monkeypatch.syspath_prepend(str(hermetic))
    monkeypatch.setenv("CONNECTORS_ALLOW", "dist:rows")


def keys(document: Any) -> set[str]:
    """Return every key in a document, except those that a user chooses."""
    if isinstance(document, list):
        return {key for item in document for key in keys(item)}
    if not isinstance(document, dict):
        return set()
    free = ("metadata_fields", "outputs")
    return set(document) | {key for name, item in document.items() if name not in free for key in keys(item)}


def test_every_public_name_is_in_the_reference_once() -> None:
    named = re.findall(r"^\| `(\w+)` \|", text_of("public-api.md"), flags=re.MULTILINE)
    assert sorted(named) == sorted({*connector_core.__all__, *errors.__all__, *service.__all__})


CHECKS = {
    check: (kind, getattr(suite, check).contract)
    for kind, suite in (("async", BaseAsyncConnectorSuite), ("sync", BaseSyncConnectorSuite))
    for check in dir(suite)
    if check.startswith("test_")
}


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_is_in_the_reference_with_its_contract(check: str) -> None:
    kind, contract = CHECKS[check]
    kind = "both" if hasattr(BaseAsyncConnectorSuite, check) and kind == "sync" else kind
    assert f"| `{check}` | {kind} | {contract.rule} |" in section(REFERENCE / "testing.md", "Checks")


def test_the_reference_has_no_check_that_does_not_exist() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", section(REFERENCE / "testing.md", "Checks"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(CHECKS)


def test_every_fixture_of_a_suite_is_in_the_reference() -> None:
    described = section(REFERENCE / "testing.md", "Fixtures of a suite")
    rows = set(re.findall(r"^\| `(\w+)` \|", described, flags=re.MULTILINE))
    fixtures = {
        name
        for suite in (BaseAsyncConnectorSuite, BaseSyncConnectorSuite)
        for name in dir(suite)
        if not name.startswith(("_", "test_")) and callable(getattr(suite, name))
    }
    assert rows | {"calls"} == fixtures


def test_every_fixture_of_the_plugin_is_in_the_reference() -> None:
    described = section(REFERENCE / "testing.md", "Fixtures of the pytest plugin")
    assert sorted(re.findall(r"^\| `(\w+)` \|", described, flags=re.MULTILINE)) == plugin.__all__


def test_every_name_of_the_kit_is_in_the_reference() -> None:
    table = text_of("testing.md").split("## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == testing.__all__


def test_every_method_of_the_registry_is_in_the_reference() -> None:
    table = section(REFERENCE / "public-api.md", "Registry")
    named = set(re.findall(r"`(\w+)\(|The property `(\w+)`", table))
    assert {method or attribute for method, attribute in named} == {
        name for name in vars(connector_core.ConnectorRegistry) if not name.startswith("_")
    }


@pytest.mark.parametrize("state", State)
def test_every_state_is_in_the_reference(state: State) -> None:
    assert f"| `{state}` |" in section(REFERENCE / "entry-points.md", "States")


def used() -> Metrics:
    """Return metrics with a sample of each."""
    metrics = Metrics()
    call = Call(Echo(), "do")
    metrics.connector_core_before_call(call)
    metrics.connector_core_after_call(call, Outcome(0.1, Resource.succeeded()))
    metrics.request_failed("echo", "do", StatusCode.NOT_FOUND)
    metrics.input_bytes("echo", 1)
    metrics.orphan_deleted("echo")
    metrics.passing_failure("echo")
    return metrics


# prometheus-client documents the metrics of the process.
METRICS = [metric for metric in used().registry.collect() if not metric.name.startswith("process_")]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: str(metric.name))
def test_every_metric_is_in_the_reference_with_its_labels_and_type(metric: Metric) -> None:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels = ", ".join(f"`{label}`" for label in metric.samples[0].labels)
    assert f"| `{name}` |{f' {labels} ' if labels else ' '}| {metric.type} | " in text_of("metrics.md")


def test_no_page_names_a_metric_that_does_not_exist() -> None:
    names = {sample.name for metric in METRICS for sample in metric.samples} | {metric.name for metric in METRICS}
    for page in pages():
        named = set(re.findall(r"\bflyte_connector_\w+", page.read_text(encoding="utf-8")))
        assert named <= names, name_of(page)


def test_every_page_of_the_metrics_port_is_in_the_reference() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", section(REFERENCE / "metrics.md", "Pages"), flags=re.MULTILINE)
    assert tuple(rows) == PATHS


def error_code_of(status: StatusCode) -> str:
    metrics = Metrics()
    metrics.request_failed("echo", "do", status)
    (failed,) = (metric for metric in metrics.registry.collect() if metric.name == "flyte_connector_requests_failure")
    return failed.samples[0].labels["error_code"]


@pytest.mark.parametrize("status", [status for status in StatusCode if status is not StatusCode.OK], ids=str)
def test_every_error_code_is_in_the_reference(status: StatusCode) -> None:
    assert re.search(rf"^\| `{error_code_of(status)}` \|.*\b{status.name}\b", text_of("metrics.md"), flags=re.MULTILINE)


ANSWERED = {
    StatusCode[name]
    for source in (ROOT / "connector_core" / "service").glob("*.py")
    for name in re.findall(r"StatusCode\.([A-Z_]+)", source.read_text(encoding="utf-8"))
    if source.name != "metrics.py"
} - {StatusCode.OK}


def test_the_reference_has_exactly_the_statuses_of_the_service() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", text_of("status-codes.md"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(status.name for status in ANSWERED)


@pytest.mark.parametrize("status", sorted(ANSWERED, key=str), ids=str)
def test_a_status_is_in_the_reference_with_its_number_in_the_metrics(status: StatusCode) -> None:
    assert f"| `{status.name}` | `{error_code_of(status)}` |" in text_of("status-codes.md")
