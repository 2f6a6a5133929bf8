"""The command ``connectors run``."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
from pathlib import Path
from typing import Any

import pytest

from connector_core.testing.sites import Site
from support.cli import connectors, start_connectors

Capsys = pytest.CaptureFixture[str]

HEAD = """
import base64, json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from connector_core import *
from connector_core.idl import *
"""
TEMPLATE = """
{
    "custom": MessageToDict(task_template.custom),
    "config": dict(task_template.config),
    "sql": task_template.sql.statement,
    "args": list(task_template.container.args),
    "prefix": output_prefix,
}
"""


def install_sync(site: Site, do: str) -> None:
    """Install the task type ``acme``, whose sync connector's ``do`` is the statement `do`."""
    source = f"""{HEAD}
class Acme(SyncConnectorBase):
    def __init__(self):
        super().__init__(task_type_name="acme")

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        {do}
"""
    site.add(connectors={"acme": "acme_run:Acme"}, modules={"acme_run": source})


def install_async(site: Site, *steps: str) -> None:
    """Install the task type ``job``, whose jobs go through the `steps`, one with each poll; the last one stays.

    A job leaves the lines ``created`` and ``deleted`` in the file ``job`` under its output prefix.
    """
    source = f"""{HEAD}
@dataclass
class Job(ResourceMeta):
    prefix: str

    def note(self, line):
        with open(Path(self.prefix, "job"), "a") as notes:
            print(line, file=notes)


class Jobs(AsyncConnectorBase):
    def __init__(self):
        super().__init__(task_type_name="job", metadata_type=Job)
        self.polls = 0

    async def create(self, task_template, output_prefix, inputs=None, **kwargs):
        job = Job(output_prefix)
        job.note("created")
        return job

    async def get(self, resource_meta, **kwargs):
        prefix = Path(resource_meta.prefix)
        steps = [{", ".join(f"lambda: {step}" for step in steps)}]
        self.polls += 1
        return steps[min(self.polls, len(steps)) - 1]()

    async def delete(self, resource_meta, **kwargs):
        resource_meta.note("deleted")
"""
    site.add(connectors={"job": "acme_job:Jobs"}, modules={"acme_job": source})


ECHO = "return Resource.succeeded(outputs=inputs)"
LINK = 'log_links=[TaskLog(name="console", uri="https://acme.test/1")]'
KEYS = ["task_type", "phase", "message", "error", "log_links", "seconds", "outputs"]


def outputs(capsys: Capsys, *arguments: str) -> Any:
    """Run with ``--json``, and return the outputs."""
    status, out, err = connectors(capsys, "run", "--json", *arguments)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert list(document) == KEYS
    return document["outputs"]


class TestInputs:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("1", 1),
            ("-1.5", -1.5),
            ("true", True),
            ("null", None),
            ("[1, 2]", [1, 2]),
            ('{"a": "b"}', {"a": "b"}),
            ('"1"', "1"),
            ("Ada", "Ada"),
            ("", ""),
            ("a=b", "a=b"),
            ("01", "01"),
            ("NaN", "NaN"),
            ("[1, Infinity]", "[1, Infinity]"),
        ],
    )
    def test_values_are_json_if_they_parse_and_text_otherwise(
        self, site: Site, capsys: Capsys, text: str, value: Any
    ) -> None:
        install_sync(site, ECHO)
        assert outputs(capsys, "acme", "-i", f"x={text}") == {"x": value}

    def test_an_option_may_be_repeated(self, site: Site, capsys: Capsys) -> None:
        install_sync(site, ECHO)
        assert outputs(capsys, "acme", "-i", "x=1", "-i", "y=two") == {"x": 1, "y": "two"}

    @pytest.mark.parametrize("option", ["-i", "--custom", "--config"])
    @pytest.mark.parametrize("word", ["x", "=1", ""])
    def test_a_word_that_is_not_a_pair(self, site: Site, capsys: Capsys, option: str, word: str) -> None:
        install_sync(site, ECHO)
        assert connectors(capsys, "run", "acme", option, word) == (
            2,
            "",
            f"connectors: {option} {word!r} cannot be read: write it as NAME=VALUE, such as {option} x=1.\n",
        )

    @pytest.mark.parametrize("option", ["-i", "--custom", "--config"])
    def test_a_name_given_twice(self, site: Site, capsys: Capsys, option: str) -> None:
        install_sync(site, ECHO)
        assert connectors(capsys, "run", "acme", option, "x=1", option, "x=2") == (
            2,
            "",
            f"connectors: {option} x is given twice; give it once.\n",
        )

    def test_a_value_that_flyte_cannot_hold(self, site: Site, capsys: Capsys) -> None:
        install_sync(site, ECHO)
        status, out, err = connectors(capsys, "run", "acme", "-i", f"x={2**63}")
        assert (status, out) == (2, "")
        assert err.startswith(f"connectors: inputs.x: {2**63} is out of the range that Flyte can hold")


