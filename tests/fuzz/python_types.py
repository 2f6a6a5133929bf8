"""The Python types for which literals are read and values are written, each with an example value."""

from __future__ import annotations

import enum
import typing
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Generic, NamedTuple, NewType, NotRequired, TypedDict, TypeVar

import attrs
import msgspec
import pyarrow
import pydantic

from connector_core.idl import Literal, LiteralMap
from connector_core.literals import Directory, File, StructuredDataset

T = TypeVar("T")
Name = NewType("Name", str)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Odd(enum.Enum):
    """An enum with values of several types, which Flyte does not support."""

    TEXT = "a"
    NUMBER = 1


@dataclass
class Scalars:
    name: str
    value: float = 0.0
    x: int | None = None
    at: datetime | None = None
    day: date | None = None
    took: timedelta | None = None
    raw: bytes = b""
    mode: typing.Literal["a", "b"] = "a"


@dataclass
class Node:
    value: int
    next: Node | None = None


@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)
    named: dict[str, Tree] = field(default_factory=dict)


@dataclass
class Left:
    """A class that looks like `Right`, and is nested with it: each level could be read in two ways."""

    next: Left | Right | None = None
    value: int = 0


@dataclass
class Right:
    next: Left | Right | None = None
    value: str = ""


@dataclass
class Nested:
    x: Scalars
    y: list[dict[str, Node]]
    value: Scalars | Node | list[int] | str = ""


@dataclass
class Checked:
    value: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise KeyError(self.value)


@dataclass
class Places:
    uri: File
    path: Path | None = None
    x: Directory | None = None
    y: StructuredDataset | None = None


@dataclass
class Box(Generic[T]):
    value: T


@dataclass
class Unreadable:
    """A class with a field whose type does not exist."""

    value: Missing  # type: ignore[name-defined] # noqa: F821


@attrs.define
class Attrs:
    name: str
    value: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    next: Attrs | None = None


class Keys(TypedDict):
    name: str
    x: NotRequired[int]
    next: NotRequired[Keys]


class Place(NamedTuple):
    name: str
    value: Decimal = Decimal(0)
    next: Place | None = None


class Struct(msgspec.Struct):
    name: str
    value: int | str = 0
    x: datetime | None = None
    next: Struct | None = None


class Model(pydantic.BaseModel):
    name: str
    value: Annotated[float, pydantic.Field(ge=0)] = 0.0
    at: datetime | None = None
    x: dict[int, Colour] = {}
    next: Model | None = None


class ModelOfDataclass(pydantic.BaseModel):
    value: Scalars
    children: list[Model] = []


NOON = datetime(2026, 3, 2, 12, 30, 15, 123456, tzinfo=UTC)
DAY = date(2026, 3, 2)
SCALARS = Scalars("a", 1.5, 2, NOON, DAY, timedelta(hours=-1), b"x", "b")
NODE = Node(1, Node(2, Node(3)))
TREE = Tree("a", [Tree("b")], {"c": Tree("d")})
TABLE = StructuredDataset("missing", "csv")

EXAMPLES: list[tuple[Any, Any]] = [
    (type(None), None),
    (int, 2**40),
    (float, 1.5),
    (str, "naïve"),
    (bool, True),
    (datetime, NOON),
    (date, DAY),
    (time, time(12, 30)),
    (timedelta, timedelta(days=-1, microseconds=1)),
    (bytes, b"\0\xff"),
    (uuid.UUID, uuid.UUID(int=1)),
    (Decimal, Decimal("1.50")),
    (Colour, Colour.RED),
    (Level, Level.HIGH),
    (typing.Literal["a", "b"], "b"),
    (typing.Literal[1, 2], 2),
    (list, [1, "a", None, {"x": [1.5]}]),
    (list[int], [1, -1]),
    (list[list[Decimal]], [[Decimal(1)], []]),
    (tuple, (1, "a")),
    (tuple[int, str], (1, "a")),
    (tuple[()], ()),
    (tuple[datetime, ...], (NOON,)),
    (set, {1, "a"}),
    (frozenset[Colour], frozenset({Colour.RED})),
    (Sequence[float], [0.5]),
    (dict, {"x": 1, 2: [None, {"y": b""}]}),
    (dict[str, float], {"x": 0.5, "": 1.0}),
    (dict[str, Any], {"x": [1], "y": None}),
    (dict[int, str], {1: "a", -1: "b"}),
    (dict[Colour, dict[date, int]], {Colour.RED: {DAY: 1}}),
    (Mapping[str, list[int]], {"x": [1]}),
    (Any, {"x": [1, None]}),
    (object, [1]),
    (int | None, None),
    (str | int | list[int | None], [1, None]),
    (Node | Scalars | dict[str, int], SCALARS),
    (File | Directory | StructuredDataset | None, File("nosuch://x")),
    (Scalars, SCALARS),
    (Node, NODE),
    (Tree, TREE),
    (Left, Left(Right(Left(Right(Left()))))),
    (list[Node | None], [NODE, None]),
    (dict[str, Nested], {"x": Nested(SCALARS, [{"y": NODE}], NODE)}),
    (Checked, Checked(1)),
    (Places, Places(File("nosuch://x"), Path("x"), Directory("nosuch://x"), TABLE)),
    (Box, Box([1])),
    (Attrs, Attrs("a", 1, Attrs("b"))),
    (Keys, {"name": "a", "next": {"name": "b", "x": 1}}),
    (Place, Place("a", Decimal(1), Place("b"))),
    (Struct, Struct("a", "b", NOON, Struct("c"))),
    (Model, Model(name="a", value=1, at=NOON, x={1: Colour.RED}, next=Model(name="b"))),
    (ModelOfDataclass, ModelOfDataclass(value=SCALARS, children=[Model(name="a")])),
    (File, File("nosuch://x", format="csv")),
    (Annotated[File, "csv"], File("nosuch://x")),
    (Directory, Directory("memory://fuzz")),
    (Path, Path(__file__)),
    (StructuredDataset, TABLE),
    (Annotated[StructuredDataset, {"x": int}, "parquet"], StructuredDataset("missing")),
    (pyarrow.Table, "memory://fuzz/missing"),
    (Name, "a"),
    (T, 1),
    (Literal, Literal()),
    (LiteralMap, LiteralMap()),
]

REFUSED: list[Any] = [
    *(Odd, Unreadable, list[Unreadable], complex, dict[complex, int], dict[tuple[int, int], str]),
    *("int", 3, [int], typing.Literal["a", 1], typing.ForwardRef("int")),
]
"""Types that no value can have, and objects that are not types."""

TYPES: list[Any] = [None, *(python_type for python_type, _ in EXAMPLES), *REFUSED]
