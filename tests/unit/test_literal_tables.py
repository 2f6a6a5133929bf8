"""Writing tables as Parquet, and reading them as pyarrow, pandas and polars tables."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import fsspec
import pytest

from connector_core.errors import LiteralError, RetryableError
from connector_core.idl import LiteralType, SimpleType
from connector_core.literals.tables import StructuredDataset, is_table, read_table, write_parquet
from support.venvs import unmeasured

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(params=["local", "memory"])
def place(request, tmp_path):
    """Return the URI of a directory that does not exist."""
    return {"local": f"{tmp_path}/new/table", "memory": f"memory:/{tmp_path}/new/table"}[request.param]


@pytest.fixture
def orders(tmp_path):
    """Write a table of three columns, and return its URI."""
    uri = str(tmp_path / "orders")
    write_parquet(pa.table({"id": [1, 2], "name": ["a", "b"], "buyer": [{"age": 30, "city": "x"}] * 2}), uri)
    return uri


def failing(error: BaseException) -> Any:
    """Return a stream that raises after its first batch."""

    def batches():
        yield pa.record_batch({"n": [1]})
        raise error

    return pa.RecordBatchReader.from_batches(pa.schema({"n": pa.int64()}), batches())


EVERY_TYPE = pa.table(
    {
        "instant": pa.array([datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)], pa.timestamp("us", "Europe/Berlin")),
        "nanoseconds": pa.array([1], pa.timestamp("ns")),
        "day": [date(2026, 1, 2)],
        "wait": pa.array([timedelta(microseconds=1)], pa.duration("us")),
        "price": pa.array([Decimal("12345678901234567890.0123456789")], pa.decimal128(38, 10)),
        "small": pa.array([-1], pa.int8()),
        "huge": pa.array([2**64 - 1], pa.uint64()),
        "nested": [[{"a": [1, None], "b": {"c": "x"}}, None]],
        "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        "fixed": pa.array([[1.5, 2.5]], pa.list_(pa.float32(), 2)),
        "category": pa.array(["x"]).dictionary_encode(),
        "bytes": [b"\x00\xff"],
        "null": pa.nulls(1),
        "a.b [0]": [1],
        "": [1],
    }
).replace_schema_metadata({"origin": "a test"})


@pytest.mark.parametrize(
    "table",
    [EVERY_TYPE, EVERY_TYPE.slice(0, 0), pa.Table.from_batches([], EVERY_TYPE.schema), pa.table({"n": range(100_000)})],
    ids=["every type", "no rows", "no batches", "many rows"],
)
def test_a_table_comes_back_unchanged(table, place):
    write_parquet(table, place)
    found = read_table(place, "", pa.Table)
    assert found.equals(table)
    assert found.schema.metadata == table.schema.metadata
    assert StructuredDataset(place, "parquet").read().equals(table)


def test_the_file_has_the_name_that_flytekit_gives_it(tmp_path):
    write_parquet(pa.table({"n": [1]}), f"{tmp_path}/a/b/")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["00000"]
    assert pq.read_table(tmp_path / "a" / "b" / "00000").to_pydict() == {"n": [1]}
    assert read_table(f"{tmp_path}/a/b/00000", "", pa.Table).to_pydict() == {"n": [1]}
    assert read_table(f"file://{tmp_path}/a/b", "", pa.Table).to_pydict() == {"n": [1]}


def test_small_batches_share_a_row_group(tmp_path):
    batches = [pa.record_batch({"n": [number]}) for number in range(1000)]
    write_parquet(pa.RecordBatchReader.from_batches(batches[0].schema, batches), str(tmp_path))
    assert pq.read_metadata(tmp_path / "00000").num_row_groups == 1
    assert read_table(str(tmp_path), "", pa.Table)["n"].to_pylist() == list(range(1000))


def test_large_batches_do_not_share_a_row_group(tmp_path):
    batch = pa.record_batch({"n": pa.array(range(3_000_000))})
    write_parquet(pa.Table.from_batches([batch] * 2), str(tmp_path))
    assert pq.read_metadata(tmp_path / "00000").num_row_groups > 2
    assert read_table(str(tmp_path), "", pa.Table).num_rows == 6_000_000


def test_a_row_group_of_many_columns_is_larger(tmp_path):
    batch = pa.record_batch({f"column {number}": pa.array(range(1000)) for number in range(400)})
    write_parquet(pa.Table.from_batches([batch] * 10), str(tmp_path))
    metadata = pq.read_metadata(tmp_path / "00000")
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [9000, 1000]


def test_dictionaries_that_differ_by_batch(tmp_path):
    batches = [pa.record_batch({"c": pa.array(texts).dictionary_encode()}) for texts in (["x", "y"], ["z", "x"])]
    write_parquet(pa.RecordBatchReader.from_batches(batches[0].schema, batches), str(tmp_path))
    assert read_table(str(tmp_path), "", pa.Table)["c"].to_pylist() == ["x", "y", "z", "x"]


def test_string_views_are_stored_as_strings(tmp_path):
    # pyarrow cannot write every type that it supports; polars produces all of these.
    view = pa.string_view()
    schema = pa.schema(
        {
            "text": view,
            "bytes": pa.binary_view(),
            "list": pa.list_(view),
            "large": pa.large_list(pa.struct({"a": view})),
            "fixed": pa.list_(view, 1),
            "category": pa.dictionary(pa.int32(), view),
        }
    )
    plain = {"text": ["x"], "bytes": [b"x"], "list": [["x"]], "large": [[{"a": "x"}]], "fixed": [["x"]]}
    columns = [pa.array(plain[field.name], field.type) for field in schema.remove(5)]
    category = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array(["x"], view))
    write_parquet(pa.Table.from_arrays([*columns, category], schema=schema), str(tmp_path))
    found = read_table(str(tmp_path), "", pa.Table)
    assert found.to_pydict() == {**plain, "category": ["x"]}
    assert found.schema.field("text").type == pa.large_string()


# Tables, and other objects with a stream.


def test_is_table_recognizes_tables():
    for table in (pa.table({"n": [1]}), pa.record_batch({"n": [1]}), pa.table({"n": [1]}).to_reader()):
        assert is_table(table)
        assert is_table(type(table))
    for value in ([], {"n": [1]}, "text", None, int, MagicMock()):
        assert not is_table(value)


def test_recognizing_a_table_imports_nothing():
    script = (
        "import sys, connector_core.literals.tables as tables; assert not tables.is_table([]); "
        "print([name for name in ('pyarrow', 'pandas', 'polars') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_pyarrow(monkeypatch, tmp_path):
    for module in ("pyarrow", "pyarrow.dataset", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, module, None)
    for use in (
        lambda: write_parquet(EVERY_TYPE, str(tmp_path)),
        lambda: read_table(str(tmp_path), "", pa.Table),
        lambda: StructuredDataset(str(tmp_path)).read(),
        lambda: list(StructuredDataset(str(tmp_path)).batches()),
    ):
        with pytest.raises(LiteralError, match=r"^a table needs pyarrow: pip install pyarrow$"):
            use()


def test_an_object_that_is_not_a_table_is_refused(tmp_path):
    with pytest.raises(LiteralError) as error:
        write_parquet([1], str(tmp_path / "new"))
    assert str(error.value) == (
        "list is not a table: it does not provide an Arrow stream, as tables of pyarrow, polars and pandas 2.2 do."
    )
    with pytest.raises(LiteralError, match=r"cannot be written to .*/00000: .*non-struct type int64\.$"):
        write_parquet(pa.chunked_array([[1]]), str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


# pandas, polars, DuckDB.


def test_a_dataframe_of_pandas_comes_back_with_its_index(place):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "n": [1, None],
            "text": ["a", None],
            "instant": pd.date_range("2026-01-01", periods=2, tz="Europe/Berlin"),
            "category": pd.Categorical(["x", "y"], ordered=True),
        },
        index=pd.Index(["r", "s"], name="row"),
    )
    write_parquet(frame, place)
    pd.testing.assert_frame_equal(read_table(place, "", pd.DataFrame), frame)
    pd.testing.assert_frame_equal(read_table(place, "", pd.DataFrame, ["text", "n"]), frame[["text", "n"]])
    assert read_table(place, "", pa.Table, ["text"]).column_names == ["text"]
    pd.testing.assert_frame_equal(StructuredDataset(table=frame, columns=["n"]).read(pd.DataFrame), frame[["n"]])


@pytest.mark.parametrize("index", [None, [5, 7]])
def test_an_index_of_pandas_without_a_name(index, tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"n": [1, 2], "m": [3, 4]}, index=index)
    write_parquet(frame, str(tmp_path))
    pd.testing.assert_frame_equal(read_table(str(tmp_path), "", pd.DataFrame, ["m"]), frame[["m"]])


def test_a_dataframe_of_pandas_without_rows(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"n": [1], "day": pd.to_datetime(["2026-01-01"])})[:0]
    write_parquet(frame, str(tmp_path))
    pd.testing.assert_frame_equal(read_table(str(tmp_path), "", pd.DataFrame), frame)


def test_a_dataframe_of_polars_comes_back_unchanged(place):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "n": [1, None],
            "text": ["a", None],
            "instant": pl.Series([datetime(2026, 1, 1, tzinfo=UTC)] * 2, dtype=pl.Datetime("us", "Europe/Berlin")),
            "price": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
            "category": pl.Series(["x", "y"], dtype=pl.Categorical),
            "enum": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])),
            "nested": [[{"a": "x"}], []],
            "fixed": pl.Series([["a", "b"], ["c", None]], dtype=pl.Array(pl.String, 2)),
        }
    )
    for table in (frame, frame[:0]):
        write_parquet(table, place)
        found = read_table(place, "", pl.DataFrame)
        assert found.schema == frame.schema
        assert found.equals(table)
        assert read_table(place, "", pl.DataFrame, ["text", "n"]).equals(table.select("text", "n"))
    assert StructuredDataset(table=frame).read(pl.DataFrame).equals(frame)


def test_a_relation_of_duckdb(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        relation = connection.sql("SELECT i, i / 4 AS quarter FROM range(10) r(i)")
        assert is_table(relation)
        write_parquet(relation, str(tmp_path))
    assert read_table(str(tmp_path), "", pa.Table)["quarter"].to_pylist() == [number / 4 for number in range(10)]


MILLION = """SELECT i, 'row number ' || i AS name, (i * 1.5)::DECIMAL(18, 3) AS amount, [i, i + 1] AS pair,
             TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(i) AS moment FROM range(1000000) r(i)"""

WRITE = """
import duckdb, sys
from connector_core.literals.tables import write_parquet
write_parquet(duckdb.sql(sys.argv[1]), sys.argv[2])
"""

READ = """
import sys
from connector_core.literals.tables import StructuredDataset
assert sum(map(len, StructuredDataset(sys.argv[2]).batches())) == 1_000_000
"""

# This is the peak of this process alone; getrusage would include the peak of the parent process.
PEAK = """
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_million_rows_take_less_than_300_mb(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    for script in (WRITE, READ):
        command = [sys.executable, "-c", script + PEAK, MILLION, str(tmp_path)]
        done = subprocess.run(command, env=unmeasured(), capture_output=True, text=True, check=True)
        assert int(done.stdout.split()[-1]) < 300_000  # DuckDB may have shown its progress.
    with duckdb.connect() as connection:
        stored = f"FROM read_parquet('{tmp_path}/00000')"
        pairs = f"({MILLION}) made POSITIONAL JOIN ({stored}) stored"
        assert connection.execute(f"SELECT count(*) FROM {pairs} WHERE made IS DISTINCT FROM stored").fetchone() == (0,)
    position = 0
    for batch in StructuredDataset(str(tmp_path), columns=["i"]).batches():
        assert batch["i"].equals(pa.array(range(position, position + len(batch))))
        position += len(batch)
    assert position == 1_000_000


# Columns.


def test_only_the_named_columns_are_read_in_their_order(orders):
    assert read_table(orders, "", pa.Table, ["name", "id"]).to_pydict() == {"name": ["a", "b"], "id": [1, 2]}
    assert read_table(orders, "", pa.RecordBatchReader, ["name"]).read_all().column_names == ["name"]
    assert StructuredDataset(orders, columns=["name"]).read().column_names == ["name"]
    assert [batch.schema.names for batch in StructuredDataset(orders, columns=["name"]).batches()] == [["name"]]
    table = pa.table({"a": [1], "b": [2]})
    assert StructuredDataset(table=table, columns={"b": LiteralType()}).read().column_names == ["b"]


@pytest.mark.parametrize("columns", [None, (), {}])
def test_without_named_columns_all_are_read(orders, columns):
    assert read_table(orders, "", pa.Table, columns).column_names == ["id", "name", "buyer"]


def test_naming_a_nested_field_reads_its_column(orders):
    assert read_table(orders, "", pa.Table, ["buyer.age", "buyer.city"]).column_names == ["buyer"]


@pytest.mark.parametrize("missing", ["nmae", "nmae.x", ""])
def test_the_error_names_a_missing_column(orders, missing):
    for place, there in (({"uri": orders}, "id, name, buyer"), ({"table": pa.table({"id": [1]})}, "id")):
        with pytest.raises(LiteralError) as error:
            StructuredDataset(**place, columns=["id", missing]).read()
        assert str(error.value) == f"there is no column {missing!r}; there are: {there}."


# Places of a table.


def test_the_files_of_a_directory_form_one_table(place):
    filesystem, path = fsspec.core.url_to_fs(place)
    filesystem.makedirs(path)
    for name, numbers in {"b.parquet": [3], "a": [1, 2], "_SUCCESS": None, ".crc": None}.items():
        with filesystem.open(f"{path}/{name}", "wb") as file:
            if numbers:
                pq.write_table(pa.table({"n": numbers}), file)
    assert read_table(place, "", pa.Table).to_pydict() == {"n": [1, 2, 3]}
    assert [batch["n"].to_pylist() for batch in StructuredDataset(place).batches()] == [[1, 2], [3]]


def test_a_partitioned_directory(place):
    for year in (2025, 2026):
        write_parquet(pa.table({"n": [year * 2]}), f"{place}/year={year}")
    assert read_table(place, "", pa.Table).to_pydict() == {"n": [4050, 4052], "year": [2025, 2026]}
    assert read_table(place, "", pa.Table, ["year"]).to_pydict() == {"year": [2025, 2026]}


def test_a_damaged_file_is_an_error(orders):
    Path(orders, "00001").write_bytes(b"PAR1 it is not")
    for read in (lambda: read_table(orders, "", pa.Table), lambda: list(StructuredDataset(orders).batches())):
        with pytest.raises(LiteralError, match=rf"^the dataset {orders} cannot be read: .*'{orders}/00001'.*\.$"):
            read()


def test_a_missing_dataset(place):
    for file_format in ("", "csv"):
        with pytest.raises(LiteralError) as error:
            read_table(place, file_format, pa.Table)
        assert str(error.value) == f"there is no dataset {place}."


def test_a_directory_without_files(tmp_path):
    with pytest.raises(LiteralError, match=rf"^the dataset {tmp_path} is a directory without files\.$"):
        read_table(str(tmp_path), "", pa.Table)


@pytest.mark.parametrize("uri", ["nowhere://bucket/table", "nowhere://bucket/table/"])
def test_an_unknown_scheme(uri):
    with pytest.raises(LiteralError, match=r"^the dataset nowhere://bucket/table/? cannot be read: .*nowhere"):
        read_table(uri, "", pa.Table)
    with pytest.raises(
        LiteralError, match=r"^the table cannot be written to nowhere://bucket/table/00000: .*nowhere"
    ) as error:
        write_parquet(EVERY_TYPE, uri)
    assert isinstance(error.value.__cause__, ValueError)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("nowhere://me:hunter2@host/table", "nowhere://***@host/table"),
        ("nowhere://host/table?signature=hunter2", "nowhere://host/table?***"),
    ],
)
def test_a_secret_in_a_uri_is_not_shown(uri, shown):
    for use in (lambda: read_table(uri, "", pa.Table), lambda: write_parquet(EVERY_TYPE, uri)):
        with pytest.raises(LiteralError, match="cannot be") as error:
            use()
        assert shown in str(error.value)
        assert "hunter2" not in str(error.value)


