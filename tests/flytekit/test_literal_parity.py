"""connector-core declares types, and writes and reads literals, as the real flytekit does.

Exactly the exceptions are the rows of a table in `docs/reference/literals.md`.
"""

# No `from __future__ import annotations`: flytekit does not evaluate annotations that are strings.

import dataclasses
import itertools
import math
import re
import string
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin
from uuid import UUID

import attrs
import hypothesis
import msgspec
import pydantic
import pytest
from dataclasses_json import dataclass_json
from flytekit.core.constants import FLYTE_USE_OLD_DC_FORMAT
from flytekit.core.data_persistence import FileAccessProvider
from flytekit.core.type_engine import TypeEngine
from flytekit.loggers import logger
from flytekit.models.literals import Literal as FlytekitLiteral
from flytekit.types.structured import StructuredDataset as FlyteDataset
from hypothesis import strategies as st
from mashumaro.config import BaseConfig
from mashumaro.mixins.json import DataClassJSONMixin

from connector_core import LiteralError
from connector_core.idl import Literal, LiteralType
from connector_core.literals import Directory, File, StructuredDataset, from_literal, literal_type, to_literal
from flytekit import FlyteContextManager, FlyteDirectory, FlyteFile, kwtypes
from support.markdown import section
from support.wheels import ROOT

sys.path.append(str(Path(__file__).parent))
import literal_corpus as corpus

PAGE = ROOT / "docs" / "reference" / "literals.md"
HEADING = "Where flytekit differs"


class Case(NamedTuple):
    """A value of a type, and the value that it is read back as."""

    type: Any
    value: Any
    read: Any


class Difference(NamedTuple):
    """What flytekit and connector-core do with some values, in the words that the functions below return."""

    flytekit: str
    here: str


WORKS, REFUSES = "writes and reads the value", "refuses the value"
PICKLES = Difference("declares a pickle; writes a pickle; cannot read ours", WORKS)
NO_TYPE = Difference("refuses the type", WORKS)
NO_VALUE = Difference("refuses the value", WORKS)
NO_VALUE_NOR_OURS = Difference("refuses the value; cannot read ours", WORKS)

