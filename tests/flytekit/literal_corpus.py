"""Python types with example values, by area, to compare and measure our type engine and flytekit's.

`CORPUS` holds the values that both engines write in the same way and read back. `DIFFERENT` holds those for which the
engines differ, under the names in the documentation. Callers must not change the values. flytekit changes some values,
so a caller passes copies to it.
"""

# No `from __future__ import annotations`: the same classes with annotations that are strings are in literal_postponed.
# ruff: noqa: UP006, UP007, UP035, UP042, UP045 - the old spellings of types must work, too

import enum
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ClassVar,
    Dict,
    Final,
    Generic,
    List,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Set,
    Tuple,
    TypedDict,
    TypeVar,
    Union,
)

import attrs
import literal_postponed as postponed
import msgspec
import pydantic
import pydantic.dataclasses

from connector_core.literals import Directory, File, StructuredDataset, literal_type

Pair = tuple[Any, Any]
Triple = tuple[Any, Any, Any]

T = TypeVar("T")

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
INDIA, NEW_YORK = timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-5))
NOON = datetime(2026, 3, 2, 12, 30, 15, 123456, tzinfo=UTC)
NAIVE_NOON = datetime(2026, 3, 2, 12, 30, 15, 123456)
DAY = date(2026, 3, 2)
SNAKE = "naïve 🐍 日本語"


# Enums.