class TestTheTask:
    def test_custom_is_json_and_config_is_text(self, site: Site, capsys: Capsys) -> None:
        install_sync(site, f"return Resource.succeeded(outputs={{'template': json.dumps({TEMPLATE.strip()})}})")
        arguments = ["--custom", "n=1", "--custom", "s=text", "--custom", "l=[true]", "--config", "n=1"]
        template = json.loads(outputs(capsys, "acme", *arguments)["template"])
        assert template["custom"] == {"n": 1, "s": "text", "l": [True]}
        assert template["config"] == {"n": "1"}

    def test_the_statement_comes_from_the_command_line_or_a_file(
        self, site: Site, capsys: Capsys, tmp_path: Path
    ) -> None:
        install_sync(site, "return Resource.succeeded(outputs={'sql': task_template.sql.statement})")
        (tmp_path / "query.sql").write_text("SELECT 'ä'\n", encoding="utf-8")
        assert outputs(capsys, "acme", "--sql", "SELECT 1") == {"sql": "SELECT 1"}
        assert outputs(capsys, "acme", "--sql-file", str(tmp_path / "query.sql")) == {"sql": "SELECT 'ä'\n"}

    def test_the_words_after_the_dashes_are_the_containers_args(self, site: Site, capsys: Capsys) -> None:
        install_sync(site, "return Resource.succeeded(outputs={'args': list(task_template.container.args)})")
        assert outputs(capsys, "acme", "-i", "x=1", "--", "echo", "-n", "--", "{{.inputs.x}}") == {
            "args": ["echo", "-n", "--", "1"]
        }
        assert outputs(capsys, "acme", "-i", "x=1", "--", "cat", "{{.inputPrefix}}")["args"][0] == "cat"
        assert outputs(capsys, "acme", "--") == {"args": []}

    def test_files_are_written_under_the_output_prefix(self, site: Site, capsys: Capsys, tmp_path: Path) -> None:
        install_sync(site, "return Resource.succeeded(outputs={'prefix': output_prefix})")
        prefix = str(tmp_path / "new" / "directory")
        assert outputs(capsys, "acme", "--output-prefix", prefix) == {"prefix": prefix}
        assert Path(prefix, "inputs.pb").exists()

    def test_without_a_version_0_the_newest_version_runs(self, site: Site, capsys: Capsys) -> None:
        source = f"""{HEAD}
class Acme(SyncConnectorBase):
    def __init__(self, version):
        super().__init__(task_type_name="acme", task_type_version=version)

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        return Resource.succeeded(outputs={{"version": task_template.task_type_version}})


def both():
    return [Acme(1), Acme(2)]
"""
        site.add(connectors={"acme": "acme_newest:both"}, modules={"acme_newest": source})
        assert outputs(capsys, "acme") == {"version": 2}