# CSV.


@pytest.mark.parametrize("name", ["table.csv", ".csv"])
def test_a_csv(place, name):
    filesystem, path = fsspec.core.url_to_fs(place)
    filesystem.makedirs(path)
    filesystem.pipe_file(f"{path}/{name}", b'id,name,price\n1,"a, b",1.5\n2,,\n')
    expected = {"id": [1, 2], "name": ["a, b", ""], "price": [1.5, None]}
    assert read_table(place, "csv", pa.Table).to_pydict() == expected
    assert read_table(f"{place}/{name}", "csv", pa.Table).to_pydict() == expected
    assert StructuredDataset(place, "csv", columns=["price"]).read().to_pydict() == {"price": [1.5, None]}
    assert [batch.num_rows for batch in StructuredDataset(place, "csv").batches()] == [2]


def test_the_types_of_a_csv_depend_on_all_rows(tmp_path):
    rows = "".join(f"{number},text\n" for number in range(1_000_000))
    (tmp_path / "0.csv").write_text(f"n,text\n{rows}0.5,\n")
    (tmp_path / "1.csv").write_text("n,text\n1,\n")
    assert read_table(str(tmp_path), "csv", pa.Table, ["n"])["n"].to_pylist()[-2:] == [0.5, 1]
    # The types of batches that have been passed on can no longer change.
    with pytest.raises(LiteralError, match=r"CSV conversion error to int64: invalid value '0\.5'"):
        list(StructuredDataset(tmp_path, "csv").batches())


