"""Rows inline, or one Parquet file: what decides, and what comes out."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import duckdb
import fsspec
import pyarrow.parquet as pq
import pytest

from connector_core import PermanentError, Phase, Task, literal_type, to_literal
from connector_core.idl import LiteralType, SimpleType, StructuredDatasetType
from connector_duckdb import connector
from support.venvs import unmeasured


def dataset_of(resource):
    return resource.outputs["rows"]


def test_rows_are_dicts_in_the_order_of_the_query(do):
    resource = do("SELECT i, i * i AS square FROM range(3) r(i) ORDER BY i DESC")
    assert resource.outputs == {"rows": [{"i": 2, "square": 4}, {"i": 1, "square": 1}, {"i": 0, "square": 0}]}
    assert resource.phase is Phase.SUCCEEDED


@pytest.mark.parametrize(("number", "message"), [(0, "0 rows"), (1, "1 row"), (3, "3 rows")])
def test_the_message_counts_the_rows(do, number, message):
    assert do(f"FROM range({number})").message == message


def test_a_result_without_rows_is_an_empty_list(rows):
    assert rows("SELECT 1 AS n WHERE false") == []


@pytest.mark.parametrize("sql", ["CREATE TABLE t (i INTEGER)", "SET threads = 1", "BEGIN", "DROP TABLE IF EXISTS t"])
def test_a_statement_without_a_result_gives_no_rows(rows, sql):
    assert rows(sql) == []


def test_an_insert_gives_the_count_that_duckdb_gives(rows):
    assert rows("CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1), (2)") == [{"Count": 2}]


def test_returning_gives_the_rows(rows):
    assert rows("CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1) RETURNING i") == [{"i": 1}]


def test_the_last_statement_gives_the_result(rows):
    assert rows("SELECT 1 AS a; SELECT 2 AS b; -- the end") == [{"b": 2}]


def test_a_statement_before_the_last_runs_to_its_end(rows):
    sql = "CREATE SEQUENCE s; SELECT nextval('s') FROM range(100000); SELECT currval('s') AS last"
    assert rows(sql) == [{"last": 100_000}]


def test_columns_of_one_name_are_all_kept(rows):
    sql = "SELECT 1 AS x, 2 AS x, 3 AS x_1, 4 AS X, 5 AS x"
    assert rows(sql) == [{"x": 1, "x_2": 2, "x_1": 3, "X": 4, "x_3": 5}]


def test_renamed_columns_keep_the_order_of_the_rows(rows):
    found = rows("SELECT i AS x, i AS x FROM range(500) r(i) ORDER BY i DESC")
    assert [row["x_1"] for row in found] == list(range(499, -1, -1))


@pytest.mark.parametrize("custom", [{}, {"inline_rows": 7}, {"inline_rows": 0}])
def test_the_limit_itself_is_inline_and_one_row_more_is_not(do, custom):
    limit = custom.get("inline_rows", 1000)
    assert len(do(f"FROM range({limit})", custom=custom).outputs["rows"]) == limit
    assert dataset_of(do(f"FROM range({limit + 1})", custom=custom)).uri.endswith("/rows.parquet")


def test_few_rows_of_many_bytes_are_not_inline(do):
    assert isinstance(do("SELECT repeat('x', 100_000) AS text").outputs["rows"], list)
    assert dataset_of(do("SELECT repeat('x', 140_000) AS text")).uri


def test_inline_rows_are_within_128_kib_as_a_literal(do):
    for width in range(90, 150, 5):
        found = do(f"SELECT repeat('x', {width}) AS text FROM range(1000)").outputs["rows"]
        assert not isinstance(found, list) or to_literal(found).ByteSize() <= 128 * 1024


def test_a_large_result_is_one_parquet_file_under_the_prefix(do, tmp_path):
    resource = do("SELECT i FROM range(5000) r(i)")
    uri = f"{tmp_path}/out/rows.parquet"
    assert dataset_of(resource).uri == uri
    assert resource.message == f"5,000 rows written to {uri}"
    assert list((tmp_path / "out").iterdir()) == [Path(uri)]


def test_the_parquet_file_equals_the_source(do, tmp_path):
    source = (
        "SELECT i, 'text ' || i AS t, i / 7 AS d, DATE '2026-01-01' + (i % 99)::INTEGER AS day FROM range(100000) r(i)"
    )
    uri = dataset_of(do(source)).uri
    with duckdb.connect() as connection:
        differences = f"(({source}) EXCEPT (FROM '{uri}')) UNION ALL ((FROM '{uri}') EXCEPT ({source}))"
        assert connection.execute(f"SELECT count(*) FROM ({differences})").fetchone() == (0,)
        assert connection.execute(f"SELECT count(*), max(i) FROM '{uri}'").fetchone() == (100_000, 99_999)


PLAIN = (
    "SELECT CASE WHEN i % 7 > 0 THEN i % 2 = 0 END AS b, (i % 99)::TINYINT AS i1, i::SMALLINT AS i2, i::INTEGER AS i4, "
    "i * 10_000_000_000 AS i8, (i % 200)::UTINYINT AS u1, i::USMALLINT AS u2, i::UINTEGER AS u4, (i / 7)::FLOAT AS f, "
    "CASE i % 5 WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN NULL ELSE i / 3 END AS d, repeat('é', (i % 9)::INTEGER) AS s "
    "FROM range(3000) r(i)"
)


@pytest.mark.parametrize("arrow", [False, True])
def test_plain_columns_are_the_same_with_and_without_arrow(do, dataset_type, arrow):
    declared = {"rows": dataset_type} if arrow else None
    uri = dataset_of(do(PLAIN, declared=declared)).uri
    with duckdb.connect() as connection:
        expected = connection.sql(PLAIN).to_arrow_table()
    table = pq.read_table(uri)
    assert table.schema.equals(expected.schema)
    assert str(table.to_pylist()) == str(expected.to_pylist())  # NaN is not equal to itself.


def test_plain_rows_are_those_that_arrow_gives(do):
    found = do(f"{PLAIN} LIMIT 500").outputs["rows"]
    with duckdb.connect() as connection:
        assert str(found) == str(connection.sql(f"{PLAIN} LIMIT 500").to_arrow_table().to_pylist())


def test_the_extremes_of_plain_types_are_exact(rows):
    sql = """FROM (VALUES ((-128)::TINYINT, (-32768)::SMALLINT, (-2147483648)::INTEGER, (-9223372036854775808)::BIGINT,
        255::UTINYINT, 65535::USMALLINT, 4294967295::UINTEGER, 'infinity'::FLOAT, (-1e-300)::DOUBLE, ''))
        t(i1, i2, i4, i8, u1, u2, u4, f, d, s)"""
    expected = [-128, -(2**15), -(2**31), -(2**63), 255, 2**16 - 1, 2**32 - 1, math.inf, -1e-300, ""]
    assert [list(row.values()) for row in rows(sql)] == [expected]


def test_rows_of_several_batches_are_inline(rows):
    sql = "SELECT i, 'é' || i AS s FROM range(9) r(i) UNION ALL SELECT NULL, NULL UNION ALL SELECT 7, 'x'"
    expected = [{"i": i, "s": f"é{i}"} for i in range(9)]
    assert rows(sql) == [*expected, {"i": None, "s": None}, {"i": 7, "s": "x"}]


@pytest.mark.parametrize("setting", ["arrow_output_version = '1.4'", "arrow_large_buffer_size = true"])
def test_plain_rows_when_duckdb_gives_text_another_format(do, setting):
    assert do(f"SET {setting}; SELECT 'é' AS s, 1 AS i").outputs["rows"] == [{"s": "é", "i": 1}]


def test_a_large_result_is_not_converted_to_python_rows(do, monkeypatch):
    converted = []
    to_rows = connector.to_rows
    monkeypatch.setattr(connector, "to_rows", lambda batch: converted.append(len(batch)) or to_rows(batch))
    assert len(do("SELECT i FROM range(700) r(i)").outputs["rows"]) == 700
    assert converted == [700]
    assert pq.read_table(dataset_of(do("SELECT i FROM range(300000) r(i)")).uri).num_rows == 300_000
    assert converted == [700]


def test_row_groups_are_small(do, dataset_type):
    for declared in (None, {"rows": dataset_type}):
        uri = dataset_of(do("SELECT i FROM range(140000) r(i)", declared=declared)).uri
        groups = pq.read_metadata(uri)
        assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [*[32_768] * 4, 8928]


def test_the_parquet_file_keeps_the_order_of_the_rows(do):
    table = pq.read_table(dataset_of(do("SELECT i FROM range(100000) r(i) ORDER BY i DESC")).uri)
    assert table["i"].to_pylist() == list(range(99_999, -1, -1))


def test_the_dataset_says_its_columns(do):
    sql = "SELECT i, 'x' AS s, 0.5::DOUBLE AS f, true AS b, now() AS t, [i] AS l, {'a': 1} AS r FROM range(2000) t(i)"
    dataset = dataset_of(do(sql))
    assert dataset.file_format == "parquet"
    assert dataset.columns == {
        "i": LiteralType(simple=SimpleType.INTEGER),
        "s": LiteralType(simple=SimpleType.STRING),
        "f": LiteralType(simple=SimpleType.FLOAT),
        "b": LiteralType(simple=SimpleType.BOOLEAN),
        "t": LiteralType(simple=SimpleType.DATETIME),
        "l": LiteralType(collection_type=LiteralType(simple=SimpleType.INTEGER)),
        "r": LiteralType(simple=SimpleType.STRUCT),
    }


def test_a_large_result_with_parameters(do):
    resource = do("SELECT i FROM range(5000) r(i) WHERE i >= $least", inputs={"least": 10})
    assert pq.read_table(dataset_of(resource).uri).num_rows == 4990


def test_a_large_result_of_a_query_that_counts_runs_once(do, tmp_path):
    database = str(tmp_path / "counted.duckdb")
    sql = "CREATE SEQUENCE s; SELECT nextval('s') AS n FROM range(200000)"
    table = pq.read_table(dataset_of(do(sql, custom={"database": database})).uri)
    assert (table.num_rows, table["n"][0].as_py(), table["n"][-1].as_py()) == (200_000, 1, 200_000)
    assert do("SELECT nextval('s') AS n", custom={"database": database}).outputs["rows"] == [{"n": 200_001}]


def test_a_prefix_in_memory(do):
    resource = do("FROM range(2000)", output_prefix="memory://of-a-test/attempt/")
    assert dataset_of(resource).uri == "memory://of-a-test/attempt/rows.parquet"
    with fsspec.open(dataset_of(resource).uri) as file:
        assert pq.read_table(file).num_rows == 2000


def test_the_one_declared_output_gives_the_name(do, dataset_type):
    assert do("SELECT 1 AS n", declared={"orders": literal_type(list[dict])}).outputs == {"orders": [{"n": 1}]}
    resource = do("SELECT 1 AS n", declared={"orders": dataset_type})
    assert resource.outputs["orders"].uri.endswith("/orders.parquet")


def test_declared_rows_through_a_task(registry, tmp_path):
    task = Task("duckdb", registry=registry, sql="SELECT 1 AS n", outputs={"found": list[dict[str, int]]})
    assert task() == {"found": [{"n": 1}]}


def test_a_task_gives_a_dataset_that_can_be_read(registry, tmp_path):
    sql = "SELECT i, 'text' AS t, [i] AS l FROM range(5000) r(i)"
    found = Task("duckdb", registry=registry, sql=sql, output_prefix=str(tmp_path))()["rows"]
    assert found.read().column_names == ["i", "t", "l"]
    assert sum(len(batch) for batch in found.batches()) == 5000


def test_a_declared_dataset_is_parquet_also_when_it_is_small(do, dataset_type):
    resource = do("SELECT 1 AS n", declared={"rows": dataset_type})
    assert pq.read_table(dataset_of(resource).uri).to_pylist() == [{"n": 1}]


def test_a_declared_dataset_without_rows_has_its_columns(do, dataset_type):
    resource = do("SELECT 1 AS n, 'x' AS s WHERE false", declared={"rows": dataset_type})
    table = pq.read_table(dataset_of(resource).uri)
    assert (table.num_rows, table.column_names) == (0, ["n", "s"])
    assert resource.message == f"0 rows written to {dataset_of(resource).uri}"


def test_a_declared_list_is_inline_beyond_the_limit_of_rows(do):
    resource = do("FROM range(5000)", declared={"rows": literal_type(list[dict])})
    assert len(resource.outputs["rows"]) == 5000


@pytest.mark.parametrize("number", [60_000, 2_000_000])
def test_a_declared_list_that_is_too_large_is_an_error(do, number):
    with pytest.raises(PermanentError) as error:
        do(f"SELECT i, 'some text' AS t FROM range({number}) r(i)", declared={"found": literal_type(list[dict])})
    assert str(error.value) == (
        "The result is too large for a list: more than 2 MiB. Declare the output 'found' as a structured dataset, "
        "declare no outputs, or select fewer rows."
    )
    assert error.value.code == "RESULT_TOO_LARGE"


def test_several_declared_outputs_are_refused(do, dataset_type):
    with pytest.raises(PermanentError) as error:
        do("SELECT 1", declared={"b": dataset_type, "a": dataset_type})
    assert str(error.value) == "A query returns one output, but the task declares 2: a, b."


def test_a_declared_output_of_another_type_is_refused(do):
    with pytest.raises(PermanentError) as error:
        do("SELECT 1", declared={"n": literal_type(int)})
    assert str(error.value) == "The output 'n' must be declared as a list of dicts or as a structured dataset."


def test_a_declared_format_other_than_parquet_is_refused(do):
    csv = LiteralType(structured_dataset_type=StructuredDatasetType(format="csv"))
    with pytest.raises(PermanentError) as error:
        do("SELECT 1", declared={"n": csv})
    assert str(error.value) == "The output 'n' is declared in the format 'csv'; a dataset is written as parquet."


def test_a_prefix_that_cannot_be_written_is_named(do, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PermanentError) as error:
        do("FROM range(2000)", output_prefix=f"{tmp_path}/file")
    assert str(error.value).startswith(f"Cannot write {tmp_path}/file/rows.parquet: ")
    assert str(error.value).endswith("; choose a writable output prefix.")
    assert error.value.code == "OUTPUT_PREFIX"


def test_a_prefix_of_an_unknown_scheme_is_named(do):
    with pytest.raises(PermanentError, match=r"^Cannot write nowhere://a/rows\.parquet: .*nowhere"):
        do("FROM range(2000)", output_prefix="nowhere://a")


def test_a_type_that_parquet_cannot_hold_is_named(do, tmp_path):
    with pytest.raises(PermanentError) as error:
        do("SELECT [INTERVAL '1 day'] AS waits FROM range(2000)")
    assert str(error.value).startswith("Parquet cannot hold a column of the result: ")
    assert str(error.value).endswith("Cast it in the SQL, such as CAST(x AS VARCHAR).")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_query_that_fails_in_the_middle_leaves_no_file(do, tmp_path):
    with pytest.raises(PermanentError) as error:
        do("SELECT (CASE WHEN i = 950000 THEN 'x' ELSE '1' END)::INTEGER AS n FROM range(1000000) r(i)")
    assert error.value.code == "SQL_CONVERSION"
    assert list((tmp_path / "out").glob("*")) == []


# The peak of this process alone: getrusage begins with that of the process that started it.
MILLION = """
from pathlib import Path
from connector_core import ConnectorRegistry, Task
from connector_duckdb import DuckDBConnector

registry = ConnectorRegistry(discover=False)
registry.register(DuckDBConnector())
sql = '''SELECT i, 'row number ' || i AS name, i * $factor AS amount,
         TIMESTAMP '2026-01-01 00:00:00' + to_seconds(i) AS moment FROM range(1000000) r(i)'''
task = Task("duckdb", registry=registry, sql=sql, output_prefix={prefix!r})
print(task(factor=1.5)["rows"])
print(*(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_million_rows_take_less_than_300_mib(tmp_path):
    script = MILLION.format(prefix=str(tmp_path))
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=unmeasured(), capture_output=True, text=True, check=True)
    uri, peak = done.stdout.split()
    assert int(peak) < 300 * 1024
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT count(*), count(DISTINCT i), sum(amount) FROM '{uri}'").fetchone()
    assert found == (1_000_000, 1_000_000, 1.5 * sum(range(1_000_000)))


def test_no_progress_is_drawn_on_standard_output(rows):
    assert rows("SELECT current_setting('enable_progress_bar') AS drawn") == [{"drawn": False}]
