"""The sentences that say what is wrong with an entry and what to do."""

from __future__ import annotations

import pytest

from connector_core import Entry
from connector_core.errors import EntryRefused
from connector_core.remedies import explain_failure, suggest_names


class TestExplainingAFailure:
    ENTRY = Entry("acme", "acme.module:Acme", "acme-connectors", "1.0")

    @pytest.mark.parametrize(
        ("error", "what", "remedy"),
        [
            (EntryRefused("It is wrong.", "Mend it."), "is refused: It is wrong.", "Mend it."),
            (
                ModuleNotFoundError("No module named 'boto3'", name="boto3"),
                "needs the module boto3, which is not installed.",
                "Install the package that provides it.",
            ),
            (
                ModuleNotFoundError("No module named 'acme'", name="acme"),
                "names the module acme.module, which does not exist.",
                "Reinstall acme-connectors.",
            ),
            (
                ModuleNotFoundError("odd"),
                "names the module acme.module, which does not exist.",
                "Reinstall acme-connectors.",
            ),
            (SystemExit(3), "calls sys.exit(3) when it is imported.", "Report it to its author."),
            (
                SyntaxError("invalid syntax", ("acme/module.py", 7, 1, "x =")),
                "has a syntax error in acme/module.py, line 7: invalid syntax.",
                "Correct it there.",
            ),
            (RuntimeError("no backend."), "cannot be loaded: RuntimeError: no backend.", "Report it to its author."),
            (RuntimeError(), "cannot be loaded: RuntimeError.", "Report it to its author."),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
    )
    def test_each_kind_of_failure_has_its_own_explanation(self, error: BaseException, what: str, remedy: str) -> None:
        assert explain_failure(self.ENTRY, error) == (
            f"The entry acme of acme-connectors 1.0 {what} {remedy} CONNECTORS_DISABLE=acme disables it."
        )

    def test_an_exception_whose_str_fails_is_named(self) -> None:
        class Mute(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        assert "cannot be loaded: Mute. Report it" in explain_failure(self.ENTRY, Mute())

    def test_without_a_distribution_the_advice_is_to_reinstall_the_package(self) -> None:
        explanation = explain_failure(Entry("acme", "acme:Acme"), ModuleNotFoundError("gone", name="acme"))
        assert "which does not exist. Reinstall its package." in explanation


class TestSuggestingNames:
    def test_the_nearest_names_come_first(self) -> None:
        assert suggest_names("duckb", ["duckdb", "process"]) == "Did you mean duckdb?"

    def test_without_a_near_name_all_are_listed(self) -> None:
        assert suggest_names("spark", ["duckdb", "process"]) == "The known names are: duckdb, process."

    def test_without_any_name_it_says_that_nothing_is_installed(self) -> None:
        assert suggest_names("spark", []).startswith("No connector is installed")