class TestWrongUsage:
    @pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e300", "1e-9"])
    def test_an_invalid_timeout(self, site: Site, capsys: Capsys, seconds: str) -> None:
        install_sync(site, ECHO)
        assert connectors(capsys, "run", "acme", f"--timeout={seconds}") == (
            2,
            "",
            f"connectors: --timeout {float(seconds):g} cannot be used: give a number of seconds from 0.001 to 1e9.\n",
        )

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["-i", f"x={'[' * 100_000}{']' * 100_000}"], "-i x cannot be read: it is nested too deeply."),
            (
                ["--custom", f"x={'[' * 700}{']' * 700}"],
                "custom: must be a mapping of names to values that JSON can hold.",
            ),
            (
                ["-i", "x=1", "--", "echo", "{{.inputs.y}}"],
                "-i x is not used: the command has neither {{.inputs.x}} nor {{.input}}.",
            ),
            (
                ["-i", "x=1", "--", "echo", "{{.inputs.x}}{{.inputs.y}}"],
                "Cannot fill {{.inputs.y}} in the container's args: there is no such input; the inputs are: x.",
            ),
            (
                ["--sql-file", "missing.sql"],
                "--sql-file missing.sql cannot be read: No such file or directory; name a file of SQL.",
            ),
            (["--sql-file", "."], "--sql-file . cannot be read: Is a directory; name a file of SQL."),
            (
                ["--sql-file", "latin-1.sql"],
                "--sql-file latin-1.sql cannot be read: it is not UTF-8 text; name a file of SQL.",
            ),
            (
                ["--output-prefix", "nosuchscheme://bucket"],
                (
                    "Cannot write nosuchscheme://bucket/inputs.pb: Protocol not known: nosuchscheme; "
                    "choose a writable output prefix."
                ),
            ),
        ],
        ids=lambda given: given[:30] if isinstance(given, str) else given[0],
    )
    def test_the_error_is_one_sentence(
        self,
        site: Site,
        capsys: Capsys,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        words: list[str],
        said: str,
    ) -> None:
        install_sync(site, ECHO)
        (tmp_path / "latin-1.sql").write_bytes(b"SELECT '\xff'")
        monkeypatch.chdir(tmp_path)
        assert connectors(capsys, "run", "acme", *words) == (2, "", f"connectors: {said}\n")

    def test_an_output_prefix_that_cannot_be_written(self, site: Site, capsys: Capsys, tmp_path: Path) -> None:
        install_sync(site, ECHO)
        (tmp_path / "file").touch()
        status, out, err = connectors(capsys, "run", "acme", "--output-prefix", f"{tmp_path}/file/prefix")
        assert (status, out) == (2, "")
        assert err.startswith(f"connectors: Cannot write {tmp_path}/file/prefix/inputs.pb: ")
        assert err.endswith("; choose a writable output prefix.\n")
        assert err.count("\n") == 1

    def test_an_unknown_task_type(self, site: Site, capsys: Capsys) -> None:
        install_sync(site, ECHO)
        assert connectors(capsys, "run", "acne", "--json") == (
            2,
            "",
            "connectors: Cannot find connector for task category: acne_v0. Did you mean acme?\n",
        )