class Colour(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark blue"


class Region(enum.StrEnum):
    EU = "eu"
    US = "us"


class Size(str, enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Single(enum.Enum):
    ONLY = ""


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Priority(enum.IntEnum):
    LAST = -1
    FIRST = 0


class Ratio(enum.Enum):
    HALF = 0.5


class Mixed(enum.Enum):
    TEXT = "one"
    NUMBER = 1


# Dataclasses.


@dataclass
class Empty:
    pass


@dataclass
class Point:
    x: int
    y: int


@dataclass
class Scalars:
    whole: int
    number: float
    text: str
    flag: bool


@dataclass
class Defaults:
    name: str
    retries: int = 3
    ratio: float = 0.5
    note: str = ""
    verbose: bool = False
    parent: str | None = None


@dataclass
class Factories:
    tags: list[str] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)
    origin: Point = field(default_factory=lambda: Point(0, 0))


@dataclass(frozen=True)
class Frozen:
    key: str
    size: int = 0


@dataclass(slots=True)
class Slotted:
    name: str
    size: int = 0


@dataclass(frozen=True, slots=True, order=True)
class FrozenSlotted:
    major: int
    minor: int


@dataclass(kw_only=True)
class KeywordOnly:
    name: str
    size: int = 1


@dataclass
class PartlyKeywordOnly:
    name: str
    _: KW_ONLY
    size: int = 1
    unit: str = "MB"


@dataclass
class Job:
    name: str
    retries: int = 0


@dataclass
class SparkJob(Job):
    executors: int = 1


@dataclass
class TunedSparkJob(SparkJob):
    options: dict[str, str] = field(default_factory=dict)


@dataclass
class Line:
    start: Point
    end: Point


@dataclass
class Drawing:
    title: str
    lines: list[Line]
    named: dict[str, Line]
    marked: Line | None = None


@dataclass
class Optionals:
    count: int | None = None
    ratio: Optional[float] = None
    name: str | None = None
    flag: bool | None = None
    when: datetime | None = None
    point: Point | None = None
    tags: list[str] | None = None
    limits: dict[str, int] | None = None
    colour: Colour | None = None


@dataclass
class RequiredOptional:
    name: str | None
    size: int | None


@dataclass
class Unions:
    key: int | str
    number: float | None = None
    value: Union[int, float, str, bool] = 0
    shape: Point | str = ""
    items: str | list[int] = ""


@dataclass
class EitherRecord:
    shape: Line | Scalars


@dataclass
class Lists:
    whole: list[int]
    nested: list[list[float]]
    mapped: list[dict[str, int]]
    optional: list[int | None]
    points: list[Point]


@dataclass
class Dicts:
    by_name: dict[str, float]
    nested: dict[str, dict[str, bool]]
    lists: dict[str, list[int]]
    points: dict[str, Point]
    optional: dict[str, int | None]


@dataclass
class IntKeys:
    names: dict[int, str]
    points: dict[int, Point]


@dataclass
class EnumKeys:
    counts: dict[Colour, int]


@dataclass
class OtherKeys:
    by_ratio: dict[float, str]
    by_flag: dict[bool, str]


@dataclass
class DateKeys:
    by_day: dict[date, int]


@dataclass
class OldGenerics:
    items: List[int]
    by_name: Dict[str, List[str]]


@dataclass
class Untyped:
    settings: dict
    name: str = ""


@dataclass
class Enums:
    colour: Colour
    region: Region
    size: Size = Size.SMALL
    colours: list[Colour] = field(default_factory=list)
    by_name: dict[str, Region] = field(default_factory=dict)
    maybe: Colour | None = None


@dataclass
class Times:
    at: datetime
    day: date
    took: timedelta


@dataclass
class TimesNested:
    at: list[datetime]
    days: dict[str, date]
    took: timedelta | None = None


@dataclass
class Nothing:
    nothing: None = None


@dataclass
class Choices:
    mode: Literal["append", "overwrite"]
    level: Literal[1, 2, 3] = 1
    modes: list[Literal["a", "b"]] = field(default_factory=list)
    maybe: Literal["x"] | None = None


@dataclass
class Annotations:
    size: Annotated[int, "bytes"]
    names: list[Annotated[str, "not empty"]]
    maybe: Annotated[int | None, "a hint"] = None


@dataclass
class Described:
    """A query that is to run."""

    statement: str = field(metadata={"description": "what is run"})
    limit: int = field(default=10, metadata={"description": "rows at most", "unit": "rows"})


@dataclass
class ClassVariable:
    version: ClassVar[int] = 3
    name: str = ""


@dataclass
class Constant:
    name: Final[str] = "fixed"


@dataclass
class Computed:
    width: int
    height: int
    area: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.area = self.width * self.height


@dataclass
class NotCompared:
    name: str
    note: str = field(default="", compare=False, repr=False)


@dataclass
class WithMethods:
    first: str
    last: str

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"


@dataclass
class Box(Generic[T]):
    name: str
    size: int = 0


@dataclass
class Underscored:
    class_: str
    _private: int = 0
    CamelCase: bool = False


@dataclass
class Deep:
    drawing: Drawing
    history: list[dict[str, list[Point]]]


@dataclass
class Wide:
    a: int = 1
    b: int = 2
    c: int = 3
    d: int = 4
    e: int = 5
    f: int = 6
    g: int = 7
    h: int = 8
    i: int = 9
    j: int = 10
    k: int = 11
    l: int = 12  # noqa: E741
    m: int = 13
    n: int = 14
    o: int = 15
    p: int = 16
    q: int = 17


@dataclass
class Table:
    files: list[File]
    schema: File | None = None


@dataclass
class Dataset:
    name: str
    file: File
    directory: Directory
    table: StructuredDataset


@dataclass
class Node:
    """A record that can hold another of its type."""

    value: int
    next: Optional["Node"] = None


@dataclass
class Tree:
    """A record that can hold many others of its type."""

    name: str
    children: list["Tree"] = field(default_factory=list)


class Place(NamedTuple):
    city: str
    zip_code: int = 0


class Keys(TypedDict):
    name: str
    size: int


class SomeKeys(TypedDict, total=False):
    name: str
    size: int


class RequiredKeys(TypedDict):
    name: str
    note: NotRequired[str]


UserId = NewType("UserId", int)


@dataclass
class Placed:
    place: Place


@dataclass
class Keyed:
    keys: Keys


@dataclass
class SomeKeyed:
    keys: SomeKeys


@dataclass
class Anything:
    value: Any


@dataclass
class AnyValues:
    values: dict[str, Any]
    items: list[Any]


@dataclass
class BareList:
    items: list


@dataclass
class Tuples:
    pair: tuple[int, str]
    many: tuple[int, ...]


@dataclass
class OldTuples:
    pair: Tuple[int, str]


@dataclass
class Sets:
    names: set[str]
    numbers: frozenset[int]


@dataclass
class OldSets:
    names: Set[str]


@dataclass
class OrderlyDefaults:
    colour: Colour = Colour.RED
    region: Region = Region.EU
    at: datetime = NOON
    day: date = DAY
    took: timedelta = timedelta(seconds=1.5)
    frozen: Frozen = Frozen("a", 1)
    choice: Literal["a"] | None = "a"
    point: Point | None = None


@dataclass
class NumericDefaults:
    large: int = 2**63
    huge: float = 1e300
    half: float = 0.5
    either: int | str = "a"
    other: int | str = 1


@dataclass
class TextKeys:
    by_id: dict[uuid.UUID, int]
    by_region: dict[Region, int]
    by_choice: dict[Literal["x"], int]


@dataclass
class MixedChoices:
    mixed: Literal["a", 1]
    maybe: Literal["a", None]


@dataclass
class TextOrList:
    items: list[int] | str


@dataclass
class NumberOrText:
    value: int | str


@dataclass
class IntOrFloat:
    value: int | float


@dataclass
class DateOrText:
    value: date | str


@dataclass
class EnumOrText:
    value: Colour | str


@dataclass
class NestedUnions:
    items: list[int | str | None]
    named: dict[str, int | list[str]]
    maybe: list[Point | None] | None


@dataclass
class DictOrList:
    value: dict[str, int] | list[int] | int


@dataclass
class StringAnnotations:
    items: "list[int]"
    point: "Optional[Point]" = None


@pydantic.dataclasses.dataclass
class ModelDataclass:
    whole: int
    items: list[int] = field(default_factory=list)


@dataclass
class Local:
    path: Path


@dataclass
class InitVariable:
    size: int
    scale: InitVar[int] = 1


@dataclass
class OldList:
    items: List


@dataclass
class Double:
    items: deque[int]


@dataclass
class Counts:
    counts: Counter[str]


@dataclass
class InOrder:
    counts: OrderedDict[str, int]


@dataclass
class Address:
    ip: IPv4Address


@dataclass
class Third:
    fraction: Fraction


@dataclass
class Raw:
    data: bytes


@dataclass
class Identified:
    id: uuid.UUID


@dataclass
class Priced:
    price: Decimal


@dataclass
class Alarm:
    at: time


@dataclass
class Levels:
    level: Level
    priority: Priority = Priority.FIRST


@dataclass
class LevelKeys:
    by_level: dict[Level, int]


@dataclass
class NewTyped:
    user: UserId


@dataclass
class Abstract:
    items: Sequence[int]
    names: Mapping[str, int]


@dataclass
class Generics(Generic[T]):
    value: T


@dataclass
class SameShape:
    x: int
    y: int


# Other records.


@attrs.define
class AttrsJob:
    name: str
    retries: int = 0


@attrs.frozen
class AttrsOuter:
    job: AttrsJob
    tags: list[str] = attrs.field(factory=list)


class StructJob(msgspec.Struct):
    name: str
    retries: int = 0


@dataclass
class HoldsAttrs:
    job: AttrsJob


# pydantic models.


class Model(pydantic.BaseModel):
    name: str
    size: int = 0


class NestedModel(pydantic.BaseModel):
    model: Model
    models: list[Model] = []
    named: dict[str, Model] = {}
    maybe: Model | None = None


class ScalarModel(pydantic.BaseModel):
    whole: int
    number: float
    text: str
    flag: bool


class OptionalModel(pydantic.BaseModel):
    name: str | None = None
    size: int | None = None
    tags: list[str] | None = None


class UnionModel(pydantic.BaseModel):
    key: int | str
    shape: Model | list[int] = []


class EnumModel(pydantic.BaseModel):
    colour: Colour
    region: Region = Region.EU
    colours: list[Colour] = []


class LevelModel(pydantic.BaseModel):
    level: Level


class TimeModel(pydantic.BaseModel):
    at: datetime
    day: date
    took: timedelta


class AliasModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(populate_by_name=True)

    size: int = pydantic.Field(alias="sizeInBytes")


class ConstrainedModel(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=1, max_length=20, description="what it is called")
    size: int = pydantic.Field(ge=0, lt=100)
    ratio: Annotated[float, pydantic.Field(gt=0, le=1)] = 0.5


class FactoryModel(pydantic.BaseModel):
    tags: list[str] = pydantic.Field(default_factory=list)
    limits: dict[str, int] = pydantic.Field(default_factory=dict)


class FrozenModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)

    name: str


class DerivedModel(Model):
    """A model with one field more."""

    owner: str


class ChoiceModel(pydantic.BaseModel):
    mode: Literal["append", "overwrite"] = "append"


class KeyedModel(pydantic.BaseModel):
    by_number: dict[int, str]


class DataclassModel(pydantic.BaseModel):
    point: Point


class UntypedModel(pydantic.BaseModel):
    settings: dict


class TreeModel(pydantic.BaseModel):
    name: str
    children: list["TreeModel"] = []


class TextModel(pydantic.BaseModel):
    id: uuid.UUID
    price: Decimal


class SetModel(pydantic.BaseModel):
    names: set[str]


class TupleModel(pydantic.BaseModel):
    pair: tuple[int, str]


class BytesModel(pydantic.BaseModel):
    data: bytes


class AnyModel(pydantic.BaseModel):
    value: Any


class GenericModel(pydantic.BaseModel, Generic[T]):
    value: T


class ListModel(pydantic.RootModel[list[int]]):
    pass


class SerializedModel(pydantic.BaseModel):
    size: int = pydantic.Field(serialization_alias="sizeInBytes")


