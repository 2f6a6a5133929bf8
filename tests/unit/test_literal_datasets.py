"""Literals of structured datasets: their URIs, and writing and reading their tables."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import fsspec
import pytest

from connector_core import (
    Directory,
    File,
    LiteralError,
    StructuredDataset,
    ato_literal_map,
    from_literal,
    from_literal_map,
    literal_type,
    to_literal,
    to_literal_map,
)
from connector_core.idl import Literal, LiteralType, SimpleType
from connector_core.idl import StructuredDataset as DatasetMessage
from connector_core.secrets import Secret
from support.literals import msgpack, packed, primitive, refusal, refusal_in_reading, sent, travelled

PREFIX = "memory://outputs/run"
COLUMNS = {"day": dt.date, "buyer": {"name": str, "address": {"city": str}}}
INTEGERS = {"n": literal_type(int)}


class Table:
    """A table with an Arrow stream that fails when it is read."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise OSError("the connection is lost")


@dataclass
class Report:
    rows: StructuredDataset
    old: StructuredDataset | None = None


@pytest.fixture(autouse=True)
def store() -> Iterator[dict[str, Any]]:
    """Empty the object store, and return its content by path."""
    filesystem = fsspec.filesystem("memory")
    filesystem.store.clear()
    yield filesystem.store
    filesystem.store.clear()


class TestTheType:
    def test_it_has_a_format_and_columns(self) -> None:
        assert literal_type(StructuredDataset) == LiteralType(structured_dataset_type={})
        declared = literal_type(Annotated[StructuredDataset, COLUMNS, "parquet"]).structured_dataset_type
        assert declared.format == "parquet"
        assert {column.name: column.literal_type.simple for column in declared.columns} == {
            "day": SimpleType.DATETIME,
            "buyer.name": SimpleType.STRING,
            "buyer.address.city": SimpleType.STRING,
        }

    def test_a_class_with_an_arrow_stream_is_a_structured_dataset(self) -> None:
        assert literal_type(Table) == literal_type(StructuredDataset)
        assert literal_type(Annotated[Table, {"n": int}]) == literal_type(Annotated[StructuredDataset, {"n": int}])

    def test_a_column_of_a_type_that_flyte_does_not_have_is_refused(self) -> None:
        with pytest.raises(LiteralError, match=r"^complex is not a type that Flyte supports; "):
            literal_type(Annotated[StructuredDataset, {"n": complex}])


