"""SQL that fails, settings that are wrong, time that runs out: what the error says."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import duckdb
import pytest

from connector_core import Call, CallTimeout, ConnectorRegistry, PermanentError, RetryableError, Task, TaskTimeout
from connector_core.idl import Sql, TaskTemplate
from connector_core.invoke import invoke
from connector_duckdb import DuckDBConnector


@pytest.mark.parametrize("sql", [None, "", "  ;", "-- a comment"])
def test_without_sql(do, sql):
    with pytest.raises(PermanentError) as error:
        do(sql)
    assert str(error.value) == "The task has no SQL; put a statement into the template's sql."
    assert error.value.code == "NO_SQL"


@pytest.mark.parametrize(
    ("sql", "code", "first_line"),
    [
        ("SELEC 1", "SQL_PARSER", 'Parser Error: syntax error at or near "SELEC"'),
        ("FROM nowhere", "SQL_CATALOG", "Catalog Error: Table with name nowhere does not exist!"),
        ("SELECT a FROM range(1) r(b)", "SQL_BINDER", 'Binder Error: Referenced column "a" not found in FROM clause!'),
        ("SELECT 'x'::INTEGER", "SQL_CONVERSION", "Conversion Error: Could not convert string 'x' to INT32"),
        ("SELECT error('no such luck')", "SQL_INVALID_INPUT", "Invalid Input Error: no such luck"),
        ("FROM 'absent.csv'", "SQL_IO", 'IO Error: No files found that match the pattern "absent.csv"'),
        ("COMMIT", "SQL_TRANSACTION", "TransactionContext Error: cannot commit - no transaction is active"),
        (
            "CREATE TABLE t (i INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (1)",
            "SQL_CONSTRAINT",
            "Constraint Error: ",
        ),
    ],
)
def test_sql_that_fails(do, sql, code, first_line):
    with pytest.raises(PermanentError) as error:
        do(sql)
    assert str(error.value).partition("\n")[0].startswith(first_line)
    assert error.value.code == code


def test_sql_that_fails_while_its_rows_are_read(do):
    with pytest.raises(PermanentError) as error:
        do("SELECT (CASE WHEN i = 900 THEN 'x' ELSE '1' END)::INTEGER AS n FROM range(901) r(i)")
    assert str(error.value).startswith("Conversion Error: Could not convert string 'x' to INT32")
    assert error.value.code == "SQL_CONVERSION"


def test_a_long_message_of_duckdb_is_cut(do):
    with pytest.raises(PermanentError) as error:
        do("SELECT error(repeat('x', 100000))")
    assert len(str(error.value)) < 2100


def test_the_names_of_tables_do_not_reach_the_variables_of_the_process(do):
    with pytest.raises(PermanentError) as error:
        do("FROM statements")
    assert error.value.code == "SQL_CATALOG"


def test_a_conflict_of_transactions_may_pass(do, tmp_path):
    path = str(tmp_path / "shared.duckdb")
    with duckdb.connect(path, config={"python_enable_replacements": False}) as other:
        other.execute("CREATE TABLE t AS SELECT 1 AS i")
        other.execute("BEGIN")
        other.execute("UPDATE t SET i = 2")
        with pytest.raises(RetryableError) as error:
            do("UPDATE t SET i = 3", custom={"database": path})
    assert error.value.code == "SQL_TRANSACTION"


def test_a_database_that_another_process_holds_may_be_free_later(do, tmp_path):
    path = str(tmp_path / "held.duckdb")
    hold = f"import duckdb; c = duckdb.connect({path!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RetryableError, match="Could not set lock on file") as error:
            do("SELECT 1", custom={"database": path})
        holder.communicate("\n")
    assert error.value.code == "SQL_IO"


def test_a_database_outlives_the_task(do, tmp_path):
    custom = {"database": str(tmp_path / "kept.duckdb")}
    do("CREATE TABLE t AS SELECT 42 AS answer", custom=custom)
    assert do("FROM t", custom={**custom, "read_only": True}).outputs == {"rows": [{"answer": 42}]}


def test_the_connection_is_closed(do, tmp_path):
    path = str(tmp_path / "closed.duckdb")
    do("CREATE TABLE t AS FROM range(5000)", custom={"database": path})
    do("FROM t", custom={"database": path})
    # The error, while it is held, holds what it passed through.
    with pytest.raises(PermanentError) as error:
        do("SELECT error('x') FROM t", custom={"database": path})
    # Another process may open the file only if nobody here holds it.
    subprocess.run([sys.executable, "-c", f"import duckdb; duckdb.connect({path!r})"], check=True, capture_output=True)
    assert error.value.code == "SQL_INVALID_INPUT"


def test_a_read_only_database_refuses_to_be_written(do, tmp_path):
    path = str(tmp_path / "read.duckdb")
    duckdb.connect(path).close()
    with pytest.raises(PermanentError, match="read-only mode"):
        do("CREATE TABLE t (i INTEGER)", custom={"database": path, "read_only": True})


def test_a_database_that_is_none(do, tmp_path):
    (tmp_path / "x.duckdb").write_text("not a database")
    with pytest.raises(PermanentError, match="not a valid DuckDB database file") as error:
        do("SELECT 1", custom={"database": str(tmp_path / "x.duckdb")})
    assert error.value.code == "SQL_IO"


def test_an_unknown_setting_is_refused(do):
    with pytest.raises(PermanentError) as error:
        do("SELECT 1", custom={"databse": "x"})
    assert str(error.value) == "Unknown in custom: databse. The settings are: database, read_only, inline_rows."
    assert error.value.code == "CUSTOM"


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        ({"database": 7}, "custom.database must be the path of a database file, not 7.0."),
        ({"read_only": "yes"}, "custom.read_only must be true or false, not 'yes'."),
        ({"inline_rows": 1.5}, "custom.inline_rows must be a whole number that is not negative, not 1.5."),
        ({"inline_rows": -1}, "custom.inline_rows must be a whole number that is not negative, not -1.0."),
        ({"inline_rows": True}, "custom.inline_rows must be a whole number that is not negative, not True."),
    ],
)
def test_a_setting_of_a_wrong_type_is_refused(do, custom, message):
    with pytest.raises(PermanentError) as error:
        do("SELECT 1", custom=custom)
    assert str(error.value) == message


ENDLESS = [
    "SELECT count(*) FROM range(10_000_000) a, range(10_000_000) b",
    "FROM range(10_000_000) a, range(10_000_000) b",
    "CREATE TABLE t AS SELECT count(*) AS n FROM range(10_000_000) a, range(10_000_000) b; SELECT 1",
]


@pytest.mark.parametrize("sql", ENDLESS, ids=["before the first row", "while rows are written", "before the last"])
def test_a_query_is_interrupted_when_nobody_waits_any_more(do, sql):
    started = time.monotonic()
    with pytest.raises(RetryableError) as error:
        do(sql, timeout=0.2)
    assert time.monotonic() - started < 2
    assert str(error.value) == "The SQL was interrupted: it did not end within 0.2 s."
    assert error.value.code == "DEADLINE"


def assert_no_query_runs() -> None:
    """Soon: the thread that watches the clock ends with its query."""
    ended = time.monotonic() + 5
    while any(thread.name == "duckdb-deadline" for thread in threading.enumerate()):
        assert time.monotonic() < ended
        time.sleep(0.01)


def test_a_task_that_times_out_leaves_no_query_running(registry: ConnectorRegistry):
    with pytest.raises(TaskTimeout):
        Task("duckdb", registry=registry, sql=ENDLESS[0], timeout=0.2)()
    assert_no_query_runs()


def test_tasks_run_side_by_side(registry: ConnectorRegistry):
    async def run() -> list[object]:
        tasks = [Task("duckdb", registry=registry, sql="CREATE TABLE t AS SELECT $n AS n; FROM t") for _ in range(8)]
        return await asyncio.gather(*(task.aexecute(n=n) for n, task in enumerate(tasks)))

    assert len(asyncio.run(run())) == 8


def test_the_deadline_of_the_call_interrupts_the_query():
    connector = DuckDBConnector()
    template = TaskTemplate(type="duckdb", sql=Sql(statement=ENDLESS[0]))
    call = Call(connector, "do", deadline=time.monotonic() + 0.2)
    with pytest.raises(CallTimeout):
        asyncio.run(invoke(call, task_template=template, output_prefix="memory://unused"))
    assert_no_query_runs()
