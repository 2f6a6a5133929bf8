"""connector-core reads flytekit's metadata, and flytekit reads connector-core's, as a rolling upgrade requires.

Every type of a broad corpus is tried in both directions. Exactly the types that fail are the rows of a table in
`docs/reference/codec.md`.
"""

# No `from __future__ import annotations`: flytekit does not decode fields whose annotations are strings.

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Optional, TypedDict, Union
from uuid import UUID

import attrs
import hypothesis
import pytest
from flytekit.extend.backend.base_connector import ResourceMeta as FlytekitMeta
from hypothesis import strategies as st

from connector_core import InvalidResourceMeta, ResourceMeta
from support.markdown import section
from support.wheels import ROOT

PAGE = ROOT / "docs" / "reference" / "codec.md"
HEADING = "Types that do not travel both ways"

SETTINGS = hypothesis.settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
)


@dataclass
class Nested:
    name: str
    number: int = 0


@dataclass
class Outer:
    inner: Nested
    tags: list[str]


@attrs.define
class NestedAttrs:
    name: str


class Colour(enum.Enum):
    RED = "red"


class Word(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Keys(TypedDict):
    name: str


class Pair(NamedTuple):
    name: str
    number: int


class Case(NamedTuple):
    annotation: Any
    values: st.SearchStrategy[Any]


FINITE = st.floats(allow_nan=False, allow_infinity=False)
NESTED = st.builds(Nested, st.text(), st.integers())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

CORPUS = {
    "str": Case(str, st.text()),
    "str, not ASCII": Case(str, st.text(st.characters(min_codepoint=0x80), min_size=1)),
    "str with a lone surrogate": Case(str, st.just("\ud800")),
    "int": Case(int, st.integers()),
    "int of more than 64 bits": Case(int, st.integers(min_value=2**64)),
    "float": Case(float, FINITE),
    "NaN, infinity": Case(float, st.sampled_from([float("nan"), float("inf"), float("-inf")])),
    "bool": Case(bool, st.booleans()),
    "None": Case(None, st.none()),
    "Any": Case(Any, JSON),
    "Optional[str]": Case(Optional[str], st.none() | st.text()),  # noqa: UP045
    "Optional[float]": Case(float | None, st.none() | FINITE),
    "Union[int, str]": Case(int | str, st.integers() | st.text()),
    "Union[int, float]": Case(int | float, st.integers() | FINITE),
    "Literal": Case(Literal["a", "b"], st.sampled_from(["a", "b"])),
    "list": Case(list, st.lists(JSON, max_size=3)),
    "list[int]": Case(list[int], st.lists(st.integers())),
    "list[str]": Case(list[str], st.lists(st.text())),
    "list[list[float]]": Case(list[list[float]], st.lists(st.lists(FINITE))),
    "list[Optional[bool]]": Case(list[bool | None], st.lists(st.none() | st.booleans())),
    "dict": Case(dict, st.dictionaries(st.text(), JSON, max_size=3)),
    "dict[str, int]": Case(dict[str, int], st.dictionaries(st.text(), st.integers())),
    "dict[str, Any]": Case(dict[str, Any], st.dictionaries(st.text(), JSON, max_size=3)),
    "list[dict[str, str]]": Case(list[dict[str, str]], st.lists(st.dictionaries(st.text(), st.text()))),
    "dict[int, str]": Case(dict[int, str], st.dictionaries(st.integers(), st.text(), min_size=1)),
    "TypedDict": Case(Keys, st.fixed_dictionaries({"name": st.text()})),
    "a dataclass": Case(Nested, NESTED),
    "a dataclass in a dataclass": Case(Outer, st.builds(Outer, NESTED, st.lists(st.text()))),
    "a dataclass, its annotation a string": Case("Nested", NESTED),
    "an attrs class": Case(NestedAttrs, st.builds(NestedAttrs, st.text())),
    "Optional[Dataclass]": Case(Optional[Nested], st.none() | NESTED),  # noqa: UP045
    "Union of two dataclasses": Case(Union[Nested, Outer], NESTED),  # noqa: UP007
    "list[Dataclass]": Case(list[Nested], st.lists(NESTED)),
    "dict[str, Dataclass]": Case(dict[str, Nested], st.dictionaries(st.text(), NESTED)),
    "tuple": Case(tuple[int, ...], st.lists(st.integers()).map(tuple)),
    "NamedTuple": Case(Pair, st.builds(Pair, st.text(), st.integers())),
    "set": Case(set[int], st.sets(st.integers())),
    "frozenset": Case(frozenset[str], st.frozensets(st.text())),
    "Enum": Case(Colour, st.just(Colour.RED)),
    "StrEnum": Case(Word, st.just(Word.RED)),
    "IntEnum": Case(Level, st.just(Level.LOW)),
    "datetime": Case(datetime, st.datetimes()),
    "date": Case(date, st.dates()),
    "time": Case(time, st.times()),
    "timedelta": Case(timedelta, st.timedeltas()),
    "bytes": Case(bytes, st.binary()),
    "UUID": Case(UUID, st.uuids()),
    "Decimal": Case(Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    "complex": Case(complex, st.complex_numbers(allow_nan=False, allow_infinity=False)),
}


def metadata(base: type, case: Case) -> Any:
    """Return a dataclass with one field of the case's type."""
    members = {"__annotations__": {"value": case.annotation}, "__module__": __name__}
    return dataclass(type("Meta", (base,), members))


def flytekit_to_ours(case: Case) -> Callable[[Any], bool]:
    """Return a function that says whether connector-core reads the same value that flytekit wrote."""
    ours, theirs = metadata(ResourceMeta, case), metadata(FlytekitMeta, case)

    def arrives(value: Any) -> bool:
        try:
            data = theirs(value).encode()
        except Exception:
            return False
        try:
            read = ours.decode(data)
        except InvalidResourceMeta:
            return False
        # connector-core never reads another value; it refuses what it cannot read.
        assert same(read.value, value), f"flytekit wrote {value!r} as {data!r}, which was read as {read!r}"
        return True

    return arrives


def ours_to_flytekit(case: Case) -> Callable[[Any], bool]:
    """Return a function that says whether flytekit reads the same value that connector-core wrote."""
    ours, theirs = metadata(ResourceMeta, case), metadata(FlytekitMeta, case)

    def arrives(value: Any) -> bool:
        try:
            data = ours(value).encode()
        except InvalidResourceMeta:
            return False
        return same(theirs.decode(data).value, value)

    return arrives


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal and have the same types at every level."""
    return one == other and repr(one) == repr(other)


DIRECTIONS = {"flytekit to connector-core": flytekit_to_ours, "connector-core to flytekit": ours_to_flytekit}


def documented() -> dict[str, dict[str, bool]]:
    """Return the rows of the table: for each type, whether each direction works."""
    lines = [line for line in section(PAGE, HEADING).splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]
    assert header == ["Type", *DIRECTIONS, "Why"]
    words = {"yes": True, "no": False}
    for row in rows:
        assert re.search(r"\w", row[3]), f"the table gives no reason for {row[0]}"
    return {row[0]: dict(zip(DIRECTIONS, (words[row[1]], words[row[2]]), strict=True)) for row in rows}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", CORPUS)
def test_each_direction_works_unless_the_documentation_says_no(name: str, direction: str) -> None:
    case = CORPUS[name]
    arrives = DIRECTIONS[direction](case)
    if documented().get(name, {}).get(direction, True):

        @SETTINGS
        @hypothesis.given(case.values)
        def every_value(value: Any) -> None:
            assert arrives(value)

        every_value()
    else:
        hypothesis.find(case.values, lambda value: not arrives(value), settings=SETTINGS)


def test_the_table_has_only_types_of_the_corpus_that_fail() -> None:
    table = documented()
    assert set(table) <= set(CORPUS)
    assert [name for name, directions in table.items() if all(directions.values())] == []


def test_unknown_fields_are_ignored_and_missing_ones_take_their_defaults() -> None:
    old, new = metadata(FlytekitMeta, Case(str, st.text())), metadata(ResourceMeta, Case(str, st.text()))
    newer = dataclass(
        type("Newer", (new,), {"__annotations__": {"region": str}, "region": "eu", "__module__": __name__})
    )
    assert newer.decode(old("a").encode()) == newer("a", "eu")
    assert new.decode(newer("a", "us").encode()) == new("a")


def test_a_wrong_type_that_flytekit_does_not_check_is_refused() -> None:
    theirs, ours = metadata(FlytekitMeta, Case(int, st.integers())), metadata(ResourceMeta, Case(int, st.integers()))
    with pytest.raises(InvalidResourceMeta, match=r"Meta\.value: expected int, got str\."):
        ours.decode(theirs("not a number").encode())