class TestFailures:
    @pytest.mark.parametrize(
        ("do", "phase", "error"),
        [
            (
                "return Resource.failed('no table t', code='NO_TABLE')",
                "FAILED",
                {"code": "NO_TABLE", "retryable": False, "origin": "user"},
            ),
            (
                "raise PermanentError('no table t', code='NO_TABLE')",
                "FAILED",
                {"code": "NO_TABLE", "retryable": False, "origin": "user"},
            ),
            (
                "return Resource.retryable_failed('node lost')",
                "RETRYABLE_FAILED",
                {"code": "RETRYABLE_FAILED", "retryable": True, "origin": "system"},
            ),
            (
                "raise RetryableError('node lost')",
                "RETRYABLE_FAILED",
                {"code": "RETRYABLE", "retryable": True, "origin": "system"},
            ),
            ("return Resource(Phase.ABORTED, 'by the operator')", "ABORTED", None),
        ],
    )
    def test_a_task_that_fails(self, site: Site, capsys: Capsys, do: str, phase: str, error: Any) -> None:
        install_sync(site, do)
        status, out, err = connectors(capsys, "run", "acme", "--json")
        document = json.loads(out)
        assert list(document) == KEYS
        assert (status, document["task_type"], document["phase"]) == (1, "acme", phase)
        assert document["error"] == error
        assert document["outputs"] == {}
        code = f" [{error['code']}]" if error else ""
        sentence = f"acme {phase}{code}: {document['message']}"
        assert err == f"connectors: {sentence}\n"
        assert connectors(capsys, "run", "acme") == (1, "", err)

    @pytest.mark.parametrize(
        ("do", "said"),
        [
            ("raise SystemExit(3)", "called sys.exit(3); raise an error instead."),
            ("return 42", "returned int; it must return a Resource."),
        ],
    )
    def test_a_connector_that_breaks_a_rule(self, site: Site, capsys: Capsys, do: str, said: str) -> None:
        install_sync(site, do)
        assert connectors(capsys, "run", "acme") == (1, "", f"connectors: Acme.do {said}\n")

    def test_a_job_that_takes_too_long_is_deleted(self, site: Site, capsys: Capsys, tmp_path: Path) -> None:
        install_async(site, "Resource.running()")
        status, out, err = connectors(capsys, "run", "job", "--timeout", "0.5", "--output-prefix", str(tmp_path))
        assert (status, out) in [(1, "RUNNING\n"), (1, "")]
        assert err == "connectors: The task job did not end within 0.5 s.\n"
        assert (tmp_path / "job").read_text() == "created\ndeleted\n"


def test_an_output_of_an_unsupported_type_is_a_bug_of_the_connector(site: Site, capsys: Capsys) -> None:
    install_sync(site, "return Resource.succeeded(outputs={'x': 1j})")
    ran = connectors(capsys, "run", "acme")
    assert ran.status == 1
    assert ran.err.startswith("connectors: outputs.x: complex is not a type that Flyte supports; use a scalar, ")


class TestProgress:
    STEPS = (
        "Resource(Phase.QUEUED)",
        "Resource.running(message='1 of 2')",
        f"Resource.running(message='1 of 2', {LINK})",
        f"Resource.running(message='2 of 2', {LINK})",
        "Resource.succeeded(message='done', log_links=[TaskLog(uri='https://acme.test/report')])",
    )

    def test_has_a_line_for_each_change(self, site: Site, capsys: Capsys) -> None:
        install_async(site, *self.STEPS)
        status, out, err = connectors(capsys, "run", "job")
        assert (status, err) == (0, "")
        *lines, last = out.splitlines()
        assert lines == [
            "QUEUED",
            "RUNNING: 1 of 2",
            "console: https://acme.test/1",
            "RUNNING: 2 of 2",
            "log: https://acme.test/report",
        ]
        assert re.fullmatch(r"SUCCEEDED in \d+\.\d s: done", last)

    def test_the_json_document_has_the_final_state_and_every_link(self, site: Site, capsys: Capsys) -> None:
        install_async(site, *self.STEPS)
        status, out, err = connectors(capsys, "run", "job", "--json")
        assert (status, err) == (0, "")
        document = json.loads(out)
        assert document.pop("seconds") >= 0
        assert document == {
            "task_type": "job",
            "phase": "SUCCEEDED",
            "message": "done",
            "error": None,
            "log_links": [
                {"name": "console", "uri": "https://acme.test/1"},
                {"name": "log", "uri": "https://acme.test/report"},
            ],
            "outputs": {},
        }


