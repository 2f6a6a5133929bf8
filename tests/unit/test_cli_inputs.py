"""The option ``-i NAME:TYPE=VALUE`` of ``connectors run``."""

from __future__ import annotations

import io
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector_core import Directory, File, StructuredDataset
from connector_core.testing.sites import Site
from support.cli import connectors

Capsys = pytest.CaptureFixture[str]

CONNECTOR = """
from connector_core import Resource, SyncConnectorBase, from_literal_map


class Acme(SyncConnectorBase):
    def __init__(self):
        super().__init__(task_type_name="acme")

    def do(self, task_template, output_prefix, inputs=None, **kwargs):
        given = from_literal_map(inputs, task_template.interface.inputs, path="inputs")
        declared = {name: one.type.WhichOneof("type") for name, one in task_template.interface.inputs.variables.items()}
        return Resource.succeeded(outputs={"given": {name: repr(one) for name, one in given.items()}, **declared})
"""


@pytest.fixture(autouse=True)
def connector(site: Site) -> None:
    site.add(connectors={"acme": "acme_inputs:Acme"}, modules={"acme_inputs": CONNECTOR})


def given(capsys: Capsys, *inputs: str) -> Any:
    """Return the repr of each input that the connector gets."""
    options = [word for text in inputs for word in ("-i", text)]
    status, out, err = connectors(capsys, "run", "--json", "acme", *options)
    assert (status, err) == (0, "")
    return json.loads(out)["outputs"]["given"]


def refused(capsys: Capsys, text: str) -> str:
    """Return the message that refuses an input."""
    status, out, err = connectors(capsys, "run", "acme", "-i", text)
    assert (status, out) == (2, "")
    return err


TYPES = ", ".join(
    [
        *("int", "float", "str", "bool", "bytes", "date", "datetime", "timedelta", "None"),
        *("list", "tuple", "set", "dict", "File", "Directory", "StructuredDataset"),
    ]
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x:int=3", 3),
        ("x:int=-3", -3),
        ("x:float=2", 2.0),
        ("x:float=1e3", 1000.0),
        ("x:float=nan", math.nan),
        ("x:float=-Infinity", -math.inf),
        ("x:bool=true", True),
        ("x:bool=False", False),
        ("x:str=3", "3"),
        ("x:str=", ""),
        ("x:str=a=b", "a=b"),
        ("x:str=null", "null"),
        ("x:bytes=abc", b"abc"),
        ("x:None=null", None),
        ("x:None=None", None),
        ("x:datetime=2026-03-02T12:00", NOON),
        ("x:datetime=2026-03-02T13:00+01:00", NOON),
        ("x:datetime=20260302T12", NOON),
        ("x:timedelta=90", timedelta(seconds=90)),
        ("x:timedelta=1.5", timedelta(seconds=1.5)),
        ("x:timedelta=PT1M30S", timedelta(seconds=90)),
        ("x:timedelta=-PT1S", timedelta(seconds=-1)),
        ("x:timedelta=-1", timedelta(seconds=-1)),
        ("x:list[int]=[1, 2]", [1, 2]),
        ("x:list[list[float]]=[[1], []]", [[1.0], []]),
        ("x:list[timedelta]=[1]", [timedelta(seconds=1)]),
        ('x:list[bytes]=["YWJj"]', [b"abc"]),
        ("x:list=[1, null]", [1, None]),
        ("x:tuple[int, ...]=[1, 2]", [1, 2]),
        ('x:tuple[int, str]=[1, "a"]', [1, "a"]),
        ("x:tuple[()]=[]", []),
        ("x:set[int]=[1]", [1]),
        ('x:dict={"a": [1]}', {"a": [1]}),
        ('x:dict[str, int]={"a": 1}', {"a": 1}),
        ('x:dict[int, str]={"1": "a"}', {1: "a"}),
        ("x:int | None=null", None),
        ("x:int | None=3", 3),
        ("x:str | None=null", None),
        ("x:int | str=3", 3),
        ("x:int | str=three", "three"),
        ("x:str | int=3", "3"),
        ("x:File | str=none", "none"),
        (f"x:File | str={'long ' * 1000}", "long " * 1000),
        ("x:list[int | None]=[1, null]", [1, None]),
        ("x: list[ int ]=[1]", [1]),
        ("x:str=@@home", "@home"),
        ("x=@@home", "@home"),
        ("x=3", 3),
    ],
)
def test_a_value_is_read_by_its_type(capsys: Capsys, text: str, value: Any) -> None:
    assert given(capsys, text) == {"x": repr(value)}


