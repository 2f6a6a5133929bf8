"""The conformance suites: good connectors pass every check, and for each check there is a bad one that fails it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

# StructuredDataset is imported here so that the runs of pytest below do not each import another class of that name.
from connector_core import StructuredDataset, SyncConnectorBase  # noqa: F401
from connector_core.testing import BaseAsyncConnectorSuite, BaseSyncConnectorSuite, Contract, Site
from support import breaking, conforming
from support.breaking import BAD, Bad
from support.wheels import ROOT

HEADER = """
from contextlib import contextmanager
from pathlib import Path
import os
import pytest
from connector_core import StructuredDataset
from connector_core.testing import *
from support import breaking, conforming

class Given:
    @pytest.fixture
    def secrets(self):
        return {"wait_token": "tok-4711-xyz"}

    @pytest.fixture
    def task_that_succeeds(self):
        return ExampleTask({"seconds": 0.0}, outputs={"seconds": float})

    @pytest.fixture
    def task_that_fails(self):
        return ExampleTask({"seconds": -1.0})

    @pytest.fixture
    def task_that_fails_for_now(self):
        return ExampleTask({"seconds": 9999.0})

    @pytest.fixture
    def task_that_runs_long(self):
        return ExampleTask({"seconds": 600.0})

    @pytest.fixture
    def still_runs(self):
        return lambda meta: not conforming.backend.has_ended(meta.job)

    @pytest.fixture
    def backend_away(self):
        @contextmanager
        def away():
            path = Path(os.environ["WAITING_JOBS"], "away")
            path.touch()
            yield
            path.unlink()
        return away()
"""

SUITE = """
class Test{name}(Given, Base{kind}ConnectorSuite):
    @pytest.fixture
    def connector(self):
        return {value}()
"""

SHORT = "deadline = 1.0\npatience = 1.0\n"
"""The limits for a connector that exceeds them; a good one must not fail because the machine is busy."""


@pytest.fixture
def suites(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, connector_site: Site
) -> pytest.Pytester:
    """Return a directory for suites, with the connectors' backend and entries."""
    (tmp_path / "jobs").mkdir()
    monkeypatch.setenv("WAITING_JOBS", str(tmp_path / "jobs"))
    entries = {"wait": "support.conforming:Wait", "double": "support.conforming:Double"}
    connector_site.add("conforming", connectors=entries)
    monkeypatch.setenv("CONNECTORS_ALLOW", "dist:conforming")
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider -p no:cov -p no:xdist")
    return pytester


def run(suites: pytest.Pytester, connector: type, *options: str, given: str = SHORT) -> pytest.RunResult:
    """Run the suite of the connector's kind for it."""
    arrange(suites, connector, given)
    return suites.runpytest_inprocess("-q", *options)


def arrange(suites: pytest.Pytester, connector: type, given: str = SHORT) -> None:
    """Write the suite of the connector's kind for it, with more fixtures or attributes."""
    kind = "Sync" if issubclass(connector, SyncConnectorBase) else "Async"
    value = f"{connector.__module__.removeprefix('support.')}.{connector.__qualname__}"
    suites.makepyfile(HEADER + SUITE.format(name="It", kind=kind, value=value) + textwrap.indent(given, "    "))


def fixture(name: str, value: str) -> str:
    """Return the source of a fixture that returns a value."""
    return f"\n@pytest.fixture\ndef {name}(self):\n    return {value}\n"


def checks(suite: type) -> dict[str, Contract]:
    """Return each check of a suite with its contract."""
    return {name: getattr(suite, name).contract for name in dir(suite) if name.startswith("test_")}


# The two checks through the service run for both generations of Flyte.
PASSED_OF_ASYNC = len(checks(BaseAsyncConnectorSuite)) + 2


def test_the_suites_have_at_least_45_and_20_checks() -> None:
    assert len(checks(BaseAsyncConnectorSuite)) >= 45
    assert len(checks(BaseSyncConnectorSuite)) >= 20


@pytest.mark.parametrize("suite", [BaseAsyncConnectorSuite, BaseSyncConnectorSuite])
def test_a_contract_says_what_why_and_how(suite: type) -> None:
    for contract in checks(suite).values():
        parts = (contract.rule, contract.why, contract.fix)
        assert all(part.endswith(".") and part == part.strip() for part in parts)


