"""Inputs are bound to the parameters of the SQL, and stay the values that they are."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector_core import Directory, File, PermanentError, StructuredDataset, to_literal
from connector_core.idl import Literal, LiteralMap
from connector_duckdb import DuckDBConnector


def test_an_input_is_bound_to_the_parameter_of_its_name(rows):
    assert rows("SELECT $a - $b AS difference", a=7, b=3) == [{"difference": 4}]


def test_sql_in_an_input_stays_a_value(rows):
    attempt = "x'; DROP TABLE t; --"
    sql = "CREATE TABLE t AS SELECT 1 AS n; SELECT $name AS name, count(*) AS tables FROM t"
    assert rows(sql, name=attempt) == [{"name": attempt, "tables": 1}]


def test_what_looks_like_a_parameter_in_an_input_stays_a_value(rows):
    assert rows("SELECT $a AS a, $b AS b", a="$b", b="{{.inputs.a}}") == [{"a": "$b", "b": "{{.inputs.a}}"}]


def test_a_parameter_may_stand_in_several_places(rows):
    assert rows("SELECT $a AS x, $a AS y WHERE $a > 1", a=2) == [{"x": 2, "y": 2}]


def test_each_statement_gets_the_parameters_that_it_names(rows):
    sql = "CREATE TABLE t AS SELECT $first AS v; INSERT INTO t SELECT $second; SELECT v FROM t WHERE v < $limit"
    assert rows(sql, first=1, second=2, limit=9) == [{"v": 1}, {"v": 2}]


def test_without_inputs_no_map_is_needed(do):
    assert do("SELECT 1 AS one", inputs=None).outputs == {"rows": [{"one": 1}]}


def test_none_is_null(rows):
    assert rows("SELECT $a IS NULL AS missing", a=None) == [{"missing": True}]


def test_a_datetime_equals_the_timestamp_of_its_utc_clock(rows):
    sql = "SELECT TIMESTAMP '2026-01-01 12:00:00' = $noon AS equal"
    assert rows(sql, noon=datetime(2026, 1, 1, 12, tzinfo=UTC)) == [{"equal": True}]


def test_the_time_zone_of_the_machine_changes_nothing():
    script = """
