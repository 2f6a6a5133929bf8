"""The log of a job, page by page."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector_core import PermanentError

if TYPE_CHECKING:
    from conftest import Jobs


def test_the_log_is_stdout_and_then_stderr(jobs: Jobs) -> None:
    meta = jobs.create("sh", "-c", "echo e >&2; echo o")
    jobs.ended(meta)
    assert jobs.logs(meta) == (["o", "e"], "")


def test_the_log_comes_in_pages(jobs: Jobs) -> None:
    meta = jobs.create("sh", "-c", "seq 1 5")
    jobs.ended(meta)
    pages: list[list[str]] = []
    token = ""
    while not pages or token:
        lines, token = jobs.logs(meta, lines=2, token=token)
        pages.append(lines)
    assert pages == [["1", "2"], ["3", "4"], ["5"]]


def test_neither_stream_keeps_the_other_back(jobs: Jobs) -> None:
    meta = jobs.create("sh", "-c", "seq 1 9; seq 11 19 >&2")
    jobs.ended(meta)
    assert jobs.logs(meta, lines=4).lines == ["1", "2", "11", "12"]


def test_a_running_job_always_has_a_next_page(jobs: Jobs, tmp_path: Path) -> None:
    go = tmp_path / "go"
    meta = jobs.create(
        "sh", "-c", f"seq 1 3; printf unfin; while [ ! -e {go} ]; do sleep 0.01; done; printf 'ished\\nlast'"
    )
    jobs.until(lambda: jobs.logs(meta).lines == ["1", "2", "3"])
    first = jobs.logs(meta, lines=2)
    assert first.lines == ["1", "2"]
    second = jobs.logs(meta, token=first.token)
    assert second.lines == ["3"]
    assert jobs.logs(meta, token=second.token) == ([], second.token)
    go.touch()
    jobs.ended(meta)
    assert jobs.logs(meta, token=second.token) == (["unfinished", "last"], "")


def test_a_line_of_any_length_comes_in_pieces(jobs: Jobs) -> None:
    meta = jobs.create(sys.executable, "-c", "print('€' * 200_000)")
    jobs.ended(meta)
    pieces: list[str] = []
    token = ""
    while not pieces or token:
        lines, token = jobs.logs(meta, token=token)
        pieces += lines
    assert "".join(pieces) == "€" * 200_000
    assert max(len(piece.encode()) for piece in pieces) <= 256 * 1024


def test_another_connectors_token_is_refused(jobs: Jobs) -> None:
    meta = jobs.create("true")
    with pytest.raises(PermanentError) as refused:
        jobs.logs(meta, token="abc")
    assert str(refused.value) == "'abc' is not a log token of this connector; start without a token."


def test_a_job_whose_directory_is_gone_has_no_log(jobs: Jobs) -> None:
    meta = jobs.create("true")
    jobs.ended(meta)
    shutil.rmtree(meta.job_dir)
    with pytest.raises(PermanentError) as refused:
        jobs.logs(meta)
    assert str(refused.value) == (
        f"There is no job in {meta.job_dir}: the directory was removed, or is on another machine."
    )
