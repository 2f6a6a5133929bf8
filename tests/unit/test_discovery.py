"""Finding entries without importing them, applying the settings, and detecting conflicts."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from connector_core import Entry
from connector_core.discovery import Settings, State, apply_settings, scan, sort_out
from connector_core.errors import InvalidSetting
from connector_core.testing.sites import Site


def entry(task_type: str, distribution: str | None = "acme", value: str | None = None) -> Entry:
    return Entry(task_type, value or f"{distribution or 'hook'}:C", distribution, "1.0" if distribution else None)


class TestScanning:
    def test_without_distributions_there_is_nothing(self) -> None:
        found = scan()
        assert (found.entries, found.plugins, found.unreadable) == ((), (), ())

    def test_each_line_of_the_connectors_group_is_an_entry(self, site: Site) -> None:
        site.add("acme-connectors", "1.2", connectors={"acme": "acme:Acme", "acme2": "acme:Other"})
        assert scan().entries == (
            Entry("acme", "acme:Acme", "acme-connectors", "1.2"),
            Entry("acme2", "acme:Other", "acme-connectors", "1.2"),
        )

    def test_each_line_of_our_own_group_is_a_plugin(self, site: Site) -> None:
        site.add("vault", "3", plugins={"vault": "vault_plugin"})
        found = scan()
        assert (found.entries, found.plugins) == ((), (Entry("vault", "vault_plugin", "vault", "3"),))

    def test_other_groups_are_left_alone(self, site: Site) -> None:
        site.add(entry_points="[console_scripts]\nacme = acme:main\n")
        assert scan().entries == ()

    def test_nothing_is_imported(self, site: Site) -> None:
        site.add(connectors={"acme": "acme_trap:Acme"}, modules={"acme_trap": "raise RuntimeError('imported')"})
        assert len(scan().entries) == 1
        assert "acme_trap" not in sys.modules

    def test_a_distribution_found_twice_counts_once(self, site: Site, second_site: Site) -> None:
        for place in (site, second_site):
            place.add("acme-connectors", "1.0", connectors={"acme": "acme:Acme"})
        assert len(scan().entries) == 1

    def test_the_first_of_two_versions_on_the_path_counts(self, site: Site, second_site: Site) -> None:
        site.add("acme-connectors", "1.0", connectors={"acme": "acme:Acme"})
        second_site.add("acme-connectors", "2.0", connectors={"acme": "acme:Acme"})
        assert [found.distribution_version for found in scan().entries] == ["2.0"]


class TestBrokenMetadata:
    """Broken metadata of one distribution does not affect the others."""

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("[flytekit.connectors]\nno equals sign here\n", id="no equals sign"),
            pytest.param(b"[flytekit.connectors]\n\xff\xfe = x:Y\n", id="no UTF-8"),
        ],
    )
    def test_malformed_entry_points(self, site: Site, text: Any) -> None:
        site.add("broken", entry_points=text)
        site.add("acme-connectors", connectors={"acme": "acme:Acme"})
        found = scan()
        assert [each.task_type for each in found.entries] == ["acme"]
        (sentence,) = found.unreadable
        assert sentence.startswith("The metadata of ")
        assert "broken" in sentence
        assert sentence.endswith("; reinstall it.")

    def test_malformed_entry_points_beside_a_distribution_found_twice(self, site: Site, second_site: Site) -> None:
        site.add("broken", entry_points="[flytekit.connectors]\nnothing\n")
        for place in (site, second_site):
            place.add("acme-connectors", connectors={"acme": "acme:Acme"})
        assert len(scan().entries) == 1

    def test_missing_metadata(self, site: Site) -> None:
        site.add("nameless", connectors={"nameless": "nameless:C"}, metadata=None)
        site.add("acme-connectors", connectors={"acme": "acme:Acme"})
        found = scan()
        assert Entry("acme", "acme:Acme", "acme-connectors", "1.0") in found.entries
        (sentence,) = found.unreadable
        assert "'nameless:C'" in sentence

    def test_metadata_without_a_name(self, site: Site) -> None:
        site.add("nameless", connectors={"nameless": "nameless:C"}, metadata="Metadata-Version: 2.1\n")
        site.add("acme-connectors", connectors={"acme": "acme:Acme"})
        found = scan()
        assert Entry("acme", "acme:Acme", "acme-connectors", "1.0") in found.entries
        assert any("'nameless:C'" in sentence for sentence in found.unreadable)

    def test_missing_metadata_beside_malformed_entry_points(self, site: Site) -> None:
        site.add("broken", entry_points="[flytekit.connectors]\nnothing\n")
        site.add("nameless", connectors={"nameless": "nameless:C"}, metadata=None)
        site.add("acme-connectors", connectors={"acme": "acme:Acme"})
        found = scan()
        assert Entry("acme", "acme:Acme", "acme-connectors", "1.0") in found.entries
        assert len(found.unreadable) == 2

    def test_an_empty_file_and_a_file_in_place_of_a_directory(self, site: Site) -> None:
        site.add("empty", entry_points="")
        (site.path / "strange-1.0.dist-info").write_text("a file")
        site.add("acme-connectors", connectors={"acme": "acme:Acme"})
        assert [each.task_type for each in scan().entries] == ["acme"]


class TestEntry:
    def test_an_entry_gives_its_origin(self) -> None:
        assert entry("x", "acme").origin == "acme 1.0"
        assert entry("x", None).origin == "a connector_core_entries hook"

    def test_an_entry_gives_itself_as_it_was_found(self) -> None:
        failed = entry("x")._replace(state=State.FAILED, reason="why")
        assert failed.found == entry("x")


class TestSettings:
    def test_by_default_every_entry_is_used(self) -> None:
        assert Settings.from_environment({}) == Settings((), (), {}, True, False)

    def test_each_setting_has_a_variable(self) -> None:
        environment = {
            "CONNECTORS_DISABLE": "a, b*  dist:acme",
            "CONNECTORS_ALLOW": "c",
            "CONNECTORS_PREFER": "t=one,u=two",
            "CONNECTORS_AUTOLOAD": "0",
            "CONNECTORS_STRICT": "1",
        }
        assert Settings.from_environment(environment) == Settings(
            ("a", "b*", "dist:acme"), ("c",), {"t": "one", "u": "two"}, False, True
        )

    def test_the_variables_are_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONNECTORS_DISABLE", "x")
        assert Settings.from_environment().disable == ("x",)

    @pytest.mark.parametrize(
        ("text", "on"), [("1", True), ("TRUE", True), ("yes", True), ("off", False), ("No", False)]
    )
    def test_a_switch_has_the_usual_words(self, text: str, on: bool) -> None:
        assert Settings.from_environment({"CONNECTORS_STRICT": text}).strict is on

    @pytest.mark.parametrize("setting", ["CONNECTORS_STRICT", "CONNECTORS_AUTOLOAD"])
    @pytest.mark.parametrize("text", ["", "2", "maybe"])
    def test_a_switch_that_cannot_be_read_is_refused(self, setting: str, text: str) -> None:
        with pytest.raises(InvalidSetting, match=f"^{setting}='{text}' cannot be read: expected 1 or 0") as e:
            Settings.from_environment({setting: text})
        assert e.value.setting == setting

    @pytest.mark.parametrize("text", ["acme", "=acme", "t="])
    def test_a_preference_that_cannot_be_read_is_refused(self, text: str) -> None:
        with pytest.raises(
            InvalidSetting, match=r"^CONNECTORS_PREFER=.* expected TASK_TYPE=DISTRIBUTION, separated by"
        ):
            Settings.from_environment({"CONNECTORS_PREFER": text})


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
        return {(e.task_type, e.distribution): e.state for e in sort_out(entries, Settings(**settings))}

    def test_two_distributions_conflict_if_they_claim_one_task_type(self) -> None:
        assert self.states(self.ONE, self.TWO, self.OTHER) == {
            ("spark", "one"): State.CONFLICTING,
            ("spark", "two"): State.CONFLICTING,
            ("ray", "two"): State.DISCOVERED,
        }

    def test_the_reason_names_both_and_says_how_to_choose(self) -> None:
        first, _ = sort_out([self.TWO, self.ONE], Settings())
        assert first.reason == (
            "The task type spark is claimed by one 1.0 (one:C) and two 1.0 (two:C); uninstall one, "
            "or choose with CONNECTORS_PREFER=spark=one."
        )

    def test_a_preference_chooses_one_and_disables_the_other(self) -> None:
        one, two = sort_out([self.ONE, self.TWO], Settings(prefer={"spark": "Two"}))
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
        assert {e.state for e in sort_out(two, Settings(prefer={"spark": "one"}))} == {State.CONFLICTING}

    def test_entries_of_hooks_conflict_too(self) -> None:
        both = sort_out([entry("spark", None), entry("spark", None, "other:C")], Settings())
        assert {e.state for e in both} == {State.CONFLICTING}
        assert "choose with CONNECTORS_PREFER=spark=NAME." in str(both[0].reason)

    def test_entries_are_sorted_by_task_type(self) -> None:
        assert [e.task_type for e in sort_out([self.ONE, self.OTHER], Settings())] == ["ray", "spark"]