DIFFERENCES = {
    "`bytes`": PICKLES,
    "`UUID`, `Decimal`, `time`": PICKLES,
    "`set`, `frozenset`": PICKLES,
    "`Any`, `object`": PICKLES,
    "`NewType`": PICKLES,
    "`Sequence`, `Mapping`": PICKLES,
    "`Path`": PICKLES,
    "attrs classes": PICKLES,
    "msgspec Structs": PICKLES,
    "generic dataclasses with an argument": PICKLES,
    "`tuple`": NO_TYPE,
    "`NamedTuple`": NO_TYPE,
    "`list` of anything": NO_TYPE,
    "`list[None]`": NO_TYPE,
    "`Literal[None]`": NO_TYPE,
    "`Literal` of an enum's members": NO_TYPE,
    "enums whose values are not texts": NO_TYPE,
    "`Annotated` enums": NO_TYPE,
    "records that hold lists of themselves": NO_TYPE,
    "fields of types that flytekit pickles": Difference("declares a pickle", WORKS),
    "fields of types that flytekit refuses": Difference("declares another type", WORKS),
    "`ClassVar`, `InitVar`, `Final`": Difference("declares a pickle", WORKS),
    "`KW_ONLY`": NO_VALUE,
    "fields of a bare `List`": Difference("declares another type; refuses the value", WORKS),
    "attrs classes in dataclasses": Difference("declares a pickle; refuses the value; cannot read ours", WORKS),
    "pydantic models in dataclasses": Difference("declares another type; refuses the value; cannot read ours", WORKS),
    "an `int` in a field that is a `float`": Difference("writes another literal", WORKS),
    "a text in a field that is a `list` or `str`": Difference("reads ours as something else", WORKS),
    "a dict in a field that is a dataclass": NO_VALUE,
    "`None` as a type": NO_VALUE_NOR_OURS,
    "`TypedDict`": NO_VALUE,
    "an `int` for a `float`": NO_VALUE,
    "a `date` for a `datetime`": NO_VALUE,
    "subclasses of `dict`": NO_VALUE,
    "a dict that leaves out fields with a default": NO_VALUE,
    "a dict for a pydantic model": NO_VALUE,
    "a URI for a `StructuredDataset`": NO_VALUE,
    "a value of two types of a union": NO_VALUE,
    "unions of two types of one shape": NO_VALUE_NOR_OURS,
    "a base class in a union with its subclass": Difference("cannot read ours", WORKS),
    "`dict[int, T]` of pydantic models and attrs classes": NO_VALUE_NOR_OURS,
    "`dict[Annotated[str, …], T]`": Difference(
        "declares another type; writes another literal; cannot read ours", WORKS
    ),
    "`Annotated` dataclasses": Difference("cannot read ours", WORKS),
    "a value that `Literal[…]` does not have": Difference("writes it", REFUSES),
    "fields that hold another type": Difference("writes it; cannot read it", REFUSES),
    "fields that hold another type, which flytekit converts": Difference(
        "writes it; reads it as something else", REFUSES
    ),
    "a `timedelta` of more than 10,000 years": Difference("writes it", REFUSES),
    "tuples as keys": Difference("writes it; cannot read it", REFUSES),
    "fields of `deque`, `IPv4Address`, `Fraction`": Difference("declares a pickle; writes it", REFUSES),
    "fields of `OrderedDict`, `Counter`": Difference("declares another type; writes it", REFUSES),
    "`DataClassJSONMixin` with keys that are not texts": Difference("writes another literal", WORKS),
    "`DataClassJSONMixin` with `bytes`": Difference(
        "declares a pickle; writes another literal; cannot read ours", WORKS
    ),
    "`DataClassJSONMixin` with a `Config`": Difference("declares another type; writes another literal", WORKS),
}


# The corpus's classes with flytekit's types.


@dataclasses.dataclass
class Table:
    files: list[FlyteFile]
    schema: FlyteFile | None = None


@dataclasses.dataclass
class Dataset:
    name: str
    file: FlyteFile
    directory: FlyteDirectory
    table: FlyteDataset


# Classes of the libraries with which flytekit converts dataclasses, by way of JSON.


@dataclasses.dataclass
class MixinJob(DataClassJSONMixin):
    name: str
    at: datetime = corpus.NOON
    colour: corpus.Colour = corpus.Colour.RED
    points: list[corpus.Point] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class MixinJobs(DataClassJSONMixin):
    first: MixinJob
    others: list[MixinJob]


@dataclasses.dataclass
class MixinKeys(DataClassJSONMixin):
    by_number: dict[int, str]


@dataclasses.dataclass
class MixinBytes(DataClassJSONMixin):
    data: bytes


@dataclasses.dataclass
class MixinConfig(DataClassJSONMixin):
    size: int | None = None

    class Config(BaseConfig):
        omit_none = True


@dataclass_json
@dataclasses.dataclass
class DecoratedJob:
    name: str
    point: corpus.Point | None = None


@dataclasses.dataclass
class HoldsMixins:
    job: MixinJob
    decorated: DecoratedJob


MIXINS: list[corpus.Pair] = [
    (MixinJob, MixinJob("a")),
    (MixinJob, MixinJob("a", points=[corpus.Point(1, 2)])),
    (MixinJobs, MixinJobs(MixinJob("a"), [MixinJob("b")])),
    (DecoratedJob, DecoratedJob("a", corpus.Point(1, 2))),
    (list[DecoratedJob], [DecoratedJob("a")]),
    (HoldsMixins, HoldsMixins(MixinJob("a"), DecoratedJob("b"))),
]

FLYTEKITS: dict[Any, Any] = {
    File: FlyteFile,
    Directory: FlyteDirectory,
    StructuredDataset: FlyteDataset,
    corpus.Table: Table,
    corpus.Dataset: Dataset,
}
OURS = {theirs: ours for ours, theirs in FLYTEKITS.items()}