class TestOutputs:
    def shown(self, site: Site, capsys: Capsys, values: str) -> list[str]:
        """Return the lines after the first one, which says that the task has succeeded."""
        install_sync(site, f"return Resource.succeeded(outputs={values})")
        status, out, err = connectors(capsys, "run", "acme")
        assert (status, err) == (0, "")
        first, *lines = out.splitlines()
        assert first.startswith("SUCCEEDED in ")
        return lines

    def test_values_are_text_or_json(self, site: Site, capsys: Capsys) -> None:
        values = (
            "{'a_text': 'ä', 'b_number': 1.5, 'c_nothing': None, 'd_list': [1, 'é'], 'e_day': date(2026, 1, 2), "
            "'f_span': timedelta(days=30, microseconds=1), 'g_nan': float('nan'), 'h_flag': True}"
        )
        assert self.shown(site, capsys, values) == [
            "a_text: ä",
            "b_number: 1.5",
            "c_nothing: null",
            'd_list: [1, "é"]',
            "e_day: 2026-01-02T00:00:00+00:00",
            "f_span: PT2592000.000001S",
            "g_nan: nan",
            "h_flag: true",
        ]

    def test_text_of_several_lines_is_shown_below_its_name(self, site: Site, capsys: Capsys) -> None:
        assert self.shown(site, capsys, r"{'ends': 'a\nb\n', 'open': 'a\nb', 'z': 1}") == [
            *("ends:", "a", "b"),
            *("open:", "a", "b"),
            "z: 1",
        ]

    def test_rows_are_a_table(self, site: Site, capsys: Capsys) -> None:
        rows = (
            "[{'city': 'Köln', 'n': 3, 'note': 'two\\nlines'}, {'city': '東京', 'n': 1234, 'tags': ['a', 'b']}, "
            "{'city': None, 'n': None}]"
        )
        assert self.shown(site, capsys, f"{{'rows': {rows}}}") == [
            "rows:",
            r"city     n  note        tags",
            r"Köln     3  two\nlines",
            r'東京  1234              ["a", "b"]',
            "",
        ]

    def test_a_dataset_is_shown_as_its_columns_and_uri(self, site: Site, capsys: Capsys) -> None:
        dataset = """{'rows': Literal(scalar=Scalar(structured_dataset=StructuredDataset(
            uri="/data/rows.parquet",
            metadata=StructuredDatasetMetadata(structured_dataset_type=StructuredDatasetType(
                format="parquet",
                columns=[
                    StructuredDatasetType.DatasetColumn(name="n", literal_type=LiteralType(simple="INTEGER")),
                    StructuredDatasetType.DatasetColumn(name="l", literal_type=LiteralType(
                        collection_type=LiteralType(simple="STRING"))),
                    StructuredDatasetType.DatasetColumn(name="m", literal_type=LiteralType(
                        map_value_type=LiteralType(simple="FLOAT"))),
                ],
            )),
        )))}"""
        assert self.shown(site, capsys, dataset) == [
            "rows: parquet at /data/rows.parquet",
            "column  type",
            "n       integer",
            "l       list of string",
            "m       dict of float",
        ]

    def test_a_dataset_with_only_a_uri(self, site: Site, capsys: Capsys) -> None:
        dataset = "{'rows': Literal(scalar=Scalar(structured_dataset=StructuredDataset(uri='/data/rows')))}"
        assert self.shown(site, capsys, dataset) == ["rows: dataset at /data/rows"]
        assert outputs(capsys, "acme") == {"rows": {"uri": "/data/rows", "format": None, "columns": {}}}

    def test_a_dict_that_only_looks_like_a_dataset(self, site: Site, capsys: Capsys) -> None:
        value = '{"uri": "a", "format": "b", "columns": 3}'
        assert self.shown(site, capsys, f"{{'x': {value}}}") == [f"x: {value}"]

    def test_a_file_is_shown_as_its_uri(self, site: Site, capsys: Capsys) -> None:
        blob = "{'file': Literal(scalar=Scalar(blob=Blob(uri='/data/file')))}"
        assert self.shown(site, capsys, blob) == ["file: /data/file"]

    def test_a_file_in_a_row_is_shown_as_its_uri(self, site: Site, capsys: Capsys) -> None:
        blob = "Literal(scalar=Scalar(blob=Blob(uri='/data/file')))"
        assert self.shown(site, capsys, f"{{'rows': [{{'file': {blob}}}]}}") == ["rows:", "file", "/data/file"]

    def test_other_literals_are_shown_as_messages(self, site: Site, capsys: Capsys) -> None:
        other = "{'other': Literal(scalar=Scalar(error={'message': 'no'}))}"
        assert self.shown(site, capsys, other) == ['other: {"scalar": {"error": {"message": "no"}}}']

    def test_as_json(self, site: Site, capsys: Capsys) -> None:
        install_sync(
            site,
            "return Resource.succeeded(outputs={'at': datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "
            "'bytes': {'b': b'\\x00\\xff'}, 'inf': float('inf'), 'span': timedelta(minutes=1)})",
        )
        assert outputs(capsys, "acme") == {
            "at": "2026-01-02T03:04:05+00:00",
            "bytes": {"b": "AP8="},
            "inf": "inf",
            "span": "PT60S",
        }


