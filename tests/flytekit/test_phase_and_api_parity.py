"""Phases, literals and signatures are the same as the real flytekit's."""

from __future__ import annotations

import ast
import inspect
import textwrap
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import hypothesis
import pytest
from flyteidl.core.execution_pb2 import TaskExecution
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.extend.backend import base_connector
from flytekit.extend.backend import utils as flytekit_utils
from flytekit.models.literals import Literal as FlytekitLiteral
from hypothesis import strategies as st

import connector_core
from connector_core import convert_to_flyte_phase, from_literal, is_terminal_phase, literal_type, to_literal

SETTINGS = hypothesis.settings(max_examples=40, deadline=None, database=None)

SOURCE = ast.parse(textwrap.dedent(inspect.getsource(flytekit_utils.convert_to_flyte_phase)))
WORDS = [
    constant.value
    for words in ast.walk(SOURCE)
    if isinstance(words, ast.List)
    for constant in words.elts
    if isinstance(constant, ast.Constant)
]


def test_flytekits_words_for_phases_are_found() -> None:
    assert {"failed", "internal_error", "done", "running", "pending"} <= set(WORDS)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_flytekit_knows_has_the_same_phase(word: str) -> None:
    for spelling in (word, word.upper()):
        assert convert_to_flyte_phase(spelling) == flytekit_utils.convert_to_flyte_phase(spelling)


@pytest.mark.parametrize("phase", TaskExecution.Phase.values())
def test_the_same_phases_are_terminal(phase: int) -> None:
    assert is_terminal_phase(phase) == flytekit_utils.is_terminal_phase(phase)


INT64 = st.integers(-(2**63), 2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.datetimes(timezones=st.just(UTC))
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    int: INT64,
    float: FINITE,
    bool: st.booleans(),
    str: st.text(),
    type(None): st.none(),
    datetime: TIMES,
    date: st.dates(),
    timedelta: st.timedeltas(timedelta(days=-3_652_500), timedelta(days=3_652_500)),
    list[int]: st.lists(INT64, max_size=4),
    list[str]: st.lists(st.text(), max_size=4),
    list[list[float]]: st.lists(st.lists(FINITE, max_size=3), max_size=3),
    list[datetime]: st.lists(TIMES, max_size=3),
    dict[str, int]: st.dictionaries(st.text(), INT64, max_size=4),
    dict[str, list[bool]]: st.dictionaries(st.text(), st.lists(st.booleans(), max_size=3), max_size=3),
    dict[str, dict[str, str]]: st.dictionaries(
        st.text(), st.dictionaries(st.text(), st.text(), max_size=2), max_size=3
    ),
    dict: st.dictionaries(st.text(), st.none() | st.booleans() | INT64 | FINITE | st.text(), max_size=4),
}
TYPES = pytest.mark.parametrize("kind", VALUES, ids=str)


@TYPES
def test_a_type_is_declared_as_in_flytekit(kind: Any) -> None:
    assert literal_type(kind) == TypeEngine.to_literal_type(kind).to_flyte_idl()


@TYPES
def test_a_literal_is_written_as_in_flytekit(kind: Any) -> None:
    context = FlyteContextManager.current_context()
    declared = TypeEngine.to_literal_type(kind)

    @SETTINGS
    @hypothesis.given(VALUES[kind])
    def every_value(value: Any) -> None:
        assert to_literal(value, kind) == TypeEngine.to_literal(context, value, kind, declared).to_flyte_idl()

    every_value()


@TYPES
def test_a_value_is_read_as_in_flytekit(kind: Any) -> None:
    context = FlyteContextManager.current_context()

    @SETTINGS
    @hypothesis.given(VALUES[kind])
    def every_value(value: Any) -> None:
        literal = to_literal(value, kind)
        read = TypeEngine.to_python_value(context, FlytekitLiteral.from_flyte_idl(literal), kind)
        assert from_literal(literal, kind) == read

    every_value()


CLASSES = [
    "AsyncConnectorBase",
    "AsyncConnectorExecutorMixin",
    "ConnectorBase",
    "ConnectorRegistry",
    "Resource",
    "ResourceMeta",
    "SyncConnectorBase",
    "SyncConnectorExecutorMixin",
    "TaskCategory",
]
FUNCTIONS = [
    "convert_to_flyte_phase",
    "get_agent_secret",
    "get_connector_secret",
    "is_terminal_phase",
    "render_task_template",
]


MEMBERS = [
    pytest.param(name, member, id=f"{name}.{member}")
    for name in CLASSES
    for member, value in vars(getattr(base_connector, name)).items()
    if (not member.startswith("_") or member == "__init__") and not isinstance(value, TypeVar)
]


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_a_member_has_flytekits_name_and_arguments(name: str, member: str) -> None:
    theirs, ours = getattr(base_connector, name), getattr(connector_core, name)
    assert hasattr(ours, member)
    if callable(getattr(theirs, member)):
        assert_accepts(getattr(ours, member), getattr(theirs, member))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_flytekits_name_and_arguments(name: str) -> None:
    assert_accepts(getattr(connector_core, name), getattr(flytekit_utils, name))


def assert_accepts(ours: Any, theirs: Any) -> None:
    """Assert that our function has flytekit's parameters, in the same order and with the same defaults."""
    wanted, given = parameters(theirs), parameters(ours)
    assert [name for name in given if name in wanted] == list(wanted)
    for name, parameter in given.items():
        if name in wanted:
            assert (parameter.kind, parameter.default) == (wanted[name].kind, wanted[name].default)
        else:
            variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            assert variable or parameter.default is not parameter.empty, f"{name} must be given"


def parameters(function: Any) -> dict[str, inspect.Parameter]:
    return {name: parameter for name, parameter in inspect.signature(function).parameters.items() if name != "self"}