def flytekits_type(python_type: Any) -> Any:
    """Return flytekit's form of a type."""
    origin, arguments = get_origin(python_type), get_args(python_type)
    if origin is Annotated and arguments[0] is StructuredDataset:
        return Annotated[FlyteDataset, kwtypes(**arguments[1]), *arguments[2:]]
    if origin is Annotated and arguments[0] in FLYTEKITS:
        return FLYTEKITS[arguments[0]][arguments[1]]
    if origin is None:
        return FLYTEKITS.get(python_type, python_type)
    inner = tuple(map(flytekits_type, arguments))
    if inner == arguments:
        return python_type
    return Union[inner] if origin in (Union, UnionType) else origin[inner]  # noqa: UP007


def flytekits_value(value: Any) -> Any:
    """Return flytekit's form of a value, as a copy that flytekit may change."""
    match value:
        case File() | Directory():
            return FLYTEKITS[type(value)](value.uri)
        case StructuredDataset():
            return FlyteDataset(uri=value.uri, file_format=value.file_format)
        case list():
            return [flytekits_value(item) for item in value]
        case dict() if type(value) is dict:
            return {deepcopy(key): flytekits_value(item) for key, item in value.items()}
        case corpus.Table() | corpus.Dataset():
            return FLYTEKITS[type(value)](**flytekits_value(vars(value)))
        case _:
            return deepcopy(value)


def our_value(value: Any) -> Any:
    """Return a value that flytekit has read, with connector-core's classes."""
    match value:
        case FlyteFile() | FlyteDirectory():
            cls = File if isinstance(value, FlyteFile) else Directory
            return cls(value.remote_source, format=value.extension())
        case FlyteDataset():
            literal = value.literal.to_flyte_idl()
            declared = literal.metadata.structured_dataset_type
            columns = {column.name: column.literal_type for column in declared.columns}
            return StructuredDataset(literal.uri, declared.format, columns=columns)
        case list():
            return [our_value(item) for item in value]
        case dict() if type(value) is dict:
            return {key: our_value(item) for key, item in value.items()}
        case Table() | Dataset():
            return OURS[type(value)](**our_value(vars(value)))
        case _:
            return value


# flytekit's types, literals and values.


def flytekit_declares(python_type: Any) -> LiteralType:
    return TypeEngine.to_literal_type(flytekits_type(python_type)).to_flyte_idl()


def flytekit_writes(value: Any, python_type: Any) -> Literal:
    theirs = flytekits_type(python_type)
    # Otherwise flytekit may return a cached literal of an equal value, in another format.
    TypeEngine._LITERAL_CACHE.clear()
    context, declared = FlyteContextManager.current_context(), TypeEngine.to_literal_type(theirs)
    return TypeEngine.to_literal(context, flytekits_value(value), theirs, declared).to_flyte_idl()


def flytekit_reads(literal: Literal, python_type: Any) -> Any:
    theirs = FlytekitLiteral.from_flyte_idl(literal)
    context = FlyteContextManager.current_context()
    return our_value(TypeEngine.to_python_value(context, theirs, flytekits_type(python_type)))


@pytest.fixture(autouse=True, scope="module")
def quiet_flytekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Silence flytekit's warnings about pickled types, and let it write into the tests' directory."""
    place = str(tmp_path_factory.mktemp("flytekit"))
    context = FlyteContextManager.current_context()
    files = FileAccessProvider(local_sandbox_dir=place, raw_output_prefix=place)
    logger.disabled = True
    with FlyteContextManager.with_context(context.with_file_access(files)):
        yield
    logger.disabled = False


# Equality.


def same(one: Any, other: Any) -> bool:
    """Return whether values and types are equal at every level; NaN equals itself, and 0.0 differs from -0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            any(same(key, wanted) and same(one[key], other[wanted]) for wanted in other) for key in one
        )
    fields = fields_of(one)
    return one == other if fields is None else same(fields, fields_of(other))