def test_the_types_of_a_streamed_csv_depend_on_many_rows(tmp_path):
    rows = "".join(f"{number},text\n" for number in range(500_000))
    (tmp_path / "0.csv").write_text(f"n,text\n{rows}0.5,\n")
    (tmp_path / "1.csv").write_text("n,text\n1,\n")
    batches = list(StructuredDataset(tmp_path, "csv", columns=["n"]).batches())
    assert len(batches) > 1
    assert pa.Table.from_batches(batches)["n"].to_pylist()[-2:] == [0.5, 1]


@pytest.mark.parametrize("text", ["", "a,b\n1\n"])
def test_a_malformed_csv(tmp_path, text):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(LiteralError, match=rf"^the dataset {tmp_path}/bad\.csv cannot be read: .*CSV.*\.$"):
        read_table(f"{tmp_path}/bad.csv", "csv", pa.Table)


# Formats and classes.


def test_an_unknown_format_names_the_known_ones(tmp_path):
    with pytest.raises(LiteralError) as error:
        read_table(str(tmp_path), "orc", pa.Table)
    assert str(error.value) == "the format of a dataset must be 'parquet' or 'csv', not 'orc'."


@pytest.mark.parametrize(("table_type", "name"), [(dict, "builtins.dict"), (pa.RecordBatch, "pyarrow.RecordBatch")])
def test_an_unknown_class_names_the_known_ones(orders, table_type, name):
    for dataset in (StructuredDataset(orders), StructuredDataset(table=pa.table({"n": [1]}))):
        with pytest.raises(LiteralError) as error:
            dataset.read(table_type)
        assert str(error.value) == (
            "a table can be read as pyarrow.Table, pyarrow.RecordBatchReader, pandas.DataFrame, polars.DataFrame, "
            f"not as {name}."
        )


