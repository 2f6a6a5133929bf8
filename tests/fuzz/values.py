"""Draw random Python values, including values that no caller should pass."""

from __future__ import annotations

import collections
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from unittest.mock import MagicMock, Mock

import numpy
import pandas  # type: ignore[import-untyped]
import polars
import pyarrow
from hypothesis import strategies as st

from connector_core.idl import Literal, LiteralMap, LiteralType
from connector_core.literals import Directory, File, StructuredDataset
from connector_core.secrets import Secret
from fuzz import python_types as types
from fuzz.inputs import BATCH
from fuzz.messages import deep_literal, messages, plain_data


def _refuse(*arguments: Any) -> Any:
    raise KeyError("hostile")


refuse: Any = _refuse
"""A method that raises an unexpected exception."""


SECRET = Secret("not to be written")


class Hostile:
    __eq__ = __iter__ = __len__ = __bool__ = __str__ = __repr__ = __getattr__ = __fspath__ = refuse
    __hash__ = refuse


class HostileList(list[Any]):
    __iter__ = __eq__ = __repr__ = refuse
    __hash__ = None


class HostileDict(dict[str, Any]):
    items = keys = values = __iter__ = __getitem__ = __repr__ = refuse


class HostileText(str):
    __str__ = __repr__ = __eq__ = encode = isascii = refuse
    __hash__ = str.__hash__


class HostileInt(int):
    __str__ = __repr__ = __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __index__ = refuse
    __hash__ = int.__hash__


class HostileZone(tzinfo):
    utcoffset = dst = tzname = refuse


class HostilePath:
    __fspath__ = refuse


class NoPath:
    def __fspath__(self) -> Any:
        return 3


class BytesPath:
    def __fspath__(self) -> Any:
        return b"/missing"


class HostileClass(type):
    __instancecheck__ = __eq__ = __repr__ = refuse
    __hash__ = type.__hash__


class OfHostileClass(metaclass=HostileClass): ...


class PretendedList:
    __class__ = list  # type: ignore[assignment]


class PretendedDict:
    __class__ = dict  # type: ignore[assignment]


@dataclass
class HostileNode(types.Node):
    def __getattribute__(self, name: str) -> Any:
        return refuse() if name == "next" else super().__getattribute__(name)


class HostileModel(types.Model):
    model_dump_json = refuse


def _linked_node() -> types.Node:
    node = types.Node(1)
    node.next = node
    return node


def _linked_list(length: int) -> types.Node:
    node = types.Node(0)
    for value in range(length):
        node = types.Node(value, node)
    return node


def _own_list() -> list[Any]:
    value: list[Any] = [1]
    value.append(value)
    return value


def _own_dict() -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    value["x"] = value
    return value


def _deep(depth: int, wrap: Callable[[Any], Any], value: Any) -> Any:
    for _ in range(depth):
        value = wrap(value)
    return value


def _node_without_fields() -> Any:
    return types.Node.__new__(types.Node)


