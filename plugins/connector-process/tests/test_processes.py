"""Which processes there are, who may end, and what is known when one of them was killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from connector_core import Phase, TransientError
from connector_process import ProcessMeta

if TYPE_CHECKING:
    from conftest import Jobs

# Prints its process id and that of a child, both of which ignore SIGTERM.
STUBBORN = ("sh", "-c", "trap '' TERM; sleep 600 & echo $!; echo $$; wait")


def answer_of(process: subprocess.Popen[str]) -> str:
    answer, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return answer


class TestAnotherProcess:
    """It knows nothing but the metadata."""

    def test_gets_what_this_one_created(self, jobs: Jobs) -> None:
        meta = jobs.create("echo", "hi")
        jobs.ended(meta)
        code = "print(connector.get(ProcessMeta.decode(sys.argv[1].encode())).outputs)"
        assert answer_of(jobs.elsewhere(code, meta.encode().decode())) == "{'stdout': 'hi\\n'}\n"

    def test_deletes_what_this_one_created(self, jobs: Jobs) -> None:
        meta = jobs.create("sleep", "600")
        code = "connector.delete(ProcessMeta.decode(sys.argv[1].encode()))"
        answer_of(jobs.elsewhere(code, meta.encode().decode()))
        assert jobs.get(meta).phase is Phase.ABORTED

    def test_creates_what_outlives_it(self, jobs: Jobs, tmp_path: Path) -> None:
        go = tmp_path / "go"
        command = f"while [ ! -e {go} ]; do sleep 0.01; done; echo done"
        meta = ProcessMeta.decode(
            answer_of(jobs.elsewhere("print(create(None, *sys.argv[1:]))", "sh", "-c", command)).encode()
        )
        assert jobs.get(meta).phase is Phase.RUNNING
        go.touch()
        assert jobs.ended(meta).outputs == {"stdout": "done\n"}

    def test_finds_what_this_one_created(self, jobs: Jobs) -> None:
        meta = jobs.create("true", key="k")
        assert answer_of(jobs.elsewhere("print(connector.find('k').job_dir)")) == f"{meta.job_dir}\n"


class TestCreate:
    def test_gives_the_command_a_session_and_a_group_of_its_own(self, jobs: Jobs) -> None:
        code = "import os; print(os.getsid(0) == os.getpgrp() == os.getpid())"
        assert jobs.task(sys.executable, "-c", code)() == {"stdout": "True\n"}

    def test_gives_small_metadata(self, jobs: Jobs) -> None:
        meta = jobs.create("echo", "x" * 10_000)
        assert json.loads(meta.encode()) == {"job_dir": meta.job_dir}

    def test_starts_an_attempt_once(self, jobs: Jobs) -> None:
        first = jobs.create("sh", "-c", "echo $$", key="k")
        resource = jobs.ended(first)
        assert jobs.create("sh", "-c", "echo $$", key="k") == first
        assert jobs.get(first) == resource

    def test_starts_each_job_without_a_key(self, jobs: Jobs) -> None:
        assert jobs.create("true") != jobs.create("true")

    def test_starts_an_attempt_once_for_many_threads(self, jobs: Jobs, tmp_path: Path) -> None:
        started = tmp_path / "started"
        template = jobs.task("sh", "-c", f"echo $$ >> {started}").template

        async def create_many() -> list[ProcessMeta]:
            calls = (asyncio.to_thread(jobs.create_from, template, "k") for _ in range(8))
            return await asyncio.gather(*calls)

        first, *others = asyncio.run(create_many())
        assert others == [first] * 7
        jobs.ended(first)
        assert len(started.read_text().splitlines()) == 1

    def test_starts_an_attempt_once_for_many_processes(self, jobs: Jobs, tmp_path: Path) -> None:
        started = tmp_path / "started"
        command = ("sh", "-c", f"echo $$ >> {started}")
        code = "sys.stdin.readline(); print(create('k', *sys.argv[1:]))"
        processes = [jobs.elsewhere(code, *command) for _ in range(4)]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        metas = {ProcessMeta.decode(answer_of(process).encode()).job_dir for process in processes}
        assert metas == {str(jobs.root / "job-k")}
        jobs.ended(ProcessMeta(metas.pop()))
        assert len(started.read_text().splitlines()) == 1

    def test_starts_what_was_not_started_when_its_creator_was_killed(self, jobs: Jobs) -> None:
        (jobs.root / "job-k").mkdir(parents=True)
        assert jobs.find("k") is None
        assert jobs.ended(jobs.create("echo", "hi", key="k")).phase is Phase.SUCCEEDED

    def test_starts_an_attempt_once_whenever_its_creator_is_killed(self, jobs: Jobs, tmp_path: Path) -> None:
        code = "print('ready', flush=True); sys.stdin.readline(); create(*sys.argv[1:])"
        creators = {}
        for number in range(6):
            command = ("sh", "-c", f"echo $$ >> {tmp_path}/{number}; exec sleep 600")
            creators[number, command] = jobs.elsewhere(code, f"k{number}", *command)
        for (number, command), creator in creators.items():
            with creator:
                assert creator.stdin is not None
                assert creator.stdout is not None
                assert creator.stdout.readline() == "ready\n"
                creator.stdin.write("go\n")
                creator.stdin.flush()
                time.sleep(random.uniform(0, 0.12))
                creator.kill()
            meta = jobs.create(*command, key=f"k{number}")
            assert jobs.find(f"k{number}") == meta
            assert jobs.get(meta).phase is Phase.RUNNING
        started = [tmp_path / str(number) for number, _ in creators]
        jobs.until(lambda: all(file.exists() for file in started))
        for number, _ in creators:
            jobs.delete(ProcessMeta(str(jobs.root / f"job-k{number}")))
        assert [len(file.read_text().splitlines()) for file in started] == [1] * len(started)


class TestDelete:
    def test_ends_what_ignores_the_request_to_end(self, jobs: Jobs) -> None:
        meta = jobs.create(*STUBBORN, grace_seconds=0.1)
        pids = jobs.printed_pids(meta, 2)
        jobs.delete(meta)
        assert [pid for pid in pids if jobs.runs(pid)] == []
        assert jobs.get(meta).phase is Phase.ABORTED

    def test_lets_the_command_clean_up(self, jobs: Jobs, tmp_path: Path) -> None:
        cleaned = tmp_path / "cleaned"
        meta = jobs.create("sh", "-c", f"trap 'touch {cleaned}; exit 0' TERM; echo $$; sleep 600 & wait")
        jobs.printed_pids(meta, 1)
        jobs.delete(meta)
        assert cleaned.exists()
        assert jobs.get(meta).phase is Phase.ABORTED

    def test_ends_other_groups_of_the_session(self, jobs: Jobs) -> None:
        code = (
            "from subprocess import *; c = Popen(['sleep', '600'], process_group=0); print(c.pid, flush=True); c.wait()"
        )
        meta = jobs.create(sys.executable, "-c", code)
        (pid,) = jobs.printed_pids(meta, 1)
        assert os.getpgid(pid) == pid
        jobs.delete(meta)
        assert not jobs.runs(pid)

    def test_ends_what_was_stopped(self, jobs: Jobs) -> None:
        meta = jobs.create("sleep", "600")
        leader = jobs.record(meta)["leader"]
        os.kill(leader, signal.SIGSTOP)
        jobs.delete(meta)
        assert not jobs.runs(leader)

    def test_works_again(self, jobs: Jobs) -> None:
        meta = jobs.create("sleep", "600")
        jobs.delete(meta)
        jobs.delete(meta)
        assert jobs.get(meta).phase is Phase.ABORTED

    def test_leaves_an_end_as_it_was(self, jobs: Jobs) -> None:
        meta = jobs.create("true")
        resource = jobs.ended(meta)
        jobs.delete(meta)
        assert jobs.get(meta) == resource

    def test_of_an_unknown_job_is_a_success(self, jobs: Jobs) -> None:
        jobs.delete(ProcessMeta(str(jobs.root / "job-unknown")))

    def test_says_that_something_is_not_gone_yet(self, jobs: Jobs) -> None:
        meta = jobs.create("sleep", "600", grace_seconds=0)
        supervisor = psutil.Process(jobs.record(meta)["supervisor"])
        supervisor.suspend()
        with pytest.raises(TransientError) as failed:
            jobs.delete(meta)
        assert str(failed.value) == "'sleep' is being ended, but is not gone yet."
        supervisor.resume()
        jobs.delete(meta)


class TestTheEndOfTheCommand:
    def test_is_that_of_what_it_left_running(self, jobs: Jobs) -> None:
        meta = jobs.create("sh", "-c", "sleep 600 & echo $!")
        assert jobs.ended(meta).phase is Phase.SUCCEEDED
        (pid,) = jobs.printed_pids(meta, 1)
        assert not jobs.runs(pid)

    def test_leaves_no_supervisor(self, jobs: Jobs) -> None:
        meta = jobs.create("true")
        jobs.ended(meta)
        supervisor = jobs.record(meta)["supervisor"]
        jobs.until(lambda: not psutil.pid_exists(supervisor))


class TestKilledSupervisor:
    def test_is_worth_another_attempt_after_the_end_of_the_command(self, jobs: Jobs) -> None:
        meta = jobs.create(*STUBBORN)
        pids = jobs.printed_pids(meta, 2)
        os.kill(jobs.record(meta)["supervisor"], signal.SIGKILL)
        resource = jobs.ended(meta)
        assert resource.phase is Phase.RETRYABLE_FAILED
        assert resource.error is not None
        assert resource.error.code == "SUPERVISOR_LOST"
        assert resource.message == (
            "The end of 'sh' is unknown, because its supervisor was killed; its remaining processes were ended."
        )
        assert [pid for pid in pids if jobs.runs(pid)] == []

    def test_leaves_nothing_after_delete(self, jobs: Jobs) -> None:
        meta = jobs.create(*STUBBORN, grace_seconds=0.1)
        pids = jobs.printed_pids(meta, 2)
        os.kill(jobs.record(meta)["supervisor"], signal.SIGKILL)
        jobs.delete(meta)
        assert [pid for pid in pids if jobs.runs(pid)] == []
        assert jobs.get(meta).phase is Phase.ABORTED

    def test_leaves_nothing_when_the_command_was_killed_too(self, jobs: Jobs) -> None:
        meta = jobs.create(*STUBBORN)
        pids = jobs.printed_pids(meta, 2)
        record = jobs.record(meta)
        for pid in (record["supervisor"], record["leader"]):
            os.kill(pid, signal.SIGKILL)
        assert jobs.ended(meta).phase is Phase.RETRYABLE_FAILED
        assert [pid for pid in pids if jobs.runs(pid)] == []

    def test_spares_a_process_that_got_the_commands_id_later(self, jobs: Jobs) -> None:
        meta = jobs.create("sleep", "600")
        record = jobs.record(meta)
        os.kill(record["supervisor"], signal.SIGKILL)
        os.kill(record["leader"], signal.SIGKILL)
        jobs.until(lambda: not jobs.runs(record["supervisor"]))
        with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
            long_ago = record["leader_started"] - 60
            record |= {"leader": stranger.pid, "leader_started": long_ago}
            Path(meta.job_dir, "job.json").write_text(json.dumps(record))
            assert jobs.ended(meta).phase is Phase.RETRYABLE_FAILED
            assert jobs.runs(stranger.pid)
            stranger.kill()

    def test_that_was_asked_to_end_is_told_from_a_deletion(self, jobs: Jobs) -> None:
        meta = jobs.create("sleep", "600")
        os.kill(jobs.record(meta)["supervisor"], signal.SIGTERM)
        resource = jobs.ended(meta)
        assert resource.phase is Phase.RETRYABLE_FAILED
        assert resource.error is not None
        assert resource.error.code == "INTERRUPTED"


def test_a_job_whose_directory_is_gone_has_failed(jobs: Jobs) -> None:
    meta = jobs.create("true")
    jobs.ended(meta)
    shutil.rmtree(meta.job_dir)
    resource = jobs.get(meta)
    assert resource.phase is Phase.FAILED
    assert resource.message == (
        f"There is no job in {meta.job_dir}: the directory was removed, or is on another machine."
    )


def test_find_gives_nothing_for_an_unknown_key(jobs: Jobs) -> None:
    assert jobs.find("unknown") is None


def test_a_key_is_no_path(jobs: Jobs) -> None:
    assert Path(jobs.create("true", key="../a/b").job_dir).parent == jobs.root
