"""The commands that Flyte's charts run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from connector_core.cli import flyte


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Return the command lines of `connectors` that run instead."""
    lines: list[Sequence[str]] = []
    monkeypatch.setattr(flyte, "main", lambda argv: lines.append(argv) or 0)
    return lines


COMMANDS = pytest.mark.parametrize(
    ("command", "words"),
    [(flyte.pyflyte, ["serve", "agent"]), (flyte.pyflyte, ["serve", "connector"]), (flyte.c0, [])],
    ids=["pyflyte serve agent", "pyflyte serve connector", "c0"],
)
Command = Callable[[Sequence[str]], int]


@COMMANDS
def test_it_serves_on_all_addresses_and_flytes_ports(
    served: list[Sequence[str]], command: Command, words: list[str]
) -> None:
    assert command(words) == 0
    assert served == [["serve", "--host", "0.0.0.0", "--port", "8000", "--metrics-port", "9090"]]


@COMMANDS
def test_ports_and_modules_are_passed_on(served: list[Sequence[str]], command: Command, words: list[str]) -> None:
    command([*words, "--port", "1", "--prometheus_port", "2", "--modules", "a", "--modules", "b"])
    assert served[0][3:] == ["--port", "1", "--metrics-port", "2", "--module", "a", "--module", "b"]


@COMMANDS
def test_options_without_effect_are_accepted_with_a_message(
    served: list[Sequence[str]], command: Command, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command([*words, "--worker", "10", "--timeout", "5"])
    assert len(served) == 1
    assert capsys.readouterr().err.splitlines() == [
        "--worker is ignored: this service does not need it.",
        "--timeout is ignored: this service does not need it.",
    ]


@COMMANDS
def test_an_unknown_option_is_refused(
    served: list[Sequence[str]], command: Command, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command([*words, "--speed", "high"])
    assert (ended.value.code, served) == (2, [])
    assert "unrecognized arguments: --speed high" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["register"], ["serve"], ["serve", "admin"]], ids=" ".join)
def test_pyflyte_has_no_other_commands(
    served: list[Sequence[str]], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        flyte.pyflyte(words)
    assert (ended.value.code, served) == (2, [])