ODD: dict[str, Any] = {
    # Numbers, texts and times at and beyond their limits.
    **{f"int {sign}2**{power}": sign * 2**power for sign in (1, -1) for power in (31, 53, 63, 64, 1024)},
    "int of more digits than Python prints": 10**5000,
    "nan": math.nan,
    "-inf": -math.inf,
    "surrogate": "\ud800",
    "text with a null": "a\0b",
    "empty bytes": b"",
    "bytearray": bytearray(b"x"),
    "memoryview": memoryview(b"x"),
    "complex": 1j,
    "signalling nan": Decimal("sNaN"),
    "large decimal": Decimal("1e+999999"),
    "secret": SECRET,
    "file of a secret": File(SECRET),
    "dataset of a secret": StructuredDataset(SECRET),
    "first datetime": datetime.min,
    "first datetime, east": datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    "last datetime, west": datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    "datetime of a hostile zone": datetime(2026, 3, 2, tzinfo=HostileZone()),
    "datetime": types.NOON,
    "datetime without zone": types.NOON.replace(tzinfo=None),
    "first date": date.min,
    "last date": date.max,
    "longest timedelta": timedelta.max,
    "longest negative timedelta": timedelta.min,
    "time": types.NOON.astimezone(UTC).timetz(),
    # Values of the known types.
    **{f"example {number}": value for number, (_, value) in enumerate(types.EXAMPLES)},
    # Values of subclasses of the known types, and of similar types.
    "level": types.Level.HIGH,
    "odd enum": types.Odd.NUMBER,
    "hostile": Hostile(),
    "hostile list": HostileList([1]),
    "hostile dict": HostileDict(x=1),
    "hostile text": HostileText("a"),
    "hostile int": HostileInt(1),
    "of hostile class": OfHostileClass(),
    "pretended list": PretendedList(),
    "pretended dict": PretendedDict(),
    "mock": Mock(),
    "mock of a list": Mock(spec=list),
    "mock of a dict": MagicMock(spec=dict),
    "mock of a datetime": Mock(spec=datetime),
    "mock of a node": Mock(spec=types.Node),
    "mock of a literal": Mock(spec=Literal),
    "mock of a file": Mock(spec=File),
    "mock of a dataset": Mock(spec=StructuredDataset),
    "mock of a model": MagicMock(spec=types.Model),
    "ordered dict": collections.OrderedDict(x=1),
    "default dict": collections.defaultdict(list, x=[1]),
    "counter": collections.Counter("aab"),
    "deque": collections.deque([1]),
    "user dict": collections.UserDict(x=1),
    "user list": collections.UserList([1]),
    "chain map": collections.ChainMap({"x": 1}),
    "mapping proxy": MappingProxyType({"x": 1}),
    "range": range(3),
    "generator": (value for value in [1]),
    # Keys.
    "dict of surrogates": {"\ud800": 1},
    "dict of secrets": {SECRET: 1},
    "dict of tuples": {(1, 2): "a"},
    "dict of nan": {math.nan: 1},
    "dict of none": {None: 1},
    "dict of large ints": {10**5000: 1, 2**64: 2},
    "dict of bytes": {b"\xff": 1},
    "dict of hostile texts": {HostileText("a"): 1},
    "dict of datetimes": {types.NOON: types.NOON},
    "dict of frozensets": {frozenset({1}): types.NOON},
    "dict of types": {int: int},
    # Values that contain themselves, and very deep ones.
    "own list": _own_list(),
    "own dict": _own_dict(),
    "own node": _linked_node(),
    "long linked list": _linked_list(150),
    "longer linked list": _linked_list(5000),
    **{
        f"{depth} {name} of {leaf!r}": _deep(depth, wrap, leaf)
        for depth in (10, 25, 30, 34, 38, 41, 100, 2000)
        for leaf in (types.DAY, 1)
        for name, wrap in {
            "lists": lambda value: [value],
            "dicts": lambda value: {"x": value},
            "tuples": lambda value: (value,),
            "lists and dicts": lambda value: [{"x": value}],
            "dicts by number": lambda value: {1: value},
        }.items()
    },
    # (A Literal is passed on unchanged, even one that protobuf cannot parse.)
    **{f"literal of {depth} {kind}s": deep_literal([kind] * depth) for kind in ("map", "union") for depth in (5, 20)},
    # Records with fields of wrong types.
    "node of a text": types.Node("a"),  # type: ignore[arg-type]
    "node of a node of a list": types.Node(1, types.Node([])),  # type: ignore[arg-type]
    "node without fields": _node_without_fields(),
    "attrs without fields": types.Attrs.__new__(types.Attrs),
    "struct of another type": types.Struct(name=1, value=1j),  # type: ignore[arg-type]
    "model without fields": types.Model.model_construct(),
    "model of another type": types.Model.model_construct(name=Hostile(), value=1j),
    "hostile node": HostileNode(1),
    "hostile model": HostileModel(name="a"),
    "place of a text": types.Place(3, "a"),  # type: ignore[arg-type]
    "scalars of hostile": types.Scalars(Hostile(), HostileInt(1), HostileText("a")),  # type: ignore[arg-type]
    # Places.
    "file of a surrogate": File("x://\ud800"),
    "file with a null": File("\0"),
    "path of a surrogate": Path("\ud800"),
    "path with a null": Path("\0"),
    "missing path": Path("/missing"),
    "this file": Path(__file__),
    "directory": Directory("."),
    "hostile path": HostilePath(),
    "no path": NoPath(),
    "path of bytes": BytesPath(),
    "dataset of a surrogate": StructuredDataset("x://\ud800", "\ud800"),
    "dataset of columns": StructuredDataset("memory://fuzz/x", columns=["\ud800", "x"]),
    "arrow table": pyarrow.table({"x": [1]}),
    "pandas table": pandas.DataFrame({"x": [1]}),
    "polars table": polars.DataFrame({"x": [1]}),
    "dataset in memory": StructuredDataset(table=pyarrow.table({"x": [1]})),
    "nat": pandas.NaT,
    "na": pandas.NA,
    "pandas timestamp": pandas.Timestamp(types.NOON),
    "pandas timedelta": pandas.Timedelta(1, "s"),
    "numpy int": numpy.int64(1),
    "numpy float": numpy.float64(1.5),
    "numpy bool": numpy.bool_(True),
    "numpy text": numpy.str_("a"),
    "numpy bytes": numpy.bytes_(b"a"),
    "numpy array": numpy.zeros(2),
    # Objects that are not data.
    "object": object(),
    "class": int,
    "generic": list[int],
    "function": refuse,
    "module": types,
    "ellipsis": ...,
    "not implemented": NotImplemented,
    "exception": ValueError("x"),
    "literal type": LiteralType(),
    "literal map": LiteralMap(literals={"x": Literal()}),
}


