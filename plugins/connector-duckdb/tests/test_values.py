"""What each type of DuckDB becomes in a row, and in a Parquet file."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connector_core import to_literal

VALUES = [
    ("NULL", None),
    ("true", True),
    ("1::TINYINT", 1),
    ("9223372036854775807", 2**63 - 1),
    ("(-9223372036854775808)::BIGINT", -(2**63)),
    ("18446744073709551615::UBIGINT", "18446744073709551615"),
    ("5::HUGEINT", 5),
    ("170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727"),
    ("'340282366920938463463374607431768211455'::UHUGEINT", "340282366920938463463374607431768211455"),
    ("sum(2)", 2),
    ("1.5::DOUBLE", 1.5),
    ("0.5::FLOAT", 0.5),
    ("'-infinity'::DOUBLE", -math.inf),
    ("1.50::DECIMAL(4, 2)", "1.50"),
    ("0.0000001::DECIMAL(10, 7)", "0.0000001"),
    ("7::DECIMAL(5, 0)", "7"),
    ("'text'", "text"),
    ("'x'::ENUM('x', 'y')", "x"),
    ("'00000000-0000-0000-0000-000000000001'::UUID", "00000000-0000-0000-0000-000000000001"),
    ("'{\"a\": 1}'::JSON", '{"a": 1}'),
    ("'\\x00\\xFF'::BLOB", b"\x00\xff"),
    ("'101'::BIT", "101"),
    ("DATE '2026-02-03'", "2026-02-03"),
    ("DATE '0044-03-15 (BC)'", "-0043-03-15"),
    ("'infinity'::DATE", "infinity"),
    ("TIME '12:34:56.5'", "12:34:56.500000"),
    ("TIME '24:00:00'", "24:00:00"),
    ("TIMETZ '12:34:56+02'", "12:34:56+02"),
    ("TIMESTAMP '2026-02-03 04:05:06'", "2026-02-03T04:05:06"),
    ("TIMESTAMP '2026-02-03 04:05:06.000007'", "2026-02-03T04:05:06.000007"),
    ("TIMESTAMP '1960-02-29 23:59:59'", "1960-02-29T23:59:59"),
    ("TIMESTAMP_S '2026-02-03 04:05:06'", "2026-02-03T04:05:06"),
    ("TIMESTAMP_MS '2026-02-03 04:05:06.007'", "2026-02-03T04:05:06.007"),
    ("TIMESTAMP_NS '2026-02-03 04:05:06.000000007'", "2026-02-03T04:05:06.000000007"),
    ("TIMESTAMP '20000-01-01 00:00:00'", "+20000-01-01T00:00:00"),
    ("'-infinity'::TIMESTAMP", "-infinity"),
    ("TIMESTAMPTZ '2026-02-03 04:05:06+01'", "2026-02-03T03:05:06+00:00"),
    ("INTERVAL '14 months 3 days 04:05:06.5'", "P1Y2M3DT4H5M6.5S"),
    ("INTERVAL '-1 months 2 days -00:00:01.25'", "P-1M2DT-1.25S"),
    ("INTERVAL '0 days'", "PT0S"),
    ("union_value(number := 2)", "2"),
    ("[1, NULL, 3]", [1, None, 3]),
    ("[]", []),
    ("[DATE '2026-02-03']::DATE[1]", ["2026-02-03"]),
    ("{'a': 1, 'b': {'c': [1.5::DECIMAL(2, 1)]}}", {"a": 1, "b": {"c": ["1.5"]}}),
    ("{'a b': ['101'::BIT], 'c': MAP {'k': '1'::BIT}}", {"a b": ["101"], "c": {"k": "1"}}),
    ("MAP {'k': [1]}", {"k": [1]}),
    ("MAP {1: 'one', 2: 'two'}", {"1": "one", "2": "two"}),
    ("['11'::BIT]::BIT[1]", ["11"]),
]


@pytest.mark.parametrize(("sql", "expected"), VALUES, ids=[sql for sql, _ in VALUES])
def test_value_in_a_row(do, sql, expected):
    (row,) = do(f"SELECT {sql} AS value").outputs["rows"]
    assert row == {"value": expected}
    assert type(row["value"]) is type(expected)


def test_not_a_number_is_a_float(do):
    (row,) = do("SELECT 'nan'::DOUBLE AS value").outputs["rows"]
    assert math.isnan(row["value"])


def test_every_value_is_one_that_a_literal_can_hold(do):
    for sql, _ in VALUES:
        to_literal(do(f"SELECT {sql} AS value").outputs["rows"])


@pytest.mark.parametrize("sql", [sql for sql, _ in VALUES])
def test_every_type_can_be_written_as_parquet(do, dataset_type, sql):
    resource = do(f"SELECT {sql} AS value", declared={"rows": dataset_type})
    assert pq.read_table(resource.outputs["rows"].uri).num_rows == 1


def test_parquet_keeps_the_types_of_the_columns(do, dataset_type):
    sql = "SELECT 1::TINYINT AS i, 1.50::DECIMAL(4, 2) AS d, TIMESTAMP '2026-01-01 00:00:00' AS t, [{'a': 'x'}] AS n"
    table = pq.read_table(do(sql, declared={"rows": dataset_type}).outputs["rows"].uri)
    assert table.schema.types == [
        pa.int8(),
        pa.decimal128(4, 2),
        pa.timestamp("us"),
        pa.list_(pa.struct({"a": pa.string()})),
    ]


def test_an_interval_is_iso_8601_text_in_parquet(do, dataset_type):
    sql = "SELECT unnest([INTERVAL '1 month', NULL]) AS wait"
    table = pq.read_table(do(sql, declared={"rows": dataset_type}).outputs["rows"].uri)
    assert table.to_pydict() == {"wait": ["P1M", None]}