from connector_core.idl import Sql, TaskTemplate
from connector_duckdb import DuckDBConnector
sql = "SELECT TIMESTAMP '2026-01-01 12:00:00'::TIMESTAMPTZ AS noon"
print(DuckDBConnector().do(TaskTemplate(sql=Sql(statement=sql)), "memory://unused").outputs)
"""
    environment = {**os.environ, "TZ": "America/New_York"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "{'rows': [{'noon': '2026-01-01T12:00:00+00:00'}]}\n"


def test_a_timedelta_is_an_interval(rows):
    sql = "SELECT TIMESTAMP '2026-01-01 00:00:00' + $wait AS at"
    assert rows(sql, wait=timedelta(days=1, seconds=2)) == [{"at": "2026-01-02T00:00:02"}]


def test_a_list_can_be_searched(rows):
    assert rows("SELECT i FROM range(9) r(i) WHERE list_contains($wanted, i)", wanted=[2, 5]) == [{"i": 2}, {"i": 5}]


def test_an_input_that_the_sql_does_not_name_is_refused(do):
    with pytest.raises(PermanentError) as error:
        do("SELECT $least, $most", inputs={"least": 1, "most": 2, "leest": 3})
    assert str(error.value) == "The SQL does not name the input 'leest'; its parameters are: $least, $most."
    assert error.value.code == "INPUTS"


def test_an_input_of_sql_without_parameters_is_refused(do):
    with pytest.raises(PermanentError) as error:
        do("SELECT 1", inputs={"n": 1})
    assert str(error.value) == "The SQL does not name the input 'n'; it has no parameters; write $n."


def test_a_parameter_without_an_input_is_refused(do):
    with pytest.raises(PermanentError) as error:
        do("SELECT $b, $c", inputs={"b": 1})
    assert str(error.value) == "The SQL's parameter $c has no input of that name; the inputs are: b."


def test_a_parameter_without_any_input_is_refused(do):
    with pytest.raises(PermanentError, match=r"^The SQL's parameter \$1 has no input .*; no inputs were given\.$"):
        do("SELECT ?")


@pytest.mark.parametrize("kind", [File, Directory, StructuredDataset])
@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"key": value}])
def test_a_file_within_a_value_cannot_be_bound(do, kind, wrap):
    with pytest.raises(PermanentError) as error:
        do("SELECT $file", inputs={"file": wrap(kind("s3://bucket/key"))})
    assert str(error.value) == (
        "The input 'file' cannot be bound to $file: a file or a dataset in it is not an SQL value. Pass it as a "
        "separate input."
    )
    assert error.value.code == "INPUTS"


def test_a_file_is_bound_as_its_uri(rows, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("id,amount\n7,120.5\n")
    assert rows("SELECT amount FROM read_csv($file)", file=File(path)) == [{"amount": 120.5}]


def test_a_dataset_is_a_table_of_its_name(rows, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("id,amount\n7,120.5\n8,1\n")
    orders = StructuredDataset(path, "csv")
    assert rows("SELECT id FROM orders WHERE amount > $least", orders=orders, least=100) == [{"id": 7}]


def test_a_table_in_memory_is_one_too(rows):
    orders = pa.table({"id": [1, 2]})
    assert rows("SELECT sum(id) AS ids FROM orders", orders=orders) == [{"ids": 3}]


def test_a_dataset_can_be_read_more_than_once(rows):
    orders = pa.table({"id": [1, 2]})
    assert rows("SELECT count(*) AS pairs FROM orders a, orders b", orders=orders) == [{"pairs": 4}]


def test_a_dataset_has_the_columns_that_its_literal_names(rows, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("id,amount\n7,120.5\n")
    orders = to_literal(StructuredDataset(path), Annotated[StructuredDataset, {"amount": float}, "csv"])
    assert rows("FROM orders", orders=orders) == [{"amount": 120.5}]


def test_a_dataset_comes_before_a_table_of_the_database(rows):
    sql = "CREATE TABLE orders AS SELECT 1 AS n; SELECT count(*) AS n FROM orders"
    assert rows(sql, orders=pa.table({"id": [1, 2, 3]})) == [{"n": 3}]


def test_a_dataset_can_be_queried_beside_a_database_that_is_read_only(rows, tmp_path):
    database = str(tmp_path / "shop.duckdb")
    rows("CREATE TABLE prices AS SELECT 1 AS id, 2.5::DOUBLE AS price", custom={"database": database})
    sql = "SELECT price FROM prices JOIN orders USING (id)"
    custom = {"database": database, "read_only": True}
    assert rows(sql, custom=custom, orders=pa.table({"id": [1]})) == [{"price": 2.5}]


def test_the_name_of_a_dataset_is_no_sql(rows):
    name = 'orders"; DROP TABLE x; --'
    quoted = name.replace('"', '""')
    assert rows(f'SELECT id FROM "{quoted}"', **{name: pa.table({"id": [1]})}) == [{"id": 1}]


def test_a_dataset_that_is_not_there_is_an_input_that_cannot_be_read(do, tmp_path):
    with pytest.raises(PermanentError, match=r"^The input 'orders' cannot be read: there is no dataset") as error:
        do("FROM orders", inputs={"orders": StructuredDataset(f"{tmp_path}/none")})
    assert error.value.code == "INPUTS"


def test_an_input_without_a_value_is_refused(do):
    with pytest.raises(PermanentError, match=r"^An input cannot be read: inputs\.a: the literal holds no value\.$"):
        do("SELECT $a", inputs=LiteralMap(literals={"a": Literal()}))


def test_wrong_inputs_run_no_statement(do, tmp_path):
    with pytest.raises(PermanentError):
        do(f"COPY (SELECT 1) TO '{tmp_path}/copy.csv'; SELECT $a", inputs={"b": 1})
    assert not (tmp_path / "copy.csv").exists()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXT | st.lists(TEXT))
def test_a_bound_value_comes_back_equal(do, value: Any):
    (row,) = do("SELECT $value AS value", inputs={"value": value}).outputs["rows"]
    both_nan = isinstance(value, float) and math.isnan(value) and math.isnan(row["value"])
    assert both_nan or (row["value"] == value and type(row["value"]) is type(value))


def test_the_task_type_is_duckdb():
    assert DuckDBConnector().task_category.name == "duckdb"