def test_good_connectors_pass_every_check(suites: pytest.Pytester) -> None:
    suites.makepyfile(
        HEADER
        + SUITE.format(name="Good", kind="Async", value="conforming.Wait")
        + SUITE.format(name="GoodSync", kind="Sync", value="conforming.Double")
    )
    result = suites.runpytest_inprocess("-q")
    result.assert_outcomes(passed=PASSED_OF_ASYNC + len(checks(BaseSyncConnectorSuite)) + 1)


def suite_of(bad: Bad) -> Any:
    return BaseSyncConnectorSuite if issubclass(bad.connector, SyncConnectorBase) else BaseAsyncConnectorSuite


@pytest.mark.parametrize("suite", [BaseAsyncConnectorSuite, BaseSyncConnectorSuite])
def test_each_check_has_a_bad_connector(suite: type) -> None:
    assert {bad.check for bad in BAD if suite_of(bad) is suite} == set(checks(suite))


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.check}-{bad.connector.__name__}")
def test_a_bad_connector_fails_its_check(suites: pytest.Pytester, bad: Bad) -> None:
    result = run(suites, bad.connector, "-k", bad.check)
    outcomes = result.parseoutcomes()
    assert outcomes.pop("failed", 0) >= 1
    assert not set(outcomes) & {"passed", "error", "errors", "skipped"}, outcomes
    contract = checks(suite_of(bad))[bad.check]
    said = result.stdout.str()
    for part in (bad.seen, f"Contract: {contract.rule}", f"Why: {contract.why}", f"Fix: {contract.fix}"):
        assert part in said


def test_a_call_that_takes_too_long_is_awaited_once(suites: pytest.Pytester) -> None:
    result = run(suites, breaking.Slow)
    assert result.parseoutcomes()["skipped"] > 30
    result.stdout.fnmatch_lines(["*Contract: create returns within Flyte's deadline, while the job runs."])
    # A check starts it, and so do the local run and the runs through the service.
    assert breaking.Slow.started <= 6


@pytest.mark.parametrize(
    ("connector", "checks"),
    [
        (breaking.Deaf, "test_get_can_be_given_up"),
        (breaking.Deaf, "not deadline"),
        (breaking.DeafInLogs, "logs or blocked"),
    ],
)
def test_a_call_that_never_ends_does_not_hang_the_suite(
    suites: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, connector: type, checks: str
) -> None:
    arrange(suites, connector, "deadline = 0.5\npatience = 0.5\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    result = suites.runpytest_subprocess("-q", "-k", checks, "-W", "ignore", timeout=90)
    assert result.parseoutcomes()["failed"] >= 1


@pytest.mark.parametrize("check", ["test_get_answers_right_after_create", "test_a_job_is_ended_through_the_service"])
def test_each_job_is_ended_with_its_check(suites: pytest.Pytester, check: str) -> None:
    breaking.Reluctant.refused.clear()
    run(suites, breaking.Reluctant, "-k", check)
    assert breaking.Reluctant.refused
    assert [job for job in conforming.backend.names() if not conforming.backend.has_ended(job)] == []


def test_a_failure_shows_lines_of_the_connector_and_none_of_the_suite(suites: pytest.Pytester) -> None:
    said = run(suites, breaking.RaisesAnything, "-k", "test_a_job_fails").stdout.str()
    assert "raise RuntimeError(str(error)) from error" in said
    assert "calls.py" not in said


def test_no_secret_is_shown_in_a_failure(suites: pytest.Pytester) -> None:
    said = run(suites, breaking.KeepsItsTokenAndFindsNothing, "-k", "test_find_gives_the_job_of_a_key").stdout.str()
    assert "more='***'" in said
    assert "tok-4711-xyz" not in said


def test_no_secret_is_shown_with_an_exception(suites: pytest.Pytester) -> None:
    said = run(suites, breaking.RaisesASecret, "-k", "test_a_job_succeeds").stdout.str()
    assert "RuntimeError: 401 for https://***@backend" in said
    assert "tok-4711-xyz" not in said


def test_without_secrets_the_checks_for_secrets_are_skipped(suites: pytest.Pytester) -> None:
    result = run(suites, conforming.Plain, "-k", "no_secret", given=fixture("secrets", "{}"))
    result.assert_outcomes(skipped=4)


def test_a_secret_that_is_too_short_to_search_for_is_an_error(suites: pytest.Pytester) -> None:
    given = fixture("secrets", '{"wait_token": "tok-1"}')
    said = run(suites, conforming.Wait, "-k", "test_states_hold_no_secret", given=given).stdout.str()
    assert "Too short to search for: wait_token. Use secrets of at least 6 characters." in said


def test_the_suite_of_the_other_kind_is_an_error(suites: pytest.Pytester) -> None:
    suites.makepyfile(HEADER + SUITE.format(name="It", kind="Async", value="conforming.Double"))
    said = suites.runpytest_inprocess("-q", "-k", "test_a_job_succeeds").stdout.str()
    assert "Double is not a subclass of AsyncConnectorBase; use the other suite." in said


def test_a_class_in_place_of_a_connector_is_an_error(suites: pytest.Pytester) -> None:
    given = fixture("connector", "conforming.Wait")
    said = run(suites, conforming.Wait, "-k", "test_a_job_succeeds", given=given).stdout.str()
    assert "The fixture connector returns the class Wait; return an instance." in said


def test_a_connector_that_cannot_fail_has_no_task_that_does(suites: pytest.Pytester) -> None:
    result = run(
        suites, conforming.Wait, "-k", "fails or failure or sent or mix", given=fixture("task_that_fails", "None")
    )
    outcomes = result.parseoutcomes()
    assert (outcomes["skipped"], "failed" in outcomes) == (2, False)


def test_an_id_that_a_job_might_have_is_not_made_up(suites: pytest.Pytester) -> None:
    result = run(suites, conforming.Numbered, "-k", "unknown_job")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["The suite cannot make an id that certainly no job has. Define the fixture unknown_job: *"]
    )
    given = fixture("unknown_job", 'conforming.WaitMeta("job-0")')
    run(suites, conforming.Numbered, "-k", "unknown_job", given=given).assert_outcomes(passed=2)