def fields_of(value: Any) -> dict[str, Any] | None:
    """Return the fields of a record, including those that its own comparison omits."""
    match value:
        case pydantic.BaseModel():
            return vars(value)
        case msgspec.Struct():
            return msgspec.structs.asdict(value)
        case File() | Directory() | StructuredDataset():
            return None
        case _ if attrs.has(type(value)):
            return {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}
        case _ if dataclasses.is_dataclass(value):
            return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        case _:
            return None


# The corpus.


def case_id(area: str, case: Case) -> str:
    name = case.type.__name__ if isinstance(case.type, type) and not get_args(case.type) else str(case.type)
    return f"{area}: {re.sub(r'typing.|literal_corpus.|datetime.', '', name)} {case.value!r:.60}"


CASES = {
    **{area: [Case(*pair, pair[1]) for pair in pairs] for area, pairs in corpus.CORPUS.items()},
    "mixin": [Case(*pair, pair[1]) for pair in MIXINS],
    "read otherwise": [Case(*triple) for triple in corpus.READ_OTHERWISE],
}
PARAMETERS = [pytest.param(case, id=case_id(area, case)) for area, cases in CASES.items() for case in cases]
DIFFERENT: dict[str, list[Any]] = {
    **corpus.DIFFERENT,
    "`DataClassJSONMixin` with keys that are not texts": [(MixinKeys, MixinKeys({1: "a"}))],
    "`DataClassJSONMixin` with `bytes`": [(MixinBytes, MixinBytes(b"a"))],
    "`DataClassJSONMixin` with a `Config`": [(MixinConfig, MixinConfig())],
}
DIFFERENT_PARAMETERS = [
    pytest.param(row, case, id=case_id(row, case))
    for row, pairs in DIFFERENT.items()
    for case in (Case(python_type, value, *read or [value]) for python_type, value, *read in pairs)
]
REFUSED = [pytest.param(Case(*pair, None), id=case_id("refused", Case(*pair, None))) for pair in corpus.REFUSED]


def test_the_corpus_is_broad() -> None:
    assert len(PARAMETERS) >= 300


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_type_is_declared_as_flytekit_declares_it(case: Case) -> None:
    assert literal_type(case.type) == flytekit_declares(case.type)


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_value_is_written_as_flytekit_writes_it(case: Case) -> None:
    assert to_literal(case.value, case.type) == flytekit_writes(case.value, case.type)


@pytest.mark.parametrize("case", PARAMETERS)
def test_flytekit_reads_what_is_written(case: Case) -> None:
    read = flytekit_reads(to_literal(case.value, case.type), case.type)
    assert same(read, case.read), f"{read!r} is not {case.read!r}"


@pytest.mark.parametrize("case", PARAMETERS)
def test_what_flytekit_writes_is_read(case: Case) -> None:
    read = from_literal(flytekit_writes(case.value, case.type), case.type)
    assert same(read, case.read), f"{read!r} is not {case.read!r}"


@pytest.mark.parametrize("case", REFUSED)
def test_what_flytekit_refuses_to_write_is_refused(case: Case) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - flytekit raises whatever comes
        flytekit_writes(case.value, case.type)
    with pytest.raises(LiteralError):
        to_literal(case.value, case.type)


@pytest.mark.parametrize("python_type", corpus.REFUSED_TYPES, ids=str)
def test_a_type_that_flytekit_refuses_is_refused(python_type: Any) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - as above
        flytekit_declares(python_type)
    with pytest.raises(LiteralError):
        literal_type(python_type)


# The older form of records: flytekit wrote Structs before it wrote msgpack, and Flyte's console still does.

STRUCTS = [
    param
    for area in ("dataclass", "postponed", "model", "mixin", "file")
    for param in PARAMETERS
    if param.id.startswith(area)
]