class TestInterrupted:
    @pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_the_job_is_deleted_once(self, site: Site, tmp_path: Path, signum: int, status: int) -> None:
        install_async(site, "Resource.running(message='busy')")
        arguments = ["run", "job", "--output-prefix", str(tmp_path)]
        with start_connectors(site, *arguments, CONNECTORS_ALLOW="job") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "RUNNING: busy\n"
            process.send_signal(signum)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (status, "")
        assert err == ("connectors: interrupted.\n" if signum == signal.SIGINT else "")
        assert (tmp_path / "job").read_text() == "created\ndeleted\n"


class Terminal:
    """A pseudo-terminal, and the text that was written to it."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.raw = ""

    @property
    def text(self) -> str:
        """The text that was written, without colours and cursor movements."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.raw).replace("\r\n", "\n")

    def read_until(self, pattern: str | None) -> None:
        """Read until the text contains the pattern; if it is None, until the other side is closed."""
        while pattern is None or not re.search(pattern, self.text):
            ready, _, _ = select.select([self.ours], [], [], 60)
            assert ready, f"{pattern!r} is not in {self.text!r}"
            try:
                chunk = os.read(self.ours, 65536)
            except OSError as error:
                if error.errno != errno.EIO:  # Linux reports the end this way.
                    raise
                chunk = b""
            if not chunk:
                assert pattern is None, f"{pattern!r} is not in {self.text!r}"
                return
            self.raw += chunk.decode()


class TestOnATerminal:
    def test_the_display_is_live_and_the_rows_are_a_table(self, site: Site, tmp_path: Path) -> None:
        install_async(
            site,
            f"Resource.running(message='step 1', {LINK})",
            "Resource.running(message='step 2') if not (prefix / 'go').exists() else "
            "Resource.succeeded(outputs={'rows': [{'city': 'Ulm', 'n': 1}, {'city': 'Bonn', 'n': 20}]})",
        )
        terminal = Terminal()
        arguments = ["run", "job", "--output-prefix", str(tmp_path)]
        environment = {"CONNECTORS_ALLOW": "job", "TERM": "xterm-256color", "NO_COLOR": "", "COLUMNS": "100"}
        with start_connectors(
            site, *arguments, stdout=terminal.theirs, stdin=terminal.theirs, **environment
        ) as process:
            os.close(terminal.theirs)
            # Phase, elapsed time, message, and the link of the previous step.
            terminal.read_until(r"job RUNNING [1-9]\d* s\nstep 2\nconsole: https://acme\.test/1")
            (tmp_path / "go").touch()
            terminal.read_until(None)
            _, err = process.communicate(timeout=60)
        os.close(terminal.ours)
        assert (process.returncode, err) == (0, "")
        assert "\x1b[" in terminal.raw
        end = terminal.text[terminal.text.rindex("job SUCCEEDED") :]
        assert re.fullmatch(
            r"job SUCCEEDED \d+ s\nconsole: https://acme\.test/1\n+rows:\n"
            r" *city +n *\n─+ *\n *Ulm +1 *\n *Bonn +20 *\n",
            end,
        )