# Errors in writing a table.


@pytest.mark.parametrize("error", [ValueError("no luck"), OSError("no luck"), pa.ArrowInvalid("no luck")], ids=repr)
def test_a_stream_that_fails_leaves_no_file(error, place):
    with pytest.raises(LiteralError) as caught:
        write_parquet(failing(error), place)
    assert str(caught.value) == f"the table cannot be written to {place}/00000: no luck."
    assert caught.value.__cause__ is error
    filesystem, path = fsspec.core.url_to_fs(place)
    assert filesystem.ls(path) == []


@pytest.mark.parametrize("error", [RetryableError("no luck"), KeyboardInterrupt()], ids=repr)
def test_errors_that_a_connector_raises_on_purpose_pass_unchanged(error, tmp_path):
    with pytest.raises(type(error)) as caught:
        write_parquet(failing(error), str(tmp_path))
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_the_error_does_not_contain_the_traceback_of_a_nested_stream(tmp_path):
    class Exporting:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return failing(RuntimeError("no luck")).__arrow_c_stream__(requested_schema)

    with pytest.raises(LiteralError) as error:
        write_parquet(Exporting(), str(tmp_path))
    assert str(error.value) == f"the table cannot be written to {tmp_path}/00000: Unknown error: no luck."
    assert list(tmp_path.iterdir()) == []