@pytest.mark.parametrize("text", ["2026-03-02", "20260302"])
def test_a_date_is_a_datetime_at_midnight_for_a_connector_that_reads_by_interface(capsys: Capsys, text: str) -> None:
    assert given(capsys, f"x:date={text}") == {"x": repr(datetime(2026, 3, 2, tzinfo=UTC))}


def test_the_interface_has_the_types_of_the_inputs_that_have_one(capsys: Capsys) -> None:
    status, out, _ = connectors(capsys, "run", "--json", "acme", "-i", "x:int=1", "-i", "y:list[int]=[]", "-i", "z=a")
    outputs = json.loads(out)["outputs"]
    assert status == 0
    assert {name: outputs[name] for name in "xyz"} == {"x": "simple", "y": "collection_type", "z": None}
    assert outputs["given"] == {"x": "1", "y": "[]", "z": "'a'"}


def test_a_value_can_come_from_a_file(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[1, 2]\n")
    assert given(capsys, f"x:list[int]=@{tmp_path}/x.json") == {"x": "[1, 2]"}
    assert given(capsys, f"x=@{tmp_path}/x.json") == {"x": "[1, 2]"}
    assert given(capsys, f"x:str=@{tmp_path}/x.json") == {"x": r"'[1, 2]\n'"}


def test_the_final_newline_of_a_file_belongs_only_to_a_str(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "n").write_text("41\n")
    (tmp_path / "at").write_text("2026-03-02T12:00\r\n")
    assert given(capsys, f"x:int=@{tmp_path}/n", f"y:datetime=@{tmp_path}/at") == {"x": "41", "y": repr(NOON)}


@pytest.mark.parametrize("python_type", ["bytes", "bytes | None", "str | bytes"])
def test_a_file_can_hold_any_bytes(capsys: Capsys, tmp_path: Path, python_type: str) -> None:
    (tmp_path / "x.bin").write_bytes(b"\xff\0")
    assert given(capsys, f"x:{python_type}=@{tmp_path}/x.bin") == {"x": repr(b"\xff\0")}


def test_a_value_can_come_from_standard_input(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[1, 2]")))
    assert given(capsys, "x:list[int]=@-") == {"x": "[1, 2]"}


def test_a_file_and_a_directory_are_given_by_path_or_uri(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "1").write_text("")
    assert given(capsys, f"x:File={tmp_path}/1", f"y:Directory={tmp_path}", "z:File | None=s3://b/k") == {
        "x": repr(File(f"{tmp_path}/1")),
        "y": repr(Directory(str(tmp_path))),
        "z": repr(File("s3://b/k")),
    }


def test_a_path_is_relative_to_the_directory_of_the_command(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "null").write_text("")
    monkeypatch.chdir(tmp_path)
    inputs = ("a:File=null", 'b:dict[str, File]={"null": "null"}', "c:Directory=.", "d:StructuredDataset=null")
    assert given(capsys, *inputs) == {
        "a": repr(File(f"{tmp_path}/null")),
        "b": repr({"null": File(f"{tmp_path}/null")}),
        "c": repr(Directory(f"{tmp_path}")),
        "d": repr(StructuredDataset(f"{tmp_path}/null", "parquet")),
    }


@pytest.mark.parametrize(
    ("name", "file_format"),
    [("x.csv", "csv"), ("X.CSV", "csv"), ("x.csv.gz", "csv"), ("x.parquet", "parquet"), ("x", "parquet")],
)
def test_the_name_of_a_dataset_determines_its_format(
    capsys: Capsys, tmp_path: Path, name: str, file_format: str
) -> None:
    path = tmp_path / name
    path.write_text("")
    dataset = StructuredDataset(str(path), file_format)
    assert given(capsys, f"x:StructuredDataset={path}") == {"x": repr(dataset)}
    assert given(capsys, f"x:StructuredDataset=file://{path}") == {"x": repr(dataset)}
    assert given(capsys, f'x:list[StructuredDataset]=["{path}"]') == {"x": repr([dataset])}


def test_a_remote_dataset_need_not_exist(capsys: Capsys) -> None:
    dataset = StructuredDataset("s3://b/x.csv", "csv")
    assert given(capsys, "x:StructuredDataset=s3://b/x.csv") == {"x": repr(dataset)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x:int=3.5", "-i x:int cannot be read: expected int, got '3.5'."),
        ("x:int=three", "-i x:int cannot be read: expected int, got 'three'."),
        ("x:bool=1", "-i x:bool cannot be read: expected bool, got '1'."),
        ("x:float=1e999", "-i x:float cannot be read: expected float, got '1e999'."),
        ("x:None=1", "-i x:None cannot be read: expected None, got '1'."),
        ("x:date=2026-13-01", "-i x:date cannot be read: expected date, got the string '2026-13-01'."),
        ("x:timedelta=P1M", "-i x:timedelta cannot be read: expected timedelta, got 'P1M'."),
        ('x:list[int]=[1, "a"]', "-i x:list[int] cannot be read: [1]: expected int, got str."),
        (
            "x:list[str]=[a]",
            "-i x:list[str] cannot be read: expected JSON, got '[a]'; quote it for the shell: -i 'NAME:TYPE=VALUE'.",
        ),
        ("x:list[int] | None=[null]", "-i x:list[int] | None cannot be read: [0]: expected int, got None."),
        ('x:dict[str, int]={"a": 1.5}', "-i x:dict[str, int] cannot be read: a: expected int, got float."),
        ("x:int | float=a", "-i x:int | float cannot be read: expected int | float, got 'a'."),
        ("x:StructuredDataset=none.csv", "-i x:StructuredDataset cannot be read: there is no dataset none.csv."),
        ("x:StructuredDataset=", "-i x:StructuredDataset cannot be read: the dataset has no URI."),
        ("x:StructuredDataset | None=x", "-i x:StructuredDataset | None cannot be read: there is no dataset x."),
        ("x:File=none", "-i x:File cannot be read: there is no file none."),
        ("x:File=.", "-i x:File cannot be read: there is no file .."),
        ("x:Directory=", "-i x:Directory cannot be read: there is no directory ."),
        (
            "x:Directory | int=none",
            "-i x:Directory | int cannot be read: expected Directory | int, got 'none'.",
        ),
        ("x:=1", "-i x: cannot be read: '' is not a type; write one such as int, list[date] or float | None."),
        (
            "x:list[=1",
            "-i x:list[ cannot be read: 'list[' is not a type; write one such as int, list[date] or float | None.",
        ),
        (
            "x:int()=1",
            "-i x:int() cannot be read: 'int()' is not a type; write one such as int, list[date] or float | None.",
        ),
        (
            "x:flaot=1",
            f"-i x:flaot cannot be read: there is no type flaot; did you mean float? The types are: {TYPES}.",
        ),
        (
            "x:xyz=1",
            f"-i x:xyz cannot be read: there is no type xyz; the types are: {TYPES}.",
        ),
        (
            "x=@none",
            "-i x cannot be read: the file 'none': No such file or directory; write @@ for a text that begins with @.",
        ),
    ],
)
def test_the_error_says_what_is_wrong(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, text) == f"connectors: {sentence}\n"


def test_for_a_binary_file_the_error_suggests_bytes(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff")
    path = f"{tmp_path}/x"
    assert refused(capsys, f"x=@{path}") == (
        "connectors: -i x cannot be read: the file is not UTF-8 text; declare the type bytes.\n"
    )


@pytest.mark.parametrize(
    "spelled",
    [
        "int()",
        "int[str]",
        "list[",
        "list[]",
        "list[int, str]",
        "list[...]",
        "dict[int]",
        "tuple[...]",
        "'int'",
        "a.b",
        "1",
    ],
)
def test_text_that_is_not_a_type(capsys: Capsys, spelled: str) -> None:
    assert refused(capsys, f"x:{spelled}=1") == (
        f"connectors: -i x:{spelled} cannot be read: {spelled!r} is not a type; "
        "write one such as int, list[date] or float | None.\n"
    )


@pytest.mark.parametrize("spelled", [f"{'-' * 100_000}1", f"{'int | ' * 20_000}int"])
def test_a_type_that_is_nested_too_deeply(capsys: Capsys, spelled: str) -> None:
    sentence = f"connectors: -i x:{spelled[:78]} cannot be read: it is nested too deeply.\n"
    assert refused(capsys, f"x:{spelled}=1") == sentence


def test_a_value_that_is_nested_too_deeply(capsys: Capsys) -> None:
    text = f"x:list={'[' * 100_000}{']' * 100_000}"
    assert refused(capsys, text) == "connectors: -i x:list cannot be read: it is nested too deeply.\n"
