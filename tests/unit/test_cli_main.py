"""The command ``connectors``: the rules for all of its commands."""

from __future__ import annotations

import gc
import json
import os

import pytest

import connector_core
from connector_core.cli import main
from connector_core.testing.sites import Site
from support.cli import connectors, start_connectors
from support.sources import sync_connector

Capsys = pytest.CaptureFixture[str]


def sync(task_type: str, do: str, *, at_import: str = "") -> str:
    """Return the source of a connector class ``Acme`` whose ``do`` is the statement `do`."""
    return f"""
from connector_core import Resource, SyncConnectorBase
{at_import}

class Acme(SyncConnectorBase):
    def __init__(self):
        super().__init__(task_type_name={task_type!r})

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        {do}
"""


class TestUsage:
    def test_version(self, capsys: Capsys) -> None:
        assert connectors(capsys, "--version") == (0, f"connectors {connector_core.__version__}\n", "")

    def test_the_arguments_are_those_of_the_process_unless_given(
        self, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.argv", ["connectors", "list", "--json"])
        assert main() == 0
        assert capsys.readouterr().out == "[]\n"
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        gc.unfreeze()

    def test_the_modules_of_a_program_that_calls_it_are_not_kept_from_the_garbage_collection(
        self, capsys: Capsys
    ) -> None:
        frozen = gc.get_freeze_count()
        assert main(["list", "--json"]) == 0
        assert gc.get_freeze_count() == frozen

    def test_help_names_every_command(self, capsys: Capsys) -> None:
        status, out, _ = connectors(capsys, "--help")
        assert status == 0
        for command in ("list", "show", "doctor", "run"):
            assert f"\n    {command} " in out

    @pytest.mark.parametrize("command", ["list", "show", "doctor", "run"])
    def test_each_command_has_help(self, capsys: Capsys, command: str) -> None:
        status, out, _ = connectors(capsys, command, "--help")
        assert status == 0
        assert out.startswith(f"usage: connectors {command} ")
        assert "--json" in out
        assert "--verbose" in out

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "connectors: error: the following arguments are required: COMMAND"),
            (["lst"], "connectors: error: argument COMMAND: invalid choice: 'lst' (choose from "),
            (["list", "--lod"], "connectors list: error: unrecognized arguments: --lod\n"),
            (["show"], "connectors show: error: the following arguments are required: TASK_TYPE"),
            (["show", "a", "b"], "connectors show: error: unrecognized arguments: b\n"),
            (["run", "process", "ls", "x"], "unrecognized arguments: ls x; write the task's command after --\n"),
            (["list", "--", "ls"], "connectors list: error: `list` takes no command after --; `run` does\n"),
            (["run", "a", "--sql", "x", "--sql-file", "y"], "argument --sql-file: not allowed with argument --sql"),
            (["run", "a", "--timeout", "soon"], "argument --timeout: invalid float value: 'soon'"),
        ],
    )
    def test_wrong_usage_is_status_2_with_the_usage(self, capsys: Capsys, arguments: list[str], message: str) -> None:
        status, out, err = connectors(capsys, *arguments)
        assert (status, out) == (2, "")
        assert err.startswith("usage: connectors ")
        assert message in err

    def test_arguments_that_are_not_text(self, capsys: Capsys) -> None:
        status, out, err = connectors(capsys, "run", "acme", "--", "ls", os.fsdecode(b"\xff"))
        assert (status, out) == (2, "")
        assert err.endswith("connectors: error: the arguments are not UTF-8 text: 'run acme -- ls \\udcff'\n")


