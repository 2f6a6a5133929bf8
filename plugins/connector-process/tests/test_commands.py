"""What is run, and how its end is reported."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector_core import PermanentError, Phase, TaskFailed
from connector_core.idl import Container, KeyValuePair

if TYPE_CHECKING:
    from conftest import Jobs


def test_stdout_is_the_output(jobs: Jobs) -> None:
    assert jobs.task("echo", "hi")() == {"stdout": "hi\n"}


def test_command_and_args_of_a_container_are_one_command(jobs: Jobs) -> None:
    template = jobs.task().template
    template.container.CopyFrom(Container(command=["echo", "a"], args=["b"]))
    assert jobs.ended(jobs.create_from(template)).outputs == {"stdout": "a b\n"}


def test_inputs_are_filled_into_the_args(jobs: Jobs) -> None:
    assert jobs.task("echo", "{{.inputs.n}}", inputs={"n": int})(n=3) == {"stdout": "3\n"}


def test_args_are_passed_as_they_are(jobs: Jobs) -> None:
    assert jobs.task("echo", "$HOME; *  x")() == {"stdout": "$HOME; *  x\n"}


def test_stdin_is_empty(jobs: Jobs) -> None:
    assert jobs.task("cat")() == {"stdout": ""}


def test_a_task_that_declares_other_outputs_is_left_to_write_them(jobs: Jobs) -> None:
    template = jobs.task("echo", "hi", outputs={"table": str}).template
    assert jobs.ended(jobs.create_from(template)).outputs is None


def test_what_is_not_utf_8_is_replaced(jobs: Jobs) -> None:
    assert jobs.task("printf", r"a\377b")() == {"stdout": "a\ufffdb"}


def test_a_big_output_is_cut_to_its_end_between_characters(jobs: Jobs) -> None:
    meta = jobs.create(sys.executable, "-c", "print('€' * 700_000, end='end')")
    resource = jobs.ended(meta)
    assert isinstance(resource.outputs, dict)
    text = resource.outputs["stdout"]
    assert 1024 * 1024 - 3 < len(text.encode()) <= 1024 * 1024
    assert set(text.removesuffix("end")) == {"€"}
    whole = Path(meta.job_dir, "stdout")
    assert whole.stat().st_size == 2_100_003
    assert resource.message == f"The output stdout is the last 1 MiB of 2100003 bytes; all of them are in {whole}."


def test_an_exit_code_is_a_failure_with_the_end_of_stderr(jobs: Jobs) -> None:
    resource = jobs.ended(jobs.create("sh", "-c", "seq 1 99 >&2; echo out; exit 3"))
    assert resource.phase is Phase.FAILED
    assert resource.error is not None
    assert (resource.error.code, resource.error.retryable, resource.error.origin) == ("EXIT_3", False, "user")
    lines = "\n".join(str(n) for n in range(90, 100))
    assert resource.message == f"'sh' ended with the exit code 3:\n{lines}"


def test_the_message_stays_small(jobs: Jobs) -> None:
    resource = jobs.ended(jobs.create("sh", "-c", "seq -s, 1 9999 >&2; exit 1"))
    assert resource.message is not None
    assert len(resource.message.encode()) < 4096
    assert resource.message.endswith(",9999")


def test_a_signal_is_a_failure_with_its_name(jobs: Jobs) -> None:
    resource = jobs.ended(jobs.create("sh", "-c", "kill -SEGV $$"))
    assert resource.phase is Phase.FAILED
    assert resource.error is not None
    assert resource.error.code == "SIGSEGV"
    assert resource.message == "'sh' was ended by SIGSEGV, and wrote nothing to stderr."


def test_a_local_run_raises_what_failed(jobs: Jobs) -> None:
    with pytest.raises(TaskFailed) as failed:
        jobs.task("sh", "-c", "echo oh no >&2; exit 3")()
    assert str(failed.value) == ("process FAILED [EXIT_3]: 'sh' ended with the exit code 3:\noh no")


@pytest.mark.parametrize("setting", [75, [74, 75]])
def test_an_exit_code_can_ask_for_another_attempt(jobs: Jobs, setting: object) -> None:
    resource = jobs.ended(jobs.create("sh", "-c", "exit 75", retryable_exit_code=setting))
    assert resource.phase is Phase.RETRYABLE_FAILED
    assert resource.error is not None
    assert (resource.error.code, resource.error.retryable) == ("EXIT_75", True)


def test_while_it_runs_the_last_line_is_the_message(jobs: Jobs) -> None:
    meta = jobs.create("sh", "-c", "echo first; echo second; exec sleep 600")
    jobs.until(lambda: jobs.get(meta).message == "second")
    assert jobs.get(meta).phase is Phase.RUNNING


def test_links_lead_to_the_output(jobs: Jobs) -> None:
    meta = jobs.create("true")
    links = jobs.ended(meta).log_links or ()
    directory = Path(meta.job_dir).as_uri()
    assert [(link.name, link.uri) for link in links] == [
        ("stdout", f"{directory}/stdout"),
        ("stderr", f"{directory}/stderr"),
    ]


def test_it_runs_where_its_creator_does(jobs: Jobs) -> None:
    assert jobs.task("pwd")() == {"stdout": f"{Path.cwd()}\n"}


def test_it_runs_where_the_setting_says(jobs: Jobs, tmp_path: Path) -> None:
    assert jobs.task("pwd", custom={"cwd": str(tmp_path)})() == {"stdout": f"{tmp_path}\n"}


def test_the_environment_is_the_creators_and_the_containers(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "1")
    monkeypatch.setenv("BOTH", "mine")
    template = jobs.task("sh", "-c", 'echo "$MINE $BOTH"').template
    template.container.env.append(KeyValuePair(key="BOTH", value="its"))
    assert jobs.ended(jobs.create_from(template)).outputs == {"stdout": "1 its\n"}


def test_secrets_are_not_inherited(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_FSEC_ONE", "one")
    monkeypatch.setenv("FLYTE_SECRETS_ENV_PREFIX", "OUR_SECRET_")
    monkeypatch.setenv("OUR_SECRET_TWO", "two")
    names = {line.split("=")[0] for line in jobs.task("env")()["stdout"].splitlines()}
    assert "PATH" in names
    assert not names & {"_FSEC_ONE", "OUR_SECRET_TWO"}


def test_the_environment_is_not_written_down(jobs: Jobs) -> None:
    template = jobs.task("true").template
    template.container.env.append(KeyValuePair(key="PASSWORD", value="hunter2"))
    meta = jobs.create_from(template)
    jobs.ended(meta)
    assert not [file for file in Path(meta.job_dir).iterdir() if b"hunter2" in file.read_bytes()]


def test_nobody_else_can_look_into_the_directory(jobs: Jobs) -> None:
    meta = jobs.create("true")
    assert Path(meta.job_dir).stat().st_mode & 0o777 == 0o700
    assert jobs.root.stat().st_mode & 0o777 == 0o700


def test_signals_are_as_usual(jobs: Jobs) -> None:
    code = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getsignal(signal.SIGTERM))"
    expected = f"{set()} {signal.SIG_DFL!r}\n"
    assert jobs.task(sys.executable, "-c", f"{code[:-1]}.__repr__())")() == {"stdout": expected}


class TestRefused:
    def test_no_command(self, jobs: Jobs) -> None:
        with pytest.raises(PermanentError) as refused:
            jobs.create()
        assert str(refused.value) == (
            "The task has no command; give the template a container with a command or args "
            "(connectors run process -- COMMAND ARG…)."
        )

    def test_a_command_that_does_not_exist(self, jobs: Jobs) -> None:
        with pytest.raises(PermanentError) as refused:
            jobs.create("no-such-command", "x")
        assert str(refused.value) == "Cannot run 'no-such-command': there is no such command."

    def test_a_command_that_is_not_executable(self, jobs: Jobs, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(PermanentError) as refused:
            jobs.create("./file", cwd=str(tmp_path))
        assert str(refused.value) == "Cannot run './file': it is not executable."

    def test_a_script_whose_interpreter_does_not_exist(self, jobs: Jobs, tmp_path: Path) -> None:
        script = tmp_path / "script"
        script.write_text("#!/no/such/interpreter\n")
        script.chmod(0o755)
        with pytest.raises(PermanentError) as refused:
            jobs.create("./script", cwd=str(tmp_path))
        assert str(refused.value) == (
            "Cannot run './script': the interpreter that its first line names does not exist."
        )

    def test_an_argument_that_no_program_can_be_given(self, jobs: Jobs) -> None:
        with pytest.raises(PermanentError) as refused:
            jobs.create("echo", "a\0b")
        assert str(refused.value) == "Cannot run 'echo': embedded null byte."

    def test_what_could_not_be_run_was_not_started(self, jobs: Jobs) -> None:
        with pytest.raises(PermanentError):
            jobs.create("no-such-command", key="k")
        assert jobs.find("k") is None

    def test_an_unknown_setting(self, jobs: Jobs) -> None:
        with pytest.raises(PermanentError) as refused:
            jobs.create("true", grace=1)
        assert str(refused.value) == (
            "Unknown setting custom.grace; the settings are: cwd, grace_seconds, retryable_exit_code."
        )

    @pytest.mark.parametrize(
        ("custom", "complaint"),
        [
            ({"cwd": "/nowhere"}, "cwd must be the path of a directory that can be entered, not '/nowhere'."),
            ({"cwd": 3}, "cwd must be the path of a directory that can be entered, not 3."),
            ({"grace_seconds": "5"}, "grace_seconds must be a number of seconds from 0 to 3600, not '5'."),
            ({"grace_seconds": -1}, "grace_seconds must be a number of seconds from 0 to 3600, not -1."),
            (
                {"retryable_exit_code": 256},
                "retryable_exit_code must be a whole number from 1 to 255, or a list of them, not 256.",
            ),
            (
                {"retryable_exit_code": [1, "2"]},
                "retryable_exit_code must be a whole number from 1 to 255, or a list of them, not [1, '2'].",
            ),
            (
                {"retryable_exit_code": 0.5},
                "retryable_exit_code must be a whole number from 1 to 255, or a list of them, not 0.5.",
            ),
        ],
    )
    def test_a_setting_of_another_type(self, jobs: Jobs, custom: dict[str, Any], complaint: str) -> None:
        with pytest.raises(PermanentError) as refused:
            jobs.create("true", **custom)
        assert str(refused.value) == f"custom.{complaint}"

    def test_a_directory_for_jobs_that_cannot_be_made(
        self, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("CONNECTOR_PROCESS_DIR", str(tmp_path / "file" / "jobs"))
        with pytest.raises(PermanentError) as refused:
            jobs.create("true", key="k")
        assert str(refused.value) == (
            f"Cannot make {tmp_path}/file/jobs/job-k: Not a directory; "
            "set CONNECTOR_PROCESS_DIR to a writable directory."
        )
