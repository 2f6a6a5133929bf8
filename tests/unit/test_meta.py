"""ResourceMeta and its codec."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import math
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Optional, Union

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_core import InvalidResourceMeta, ResourceMeta, Secret
from connector_core.meta import check_metadata_type, credential_like_fields, metadata_fields


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Part:
    number: int
    tags: list[str] = field(default_factory=list)


@attrs.define
class Piece:
    number: int
    parts: list[Part] = attrs.field(factory=list)


def attrs_class(
    name: str, types: dict[str, Any], base: type = ResourceMeta, field: dict[str, Any] | None = None, **options: Any
) -> Any:
    """Return an attrs class with annotations, which `attrs.make_class` of older releases omits."""
    fields = {each: attrs.field(**field) for each in types} if field else {}
    made = type(name, (base,), {"__module__": __name__, "__annotations__": types, **fields})
    return attrs.define(**{"slots": False, **options})(made)


@dataclass
class Job(ResourceMeta):
    job_id: str
    region: str = "eu"
    tries: int = 0


@attrs.define
class AttrsJob(ResourceMeta):
    job_id: str
    region: str = "eu"


@dataclass
class Inner:
    handles: dict[str, tuple[int, complex]]


@dataclass
class Deep(ResourceMeta):
    inner: Inner | None


@dataclass
class Rich(ResourceMeta):
    at: dt.datetime
    took: dt.timedelta
    colour: Colour
    level: Level
    raw: bytes
    number: Decimal
    key: uuid.UUID
    parts: list[Part]
    pieces: dict[str, Piece]
    pair: tuple[int, str]
    tags: set[str]
    maybe: Part | None = None
    either: int | str = 0


RICH = Rich(
    at=dt.datetime(2026, 11, 22, 12, 30, tzinfo=dt.UTC),
    took=dt.timedelta(seconds=1.5),
    colour=Colour.RED,
    level=Level.HIGH,
    raw=b"\x00\xff",
    number=Decimal("1.10"),
    key=uuid.UUID(int=7),
    parts=[Part(1, ["a"]), Part(2)],
    pieces={"x": Piece(1, [Part(3)])},
    pair=(1, "b"),
    tags={"u", "v"},
    maybe=Part(4),
    either="text",
)


class TestEncoding:
    def test_metadata_becomes_the_json_of_its_fields(self) -> None:
        assert json.loads(Job("j1").encode()) == {"job_id": "j1", "region": "eu", "tries": 0}

    def test_text_is_utf_8(self) -> None:
        assert "é".encode() in Job("é").encode()

    @pytest.mark.parametrize("meta", [Job("j1"), AttrsJob("j1", "us"), RICH, Job("")], ids=lambda m: type(m).__name__)
    def test_decoding_gives_an_equal_object_back(self, meta: ResourceMeta) -> None:
        again = type(meta).decode(meta.encode())
        assert again == meta
        assert type(again) is type(meta)

    def test_metadata_without_fields_is_an_empty_object(self) -> None:
        assert ResourceMeta().encode() == b"{}"
        assert ResourceMeta.decode(b"{}") == ResourceMeta()

    def test_metadata_without_fields_must_be_decoded_from_an_object(self) -> None:
        with pytest.raises(InvalidResourceMeta, match="ResourceMeta: expected object, got array"):
            ResourceMeta.decode(b"[]")

    def test_postponed_annotations_are_understood(self) -> None:
        # This module has `from __future__ import annotations`, and Rich.parts must come back as objects.
        assert isinstance(Rich.decode(RICH.encode()).parts[0], Part)

    def test_a_subclass_has_the_fields_of_its_base(self) -> None:
        @dataclass
        class More(Job):
            extra: int = 1

        assert More.decode(More("j", extra=2).encode()) == More("j", extra=2)

    def test_a_subclass_of_a_class_in_use_has_its_own_codec(self) -> None:
        @attrs.define
        class Further(AttrsJob):
            zone: str = "a"

        assert AttrsJob("j").encode() != Further("j").encode()
        assert Further.decode(Further("j", zone="b").encode()) == Further("j", zone="b")

    def test_a_class_variable_is_not_a_field(self) -> None:
        @dataclass
        class WithConstant(ResourceMeta):
            limit: ClassVar[int] = 3
            x: int = 0

        assert WithConstant(1).encode() == b'{"x":1}'

    @pytest.mark.parametrize(
        ("meta", "message"),
        [
            (Job(3), r"^Job\.job_id: expected str, got int\.$"),  # type: ignore[arg-type]
            (Job(None), r"^Job\.job_id: expected str, got null\.$"),  # type: ignore[arg-type]
            (Job("j", tries=True), r"^Job\.tries: expected int, got bool\.$"),
            (Job("j", tries="3"), r"^Job\.tries: expected int, got str\.$"),  # type: ignore[arg-type]
            (Job(object()), r"^Job: encoding objects of type object is unsupported\.$"),  # type: ignore[arg-type]
            (Job("\ud800"), r"^Job: 'utf-8' codec can't encode"),
            (dataclasses.replace(RICH, parts=[Part(1), Part("2")]), r"^Rich\.parts\[1\]\.number: expected int"),  # type: ignore[arg-type]
        ],
    )
    def test_a_value_of_a_wrong_type_is_refused(self, meta: ResourceMeta, message: str) -> None:
        with pytest.raises(InvalidResourceMeta, match=message):
            meta.encode()

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_a_value_that_json_cannot_hold_is_refused_and_never_altered(self, value: float) -> None:
        @dataclass
        class Price(ResourceMeta):
            price: float

        with pytest.raises(InvalidResourceMeta, match=r"^Price(\.price)?: "):
            Price(value).encode()

    @pytest.mark.parametrize("value", [(1, 2), {1: 2}, b"x", {1}, Part(1), float("nan")], ids=repr)
    def test_a_value_that_would_come_back_changed_is_refused(self, value: Any) -> None:
        @dataclass
        class Loose(ResourceMeta):
            anything: Any

        with pytest.raises(InvalidResourceMeta, match=r"^Loose\.anything: encoding would change the value"):
            Loose(value).encode()

    def test_a_value_that_cannot_be_compared_is_refused(self) -> None:
        with pytest.raises(InvalidResourceMeta, match=r"^Rich: .*InvalidOperation"):
            dataclasses.replace(RICH, number=Decimal("sNaN")).encode()

    def test_a_secret_is_refused_in_a_text_field(self) -> None:
        with pytest.raises(InvalidResourceMeta, match="Job: encoding objects of type Secret is unsupported"):
            Job(Secret("hunter2")).encode()

    def test_a_large_integer_is_kept_exactly(self) -> None:
        assert Job.decode(Job("j", tries=2**63).encode()).tries == 2**63

    def test_the_error_carries_the_type_and_the_field(self) -> None:
        with pytest.raises(InvalidResourceMeta, match="expected str") as e:
            Job(3).encode()  # type: ignore[arg-type]
        assert (e.value.type_name, e.value.field, e.value.reason) == ("Job", "job_id", "expected str, got int.")


@attrs.define
class Bit:
    number: int
    tags: list[str] = attrs.field(factory=list)


@attrs.define
class Mixture(ResourceMeta):
    number: int = 1
    part: Bit = attrs.field(factory=lambda: Bit(1))
    maybe: Bit | None = None
    parts: list[Bit] = attrs.field(factory=list)
    matrix: list[list[int]] = attrs.field(factory=list)
    prices: dict[str, float] = attrs.field(factory=dict)
    groups: dict[str, list[str]] = attrs.field(factory=dict)
    rows: list[dict[str, str | None]] | None = None
    anything: Any = None


class TestRefusedValues:
    """Encoding refuses a value that decoding would refuse or change, at every level."""

    @pytest.mark.parametrize(
        ("meta", "field"),
        [
            (Mixture(True), "number"),
            (Mixture(part=None), "part"),  # type: ignore[arg-type]
            (Mixture(part=Bit("1")), "part.number"),  # type: ignore[arg-type]
            (Mixture(part=Bit(1, ["a", 2])), "part.tags[1]"),  # type: ignore[list-item]
            (Mixture(maybe=Bit(1, ("a",))), "maybe"),  # type: ignore[arg-type]
            (Mixture(parts=(Bit(1),)), "parts"),  # type: ignore[arg-type]
            (Mixture(parts=[Bit(1), None]), "parts[1]"),  # type: ignore[list-item]
            (Mixture(matrix=[[1], (2,)]), "matrix"),  # type: ignore[list-item]
            (Mixture(matrix=[1]), "matrix[0]"),  # type: ignore[list-item]
            (Mixture(matrix=[[1.0]]), "matrix[0][0]"),  # type: ignore[list-item]
            (Mixture(prices={"x": math.nan}), "prices[...]"),
            (Mixture(prices={1: 1.0}), "prices"),  # type: ignore[dict-item]
            (Mixture(prices=[]), "prices"),  # type: ignore[arg-type]
            (Mixture(groups={2: []}), "groups"),  # type: ignore[dict-item]
            (Mixture(groups={"k": ["v", None]}), "groups[...][1]"),  # type: ignore[list-item]
            (Mixture(rows=[{"a": 1}]), "rows[0][...]"),  # type: ignore[dict-item]
            (Mixture(rows=["text"]), "rows[0]"),  # type: ignore[list-item]
            (Mixture(rows=[[]]), "rows[0]"),  # type: ignore[list-item]
            (Mixture(anything=math.inf), "anything"),
            (Mixture(anything=[math.nan]), "anything"),
            (Mixture(anything=(1,)), "anything"),
            (Mixture(anything=b"bytes"), "anything"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_the_field_is_named(self, meta: Mixture, field: str) -> None:
        with pytest.raises(InvalidResourceMeta) as e:
            meta.encode()
        assert e.value.field == field

    def test_a_value_that_contains_itself(self) -> None:
        meta = Mixture(matrix=[[]])
        meta.matrix.append(meta.matrix)  # type: ignore[arg-type]
        with pytest.raises(InvalidResourceMeta, match=r"^Mixture: "):
            meta.encode()


class TestDecoding:
    def test_an_unknown_field_is_ignored(self) -> None:
        assert Job.decode(b'{"job_id": "j", "new_in_2.0": [1]}') == Job("j")

    def test_a_missing_field_takes_its_default(self) -> None:
        assert Job.decode(b'{"job_id": "j"}') == Job("j", "eu", 0)

    def test_a_missing_field_without_a_default_is_named(self) -> None:
        with pytest.raises(InvalidResourceMeta, match=r"^Job\.job_id: the field is missing and has no default\.$"):
            Job.decode(b"{}")

    def test_a_missing_field_of_a_nested_class_is_named_by_its_path(self) -> None:
        @dataclass
        class Outer(ResourceMeta):
            parts: list[Part]

        with pytest.raises(InvalidResourceMeta, match=r"^Outer\.parts\[0\]\.number: the field is missing"):
            Outer.decode(b'{"parts": [{}]}')

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", r"^Job: input data was truncated\.$"),
            (b"{", r"^Job: input data was truncated\.$"),
            (b"[]", r"^Job: expected object, got array\.$"),
            (b"null", r"^Job: expected object, got null\.$"),
            (b'{"job_id": 3}', r"^Job\.job_id: expected str, got int\.$"),
            (b'{"job_id": "j", "tries": 1.5}', r"^Job\.tries: expected int, got float\.$"),
            (b"\xff\xfe", r"^Job: JSON is malformed"),
            (None, r"^Job: "),
        ],
    )
    def test_anything_else_is_refused(self, data: Any, message: str) -> None:
        with pytest.raises(InvalidResourceMeta, match=message):
            Job.decode(data)

    def test_validators_and_post_init_run(self) -> None:
        @attrs.define
        class Checked(ResourceMeta):
            number: int = attrs.field(validator=attrs.validators.ge(0))

        @dataclass
        class Doubled(ResourceMeta):
            number: int

            def __post_init__(self) -> None:
                if self.number < 0:
                    raise ValueError("number must not be negative")

        for kind in (Checked, Doubled):
            assert kind.decode(b'{"number": 1}') == kind(1)
            with pytest.raises(InvalidResourceMeta, match=f"^{kind.__name__}: .*number"):
                kind.decode(b'{"number": -1}')

    def test_an_exception_without_a_message_is_named(self) -> None:
        @dataclass
        class Curt(ResourceMeta):
            number: int = 0

            def __post_init__(self) -> None:
                if self.number:
                    raise RuntimeError

        with pytest.raises(InvalidResourceMeta, match=r"^Curt: RuntimeError\.$"):
            Curt.decode(b'{"number": 1}')

    def test_a_value_that_its_validator_refuses_is_not_encoded(self) -> None:
        @attrs.define
        class Changed(ResourceMeta):
            number: int = attrs.field(default=0, validator=attrs.validators.lt(10))

        meta = Changed(1)
        object.__setattr__(meta, "number", 11)
        with pytest.raises(InvalidResourceMeta, match=r"^Changed"):
            meta.encode()


class TestRefusedTypes:
    """A type that the codec cannot carry faithfully is refused before a job runs."""

    @staticmethod
    def refusal(kind: Any) -> str:
        with pytest.raises(InvalidResourceMeta, match=r".+: .+\.$") as e:
            check_metadata_type(kind)
        return str(e.value)

    def test_a_class_without_a_decorator(self) -> None:
        class Bare(ResourceMeta):
            x: int

        assert self.refusal(Bare) == "Bare: the class has no fields; decorate it with @dataclass or @attrs.define."

    def test_a_subclass_without_a_decorator_of_its_own(self) -> None:
        class Forgetful(Job):
            extra: int

        assert self.refusal(Forgetful) == (
            "Forgetful.extra: it is not a field, because Forgetful has no decorator of its own; add one."
        )

    @pytest.mark.parametrize("kind", [int, dict, "Job", None, Job("j")])
    def test_an_object_that_is_not_a_metadata_type(self, kind: Any) -> None:
        assert self.refusal(kind).endswith("a metadata type must be a subclass of ResourceMeta.")

    def test_a_secret(self) -> None:
        @dataclass
        class Leaky(ResourceMeta):
            inner: list[Secret]

        assert self.refusal(Leaky) == (
            "Leaky.inner[…]: metadata must not contain a Secret, because Flyte logs and stores metadata."
        )

    @pytest.mark.parametrize("kind", [object, complex, type, dt.tzinfo, msgspec.Raw], ids=lambda kind: kind.__name__)
    def test_a_type_that_json_does_not_have(self, kind: Any) -> None:
        wild = attrs_class("Wild", {"x": kind})
        assert "Wild" in self.refusal(wild)
        assert kind.__name__ in self.refusal(wild)

    def test_a_nested_type_that_json_does_not_have(self) -> None:
        assert self.refusal(Deep).startswith("Deep.inner.handles{…}: complex cannot be represented as JSON")

    def test_a_union_of_two_classes(self) -> None:
        @dataclass
        class Either(ResourceMeta):
            which: Part | Piece

        assert "union" in self.refusal(Either)

    def test_an_attrs_converter(self) -> None:
        @attrs.define
        class Converted(ResourceMeta):
            x: int = attrs.field(converter=int)

        assert self.refusal(Converted) == (
            "Converted.x: an attrs converter does not run in decoding; convert the value earlier."
        )

    def test_a_private_attribute_of_an_attrs_class(self) -> None:
        @attrs.define
        class Private(ResourceMeta):
            _x: int

        assert self.refusal(Private).startswith("Private._x: a private attrs field is not encoded")

    @pytest.mark.parametrize(
        "kind",
        [
            attrs_class("Partial", {"x": int}, field={"eq": False}),
            dataclasses.make_dataclass("Partial", [("x", int, field(compare=False))], bases=(ResourceMeta,)),
        ],
        ids=["attrs", "dataclass"],
    )
    def test_a_field_that_is_excluded_from_comparison(self, kind: Any) -> None:
        assert self.refusal(kind).startswith("Partial.x: the field is excluded from comparison")

    @pytest.mark.parametrize(
        "kind",
        [
            attrs_class("Same", {"x": int}, eq=False),
            dataclasses.make_dataclass("Same", [("x", int)], bases=(ResourceMeta,), eq=False),
        ],
        ids=["attrs", "dataclass"],
    )
    def test_a_class_that_compares_by_identity(self, kind: Any) -> None:
        assert (
            self.refusal(kind)
            == "Same: Same objects compare by identity, so a change would go unnoticed; remove eq=False."
        )

    def test_a_mixture_of_attrs_and_dataclass(self) -> None:
        mixed = attrs_class("Mixed", {"y": int}, Job, field={"default": 0})
        assert self.refusal(mixed) == "Mixed: Mixed inherits from an attrs class and a dataclass; use one of the two."

    def test_an_annotation_that_cannot_be_resolved(self) -> None:
        broken = dataclasses.make_dataclass("Broken", [("x", "NoSuchType")], bases=(ResourceMeta,))
        assert "NoSuchType" in self.refusal(broken)

    def test_encode_and_decode_refuse_the_type_too(self) -> None:
        @attrs.define
        class Converted(ResourceMeta):
            x: int = attrs.field(converter=int)

        with pytest.raises(InvalidResourceMeta, match="attrs converter"):
            Converted(1).encode()
        with pytest.raises(InvalidResourceMeta, match="attrs converter"):
            Converted.decode(b"{}")

    def test_a_recursive_class_is_accepted(self) -> None:
        check_metadata_type(Tree)
        tree = Tree(1, [Tree(2), Tree(3, [Tree(4)])])
        assert Tree.decode(tree.encode()) == tree

    def test_a_class_with_its_own_codec_is_not_checked(self) -> None:
        class Own(ResourceMeta):
            def encode(self) -> bytes:
                return b"own"

            @classmethod
            def decode(cls, data: bytes) -> Own:
                return cls()

        check_metadata_type(Own)


@dataclass
class Tree(ResourceMeta):
    value: int
    children: list[Tree] = field(default_factory=list)


class TestDescribing:
    def test_the_types_of_fields_are_described_as_in_source_code(self) -> None:
        assert metadata_fields(Job) == {"job_id": "str", "region": "str", "tries": "int"}
        assert metadata_fields(AttrsJob) == {"job_id": "str", "region": "str"}
        kind = dataclasses.make_dataclass("K", [("a", list[int]), ("b", Colour)], bases=(ResourceMeta,))
        assert metadata_fields(kind) == {"a": "list[int]", "b": "Colour"}

    def test_metadata_without_fields_has_none(self) -> None:
        assert metadata_fields(ResourceMeta) == {}

    @pytest.mark.parametrize("name", ["password", "api_key", "apikey", "auth_token", "db_secret", "AWS_ACCESS_KEY"])
    def test_a_field_that_looks_like_a_credential_is_found(self, name: str) -> None:
        kind = dataclasses.make_dataclass("K", [("job_id", str), (name, str)], bases=(ResourceMeta,))
        assert credential_like_fields(kind) == [name]


def test_plain_metadata_objects_equal_only_each_other() -> None:
    assert ResourceMeta() == ResourceMeta()
    assert ResourceMeta() != Job("j")
    assert Job("j") != ResourceMeta()
    assert isinstance(hash(ResourceMeta()), int)


# Types with strategies for their values; `lies` draws values of other types, or beyond what JSON can hold.
finite = st.floats(allow_nan=False, allow_infinity=False)
SCALARS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers()),
    (float, st.floats()),
    (bool, st.booleans()),
    (str, st.text()),
    (bytes, st.binary()),
    (dt.datetime, st.datetimes(timezones=st.none() | st.just(dt.UTC))),
    (dt.date, st.dates()),
    (dt.time, st.times()),
    (dt.timedelta, st.timedeltas()),
    (uuid.UUID, st.uuids()),
    (Decimal, st.decimals()),
    (Colour, st.sampled_from(Colour)),
    (Level, st.sampled_from(Level)),
    (Literal["a", "b"], st.sampled_from(["a", "b"])),
    (Annotated[int, msgspec.Meta(ge=0)], st.integers(-1, 5)),
    (Part, st.builds(Part, st.integers(), st.lists(st.text(), max_size=2))),
    (Piece, st.builds(Piece, st.integers(), st.lists(st.builds(Part, st.integers()), max_size=2))),
    (Any, st.recursive(st.none() | st.integers() | st.text() | st.floats(), lambda x: st.lists(x, max_size=2))),
    (int | str | None, st.none() | st.integers() | st.text()),
]


def containers(inner: tuple[Any, st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[Any, st.SearchStrategy[Any]]]:
    kind, values = inner
    made: list[tuple[Any, st.SearchStrategy[Any]]] = [
        (list[kind], st.lists(values, max_size=3)),
        (dict[str, kind], st.dictionaries(st.text(), values, max_size=3)),
        (Optional[kind], st.none() | values),  # noqa: UP045 - the type is a variable
        (tuple[kind, ...], st.lists(values, max_size=3).map(tuple)),
        (tuple[kind, int], st.tuples(values, st.integers())),
    ]
    if kind in (int, str, uuid.UUID, Colour, bytes, dt.date):
        made += [
            (set[kind], st.sets(values, max_size=3)),
            (frozenset[kind], st.frozensets(values, max_size=3)),
            (dict[kind, int], st.dictionaries(values, st.integers(), max_size=3)),
        ]
    if kind is not Any:
        made.append((Union[kind, None, bool], values | st.none() | st.booleans()))  # noqa: UP007
    return st.sampled_from(made)


typed_values = st.sampled_from(SCALARS) | st.sampled_from(SCALARS).flatmap(containers).flatmap(
    lambda made: st.just(made) | containers(made)
)
lies = st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.integers(), max_size=2)


@st.composite
def metadata(draw: st.DrawFn) -> ResourceMeta:
    """Draw an object of a generated class, a dataclass or an attrs class."""
    fields = draw(st.lists(typed_values, min_size=1, max_size=4))
    names = [f"field_{index}" for index in range(len(fields))]
    kind: Any
    if draw(st.booleans()):
        kind = dataclasses.make_dataclass(
            "Made", [(name, t) for name, (t, _) in zip(names, fields, strict=True)], bases=(ResourceMeta,)
        )
    else:
        types = {name: t for name, (t, _) in zip(names, fields, strict=True)}
        kind = attrs_class("Made", types, slots=draw(st.booleans()))
    honest = draw(st.integers(0, 4)) > 0
    return kind(*(draw(values if honest else values | lies) for _, values in fields))  # type: ignore[no-any-return]


@given(metadata())
def test_metadata_comes_back_equal_or_is_refused(meta: ResourceMeta) -> None:
    try:
        data = meta.encode()
    except InvalidResourceMeta:
        return
    assert type(meta).decode(data) == meta
    json.loads(data)


@given(st.sampled_from([Job, AttrsJob, Rich, Tree, ResourceMeta]), st.binary(max_size=60))
def test_arbitrary_bytes_give_an_object_or_a_refusal(kind: type[ResourceMeta], data: bytes) -> None:
    try:
        assert isinstance(kind.decode(data), kind)
    except InvalidResourceMeta:
        pass


@given(
    st.sampled_from([Job("j", tries=3), AttrsJob("j"), RICH, Tree(1, [Tree(2)])]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 2)), min_size=1, max_size=4),
)
def test_damaged_bytes_give_an_object_or_a_refusal(meta: ResourceMeta, changes: list[tuple[int, int, int]]) -> None:
    data = bytearray(meta.encode())
    for position, byte, action in changes:
        index = position % max(len(data), 1)
        data[index : index + (action != 1)] = bytes([byte]) if action < 2 else b""
    try:
        assert isinstance(type(meta).decode(bytes(data)), type(meta))
    except InvalidResourceMeta:
        pass


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | finite | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["job_id", "value"]), inner)
        ),
        max_leaves=10,
    )
)
def test_any_json_gives_an_object_or_a_refusal(value: Any) -> None:
    for kind in (Job, Rich, Tree, ResourceMeta):
        try:
            assert isinstance(kind.decode(json.dumps(value).encode()), kind)
        except InvalidResourceMeta:
            pass