class Made(NamedTuple):
    """A value and a name for it, because its own repr may be hostile, too."""

    name: str
    value: Any

    def __repr__(self) -> str:
        return self.name


_odd = st.sampled_from(list(ODD)).map(lambda name: Made(name, ODD[name]))
_drawn = st.one_of(plain_data, messages(Literal), st.datetimes(), st.timedeltas(), st.decimals(), st.integers())
_values = _odd | _drawn.map(lambda value: Made(repr(value), value))

_WRAP: dict[str, Callable[[Any], Any]] = {
    "{}": lambda value: value,
    "[{}]": lambda value: [value],
    "[1, [{}]]": lambda value: [1, [value]],
    "({}, 'a')": lambda value: (value, "a"),
    "{{'x': {}}}": lambda value: {"x": value},
    "{{'x': 1, 'y': [{}]}}": lambda value: {"x": 1, "y": [value]},
    "{{1: {}}}": lambda value: {1: value},
    "{{'name': {}}}": lambda value: {"name": value},
    "{{'name': 'a', 'value': {}}}": lambda value: {"name": "a", "value": value},
    "{{'name': 'a', 'next': {}}}": lambda value: {"name": "a", "next": value},
    "Node({})": lambda value: types.Node(value),
    "Node(1, {})": lambda value: types.Node(1, value),
    "Tree('a', [], {{'x': {}}})": lambda value: types.Tree("a", [], {"x": value}),
    "Box({})": lambda value: types.Box(value),
    "Place('a', {})": lambda value: types.Place("a", value),
    "Model(value={})": lambda value: types.Model.model_construct(name="a", value=value),
}
assert len(_WRAP) == BATCH

VALUES: st.SearchStrategy[list[Made]] = _values.map(
    lambda made: [Made(name.format(made.name), wrap(made.value)) for name, wrap in _WRAP.items()]
)
"""Draws a value, both alone and inside others."""