class TestADatasetWithAUri:
    def test_it_travels_as_uri_format_and_columns(self) -> None:
        value = StructuredDataset("s3://b/t", "csv", columns=INTEGERS)
        literal = to_literal(value)
        assert literal.scalar.structured_dataset.uri == "s3://b/t"
        declared = literal.scalar.structured_dataset.metadata.structured_dataset_type
        assert (declared.format, declared.columns[0].name) == ("csv", "n")
        assert travelled(value, StructuredDataset) == from_literal(literal) == value

    @pytest.mark.parametrize("uri", ["s3://b/t", Path("/data/t"), File("/data/t")])
    def test_a_uri_or_a_path_is_accepted(self, uri: Any) -> None:
        assert travelled(uri, StructuredDataset) == StructuredDataset(uri)

    def test_a_file_or_a_directory_is_accepted(self) -> None:
        for value in (File("s3://b/t"), Directory("s3://b/t")):
            assert travelled(value, StructuredDataset) == StructuredDataset("s3://b/t")

    def test_the_declared_format_and_columns_win(self) -> None:
        python_type = Annotated[StructuredDataset, {"n": int}, "csv"]
        assert travelled("s3://b/t", python_type) == StructuredDataset("s3://b/t", "csv", columns=INTEGERS)
        value = StructuredDataset("s3://b/t", "parquet", columns={"m": literal_type(str)})
        assert travelled(value, python_type) == StructuredDataset("s3://b/t", "csv", columns=INTEGERS)

    def test_an_interface_declares_format_and_columns_too(self) -> None:
        declared = literal_type(Annotated[StructuredDataset, {"n": int}, "csv"])
        literal = to_literal("s3://b/t", declared)
        assert from_literal(literal, declared) == StructuredDataset("s3://b/t", "csv", columns=INTEGERS)

    def test_a_local_dataset_is_uploaded(self, tmp_path: Path, store: dict[str, Any]) -> None:
        (tmp_path / "t").mkdir()
        (tmp_path / "t" / "00000").write_bytes(b"rows")
        for uri in (f"{tmp_path}/t", f"file://{tmp_path}/t"):
            store.clear()
            again = from_literal(to_literal(StructuredDataset(uri, "csv"), output_prefix=PREFIX))
            assert (again.uri.startswith(f"{PREFIX}/"), again.file_format) == (True, "csv")
            assert store[again.uri.removeprefix("memory:/") + "/00000"].getvalue() == b"rows"

    def test_a_local_dataset_is_not_uploaded_if_the_outputs_are_local(self, tmp_path: Path) -> None:
        literal = to_literal(f"{tmp_path}/t", StructuredDataset, output_prefix=f"{tmp_path}/outputs")
        assert from_literal(literal) == StructuredDataset(f"{tmp_path}/t")

    def test_a_missing_dataset_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(LiteralError, match=rf"^outputs\.t: there is no dataset {tmp_path}/t\.$"):
            to_literal_map({"t": StructuredDataset(tmp_path / "t")}, path="outputs", output_prefix=PREFIX)

    @pytest.mark.parametrize("value", [3, None, b"x", [{"n": 1}]])
    def test_other_values_are_refused(self, value: Any) -> None:
        got = "None" if value is None else type(value).__name__
        assert refusal(value, StructuredDataset) == f"p: expected StructuredDataset, got {got}."

    def test_other_literals_are_refused(self) -> None:
        assert refusal_in_reading(primitive(integer=1), StructuredDataset) == "p: expected StructuredDataset, got int."
        for python_type in (None, StructuredDataset, Table):
            literal = Literal(scalar={"structured_dataset": DatasetMessage()})
            assert refusal_in_reading(literal, python_type) == "p: the dataset has no URI."

    def test_a_secret_is_not_accepted_as_a_uri(self) -> None:
        secret = Secret("s3://b/x")
        for value in (secret, StructuredDataset(secret), File(secret), Directory(secret)):
            assert refusal(value, StructuredDataset) == "p: expected StructuredDataset, got Secret."

    @pytest.mark.parametrize(
        "value", [StructuredDataset("s3://b/\ud800"), StructuredDataset("s3://b/t", columns=["\ud800"])]
    )
    def test_invalid_unicode_is_refused(self, value: StructuredDataset) -> None:
        said = refusal(value)
        assert said.startswith("p: the dataset 's3://b/")
        assert said.endswith(" has a description that is not valid Unicode: surrogates not allowed.")


class TestInRecords:
    def test_it_travels_as_in_flytekit(self) -> None:
        value = Report(StructuredDataset("s3://b/t", "csv"))
        assert packed(to_literal(value)) == {"rows": {"uri": "s3://b/t", "file_format": "csv"}, "old": None}
        assert travelled(value, Report) == value

    def test_a_uri_alone_can_be_read(self) -> None:
        assert from_literal(msgpack({"rows": "s3://b/t"}), Report) == Report(StructuredDataset("s3://b/t"))
        assert from_literal(msgpack({"rows": {"uri": "s3://b/t", "file_format": None}}), Report) == Report(
            StructuredDataset("s3://b/t")
        )

    @pytest.mark.parametrize(
        ("held", "message"),
        [
            (3, "p.rows: expected StructuredDataset, got int."),
            ({"uri": 3}, "p.rows: expected StructuredDataset, got dict."),
            ({"uri": "x", "file_format": 3}, "p.rows: expected StructuredDataset, got dict."),
            ({}, "p.rows: expected StructuredDataset, got dict."),
            ("", "p.rows: the dataset has no URI."),
        ],
    )
    def test_other_values_are_refused(self, held: Any, message: str) -> None:
        assert refusal_in_reading(msgpack({"rows": held}), Report) == message
        assert refusal(Report(3)) == "p.rows: expected StructuredDataset, got int."  # type: ignore[arg-type]


