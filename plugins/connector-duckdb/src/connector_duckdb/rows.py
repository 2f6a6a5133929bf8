"""Converts Arrow to values that a Flyte literal and JSON can hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa

__all__ = ["iso_interval", "to_rows", "to_value"]


def to_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch as dicts."""
    columns = [[to_value(scalar) for scalar in column] for column in batch.columns]
    return [dict(zip(batch.schema.names, row, strict=True)) for row in zip(*columns, strict=True)]


def to_value(scalar: pa.Scalar) -> Any:
    """Return a value as int, float, str, bool, bytes or None, or as lists and dicts of them.

    Decimals and integers beyond 64 bits become text, which keeps them exact. Dates, times and intervals become ISO 8601
    text.
    """
    kind = scalar.type
    types = pa.types
    if not scalar.is_valid:
        return None
    if types.is_map(kind):
        keys, values = scalar.values.flatten()
        return {_key(key): to_value(value) for key, value in zip(keys, values, strict=True)}
    if types.is_struct(kind):
        return {name: to_value(value) for name, value in scalar.items()}
    if types.is_list(kind) or types.is_fixed_size_list(kind) or types.is_large_list(kind):
        return [to_value(item) for item in scalar.values]
    if types.is_dictionary(kind):
        return to_value(scalar.value)
    if types.is_decimal(kind):
        return _number(scalar)
    if types.is_integer(kind):
        return _fitting(scalar.as_py())
    if types.is_date(kind):
        return _date(scalar.value, infinity=2**31 - 1)
    if types.is_timestamp(kind):
        return _timestamp(scalar.value, kind)
    if types.is_time(kind):
        return _time(scalar.value, kind.unit)
    if types.is_interval(kind):
        return iso_interval(scalar)
    return scalar.as_py()


def iso_interval(scalar: pa.MonthDayNanoIntervalScalar) -> str | None:
    """Return an interval as ``P1Y2M3DT4H5M6.5S``; as in DuckDB, each part has its own sign."""
    if not scalar.is_valid:
        return None
    months, days, nanoseconds = scalar.as_py()
    # Round towards zero, so that the parts of a negative interval are negative.
    sign = -1 if nanoseconds < 0 else 1
    seconds, nanoseconds = divmod(abs(nanoseconds), 10**9)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    years, months = abs(months) // 12 * _sign(months), abs(months) % 12 * _sign(months)
    fraction = f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""
    minus = "-" if sign < 0 else ""
    day_part = "".join(f"{number}{unit}" for number, unit in ((years, "Y"), (months, "M"), (days, "D")) if number)
    time_part = "".join(f"{minus}{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or fraction:
        time_part += f"{minus}{seconds}{fraction}S"
    return f"P{day_part}{'T' if time_part else ''}{time_part}" if day_part or time_part else "PT0S"


def _key(scalar: pa.Scalar) -> str:
    """Return a map's key as text, as literals and JSON need it."""
    value = to_value(scalar)
    return value if isinstance(value, str) else str(value)


def _number(scalar: pa.Scalar) -> int | str:
    value = scalar.as_py()
    # DuckDB's HUGEINT, such as the sum of integers.
    if scalar.type.precision == 38 and scalar.type.scale == 0:
        return _fitting(int(value))
    return format(value, "f")


def _fitting(value: int) -> int | str:
    return value if -(2**63) <= value < 2**63 else str(value)


def _date(days: int, *, infinity: int) -> str:
    if abs(days) == infinity:
        return "infinity" if days > 0 else "-infinity"
    # The calendar repeats every 400 years, and DuckDB's reaches much further than Python's.
    cycles, day = divmod(days, _DAYS_IN_400_YEARS)
    within = _EPOCH + timedelta(days=day)
    year = within.year + 400 * cycles
    return f"{year:04}-{within:%m-%d}" if 0 <= year <= 9999 else f"{year:+05}-{within:%m-%d}"


def _timestamp(value: int, kind: pa.TimestampType) -> str:
    if abs(value) == 2**63 - 1:
        return "infinity" if value > 0 else "-infinity"
    days, time = divmod(value, _SECONDS_IN_DAY * _PER_SECOND[kind.unit])
    # An instant is counted from the epoch in UTC, in whichever time zone it is shown.
    return f"{_date(days, infinity=0)}T{_time(time, kind.unit)}{'+00:00' if kind.tz else ''}"


def _time(value: int, unit: str) -> str:
    seconds, fraction = divmod(value, _PER_SECOND[unit])
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    digits = f".{fraction:0{_DIGITS[unit]}}" if fraction else ""
    return f"{hours:02}:{minutes:02}:{seconds:02}{digits}"


def _sign(number: int) -> int:
    return -1 if number < 0 else 1


_EPOCH = date(1970, 1, 1)
_DAYS_IN_400_YEARS = 146_097
_SECONDS_IN_DAY = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
