"""Deciding which entries count: settings disable entries, and two distributions conflict."""

from __future__ import annotations

from typing import Any

import pytest

from connector_core import Entry
from connector_core.conflicts import apply_settings, resolve_conflicts
from connector_core.discovery import Settings, State


def entry(task_type: str, distribution: str | None = "acme", value: str | None = None) -> Entry:
    return Entry(task_type, value or f"{distribution or 'hook'}:C", distribution, "1.0" if distribution else None)


class TestDisabling:
    @pytest.mark.parametrize("pattern", ["spark", "sp*", "*", "[rs]park", "dist:acme", "dist:Acme"])
    def test_a_matching_pattern_disables_the_entry_and_is_named(self, pattern: str) -> None:
        disabled = apply_settings(entry("spark"), Settings(disable=("other", pattern)))
        assert disabled.state is State.DISABLED
        assert disabled.reason == (
            f"The entry spark of acme 1.0 is disabled by CONNECTORS_DISABLE={pattern}; change the setting to use it."
        )

    @pytest.mark.parametrize("pattern", ["Spark", "spar", "dist:spark", "dist:", "acme"])
    def test_other_entries_are_left_alone(self, pattern: str) -> None:
        assert apply_settings(entry("spark"), Settings(disable=(pattern,))) == entry("spark")

    def test_names_of_distributions_are_compared_as_pip_compares_them(self) -> None:
        disabled = apply_settings(entry("x", "Acme_Big.connectors"), Settings(disable=("dist:acme-big-connectors",)))
        assert disabled.state is State.DISABLED

    def test_an_entry_without_a_distribution_matches_no_distribution(self) -> None:
        assert apply_settings(entry("x", None), Settings(disable=("dist:None",))).state is State.DISCOVERED

    def test_only_allowed_entries_are_used(self) -> None:
        settings = Settings(allow=("spark", "dist:good"))
        assert apply_settings(entry("spark"), settings).state is State.DISCOVERED
        assert apply_settings(entry("ray", "good"), settings).state is State.DISCOVERED
        refused = apply_settings(entry("ray"), settings)
        assert refused.state is State.DISABLED
        assert "is disabled by CONNECTORS_ALLOW=spark,dist:good;" in str(refused.reason)

    def test_disabling_wins_over_allowing(self) -> None:
        settings = Settings(allow=("spark",), disable=("spark",))
        assert "CONNECTORS_DISABLE=spark" in str(apply_settings(entry("spark"), settings).reason)

    def test_without_autoload_every_entry_is_disabled(self) -> None:
        assert "CONNECTORS_AUTOLOAD=0" in str(apply_settings(entry("spark"), Settings(autoload=False)).reason)


class TestConflicts:
    ONE, TWO, OTHER = entry("spark", "one"), entry("spark", "two"), entry("ray", "two")

    def states(self, *entries: Entry, **settings: Any) -> dict[tuple[str, str | None], State]:
        return {(e.task_type, e.distribution): e.state for e in resolve_conflicts(entries, Settings(**settings))}

    def test_two_distributions_conflict_if_they_claim_one_task_type(self) -> None:
        assert self.states(self.ONE, self.TWO, self.OTHER) == {
            ("spark", "one"): State.CONFLICTING,
            ("spark", "two"): State.CONFLICTING,
            ("ray", "two"): State.DISCOVERED,
        }

    def test_the_reason_names_both_and_says_how_to_choose(self) -> None:
        first, _ = resolve_conflicts([self.TWO, self.ONE], Settings())
        assert first.reason == (
            "The task type spark is claimed by one 1.0 (one:C) and two 1.0 (two:C); uninstall one, "
            "or choose with CONNECTORS_PREFER=spark=one."
        )

    def test_a_preference_chooses_one_and_disables_the_other(self) -> None:
        one, two = resolve_conflicts([self.ONE, self.TWO], Settings(prefer={"spark": "Two"}))
        assert (one.state, two.state) == (State.DISABLED, State.DISCOVERED)
        assert "is disabled by CONNECTORS_PREFER=spark=Two;" in str(one.reason)

    @pytest.mark.parametrize("prefer", [{"spark": "three"}, {"ray": "one"}])
    def test_a_preference_for_another_task_type_or_distribution_does_not_choose(self, prefer: dict[str, str]) -> None:
        assert set(self.states(self.ONE, self.TWO, prefer=prefer).values()) == {State.CONFLICTING}

    def test_a_disabled_entry_does_not_conflict(self) -> None:
        assert self.states(self.ONE, self.TWO, disable=("dist:one",)) == {
            ("spark", "one"): State.DISABLED,
            ("spark", "two"): State.DISCOVERED,
        }

    def test_two_values_of_one_distribution_conflict_and_a_preference_cannot_choose(self) -> None:
        two = [entry("spark", "one", "a:A"), entry("spark", "one", "b:B")]
        assert {e.state for e in resolve_conflicts(two, Settings(prefer={"spark": "one"}))} == {State.CONFLICTING}

    def test_entries_of_hooks_conflict_too(self) -> None:
        both = resolve_conflicts([entry("spark", None), entry("spark", None, "other:C")], Settings())
        assert {e.state for e in both} == {State.CONFLICTING}
        assert "choose with CONNECTORS_PREFER=spark=NAME." in str(both[0].reason)

    def test_entries_are_sorted_by_task_type(self) -> None:
        assert [e.task_type for e in resolve_conflicts([self.ONE, self.OTHER], Settings())] == ["ray", "spark"]
