"""Finding entries without importing them, and reading the settings."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from connector_core import Entry
from connector_core.discovery import Settings, State, scan
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
