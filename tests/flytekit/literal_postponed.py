"""Dataclasses of the corpus whose annotations are strings."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: int


@dataclass
class Record:
    name: str
    points: list[Point] = field(default_factory=list)
    named: dict[str, Point] = field(default_factory=dict)
    maybe: Point | None = None
    colour: Colour | None = None
    at: datetime | None = None
    key: int | str = 0
