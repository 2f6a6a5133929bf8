"""Writing inputs.pb and reading outputs.pb, on any filesystem that fsspec supports."""

from __future__ import annotations

import uuid
from pathlib import Path

import fsspec
import pytest

from connector_core import to_literal_map
from connector_core.errors import OutputsUnreadable, PrefixNotWritable
from connector_core.local.files import read_outputs, write_message

MESSAGE = to_literal_map({"x": 1})


@pytest.fixture(params=["path", "file", "memory"])
def prefix(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    directory = tmp_path / "new" / "run"
    return {
        "path": str(directory),
        "file": directory.as_uri(),
        "memory": f"memory://{uuid.uuid4().hex}/run",
    }[request.param]


def test_a_written_message_can_be_read(prefix: str) -> None:
    write_message(f"{prefix}/outputs.pb", MESSAGE)
    assert read_outputs(prefix) == MESSAGE


def test_a_missing_file_is_an_error(prefix: str) -> None:
    with pytest.raises(
        OutputsUnreadable, match=r"outputs\.pb: the file does not exist; the job must write it, or"
    ) as e:
        read_outputs(prefix)
    assert e.value.uri == f"{prefix}/outputs.pb"


def test_a_file_that_is_not_a_literal_map_is_an_error(prefix: str) -> None:
    write_message(f"{prefix}/outputs.pb", MESSAGE)
    with fsspec.open(f"{prefix}/outputs.pb", "wb") as file:
        file.write(b"\xff\xff\xff")
    with pytest.raises(OutputsUnreadable, match=r"outputs\.pb: it is not a LiteralMap\.$"):
        read_outputs(prefix)


def test_an_unknown_scheme_is_an_error() -> None:
    with pytest.raises(
        PrefixNotWritable, match=r"^Cannot write nosuch://b/x: .*nosuch; choose a writable output prefix\.$"
    ) as e:
        write_message("nosuch://b/x", MESSAGE)
    assert e.value.uri == "nosuch://b/x"
    with pytest.raises(OutputsUnreadable, match=r"^Cannot read the outputs at nosuch://b/outputs\.pb: .*nosuch"):
        read_outputs("nosuch://b")


def test_an_unwritable_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PrefixNotWritable, match=r"^Cannot write .*; choose a writable output prefix\.$"):
        write_message(f"{tmp_path}/file/inputs.pb", MESSAGE)


def test_an_exception_without_a_message_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, path: str, **kwargs: object) -> bytes:
        raise RuntimeError

    monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.cat_file", fail)
    with pytest.raises(OutputsUnreadable, match=r"RuntimeError\.$"):
        read_outputs("memory://anything")