class TestATableInMemory:
    def test_it_needs_a_uri_or_an_output_prefix(self) -> None:
        reason = "there is no place to write the table; pass an output_prefix, or give the StructuredDataset a URI."
        assert refusal(Table()) == refusal(StructuredDataset(table=Table()), StructuredDataset) == f"p: {reason}"
        assert refusal(Report(StructuredDataset(table=Table()))) == f"p.rows: {reason}"

    def test_it_is_written_as_parquet_only(self) -> None:
        python_type = Annotated[StructuredDataset, "csv"]
        assert refusal(Table(), python_type) == "p: a table is written as parquet, but the declared format is 'csv'."

    def test_the_error_names_a_table_that_cannot_be_written(self) -> None:
        pytest.importorskip("pyarrow")
        for call in (
            lambda: to_literal_map({"x": 1, "t": Table()}, path="outputs", output_prefix=PREFIX),
            lambda: asyncio.run(ato_literal_map({"x": 1, "t": Table()}, path="outputs", output_prefix=PREFIX)),
        ):
            with pytest.raises(LiteralError, match=r"^outputs\.t: the table cannot be written to .*the connection is"):
                call()

    def test_nothing_is_written_when_another_value_is_refused(self, store: dict[str, Any]) -> None:
        with pytest.raises(LiteralError, match=r"^x: complex is not a type"):
            to_literal_map({"t": Table(), "x": 1j}, output_prefix=PREFIX)
        assert not store


class TestATableOfPyarrow:
    @pytest.fixture
    def arrow(self) -> Any:
        return pytest.importorskip("pyarrow")

    def test_it_is_written_under_the_output_prefix_and_read_at_once(self, arrow: Any) -> None:
        table = arrow.table({"n": [1, 2]})
        for value, python_type in [
            (table, None),
            (table, arrow.Table),
            (table, StructuredDataset),
            (table, literal_type(arrow.Table)),
            (StructuredDataset(table=table), StructuredDataset),
        ]:
            literal = sent(to_literal(value, python_type, output_prefix=f"{PREFIX}/"))
            assert from_literal(literal, arrow.Table).equals(table)
            dataset = from_literal(literal)
            assert (dataset.uri.startswith(f"{PREFIX}/"), dataset.file_format) == (True, "parquet")
            assert dataset.read().equals(table)

    def test_it_is_written_to_its_uri(self, arrow: Any, store: dict[str, Any]) -> None:
        value = StructuredDataset("memory://mine/t", table=arrow.table({"n": [1]}))
        assert from_literal(to_literal(value)).uri == "memory://mine/t"
        assert list(store) == ["/mine/t/00000"]

    def test_only_the_declared_columns_are_read(self, arrow: Any) -> None:
        literal = to_literal(arrow.table({"n": [1], "m": [2]}), output_prefix=PREFIX)
        assert from_literal(literal, Annotated[arrow.Table, {"m": int}]).to_pydict() == {"m": [2]}
        assert from_literal(literal, Annotated[StructuredDataset, {"m": int}]).read().to_pydict() == {"m": [2]}

    def test_it_works_in_a_list_a_record_and_a_union(self, arrow: Any) -> None:
        table = arrow.table({"n": [1]})
        literal = to_literal([table], list[arrow.Table | None], output_prefix=PREFIX)
        assert from_literal(literal, list[arrow.Table | None])[0].equals(table)
        literal = to_literal(Report(StructuredDataset(table=table)), output_prefix=PREFIX)
        assert from_literal(literal, Report).rows.read().equals(table)
        assert from_literal(literal, Report).rows.file_format == "parquet"

    def test_tables_are_written_concurrently(self, arrow: Any) -> None:
        tables = {name: arrow.table({"n": [ord(name)]}) for name in "abc"}
        literals = asyncio.run(ato_literal_map(tables, output_prefix=PREFIX))
        read = from_literal_map(literals, dict.fromkeys("abc", arrow.Table))
        assert all(read[name].equals(tables[name]) for name in tables)

    def test_a_missing_table_is_refused(self, arrow: Any) -> None:
        literal = to_literal("memory://none", StructuredDataset)
        assert refusal_in_reading(literal, arrow.Table) == "p: there is no dataset memory://none."
        assert refusal_in_reading(to_literal([literal]), list[arrow.Table]).startswith("p[0]: there is no dataset ")