def test_sql_that_fails_midway_leaves_no_file(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        relation = connection.sql(
            "SELECT (CASE WHEN i = 2900000 THEN 'x' ELSE '1' END)::INTEGER FROM range(3000000) r(i)"
        )
        with pytest.raises(LiteralError, match=r"00000: .*Could not convert string 'x' to INT32"):
            write_parquet(relation, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_type_that_parquet_does_not_have(tmp_path):
    with pytest.raises(LiteralError, match=r"00000: Unhandled type for Arrow to Parquet schema conversion"):
        write_parquet(pa.table({"wait": pa.nulls(1, pa.month_day_nano_interval())}), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_created(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(LiteralError, match=rf"^the table cannot be written to {tmp_path}/file/00000: .+\.$") as error:
        write_parquet(EVERY_TYPE, f"{tmp_path}/file")
    assert isinstance(error.value.__cause__, OSError)
    assert (tmp_path / "file").read_text() == "kept"


def test_a_file_that_cannot_be_opened_is_not_removed(tmp_path, monkeypatch):
    write_parquet(pa.table({"n": [1]}), str(tmp_path))

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError("it is read-only")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(LiteralError, match=r"00000: it is read-only\.$"):
        write_parquet(pa.table({"n": [2]}), str(tmp_path))
    assert pq.read_table(tmp_path / "00000").to_pydict() == {"n": [1]}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk(tmp_path):
    (tmp_path / "00000").symlink_to("/dev/full")
    with pytest.raises(LiteralError, match=r"00000: .*No space left on device"):
        write_parquet(pa.table({"n": range(1_000_000)}), str(tmp_path))
    assert list(tmp_path.iterdir()) == []


# StructuredDataset.


def test_a_dataset_has_its_attributes_and_repr():
    integer = LiteralType(simple=SimpleType.INTEGER)
    dataset = StructuredDataset("s3://b/t", "parquet", columns={"n": integer})
    assert dataset == StructuredDataset("s3://b/t", "parquet", columns={"n": integer})
    assert hash(dataset) == hash(StructuredDataset("s3://b/t", "parquet", columns={"n": integer}))
    assert dataset != StructuredDataset("s3://b/t", "parquet")
    assert dataset != StructuredDataset("s3://b/t", "parquet", columns=["n"])
    assert dataset != StructuredDataset("s3://b/t", columns={"n": integer})
    assert dataset != StructuredDataset("s3://b/u", "parquet", columns={"n": integer})
    assert StructuredDataset("t", columns=()) == StructuredDataset("t", columns={}) == StructuredDataset(Path("t"))
    assert str(dataset) == "s3://b/t"


def test_a_dataset_in_memory_is_read_from_memory(tmp_path):
    dataset = StructuredDataset(str(tmp_path / "not-yet"), table=EVERY_TYPE)
    assert dataset.read().equals(EVERY_TYPE)
    assert dataset.read(pa.RecordBatchReader).read_all().equals(EVERY_TYPE)
    assert pa.Table.from_batches(dataset.batches()).equals(EVERY_TYPE)
    assert str(dataset) == dataset.uri
    assert str(StructuredDataset(table=EVERY_TYPE)) == "Table in memory"
    assert repr(StructuredDataset(table=EVERY_TYPE)) == (
        "StructuredDataset(uri=None, file_format='', table=Table, columns={})"
    )


@pytest.mark.parametrize("uri", [None, ""])
def test_a_dataset_needs_a_uri_or_a_table(uri):
    with pytest.raises(LiteralError, match=r"^a StructuredDataset needs a URI or a table\.$"):
        StructuredDataset(uri)


def test_the_table_of_a_dataset_must_be_a_table():
    with pytest.raises(LiteralError, match=r"^dict is not a table: it does not provide an Arrow stream"):
        StructuredDataset(table={"n": [1]})


def test_batches_are_read_one_by_one(tmp_path):
    for number in range(3):
        write_parquet(pa.table({"n": [number]}), f"{tmp_path}/{number}")
    batches = StructuredDataset(tmp_path).batches()
    assert next(batches)["n"].to_pylist() == [0]
    Path(tmp_path, "1", "00000").unlink()
    with pytest.raises(LiteralError, match=rf"^the dataset {tmp_path} cannot be read: .*{tmp_path}/1/00000"):
        next(batches)


def test_an_error_in_the_stream_of_a_dataset():
    dataset = StructuredDataset(table=failing(OSError("no luck")))
    batches = dataset.batches()
    assert next(batches)["n"].to_pylist() == [1]
    with pytest.raises(LiteralError, match=r"^the dataset RecordBatchReader in memory cannot be read: no luck\.$"):
        next(batches)
    with pytest.raises(LiteralError, match=r"^the table in memory cannot be read: no luck\.$"):
        StructuredDataset(table=failing(OSError("no luck"))).read()