def leaves(value: Any) -> Iterator[Any]:
    """Yield the scalars in a value."""
    if isinstance(value, list | tuple | set | frozenset | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    elif (fields := fields_of(value)) is not None:
        yield from leaves(fields)
    else:
        yield value


def fits_a_struct(value: Any) -> bool:
    """Return whether a Struct, which is an object and has only finite floats, can hold the value exactly."""
    if isinstance(value, pydantic.RootModel):
        return False
    numbers = [leaf for leaf in leaves(value) if isinstance(leaf, int | float)]
    return all(math.isfinite(number) and (isinstance(number, float) or abs(number) <= 2**53) for number in numbers)


@pytest.mark.parametrize("case", [param for param in STRUCTS if fits_a_struct(param.values[0].value)])
def test_what_flytekit_wrote_as_a_struct_is_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FLYTE_USE_OLD_DC_FORMAT, "true")
    # A Struct does not distinguish 1 from 1.0, so the type in `int | float` may change.
    assert from_literal(flytekit_writes(case.value, case.type), case.type) == case.read


# Differences.


def what_flytekit_does(case: Case) -> Iterator[str]:
    """Yield how flytekit differs."""
    ours, theirs = attempt(literal_type, case.type), attempt(flytekit_declares, case.type)
    if isinstance(theirs, Exception):
        yield "refuses the type"
        return
    if theirs != ours:
        yield "declares a pickle" if is_pickle(theirs) else "declares another type"
    ours, theirs = attempt(to_literal, case.value, case.type), attempt(flytekit_writes, case.value, case.type)
    if isinstance(theirs, Exception):
        yield "refuses the value"
    elif theirs != ours:
        yield "writes a pickle" if is_pickle(theirs) else "writes it" if refused(ours) else "writes another literal"
    if refused(ours):
        yield from misread("it", attempt(flytekit_reads, theirs, case.type), case.read)
    else:
        yield from misread("ours", attempt(flytekit_reads, ours, case.type), case.read)


def what_connector_core_does(case: Case) -> str:
    literal = attempt(to_literal, case.value, case.type)
    if refused(literal):
        return "refuses the value"
    assert same(from_literal(literal, case.type), case.read)
    return "writes and reads the value"


def attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return the function's result, or the exception that it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        return error


def refused(outcome: Any) -> bool:
    return isinstance(outcome, LiteralError)


def is_pickle(message: Literal | LiteralType) -> bool:
    return b"PythonPickle" in message.SerializeToString()


def misread(whose: str, read: Any, value: Any) -> Iterator[str]:
    if isinstance(read, Exception):
        yield f"cannot read {whose}"
    elif not same(read, value):
        yield f"reads {whose} as something else"


@pytest.mark.parametrize(("row", "case"), DIFFERENT_PARAMETERS)
def test_a_difference_is_what_the_table_says(row: str, case: Case) -> None:
    assert Difference("; ".join(what_flytekit_does(case)), what_connector_core_does(case)) == DIFFERENCES[row]


def test_every_difference_is_tried() -> None:
    assert list(DIFFERENCES) == list(DIFFERENT)


