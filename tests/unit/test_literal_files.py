"""Literals of files and directories."""

from __future__ import annotations

import asyncio
import os
import pathlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import fsspec
import pytest
from google.protobuf.json_format import MessageToDict

from connector_core import (
    Directory,
    File,
    LiteralError,
    ato_literal,
    ato_literal_map,
    from_literal,
    literal_type,
    to_literal,
    to_literal_map,
)
from connector_core.idl import BlobType, Literal, LiteralType
from connector_core.secrets import Secret
from support.literals import msgpack, packed, primitive, refusal, refusal_in_reading, travelled

PREFIX = "memory://outputs/run"


@pytest.fixture(autouse=True)
def store() -> Iterator[dict[str, Any]]:
    """Empty the object store, and return its content by path."""
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]
    yield filesystem.store
    filesystem.store.clear()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.csv"
    path.write_text("a,b")
    return path


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    path = tmp_path / "pages"
    (path / "more").mkdir(parents=True)
    (path / "1").write_text("one")
    (path / "more" / "2").write_text("two")
    return path


@dataclass
class Result:
    report: File
    pages: Directory | None = None
    log: Path | None = None


class _Foreign:
    """A path of another library."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


Write = Callable[..., Literal]


@pytest.fixture(params=["to_literal", "ato_literal"])
def write(request: pytest.FixtureRequest) -> Write:
    """Return `to_literal`, or a function that runs `ato_literal` on an event loop."""
    if request.param == "to_literal":
        return to_literal
    return lambda *arguments, **options: asyncio.run(ato_literal(*arguments, **options))


class TestTheObject:
    def test_it_is_a_uri_and_a_format(self, report: Path) -> None:
        assert File(report) == File(str(report))
        assert (File(report).uri, File(report, format="csv").format) == (str(report), "csv")
        assert (str(Directory("s3://b/d")), repr(File("x"))) == ("s3://b/d", "File(uri='x', format='')")
        assert len({File("x"), File("x"), File("x", format="csv")}) == 2
        assert File("x") != Directory("x")

    def test_a_local_file_is_path_like(self, report: Path) -> None:
        for file in (File(report), File(f"file://{report}")):
            with open(file) as opened:
                assert opened.read() == "a,b"
            assert Path(file) == report

    def test_a_remote_file_is_not_path_like(self) -> None:
        with pytest.raises(LiteralError, match=r"^s3://b/x is not on this machine; use download\(\) or open\(\)\.$"):
            Path(File("s3://b/x"))
        with pytest.raises(LiteralError, match=r"^s3://b/d is not on this machine; use download"):
            os.listdir(Directory("s3://b/d"))

    def test_it_can_be_opened_locally_and_remotely(self, report: Path, store: dict[str, Any]) -> None:
        for uri in (str(report), f"file://{report}", "memory://x/report"):
            with File(uri).open("w") as opened:
                opened.write("c,d")
            with File(uri).open() as opened:
                assert opened.read() == b"c,d"
        assert list(store) == ["/x/report"]

    def test_an_unknown_scheme_is_refused(self) -> None:
        with pytest.raises(LiteralError, match=r"^nothing://x cannot be opened: Protocol not known: nothing\.$"):
            File("nothing://x").open()

    def test_opening_a_missing_file_raises_file_not_found(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError), File(tmp_path / "none").open():
            pass

    @pytest.mark.parametrize("uri", ["{report}", "file://{report}", "memory://x/report"])
    def test_a_file_can_be_downloaded(self, report: Path, tmp_path: Path, uri: str) -> None:
        file = File(uri.format(report=report))
        with file.open("w") as opened:
            opened.write("c,d")
        assert file.download(tmp_path / "copy") == tmp_path / "copy"
        assert (tmp_path / "copy").read_text() == "c,d"

    def test_a_directory_can_be_downloaded(self, pages: Path, tmp_path: Path) -> None:
        literal = to_literal(pages, Directory, output_prefix=PREFIX)
        for directory in (Directory(pages), from_literal(literal)):
            copy = directory.download(tmp_path / directory.uri.replace("/", "_"))
            assert (copy / "1").read_text() == "one"
            assert (copy / "more" / "2").read_text() == "two"

    @pytest.mark.parametrize("uri", ["nothing://x", "memory://x/none"])
    def test_a_failed_download_is_an_error(self, tmp_path: Path, uri: str) -> None:
        with pytest.raises(LiteralError, match=rf"^{uri} cannot be downloaded: "):
            File(uri).download(tmp_path / "copy")

    def test_an_error_does_not_show_the_credentials_of_a_uri(self, tmp_path: Path) -> None:
        with pytest.raises(LiteralError) as refused:
            File("nothing://me:pa55word@host/x?signature=53cret").download(tmp_path / "copy")
        assert "pa55word" not in str(refused.value)
        assert "53cret" not in str(refused.value)


class TestTheType:
    @pytest.mark.parametrize(
        ("python_type", "expected"),
        [
            (File, BlobType(dimensionality="SINGLE")),
            (Directory, BlobType(dimensionality="MULTIPART")),
            (Path, BlobType(dimensionality="SINGLE")),
            (os.PathLike, BlobType(dimensionality="SINGLE")),
            (pathlib.PurePosixPath, BlobType(dimensionality="SINGLE")),
            (Annotated[File, "csv"], BlobType(dimensionality="SINGLE", format="csv")),
            (Annotated[Directory, "csv"], BlobType(dimensionality="MULTIPART", format="csv")),
            (Annotated[File, 3, "csv", "tsv"], BlobType(dimensionality="SINGLE", format="csv")),
        ],
    )
    def test_it_is_a_blob(self, python_type: Any, expected: BlobType) -> None:
        assert literal_type(python_type) == LiteralType(blob=expected)


class TestLocally:
    def test_a_file_keeps_its_path(self, report: Path) -> None:
        for value in (report, str(report), File(report), _Foreign(report)):
            assert travelled(value, File) == File(report)
        assert from_literal(to_literal(File(report))) == from_literal(to_literal(report)) == File(report)

    def test_a_directory_keeps_its_path(self, pages: Path) -> None:
        for value in (pages, str(pages), Directory(pages)):
            assert travelled(value, Directory) == Directory(pages)
        assert from_literal(to_literal(Directory(pages))) == Directory(pages)

    def test_a_path_comes_back_as_a_path(self, report: Path) -> None:
        for value in (report, str(report), File(report), pathlib.PurePosixPath(report)):
            for python_type in (Path, os.PathLike, pathlib.PurePosixPath):
                assert travelled(value, python_type) == report

    def test_nothing_is_uploaded_to_a_local_output_prefix(self, report: Path, pages: Path, tmp_path: Path) -> None:
        for prefix in (f"{tmp_path}/outputs", f"file://{tmp_path}/outputs"):
            assert from_literal(to_literal(report, File, output_prefix=prefix)) == File(report)
            assert from_literal(to_literal(pages, Directory, output_prefix=prefix)) == Directory(pages)
        assert not (tmp_path / "outputs").exists()

    def test_a_format_is_kept(self, report: Path) -> None:
        assert travelled(report, Annotated[File, "csv"]) == File(report, format="csv")
        assert from_literal(to_literal(report, Annotated[File, "csv"])) == File(report, format="csv")
        assert from_literal(to_literal(report, File), Annotated[File, "csv"]) == File(report, format="csv")

    def test_a_missing_file_is_refused(self, report: Path, pages: Path) -> None:
        assert refusal(File("none"), File) == "p: there is no file none."
        assert refusal("file:///none", File) == "p: there is no file file:///none."
        assert refusal([pages], list[File]) == f"p[0]: there is no file {pages}."
        assert refusal({"x": report}, dict[str, Directory]) == f"p.x: there is no directory {report}."

    def test_a_uri_that_is_not_valid_unicode_is_refused(self) -> None:
        assert refusal(File("s3://b/\ud800"), File) == (
            r"p: the URI 's3://b/\ud800' is not valid Unicode: surrogates not allowed."
        )

    def test_a_secret_is_not_accepted_as_a_uri(self) -> None:
        for value in (Secret("s3://b/x"), File(Secret("s3://b/x"))):
            assert refusal(value, File) == "p: expected File, got Secret."

    @pytest.mark.parametrize("value", [3, None, b"x", ["x"]])
    @pytest.mark.parametrize("python_type", [File, Directory, Path])
    def test_other_values_are_refused(self, value: Any, python_type: Any) -> None:
        got = "None" if value is None else type(value).__name__
        assert refusal(value, python_type) == f"p: expected {python_type.__name__}, got {got}."

    def test_a_directory_is_not_a_file(self, report: Path, pages: Path) -> None:
        assert refusal(Directory(pages), File) == "p: expected File, got Directory."
        assert refusal(File(report), Directory) == "p: expected Directory, got File."
        assert refusal_in_reading(to_literal(pages, Directory), File) == "p: expected File, got a Directory."
        assert refusal_in_reading(to_literal(report, File), Directory) == "p: expected Directory, got a File."
        assert refusal_in_reading(primitive(integer=1), File) == "p: expected File, got int."


class TestRemotely:
    @pytest.mark.parametrize("uri", ["s3://bucket/x", "memory://none/x", "nothing://x"])
    def test_nothing_is_downloaded_or_uploaded(self, uri: str, store: dict[str, Any]) -> None:
        for python_type in (File, Directory):
            literal = to_literal(uri, python_type, output_prefix=PREFIX)
            assert from_literal(literal, python_type) == python_type(uri)
        assert not store

    def test_a_remote_file_cannot_be_read_as_a_path(self) -> None:
        assert refusal_in_reading(to_literal("s3://b/x", File), Path) == (
            "p: s3://b/x is not on this machine; use download() or open()."
        )

    def test_each_file_is_uploaded_to_a_new_place(self, write: Write, report: Path, store: dict[str, Any]) -> None:
        uris = {from_literal(write(report, File, output_prefix=PREFIX)).uri for _ in range(2)}
        assert len(uris) == 2
        for uri in uris:
            assert uri.startswith(f"{PREFIX}/")
            assert uri.endswith("/report.csv")
            assert store[uri.removeprefix("memory:/")].getvalue() == b"a,b"

    def test_a_directory_is_uploaded_with_its_content(self, write: Write, pages: Path, store: dict[str, Any]) -> None:
        directory = from_literal(write(Directory(pages), output_prefix=f"{PREFIX}/"))
        assert directory.uri.endswith("/pages")
        root = directory.uri.removeprefix("memory:/")
        assert {path: file.getvalue() for path, file in store.items()} == {
            f"{root}/1": b"one",
            f"{root}/more/2": b"two",
        }

    def test_a_local_file_given_by_uri_is_uploaded(self, report: Path, store: dict[str, Any]) -> None:
        to_literal(f"file://{report}", File, output_prefix=PREFIX)
        assert [file.getvalue() for file in store.values()] == [b"a,b"]

    def test_missing_directories_are_created(self, report: Path, pages: Path, tmp_path: Path) -> None:
        prefix = f"local://{tmp_path}/new/place"
        for value in (File(report), Directory(pages)):
            assert from_literal(to_literal(value, output_prefix=prefix)).uri.startswith(f"{prefix}/")
        assert [path.read_text() for path in (tmp_path / "new").rglob("report.csv")] == ["a,b"]
        assert [path.read_text() for path in (tmp_path / "new").rglob("more/2")] == ["two"]

    @pytest.mark.parametrize(
        ("values", "types"),
        [
            ({"x": 1j}, None),
            ({"x": "1"}, {"file": File, "files": list[File], "x": int}),
            ({"x": "none"}, {"file": File, "files": list[File], "x": File}),
            ({"x" * 1000: 1}, None),
        ],
    )
    def test_nothing_is_uploaded_when_another_value_is_refused(
        self, report: Path, store: dict[str, Any], values: Any, types: Any
    ) -> None:
        values = {"file": File(report), "files": [File(report)], **values}
        with pytest.raises(LiteralError):
            to_literal_map(values, types, output_prefix=PREFIX, max_bytes=1000)
        with pytest.raises(LiteralError):
            asyncio.run(ato_literal_map(values, types, output_prefix=PREFIX, max_bytes=1000))
        assert not store

    def test_nothing_is_uploaded_for_a_variant_that_refuses(self, report: Path, store: dict[str, Any]) -> None:
        value = {"a": report, "b": pathlib.PurePosixPath("none")}
        with pytest.raises(LiteralError):
            to_literal(value, dict[str, File] | dict[str, int], output_prefix=PREFIX)
        assert not store
        to_literal({"a": report, "b": "x"}, dict[str, File] | dict[str, Path | str], output_prefix=PREFIX)
        assert len(store) == 1

    def test_a_failing_upload_names_the_value(self, write: Write, report: Path) -> None:
        with pytest.raises(LiteralError) as refused:
            write([report], list[File], path="outputs.files", output_prefix="nothing://x")
        assert refused.value.path == "outputs.files"
        assert refused.value.reason.startswith(f"{report} cannot be uploaded to nothing://x/")
        assert refused.value.reason.endswith("/report.csv: Protocol not known: nothing.")

    def test_a_failing_upload_names_the_output(self, report: Path) -> None:
        values = {"x": 1, "file": File(report)}
        for call in (
            lambda: to_literal_map(values, path="outputs", output_prefix="nothing://x"),
            lambda: asyncio.run(ato_literal_map(values, path="outputs", output_prefix="nothing://x")),
        ):
            with pytest.raises(LiteralError, match=r"^outputs\.file: .*report\.csv cannot be uploaded to nothing://"):
                call()

    def test_the_other_uploads_are_awaited(self, report: Path, pages: Path, store: dict[str, Any]) -> None:
        memory = fsspec.filesystem("memory").__class__

        async def upload() -> None:
            values = {"bad": File(report), "good": Directory(pages)}
            await ato_literal_map(values, output_prefix=PREFIX)

        def put(self: Any, here: str, there: str, recursive: bool) -> None:
            if not recursive:
                raise OSError("no room")
            original(self, here, there, recursive=recursive)

        original = memory.put
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(memory, "put", put)
            with pytest.raises(LiteralError, match=r"^bad: .* cannot be uploaded to .*: no room\.$"):
                asyncio.run(upload())
        assert len(store) == 2

    def test_an_upload_does_not_block_the_event_loop(self, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import threading

        threads: list[str] = []
        monkeypatch.setattr(
            fsspec.filesystem("memory").__class__,
            "put",
            lambda *_, **__: threads.append(threading.current_thread().name),
        )
        asyncio.run(ato_literal(report, File, output_prefix=PREFIX))
        assert threads
        assert threads != [threading.main_thread().name]


class TestInRecords:
    def test_they_travel_as_in_flytekit(self, report: Path, pages: Path) -> None:
        value = Result(File(report), Directory(pages), report)
        assert packed(to_literal(value)) == {
            "report": {"path": str(report)},
            "pages": {"path": str(pages)},
            "log": str(report),
        }
        assert travelled(value, Result) == value

    def test_they_are_uploaded(self, report: Path, pages: Path, store: dict[str, Any]) -> None:
        value = Result(File(report), Directory(pages), report)
        again = from_literal(to_literal([value], output_prefix=PREFIX), list[Result])[0]
        with again.report.open() as opened:
            assert opened.read() == b"a,b"
        assert again.pages.uri.startswith(f"{PREFIX}/")
        assert again.log == report
        assert len(store) == 3

    def test_a_str_or_a_path_is_accepted(self, report: Path) -> None:
        assert travelled({"report": str(report)}, Result) == travelled(Result(report), Result)  # type: ignore[arg-type]

    def test_the_declared_format_is_that_of_the_field(self, report: Path) -> None:
        assert travelled((File(report),), tuple[Annotated[File, "csv"]]) == (File(report, format="csv"),)

    def test_other_values_are_refused(self, report: Path, pages: Path) -> None:
        assert refusal(Result("none"), Result) == "p.report: there is no file none."  # type: ignore[arg-type]
        assert refusal((str(report),), tuple[Path]) == "p[0]: expected Path, got str."
        assert refusal((3,), tuple[File]) == "p[0]: expected File, got int."
        assert refusal((pages,), tuple[File]) == f"p[0]: there is no file {pages}."

    def test_other_values_are_refused_in_reading_too(self) -> None:
        assert refusal_in_reading(msgpack({"report": 3}), Result) == "p.report: expected File, got int."
        assert refusal_in_reading(msgpack({"report": {"path": 3}}), Result) == "p.report: expected File, got dict."
        assert refusal_in_reading(msgpack([3]), tuple[Path]) == "p[0]: expected Path, got int."
        assert refusal_in_reading(msgpack(["s3://b/x"]), tuple[Path]) == (
            "p[0]: s3://b/x is not on this machine; use download() or open()."
        )

    def test_the_interface_describes_them_as_in_flytekit(self) -> None:
        properties = MessageToDict(literal_type(Result).metadata)["properties"]
        assert properties["report"]["title"] == "FlyteFile"
        assert set(properties["report"]["properties"]) == {"path", "metadata"}
        assert properties["pages"]["anyOf"][0]["title"] == "FlyteDirectory"
        assert set(properties["pages"]["anyOf"][0]["properties"]) == {"path"}
        assert properties["log"]["anyOf"][0] == {"type": "string", "format": "path"}

    def test_a_uri_alone_can_be_read(self) -> None:
        assert from_literal(msgpack({"report": "s3://b/x"}), Result) == Result(File("s3://b/x"))