class ComputedModel(pydantic.BaseModel):
    width: int

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def area(self) -> int:
        return self.width**2


class ExcludingModel(pydantic.BaseModel):
    name: str
    note: str = pydantic.Field(default="", exclude=True)


class Cat(pydantic.BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(pydantic.BaseModel):
    kind: Literal["dog"] = "dog"


class PetModel(pydantic.BaseModel):
    pet: Cat | Dog = pydantic.Field(discriminator="kind")


class OpenModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")

    name: str


class EnumValueModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(use_enum_values=True)

    colour: Colour


class PrivateModel(pydantic.BaseModel):
    name: str
    _note: str = pydantic.PrivateAttr(default="a")


class DefaultModel(pydantic.BaseModel):
    at: datetime = NOON
    colour: Colour = Colour.RED
    model: Model = Model(name="a")
    took: timedelta = timedelta(days=1)
    lists: dict[str, list[int]] = {"a": [1]}


class UrlModel(pydantic.BaseModel):
    url: pydantic.HttpUrl


@dataclass
class HoldsModel:
    model: Model


INTS: list[Pair] = [
    (int, 0),
    (int, 1),
    (int, -1),
    (int, 2**31),
    (int, 2**53 + 1),
    (int, INT64_MAX),
    (int, INT64_MIN),
]

FLOATS: list[Pair] = [
    (float, 0.0),
    (float, -0.0),
    (float, 3.0),
    (float, 0.1 + 0.2),
    (float, -1.5e-7),
    (float, 1e16),
    (float, 1.7976931348623157e308),
    (float, 5e-324),
    (float, float("inf")),
    (float, float("-inf")),
    (float, float("nan")),
]

TEXTS: list[Pair] = [
    (str, ""),
    (str, "select 1"),
    (str, " \t\r\n"),
    (str, SNAKE),
    (str, "e\u0301 is not é"),
    (str, "a\0b"),
    (str, "\U0010ffff"),
    (str, "{{ .inputs.x }} \\ \"'"),
    (str, "null"),
    (str, "1"),
    (str, "long " * 1000),
]

OTHER_SCALARS: list[Pair] = [
    (bool, True),
    (bool, False),
    (type(None), None),
]

TIMES: list[Pair] = [
    (datetime, NOON),
    (datetime, datetime(1970, 1, 1, tzinfo=UTC)),
    (datetime, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    (datetime, datetime(1, 1, 1, tzinfo=UTC)),
    (datetime, datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    (datetime, datetime(2026, 3, 2, 12, 0, tzinfo=INDIA)),
    (datetime, datetime(2026, 3, 2, 23, 0, 0, 1, tzinfo=NEW_YORK)),
    (date, DAY),
    (date, date(1970, 1, 1)),
    (date, date(1969, 7, 20)),
    (date, date(1, 1, 1)),
    (date, date(9999, 12, 31)),
    (date, date(2024, 2, 29)),
    (timedelta, timedelta()),
    (timedelta, timedelta(microseconds=1)),
    (timedelta, timedelta(microseconds=-1)),
    (timedelta, timedelta(days=-3, hours=4)),
    (timedelta, timedelta(weeks=520, seconds=1, microseconds=999999)),
    (timedelta, timedelta(days=3652500)),
    (timedelta, timedelta(days=-3652500)),
]

LISTS: list[Pair] = [
    (list[int], []),
    (list[int], [1, 2, 3]),
    (list[int], [INT64_MIN, 0, INT64_MAX]),
    (list[float], [0.5, -0.0, float("inf")]),
    (list[bool], [True, False]),
    (list[str], ["", SNAKE]),
    (list[datetime], [NOON, datetime(1970, 1, 1, tzinfo=INDIA)]),
    (list[date], [DAY]),
    (list[timedelta], [timedelta(hours=1), timedelta(days=-1)]),
    (list[list[int]], []),
    (list[list[int]], [[], [1], [1, 2]]),
    (list[list[list[str]]], [[["a"], []], []]),
    (list[list[list[list[list[bool]]]]], [[[[[True]]]]]),
    (list[dict[str, int]], [{}, {"a": 1}]),
    (list[int | None], [1, None]),
    (list[int | str], [1, "1"]),
    (list[dict[int, str]], [{1: "a"}, {}]),
    (list[dict], [{"a": 1}, {}]),
    (List[int], [1]),
    (List[Dict[str, List[float]]], [{"a": [1.5]}]),
    (list[int], list(range(200))),
]

DICTS: list[Pair] = [
    (dict[str, int], {}),
    (dict[str, int], {"a": 1, "b": -2}),
    (dict[str, int], {"": 0, "with space": 1, SNAKE: 2, "a.b[0]": 3}),
    (dict[str, float], {"nan": float("nan"), "inf": float("-inf")}),
    (dict[str, bool], {"yes": True}),
    (dict[str, str], {"b": "first", "a": "second"}),
    (dict[str, datetime], {"at": NOON}),
    (dict[str, date], {"on": DAY}),
    (dict[str, timedelta], {"took": timedelta(seconds=1.5)}),
    (dict[str, list[int]], {"a": [], "b": [1]}),
    (dict[str, dict[str, int]], {"a": {}, "b": {"c": 1}}),
    (dict[str, dict[str, dict[str, list[str]]]], {"a": {"b": {"c": ["d"]}}}),
    (dict[str, int | None], {"a": 1, "b": None}),
    (dict[str, list[dict[str, float]]], {"rows": [{"x": 1.0}, {}]}),
    (Dict[str, int], {"a": 1}),
]

MSGPACK_DICTS: list[Pair] = [
    (dict, {}),
    (dict, {"a": 1, "b": 2.5, "c": "text", "d": True, "e": None}),
    (dict, {"nested": {"deeper": {"deepest": [1, [2, [3, {}]]]}}}),
    (dict, {"small": -1, "large": 2**63, "least": INT64_MIN}),
    (dict, {"sizes": [127, 128, 255, 256, 65535, 65536, 2**32, -32, -33, -128, -129, -32769]}),
    (dict, {"floats": [0.0, -0.0, 1.5, float("inf"), 3.0]}),
    (dict, {"texts": ["", "x" * 31, "x" * 32, "x" * 256, SNAKE]}),
    (dict, {"bytes": b"\0\xff", "empty": b""}),
    (dict, {1: "one", 2: "two"}),
    (dict, {1.5: "float", True: "bool", None: "none"}),
    (dict, {"mixed": 1, 2: {"three": 3}, 4: [5.0]}),
    (dict, {"keys": {str(key): key for key in range(20)}}),
    (Dict, {"a": [1]}),
    (dict[int, str], {}),
    (dict[int, str], {1: "a", -1: "b", INT64_MAX: "c"}),
    (dict[int, int], {1: 2}),
    (dict[int, float], {1: 0.5}),
    (dict[int, list[int]], {1: [1, 2], 2: []}),
    (dict[int, dict[int, str]], {1: {2: "c"}}),
    (dict[int, dict[str, bool]], {1: {"a": True}}),
    (dict[int, str | None], {1: "a", 2: None}),
    (dict[float, int], {0.5: 1}),
    (dict[bool, str], {True: "yes", False: "no"}),
    (Dict[int, List[str]], {1: ["a"]}),
    (dict[int, Point], {1: Point(1, 2)}),
    (dict[int, list[Point]], {1: [Point(1, 2), Point(3, 4)]}),
    (dict[int, datetime], {1: NOON}),
    (dict[int, Colour], {1: Colour.RED}),
    (dict[Colour, int], {Colour.RED: 1, Colour.DARK_BLUE: 2}),
    (dict[date, int], {DAY: 1}),
    (dict[str, dict[int, str]], {"a": {1: "b"}}),
    (dict[int, dict[Colour, list[Point]]], {1: {Colour.RED: [Point(1, 2)]}}),
    (dict[int, int | str], {1: "a", 2: 3}),
    (dict[int, Any], {1: [1, "a"]}),
    (dict[int, tuple[int, str]], {1: (1, "a")}),
    (dict[int, set[int]], {1: {2}}),
    (dict[int, bytes], {1: b"a"}),
    (dict[int, list], {1: [1, "a"]}),
    (dict[int, Keys], {1: {"name": "a", "size": 1}}),
    (dict[Level, Level], {Level.LOW: Level.HIGH}),
    (dict[Region, int], {Region.EU: 1}),
    (dict[int | str, int], {1: 1, "a": 2}),
    (dict[Any, Any], {1: 1, "a": 2}),
    (dict[uuid.UUID, int], {uuid.UUID(int=7): 1}),
    (dict[datetime, int], {NOON: 1}),
    (dict[Literal["a"], int], {"a": 1}),
    (dict[UserId, int], {UserId(7): 1}),
    (dict[str, dict], {"a": {"b": [1, None]}, "c": {}}),
]

UNIONS: list[Pair] = [
    (int | None, 1),
    (int | None, None),
    (None | int, 1),
    (None | int, None),
    (Optional[int], 0),
    (Optional[str], ""),
    (Union[None, str], "a"),
    (float | None, float("nan")),
    (bool | None, False),
    (datetime | None, NOON),
    (date | None, DAY),
    (timedelta | None, None),
    (int | str, 1),
    (int | str, "1"),
    (str | int, 1),
    (str | int, "1"),
    (int | float, 1),
    (int | float, 1.0),
    (float | int, 1),
    (bool | int, True),
    (bool | int, 1),
    (int | bool, True),
    (Union[int, float, str, bool, None], 1.5),
    (Union[int, float, str, bool, None], None),
    (datetime | date, NOON),
    (datetime | date, DAY),
    (datetime | timedelta | str, timedelta(1)),
    (list[int] | None, [1]),
    (list[int] | None, []),
    (list[int] | None, None),
    (dict[str, int] | None, {"a": 1}),
    (dict[str, int] | None, None),
    (dict | None, {"a": [1]}),
    (list[int] | int, [1]),
    (list[int] | int, 1),
    (list[int] | list[str], [1]),
    (list[int] | list[str], ["a"]),
    (list[str] | dict[str, str], {"a": "b"}),
    (list[str] | dict[str, str], ["a"]),
    (dict[str, int] | dict[str, str], {"a": "b"}),
    (list[int | None] | None, [1, None]),
    (list[Optional[list[int | None]]], [None, [None, 1]]),
    (dict[str, int | str | None], {"a": 1, "b": "c", "d": None}),
    (dict[str, list[int | str]], {"a": [1, "b"]}),
    (Point | None, Point(1, 2)),
    (Point | None, None),
    (Point | int, 3),
    (Point | int, Point(1, 2)),
    (Point | list[Point], [Point(1, 2)]),
    (Colour | None, Colour.RED),
    (Colour | None, None),
    (Colour | int, Colour.RED),
    (Colour | int, 7),
    (dict[int, str] | None, {1: "a"}),
    (list[list[list[list[list[list[int]]]]]] | None, [[[[[[1]]]]]]),
    (list[int | list[str | list[bool]]], [1, ["a", [True]]]),
    (Point | list[Point] | dict[str, Point] | None, {"a": Point(1, 2)}),
    (Point | Line, Point(1, 2)),
    (Point | Line, Line(Point(1, 2), Point(3, 4))),
    (Model | Point, Point(1, 2)),
    (Model | dict[str, int], {"a": 1}),
    (dict | Point, Point(1, 2)),
    (dict[int, str] | dict[str, int], {1: "a"}),
    (Colour | str, Colour.RED),
    (str | Colour, Colour.RED),
    (str | Colour, "red"),
    (str | Colour, "other"),
    (Colour | Region, Region.EU),
    (Literal["a"] | str, "a"),
    (Literal["a"] | str, "b"),
    (Literal["a", "b"] | None, "a"),
    (Literal["a", "b"] | None, None),
    (Annotated[int | None, "a hint"], 1),
]

CHOICES: list[Pair] = [
    (Colour, Colour.RED),
    (Colour, Colour.DARK_BLUE),
    (Region, Region.EU),
    (Size, Size.LARGE),
    (Single, Single.ONLY),
    (list[Colour], [Colour.RED, Colour.DARK_BLUE, Colour.RED]),
    (list[Colour], []),
    (dict[str, Colour], {"a": Colour.RED}),
    (list[list[Region]], [[Region.EU], []]),
    (list[Colour | None], [Colour.RED, None]),
    (dict[str, list[Size]], {"a": [Size.SMALL]}),
    (Literal["a"], "a"),
    (Literal["a", "b"], "b"),
    (Literal[""], ""),
    (Literal[1, 2, 3], 2),
    (Literal[-1], -1),
    (Literal[True], True),
    (Literal[True, False], False),
    (list[Literal["a", "b"]], ["a", "b", "a"]),
    (dict[str, Literal[1, 2]], {"x": 2}),
    (Literal["a"] | int, 1),
]

ANNOTATED: list[Pair] = [
    (Annotated[int, "a hint"], 1),
    (Annotated[str, 1, 2, 3], "a"),
    (Annotated[datetime, "utc"], NOON),
    (Annotated[list[int], "a hint"], [1]),
    (list[Annotated[int, "a hint"]], [1]),
    (Annotated[dict[str, int], "a hint"], {"a": 1}),
    (dict[str, Annotated[float, "a hint"]], {"a": 0.5}),
    (Annotated[dict[int, str], "a hint"], {1: "a"}),
    (Annotated[dict, "a hint"], {"a": 1}),
    (Annotated[Annotated[int, "inner"], "outer"], 1),
]

DATACLASSES: list[Pair] = [
    (Empty, Empty()),
    (Point, Point(0, 0)),
    (Point, Point(INT64_MIN, INT64_MAX)),
    (Scalars, Scalars(1, 2.5, "three", True)),
    (Scalars, Scalars(0, float("inf"), "", False)),
    (Scalars, Scalars(-1, float("nan"), SNAKE, True)),
    (Scalars, Scalars(-1, -0.0, "\0", True)),
    (Defaults, Defaults("a")),
    (Defaults, Defaults("a", 4, 1.5, "note", True, "b")),
    (Factories, Factories()),
    (Factories, Factories(["a"], {"b": 1}, Point(1, 2))),
    (Frozen, Frozen("a", 1)),
    (Slotted, Slotted("a", 1)),
    (FrozenSlotted, FrozenSlotted(1, 2)),
    (KeywordOnly, KeywordOnly(name="a", size=2)),
    (Job, Job("a", 1)),
    (SparkJob, SparkJob("a", 1, 2)),
    (TunedSparkJob, TunedSparkJob("a", 1, 2, {"spark.x": "1"})),
    (Line, Line(Point(0, 0), Point(1, 1))),
    (Drawing, Drawing("a", [], {})),
    (
        Drawing,
        Drawing(
            "a",
            [Line(Point(0, 0), Point(1, 1)), Line(Point(1, 1), Point(2, 2))],
            {"last": Line(Point(3, 3), Point(4, 4))},
            Line(Point(5, 5), Point(6, 6)),
        ),
    ),
    (Deep, Deep(Drawing("a", [], {}), [{"x": [Point(1, 2)]}, {}])),
    (Optionals, Optionals()),
    (Optionals, Optionals(1, 0.5, "a", True, NOON, Point(1, 2), ["b"], {"c": 1}, Colour.RED)),
    (Optionals, Optionals(0, 0.0, "", False, None, None, [], {}, None)),
    (RequiredOptional, RequiredOptional(None, 3)),
    (Unions, Unions(1)),
    (Unions, Unions("a", 0.5, "text", "shape", [1])),
    (Unions, Unions(1, None, True, Point(1, 2), "none")),
    (Unions, Unions(1, None, 1.0)),
    (EitherRecord, EitherRecord(Line(Point(0, 0), Point(1, 1)))),
    (EitherRecord, EitherRecord(Scalars(1, 2.5, "three", True))),
    (Lists, Lists([1], [[0.5], []], [{"a": 1}], [1, None], [Point(1, 2)])),
    (Lists, Lists([], [], [], [], [])),
    (Dicts, Dicts({"a": 0.5}, {"b": {"c": True}}, {"d": [1]}, {"e": Point(1, 2)}, {"f": None, "g": 1})),
    (Dicts, Dicts({}, {}, {}, {}, {})),
    (IntKeys, IntKeys({1: "a", -2: "b"}, {3: Point(1, 2)})),
    (EnumKeys, EnumKeys({Colour.RED: 1, Colour.DARK_BLUE: 2})),
    (OtherKeys, OtherKeys({0.5: "a"}, {True: "b"})),
    (DateKeys, DateKeys({DAY: 1})),
    (OldGenerics, OldGenerics([1], {"a": ["b"]})),
    (Untyped, Untyped({"a": 1, "b": {"c": [None, 1.5]}})),
    (Untyped, Untyped({}, "b")),
    (Enums, Enums(Colour.RED, Region.US)),
    (Enums, Enums(Colour.RED, Region.US, Size.LARGE, [Colour.DARK_BLUE], {"a": Region.EU}, Colour.RED)),
    (Times, Times(NOON, DAY, timedelta(hours=1, microseconds=5))),
    (Times, Times(NAIVE_NOON, date(1, 1, 1), timedelta(days=-1))),
    (Times, Times(datetime(1900, 1, 1, tzinfo=INDIA), date(9999, 12, 31), timedelta(days=10000))),
    (TimesNested, TimesNested([NOON, NAIVE_NOON], {"a": DAY}, timedelta(seconds=0.5))),
    (TimesNested, TimesNested([], {})),
    (Nothing, Nothing()),
    (Choices, Choices("append")),
    (Choices, Choices("overwrite", 3, ["a", "b"], "x")),
    (Annotations, Annotations(1, ["a"], 2)),
    (Described, Described("select 1", 20)),
    (Computed, Computed(2, 3)),
    (NotCompared, NotCompared("a")),
    (WithMethods, WithMethods("Ada", "Lovelace")),
    (Box, Box("a", 1)),
    (Underscored, Underscored("a", 1, True)),
    (Wide, Wide()),
    (OrderlyDefaults, OrderlyDefaults()),
    (NumericDefaults, NumericDefaults()),
    (Optional[Node], Node(1, Node(2))),
    (Node, Node(1, Node(2))),
    (Keyed, Keyed({"name": "a", "size": 1})),
    (SomeKeyed, SomeKeyed({"name": "a"})),
    (LevelKeys, LevelKeys({Level.LOW: 1})),
    (TextKeys, TextKeys({uuid.UUID(int=7): 1}, {Region.EU: 2}, {"x": 3})),
    (MixedChoices, MixedChoices("a", None)),
    (NumberOrText, NumberOrText("1")),
    (NumberOrText, NumberOrText(1)),
    (IntOrFloat, IntOrFloat(1)),
    (IntOrFloat, IntOrFloat(1.0)),
    (DateOrText, DateOrText(DAY)),
    (DateOrText, DateOrText("tomorrow")),
    (EnumOrText, EnumOrText(Colour.RED)),
    (EnumOrText, EnumOrText("green")),
    (NestedUnions, NestedUnions([1, "a", None], {"a": ["b"], "c": 1}, [None, Point(1, 2)])),
    (DictOrList, DictOrList({"a": 1})),
    (DictOrList, DictOrList([1])),
    (DictOrList, DictOrList(1)),
    (StringAnnotations, StringAnnotations([1])),
    (ModelDataclass, ModelDataclass(1, [2])),
    (Times, Times(datetime(2026, 3, 2, tzinfo=timezone(timedelta(seconds=3661))), DAY, timedelta(milliseconds=1))),
    (list[Point], [Point(1, 2), Point(3, 4)]),
    (list[Point], []),
    (dict[str, Point], {"a": Point(1, 2)}),
    (dict[str, list[Point]], {"a": [Point(1, 2)], "b": []}),
    (list[dict[str, Line]], [{"a": Line(Point(0, 0), Point(1, 1))}]),
    (list[Point | None], [Point(1, 2), None]),
    (dict[str, Point | int], {"a": Point(1, 2), "b": 3}),
    (list[Frozen], [Frozen("a"), Frozen("b")]),
]

POSTPONED: list[Pair] = [
    (postponed.Point, postponed.Point(1, 2)),
    (postponed.Record, postponed.Record("a")),
    (
        postponed.Record,
        postponed.Record(
            "a",
            points=[postponed.Point(1, 2)],
            named={"b": postponed.Point(3, 4)},
            maybe=postponed.Point(5, 6),
            colour=postponed.Colour.RED,
            at=NOON,
            key="c",
        ),
    ),
    (list[postponed.Record], [postponed.Record("a")]),
    (postponed.Record | None, postponed.Record("a", key=1)),
]

MODELS: list[Pair] = [
    (Model, Model(name="a")),
    (Model, Model(name=SNAKE, size=INT64_MAX)),
    (NestedModel, NestedModel(model=Model(name="a"))),
    (
        NestedModel,
        NestedModel(
            model=Model(name="a"), models=[Model(name="b")], named={"c": Model(name="d")}, maybe=Model(name="e")
        ),
    ),
    (ScalarModel, ScalarModel(whole=1, number=2.5, text="three", flag=True)),
    (ScalarModel, ScalarModel(whole=-1, number=3.0, text="", flag=False)),
    (OptionalModel, OptionalModel()),
    (OptionalModel, OptionalModel(name="a", size=1, tags=["b"])),
    (UnionModel, UnionModel(key=1)),
    (UnionModel, UnionModel(key="1", shape=Model(name="a"))),
    (EnumModel, EnumModel(colour=Colour.RED, colours=[Colour.DARK_BLUE])),
    (TimeModel, TimeModel(at=NOON, day=DAY, took=timedelta(hours=1))),
    (TimeModel, TimeModel(at=NAIVE_NOON, day=DAY, took=timedelta(days=-1, microseconds=1))),
    (ConstrainedModel, ConstrainedModel(name="a", size=99)),
    (FactoryModel, FactoryModel()),
    (FactoryModel, FactoryModel(tags=["a"], limits={"b": 1})),
    (FrozenModel, FrozenModel(name="a")),
    (DerivedModel, DerivedModel(name="a", owner="b")),
    (ChoiceModel, ChoiceModel(mode="overwrite")),
    (KeyedModel, KeyedModel(by_number={1: "a"})),
    (DataclassModel, DataclassModel(point=Point(1, 2))),
    (UntypedModel, UntypedModel(settings={"a": [1, None, {"b": 2.5}]})),
    (AliasModel, AliasModel(size=3)),
    (GenericModel[int], GenericModel[int](value=1)),
    (ListModel, ListModel([1])),
    (SerializedModel, SerializedModel(size=1)),
    (ComputedModel, ComputedModel(width=2)),
    (ExcludingModel, ExcludingModel(name="a")),
    (PetModel, PetModel(pet=Dog())),
    (OpenModel, OpenModel(name="a", size=1)),
    (EnumValueModel, EnumValueModel(colour=Colour.RED)),
    (PrivateModel, PrivateModel(name="a")),
    (DefaultModel, DefaultModel()),
    (list[Model | Point], [Model(name="a"), Point(1, 2)]),
    (list[Model], [Model(name="a"), Model(name="b")]),
    (dict[str, Model], {"a": Model(name="b")}),
    (Model | None, Model(name="a")),
    (Model | None, None),
    (list[Model | None], [None, Model(name="a")]),
]

FILES: list[Pair] = [
    (File, File("s3://bucket/key")),
    (File, File("gs://bucket/a/b.parquet")),
    (File, File("https://example.com/a?b=c&d=%20")),
    (File, File("s3://bucket/with space/日本")),
    (Annotated[File, "csv"], File("s3://bucket/a.csv", format="csv")),
    (Annotated[File, "parquet"], File("abfs://container/a.parquet", format="parquet")),
    (list[File], [File("s3://bucket/a"), File("s3://bucket/b")]),
    (list[File], []),
    (list[Annotated[File, "csv"]], [File("s3://bucket/a", format="csv")]),
    (dict[str, File], {"a": File("s3://bucket/a")}),
    (File | None, File("s3://bucket/a")),
    (File | None, None),
    (Directory, Directory("s3://bucket/directory")),
    (Directory, Directory("s3://bucket/directory/")),
    (Annotated[Directory, "csv"], Directory("s3://bucket/tables", format="csv")),
    (list[Directory], [Directory("s3://bucket/a")]),
    (dict[str, list[Directory]], {"a": [Directory("gs://bucket/a")]}),
    (Directory | None, None),
    (StructuredDataset, StructuredDataset(uri="s3://bucket/table")),
    (StructuredDataset, StructuredDataset(uri="s3://bucket/table.csv", file_format="csv")),
    (list[StructuredDataset], [StructuredDataset(uri="s3://bucket/table")]),
    (Annotated[StructuredDataset, {}, "csv"], StructuredDataset(uri="s3://bucket/table", file_format="csv")),
    (dict[str, StructuredDataset], {"a": StructuredDataset(uri="s3://bucket/table", file_format="csv")}),
    (StructuredDataset | None, StructuredDataset(uri="s3://bucket/table")),
    (StructuredDataset | None, None),
    (File | str, File("s3://bucket/a")),
    (str | File, "s3://bucket/a"),
    (File | Directory, Directory("s3://bucket/a")),
    (Directory | File, File("s3://bucket/a")),
    (list[File | None], [None, File("s3://bucket/a")]),
    (Annotated[File, "csv"] | None, File("s3://bucket/a", format="csv")),
    (dict[int, File], {1: File("s3://bucket/a")}),
    (Table, Table([File("s3://bucket/a")])),
    (Table, Table([], File("s3://bucket/b"))),
    (
        Dataset,
        Dataset("a", File("s3://bucket/a"), Directory("s3://bucket/b"), StructuredDataset(uri="s3://bucket/c")),
    ),
]

CORPUS: dict[str, list[Pair]] = {
    "int": INTS,
    "float": FLOATS,
    "str": TEXTS,
    "scalar": OTHER_SCALARS,
    "time": TIMES,
    "list": LISTS,
    "dict": DICTS,
    "msgpack": MSGPACK_DICTS,
    "union": UNIONS,
    "choice": CHOICES,
    "annotated": ANNOTATED,
    "dataclass": DATACLASSES,
    "postponed": POSTPONED,
    "model": MODELS,
    "file": FILES,
}

# Values that both write, and read as another value: type, value, and the value that is read.
READ_OTHERWISE: list[Triple] = [
    (datetime, NAIVE_NOON, NOON),
    (datetime, datetime(2026, 3, 2, 12, 0, fold=1), datetime(2026, 3, 2, 12, 0, tzinfo=UTC)),
    (list[datetime], [NAIVE_NOON], [NOON]),
    (Job, SparkJob("a", 1, 2), Job("a", 1)),
    (list[Job], [SparkJob("a", 1, 2), Job("b")], [Job("a", 1), Job("b")]),
    (Model, DerivedModel(name="a", owner="b"), Model(name="a")),
    (Point, {"x": 1, "y": 2}, Point(1, 2)),
    (list[Point], [{"x": 1, "y": 2}], [Point(1, 2)]),
    (Line, {"start": {"x": 1, "y": 2}, "end": {"x": 3, "y": 4}}, Line(Point(1, 2), Point(3, 4))),
    (dict, {"pair": (1, 2)}, {"pair": [1, 2]}),
    (Colour, "red", Colour.RED),
    # A float holds the microseconds of a duration only if the duration is not too long.
    (
        Times,
        Times(NOON, DAY, timedelta(days=100000, microseconds=1)),
        Times(NOON, DAY, timedelta(days=100000, microseconds=2)),
    ),
    # The literal has the declared format.
    (File, "s3://bucket/a", File("s3://bucket/a")),
    (Directory, "s3://bucket/a", Directory("s3://bucket/a")),
    (File, File("s3://bucket/a", format="csv"), File("s3://bucket/a")),
    (Annotated[File, "jpeg"], File("s3://bucket/a", format="csv"), File("s3://bucket/a", format="jpeg")),
    (
        Annotated[StructuredDataset, {}, "csv"],
        StructuredDataset(uri="s3://bucket/a", file_format="parquet"),
        StructuredDataset(uri="s3://bucket/a", file_format="csv"),
    ),
    # The literal has the declared columns.
    (
        Annotated[StructuredDataset, {"a": int, "b": str}],
        StructuredDataset(uri="s3://bucket/a"),
        StructuredDataset(uri="s3://bucket/a", columns={"a": literal_type(int), "b": literal_type(str)}),
    ),
    (
        Annotated[StructuredDataset, {"a": {"b": list[int], "c": datetime}}, "parquet"],
        StructuredDataset(uri="s3://bucket/a"),
        StructuredDataset(
            uri="s3://bucket/a",
            file_format="parquet",
            columns={"a.b": literal_type(list[int]), "a.c": literal_type(datetime)},
        ),
    ),
]

# Values that both refuse to write.
REFUSED: list[Pair] = [
    (int, True),
    (int, 1.0),
    (int, "1"),
    (int, None),
    (int, Priority.LAST),
    (int, INT64_MAX + 1),
    (int, INT64_MIN - 1),
    (float, True),
    (float, "1.5"),
    (bool, 1),
    (str, 1),
    (str, b"a"),
    (str, Region.EU),
    (str, "\ud800"),
    (datetime, "2026-03-02"),
    (date, NOON),
    (timedelta, 1.5),
    (type(None), 0),
    (list[int], [1, "2"]),
    (list[int], [None]),
    (list[int], (1, 2)),
    (list[int], {1}),
    (list[int], None),
    (list[int], 1),
    (dict[str, int], {"a": "b"}),
    (dict[str, int], {1: 1}),
    (dict[str, int], []),
    (dict, [1]),
    (dict, {"a": 2**64}),
    (dict, {"at": NOON}),
    (dict, {"point": Point(1, 2)}),
    (dict, {"names": {"a"}}),
    (dict, {"colour": Colour.RED}),
    (int | None, "a"),
    (int | str, 1.5),
    (int | str, [1]),
    (list[int] | None, ["a"]),
    (Colour, "none"),
    (Colour, Region.EU),
    (Literal["a"], 1),
    (Point, 1),
    (Point, None),
    (Point, {"x": 1}),
    (Point, {"x": 1, "y": 2, "z": 3}),
    (Point, Line(Point(1, 2), Point(3, 4))),
    (Point, Point(2**64, 0)),
    (Job, Job("\ud800")),
    (Model, Point(1, 2)),
    (Model, "a"),
    (File, 1),
    (File, None),
    (StructuredDataset, 1),
    (File, Directory("s3://bucket/a")),
]

# Types that both refuse.
REFUSED_TYPES: list[Any] = [Mixed, Literal["a", 1], Literal["a", None], OrderedDict[str, int]]

# Values for which the two differ, by the rows of the table in docs/reference/literals.md: type, value, and the value
# that is read if it is another one.
DIFFERENT: dict[str, list[Pair | Triple]] = {
    # Types that flytekit pickles.
    "`bytes`": [(bytes, b"\0\xff"), (list[bytes], [b""]), (bytes | None, b"a")],
    "`UUID`, `Decimal`, `time`": [
        (uuid.UUID, uuid.UUID(int=7)),
        (Decimal, Decimal("1.10")),
        (time, time(12, 30, tzinfo=UTC)),
        (dict[str, Decimal], {"a": Decimal("1e5")}),
    ],
    "`set`, `frozenset`": [
        (set, {1}),
        (set[int], {1, 2}),
        (frozenset[str], frozenset({"a"})),
        (list[set[int]], [{1}, set()]),
        (set[int] | None, {1}),
    ],
    "`Any`, `object`": [
        (Any, 1),
        (Any, {"a": [1]}),
        (Any | None, 1),
        (list[Any], [1, "a", [2]]),
        (dict[str, Any], {"a": 1, "b": [None]}),
        (dict[str, dict[str, Any]], {"a": {"b": 1}}),
        (object, 1),
    ],
    "`NewType`": [(UserId, UserId(7)), (list[UserId], [UserId(7)])],
    "`Sequence`, `Mapping`": [(Sequence[int], [1]), (Mapping[str, int], {"a": 1})],
    "`Path`": [(Path, Path(__file__)), (list[Path], [Path(__file__)])],
    "attrs classes": [
        (AttrsJob, AttrsJob("a", 1)),
        (AttrsOuter, AttrsOuter(AttrsJob("a"), ["b"])),
        (list[AttrsJob], [AttrsJob("a")]),
    ],
    "msgspec Structs": [(StructJob, StructJob("a", 1)), (StructJob | None, StructJob("a"))],
    "generic dataclasses with an argument": [(Generics[int], Generics(1)), (Box[int], Box("a"))],
    # Types that flytekit refuses.
    "`tuple`": [
        (tuple, (1, "a")),
        (tuple[int, str], (1, "a")),
        (tuple[int, ...], (1, 2)),
        (list[tuple[int, str]], [(1, "a")]),
        (tuple[int, int] | None, (1, 2)),
    ],
    "`NamedTuple`": [(Place, Place("Oslo", 7)), (dict[str, Place], {"a": Place("Oslo")})],
    "`list` of anything": [(list, [1, "a"]), (dict[str, list], {"a": [1]}), (list | None, [1])],
    "`list[None]`": [(list[None], [None, None])],
    "`Literal[None]`": [(Literal[None], None)],
    "`Literal` of an enum's members": [(Literal[Colour.RED], Colour.RED)],
    "enums whose values are not texts": [
        (Level, Level.LOW),
        (Priority, Priority.FIRST),
        (Ratio, Ratio.HALF),
        (list[Level], [Level.HIGH]),
        (Level | None, Level.LOW),
    ],
    "`Annotated` enums": [(Annotated[Colour, "a hint"], Colour.RED)],
    "records that hold lists of themselves": [
        (Tree, Tree("a", [Tree("b"), Tree("c", [Tree("d")])])),
        (TreeModel, TreeModel(name="a", children=[TreeModel(name="b")])),
    ],
    # Fields.
    "fields of types that flytekit pickles": [
        (Raw, Raw(b"\0\xff")),
        (Identified, Identified(uuid.UUID(int=7))),
        (Priced, Priced(Decimal("1.10"))),
        (Alarm, Alarm(time(1, 2, 3))),
        (Sets, Sets({"a"}, frozenset({1}))),
        (OldSets, OldSets({"a"})),
        (Anything, Anything({"a": [1]})),
        (AnyValues, AnyValues({"a": 1}, [None])),
        (NewTyped, NewTyped(UserId(7))),
        (Abstract, Abstract([1], {"a": 1})),
        (Local, Local(Path("/a/b"))),
        (Generics, Generics(1)),
        (TextModel, TextModel(id=uuid.UUID(int=7), price=Decimal("1.10"))),
        (SetModel, SetModel(names={"a"})),
        (BytesModel, BytesModel(data=b"a")),
        (AnyModel, AnyModel(value=[1])),
        (UrlModel, UrlModel(url="https://example.com/a")),
    ],
    "fields of types that flytekit refuses": [
        (Tuples, Tuples((1, "a"), (1, 2))),
        (OldTuples, OldTuples((1, "a"))),
        (Placed, Placed(Place("Oslo"))),
        (BareList, BareList([1, "a"])),
        (Levels, Levels(Level.HIGH)),
        (LevelModel, LevelModel(level=Level.HIGH)),
        (TupleModel, TupleModel(pair=(1, "a"))),
    ],
    "`ClassVar`, `InitVar`, `Final`": [
        (ClassVariable, ClassVariable("a")),
        (InitVariable, InitVariable(1)),
        (Constant, Constant("a")),
    ],
    "`KW_ONLY`": [(PartlyKeywordOnly, PartlyKeywordOnly("a", size=2))],
    "fields of a bare `List`": [(OldList, OldList([1, "a"]))],
    "attrs classes in dataclasses": [(HoldsAttrs, HoldsAttrs(AttrsJob("a")))],
    "pydantic models in dataclasses": [(HoldsModel, HoldsModel(Model(name="a")))],
    "an `int` in a field that is a `float`": [
        (Scalars, Scalars(1, 2, "a", True), Scalars(1, 2.0, "a", True)),
    ],
    "a text in a field that is a `list` or `str`": [(TextOrList, TextOrList(""))],
    "a dict in a field that is a dataclass": [
        (Line, Line({"x": 1, "y": 2}, Point(3, 4)), Line(Point(1, 2), Point(3, 4))),
    ],
    # Values that flytekit refuses.
    "`None` as a type": [(None, None), (dict[str, None], {"a": None}), (dict[int, None], {1: None})],
    "`TypedDict`": [(Keys, {"name": "a", "size": 1}), (SomeKeys, {"name": "a"}), (RequiredKeys, {"name": "a"})],
    "an `int` for a `float`": [
        (float, 1, 1.0),
        (list[float], [1, 2.5], [1.0, 2.5]),
        (dict[str, float], {"a": 1}, {"a": 1.0}),
        (float | None, 1, 1.0),
    ],
    "a `date` for a `datetime`": [(datetime, DAY, datetime(2026, 3, 2, tzinfo=UTC))],
    "subclasses of `dict`": [
        (dict[str, int], defaultdict(int, a=1), {"a": 1}),
        (dict[str, int], OrderedDict(a=1), {"a": 1}),
    ],
    "a dict that leaves out fields with a default": [(Defaults, {"name": "a"}, Defaults("a"))],
    "a dict for a pydantic model": [(Model, {"name": "a"}, Model(name="a"))],
    "a URI for a `StructuredDataset`": [
        (StructuredDataset, "s3://bucket/a", StructuredDataset(uri="s3://bucket/a")),
    ],
    "a value of two types of a union": [
        (list[int] | list[str], []),
        (dict[str, int] | dict[str, str], {}),
        (list[int | str] | list[int], [1]),
        (dict | Point, {"x": 1, "y": 2}),
        (dict | dict[str, int], {"a": 1}),
        (dict[int, str] | dict[str, int], {"a": 1}),
        (Literal[1] | int, 1),
    ],
    "unions of two types of one shape": [
        (Point | SameShape, SameShape(1, 2)),
        (SameShape | Point, SameShape(1, 2)),
        (list[Point] | list[SameShape], [SameShape(1, 2)]),
        (Job | SparkJob, SparkJob("a", 1, 2)),
        (Model | DerivedModel, DerivedModel(name="a", owner="b")),
        (Model | FrozenModel, FrozenModel(name="a")),
    ],
    "a base class in a union with its subclass": [(Job | SparkJob, Job("a", 1))],
    "`dict[int, T]` of pydantic models and attrs classes": [
        (dict[int, Model], {1: Model(name="a")}),
        (dict[int, AttrsJob], {1: AttrsJob("a")}),
    ],
    "`dict[Annotated[str, …], T]`": [(dict[Annotated[str, "a hint"], int], {"a": 1})],
    # Values that flytekit cannot read.
    "`Annotated` dataclasses": [
        (Annotated[Point, "a hint"], Point(1, 2)),
        (list[Annotated[Point, "a hint"]], [Point(1, 2)]),
    ],
    # Values that flytekit does not check.
    "a value that `Literal[…]` does not have": [(Literal["a", "b"], "c"), (list[Literal[1, 2]], [3])],
    "fields that hold another type": [
        (Point, Point("a", "b")),
        (Point, Point(None, 1.5)),
        (Scalars, Scalars(1.5, "a", 3, 1)),
        (Optionals, Optionals(count="a")),
        (Times, Times(NOON, NOON, timedelta())),
        (dict[int, str], {"a": "b"}),
    ],
    "fields that hold another type, which flytekit converts": [
        (Point, Point(True, False)),
        (Job, Job(Region.EU)),
        (Unions, Unions(1.5)),
        (Lists, Lists((1,), [], [], [], [])),
        (dict[int, int], {"1": "2"}),
        (dict[int, int], {1: 1.5}),
        (Point, SameShape(1, 2)),
    ],
    "a `timedelta` of more than 10,000 years": [(timedelta, timedelta.max), (timedelta, timedelta.min)],
    "tuples as keys": [(dict, {(1, 2): 3})],
    "fields of `deque`, `IPv4Address`, `Fraction`": [
        (Double, Double(deque([1]))),
        (Address, Address(IPv4Address("1.2.3.4"))),
        (Third, Third(Fraction(1, 3))),
    ],
    "fields of `OrderedDict`, `Counter`": [
        (InOrder, InOrder(OrderedDict(a=1))),
        (Counts, Counts(Counter("aab"))),
    ],
}