class TestErrors:
    @pytest.fixture
    def faulty(self, site: Site) -> None:
        """Install a connector that has a bug."""
        site.add(
            connectors={"faulty": "acme_faulty:Acme"}, modules={"acme_faulty": sync("faulty", "return inputs.nothing")}
        )

    @pytest.mark.usefixtures("faulty")
    def test_a_bug_of_a_connector_is_called_a_bug(self, capsys: Capsys) -> None:
        status, out, err = connectors(capsys, "run", "faulty")
        assert (status, out) == (1, "")
        first, second = err.splitlines()
        assert first.startswith("connectors: AttributeError: ")
        assert "nothing" in first
        assert second == "This is a bug in the connector or in connector-core; --verbose shows the traceback."

    @pytest.mark.usefixtures("faulty")
    @pytest.mark.parametrize("arguments", [["run", "faulty", "--verbose"], ["--verbose", "run", "faulty"]])
    def test_verbose_shows_the_traceback(self, capsys: Capsys, arguments: list[str]) -> None:
        status, _, err = connectors(capsys, *arguments)
        assert status == 1
        assert err.startswith("Traceback (most recent call last):\n")
        assert 'acme_faulty.py", line 10, in do' in err
        assert err.endswith("\nThis is a bug in the connector or in connector-core.\n")

    def test_an_error_without_a_message_is_shown_with_its_class(self, site: Site, capsys: Capsys) -> None:
        site.add(connectors={"mute": "acme_mute:Acme"}, modules={"acme_mute": sync("mute", "raise RuntimeError")})
        assert connectors(capsys, "run", "mute").err.startswith("connectors: RuntimeError: RuntimeError\n")

    def test_an_interruption_is_status_130(self, site: Site, capsys: Capsys) -> None:
        site.add(connectors={"slow": "acme_slow:Acme"}, modules={"acme_slow": "raise KeyboardInterrupt"})
        assert connectors(capsys, "show", "slow") == (130, "", "connectors: interrupted.\n")

    def test_an_unreadable_setting_is_wrong_usage(self, capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONNECTORS_STRICT", "very")
        assert connectors(capsys, "list") == (
            2,
            "",
            "connectors: CONNECTORS_STRICT='very' cannot be read: expected 1 or 0.\n",
        )


class TestStandardOutput:
    @pytest.mark.parametrize(
        "arguments", [["list", "--load"], ["doctor"], ["show", "chatty"], ["run", "chatty"]], ids=lambda words: words[0]
    )
    def test_output_of_a_connector_stays_out_of_the_json_document(
        self, site: Site, capsys: Capsys, arguments: list[str]
    ) -> None:
        source = sync("chatty", "print('working'); return Resource.succeeded(outputs={})", at_import="print('hello')")
        site.add(connectors={"chatty": "acme_chatty:Acme"}, modules={"acme_chatty": source})
        status, out, err = connectors(capsys, *arguments, "--json")
        assert status == 0
        assert json.loads(out)
        assert err == ("hello\nworking\n" if arguments[0] == "run" else "hello\n")

    @pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["doctor"], ["run", "acme"]])
    def test_a_closed_output_ends_the_command_without_a_message(self, site: Site, arguments: list[str]) -> None:
        site.add(connectors={"acme": "acme_piped:Acme"}, modules={"acme_piped": sync_connector()})
        reading, writing = os.pipe()
        os.close(reading)
        process = start_connectors(site, *arguments, stdout=writing, CONNECTORS_ALLOW="acme")
        os.close(writing)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (1, "")

    def test_a_broken_pipe_within_a_connector_is_an_error(self, site: Site, capsys: Capsys) -> None:
        source = sync("pipe", "raise BrokenPipeError(32, 'Broken pipe')")
        site.add(connectors={"pipe": "acme_pipe:Acme"}, modules={"acme_pipe": source})
        status, _, err = connectors(capsys, "run", "pipe")
        assert status == 1
        assert err.startswith("connectors: BrokenPipeError: [Errno 32] Broken pipe\nThis is a bug in the connector")


class TestALogMessage:
    PLUGIN = """
from connector_core import hookimpl

@hookimpl
def connector_core_before_call(call):
    raise RuntimeError("the audit log is full")
"""
    SENTENCE = "connectors: The hook connector_core_before_call of the plugin audit:audit failed. "

    @pytest.fixture(autouse=True)
    def audited(self, site: Site) -> None:
        """Install a plugin whose hook fails in each call."""
        site.add("audit", plugins={"audit": "acme_audit"}, modules={"acme_audit": self.PLUGIN})
        site.add(connectors={"acme": "acme_logged:Acme"}, modules={"acme_logged": sync_connector()})

    def test_is_a_sentence_on_standard_error(self, capsys: Capsys) -> None:
        status, _, err = connectors(capsys, "run", "acme")
        assert status == 0
        assert err == f"{self.SENTENCE}RuntimeError: the audit log is full\n"

    def test_comes_with_its_traceback_after_verbose(self, capsys: Capsys) -> None:
        _, _, err = connectors(capsys, "run", "acme", "--verbose")
        assert err.startswith(f"{self.SENTENCE}RuntimeError: the audit log is full\nTraceback (most recent call last):")