def test_the_documentation_lists_the_differences() -> None:
    lines = [line for line in section(PAGE, HEADING).splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert header == ["What", "flytekit", "connector-core", "Why"]
    assert {row[0]: Difference(row[1], row[2]) for row in rows} == DIFFERENCES
    assert [row[0] for row in rows if not re.search(r"\w", row[3])] == []


# Files and tables, whose contents are uploaded.


def test_flytekit_reads_a_file_that_was_uploaded(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("all is well")
    literal = to_literal(File(tmp_path / "report.txt"), File, output_prefix=f"{tmp_path}/outputs")
    context = FlyteContextManager.current_context()
    read = TypeEngine.to_python_value(context, FlytekitLiteral.from_flyte_idl(literal), FlyteFile)
    assert Path(read).read_text() == "all is well"


def test_a_file_that_flytekit_uploaded_is_read(tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("all is well")
    context, declared = FlyteContextManager.current_context(), TypeEngine.to_literal_type(FlyteFile)
    literal = TypeEngine.to_literal(context, FlyteFile(str(tmp_path / "report.txt")), FlyteFile, declared)
    with from_literal(literal.to_flyte_idl(), File).open() as file:
        assert file.read() == b"all is well"


@pytest.fixture(params=["pandas", "pyarrow"])
def table(request: pytest.FixtureRequest) -> Any:
    """Return a table of the named library."""
    columns = {"id": [1, 2, 3], "name": ["a", corpus.SNAKE, None], "ratio": [0.5, -0.0, None]}
    library = pytest.importorskip(request.param)
    return library.table(columns) if request.param == "pyarrow" else library.DataFrame(columns)


def test_a_table_is_declared_as_flytekit_declares_it(table: Any) -> None:
    cls = type(table)
    assert literal_type(cls) == flytekit_declares(cls)
    assert literal_type(list[cls]) == flytekit_declares(list[cls])
    columns = {"id": int, "name": str}
    theirs = TypeEngine.to_literal_type(Annotated[cls, kwtypes(**columns), "parquet"])
    assert literal_type(Annotated[cls, columns, "parquet"]) == theirs.to_flyte_idl()


def test_flytekit_reads_a_table_that_was_written(table: Any, tmp_path: Path) -> None:
    literal = to_literal(table, type(table), output_prefix=str(tmp_path))
    assert flytekit_reads(literal, type(table)).equals(table)


def test_a_table_that_flytekit_wrote_is_read(table: Any) -> None:
    literal = flytekit_writes(table, type(table))
    assert from_literal(literal, type(table)).equals(table)
    assert from_literal(literal, StructuredDataset).read(type(table)).equals(table)


def test_a_table_is_written_as_flytekit_writes_it(table: Any, tmp_path: Path) -> None:
    ours, theirs = to_literal(table, type(table), output_prefix=str(tmp_path)), flytekit_writes(table, type(table))
    theirs.scalar.structured_dataset.uri = ours.scalar.structured_dataset.uri
    assert ours == theirs


# Generated types.


class Typed(NamedTuple):
    """A type, and a strategy for its values."""

    type: Any
    values: st.SearchStrategy[Any]


@st.composite
def records(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    """Draw a dataclass, with its required fields first."""
    names = draw(st.lists(st.text(string.ascii_lowercase, min_size=2, max_size=4), max_size=4, unique=True))
    required = {f"{name}_": draw(inner) for name in names}  # A keyword such as `or` cannot be a name.
    defaults = {f"{name}_default": draw(typed(UNIONABLE)) for name in names if draw(st.booleans())}
    cls = dataclasses.make_dataclass(
        f"Generated{next(NUMBERS)}",  # mashumaro mistakes classes of one name for each other.
        [
            *((name, field.type) for name, field in required.items()),
            *((name, field.type, draw(field.values)) for name, field in defaults.items()),
        ],
        frozen=draw(st.booleans()),
    )
    return Typed(cls, st.builds(cls, **{name: field.values for name, field in {**required, **defaults}.items()}))


@st.composite
def unions(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    """Draw a union of scalars and at most one other type, at the end: flytekit may not tell two of them apart."""
    variants = draw(st.lists(typed(UNIONABLE), min_size=1, max_size=3, unique_by=lambda typed: typed.type))
    last = draw(inner)
    if dataclasses.is_dataclass(last.type) or get_origin(last.type) in (list, dict):
        variants.append(last)
    if draw(st.booleans()) or len(variants) == 1:
        variants.append(Typed(NoneType, st.none()))
    return Typed(Union[tuple(typed.type for typed in variants)], st.one_of(*(typed.values for typed in variants)))  # noqa: UP007


def lists(item: Typed) -> Typed:
    return Typed(list[item.type], st.lists(item.values, max_size=3))


def dicts(item: Typed) -> Typed:
    return Typed(dict[str, item.type], st.dictionaries(st.text(max_size=5), item.values, max_size=3))


def numbered(item: Typed) -> Typed:
    return Typed(dict[int, item.type], st.dictionaries(INTEGERS, item.values, max_size=3))


def tuples(item: Typed) -> Typed:
    return Typed(tuple[item.type, ...], st.lists(item.values, max_size=3).map(tuple))


def pairs(item: Typed) -> Typed:
    return Typed(tuple[int, item.type], st.tuples(INTEGERS, item.values))


def typed(values: dict[Any, st.SearchStrategy[Any]]) -> st.SearchStrategy[Typed]:
    return st.sampled_from(list(map(Typed, values.keys(), values.values())))


def cases(types: st.SearchStrategy[Typed]) -> st.SearchStrategy[Case]:
    return types.flatmap(lambda typed: typed.values.map(lambda value: Case(typed.type, value, value)))


NUMBERS = itertools.count()
INTEGERS = st.integers(corpus.INT64_MIN, corpus.INT64_MAX)
UNIONABLE = {int: INTEGERS, float: st.floats(), str: st.text(max_size=10), bool: st.booleans()}
SCALARS = {
    **UNIONABLE,
    datetime: st.datetimes(timezones=st.just(UTC)),
    date: st.dates(),
    timedelta: st.timedeltas(timedelta(days=-10000), timedelta(days=10000)),
    **{cls: st.sampled_from(cls) for cls in (corpus.Colour, corpus.Region, corpus.Size)},
}
TYPES = st.recursive(
    typed(SCALARS),
    lambda inner: st.one_of(
        inner.map(lists), inner.map(dicts), inner.map(numbered), unions(inner), records(inner), records(inner)
    ),
    max_leaves=6,
)
# Types that flytekit knows only in records: it declares them differently, and writes and describes them equally.
FIELDS = {
    **SCALARS,
    datetime: st.datetimes(timezones=st.none() | st.timezones()),
    bytes: st.binary(max_size=5),
    time: st.times(),
    UUID: st.uuids(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    set[int]: st.sets(INTEGERS, max_size=1),  # The copy of a larger set may have another order.
    frozenset[str]: st.frozensets(st.text(max_size=3), max_size=1),
    corpus.Level: st.sampled_from(corpus.Level),
    corpus.Place: st.builds(corpus.Place, st.text(max_size=5), INTEGERS),
    corpus.Keys: st.fixed_dictionaries({"name": st.text(max_size=5), "size": INTEGERS}),
}
RECORDS = records(
    st.recursive(
        typed(FIELDS),
        lambda inner: st.one_of(
            inner.map(lists), inner.map(dicts), inner.map(numbered), inner.map(tuples), inner.map(pairs)
        ),
        max_leaves=4,
    )
)
ANY = cases(TYPES) | cases(RECORDS)
SETTINGS = hypothesis.settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@SETTINGS
@hypothesis.given(TYPES)
def test_any_type_is_declared_as_flytekit_declares_it(typed: Typed) -> None:
    assert literal_type(typed.type) == flytekit_declares(typed.type)


@SETTINGS
@hypothesis.given(RECORDS)
def test_any_record_is_described_as_flytekit_describes_it(typed: Typed) -> None:
    assert literal_type(typed.type).metadata == flytekit_declares(typed.type).metadata


@SETTINGS
@hypothesis.given(ANY)
def test_any_value_is_written_as_flytekit_writes_it(case: Case) -> None:
    assert to_literal(case.value, case.type) == flytekit_writes(case.value, case.type)


@SETTINGS
@hypothesis.given(ANY)
def test_flytekit_reads_any_value_that_is_written(case: Case) -> None:
    assert same(flytekit_reads(to_literal(case.value, case.type), case.type), case.read)


@SETTINGS
@hypothesis.given(ANY)
def test_any_value_that_flytekit_writes_is_read(case: Case) -> None:
    assert same(from_literal(flytekit_writes(case.value, case.type), case.type), case.read)


@SETTINGS
@hypothesis.given(cases(RECORDS).filter(lambda case: fits_a_struct(case.value)))
def test_any_record_that_flytekit_wrote_as_a_struct_is_read(case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FLYTE_USE_OLD_DC_FORMAT, "true")
        literal = flytekit_writes(case.value, case.type)
    assert from_literal(literal, case.type) == case.read