def test_an_id_of_any_letters_is_made_up(suites: pytest.Pytester) -> None:
    run(suites, conforming.Lettered, "-k", "unknown_job", given="").assert_outcomes(passed=2)


def test_other_processes_make_a_connector_by_its_entry(suites: pytest.Pytester, connector_site: Site) -> None:
    connector_site.add("made", connectors={"made": "support.conforming:made"})
    suites.makepyfile(HEADER + SUITE.format(name="It", kind="Async", value="conforming.made"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONNECTORS_ALLOW", "dist:made")
        suites.runpytest_inprocess("-q", "-k", "another_process").assert_outcomes(passed=3)


def test_if_another_process_cannot_make_the_connector_the_error_says_what_to_define(suites: pytest.Pytester) -> None:
    suites.makepyfile(HEADER + SUITE.format(name="It", kind="Async", value="conforming.made"))
    said = suites.runpytest_inprocess("-q", "-k", "test_get_works_in_another_process").stdout.str()
    assert "Define the fixture entry_value" in said


def test_each_call_has_the_output_prefix_of_its_attempt(suites: pytest.Pytester) -> None:
    run(suites, conforming.WantsItsPrefix, "-k", "not found_by", given="").assert_outcomes(passed=PASSED_OF_ASYNC - 1)


def test_a_plugin_takes_part_in_the_calls(suites: pytest.Pytester, connector_site: Site) -> None:
    connector_site.add("vault", plugins={"vault": "support.conforming:vault"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONNECTORS_ALLOW", "dist:conforming,dist:vault")
        given = fixture("secrets", "{}")
        run(suites, conforming.Wait, "-k", "test_a_job_succeeds", given=given).assert_outcomes(passed=1)


def test_the_deadline_applies_to_calls_through_the_service_too(suites: pytest.Pytester) -> None:
    run(suites, breaking.Slow, "-k", "test_a_job_is_ended_through", given="").assert_outcomes(passed=2)


def test_tables_that_each_poll_writes_again_are_equal(suites: pytest.Pytester) -> None:
    given = fixture("task_that_succeeds", 'ExampleTask({"seconds": 0.0}, outputs={"table": StructuredDataset})')
    run(suites, conforming.GivesATable, "-k", "outputs_stay or job_that_has_ended", given=given).assert_outcomes(
        passed=4
    )
