"""The conformance suites: good connectors pass every check, and for each check there is a bad one that fails it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector_core.testing import BaseAsyncConnectorSuite, BaseSyncConnectorSuite, Contract, Site
from support.breaking import ASYNC, SYNC

HEADER = """
from contextlib import contextmanager
from pathlib import Path
import os
import pytest
from connector_core.testing import *
from support import breaking, conforming

class Given:
    patience = 1.0
    deadline = 0.5

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


@pytest.fixture
def suites(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, connector_site: Site
) -> pytest.Pytester:
    """A directory for suites, with the backend of the connectors, and their entries."""
    (tmp_path / "jobs").mkdir()
    monkeypatch.setenv("WAITING_JOBS", str(tmp_path / "jobs"))
    entries = {"wait": "support.conforming:Wait", "double": "support.conforming:Double"}
    connector_site.add("conforming", connectors=entries)
    monkeypatch.setenv("CONNECTORS_ALLOW", "dist:conforming")
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider -p no:cov -p no:xdist")
    return pytester


def checks(suite: type) -> dict[str, Contract]:
    """Each check of a suite, with its contract."""
    return {name: getattr(suite, name).contract for name in dir(suite) if name.startswith("test_")}


def test_there_are_more_than_thirty_checks_of_async_connectors() -> None:
    assert len(checks(BaseAsyncConnectorSuite)) >= 45
    assert len(checks(BaseSyncConnectorSuite)) >= 20


@pytest.mark.parametrize("suite", [BaseAsyncConnectorSuite, BaseSyncConnectorSuite])
def test_a_contract_says_what_why_and_how(suite: type) -> None:
    for contract in checks(suite).values():
        assert all(part.endswith(".") and part[0] == part[0].strip() for part in contract)


def test_good_connectors_pass_every_check(suites: pytest.Pytester) -> None:
    suites.makepyfile(
        HEADER
        + SUITE.format(name="Good", kind="Async", value="conforming.Wait")
        + SUITE.format(name="GoodSync", kind="Sync", value="conforming.Double")
    )
    result = suites.runpytest_inprocess("-q")
    # Two of each suite's checks are for both generations of Flyte, but for the deletion.
    expected = len(checks(BaseAsyncConnectorSuite)) + len(checks(BaseSyncConnectorSuite)) + 3
    result.assert_outcomes(passed=expected)


@pytest.mark.parametrize(
    ("suite", "bad"),
    [(BaseAsyncConnectorSuite, ASYNC), (BaseSyncConnectorSuite, SYNC)],
    ids=["async", "sync"],
)
def test_each_check_has_a_bad_connector(suite: type, bad: dict[str, type]) -> None:
    assert set(bad) == set(checks(suite))


@pytest.mark.parametrize(
    ("suite", "kind", "check", "bad"),
    [
        *((BaseAsyncConnectorSuite, "Async", check, bad) for check, bad in ASYNC.items()),
        *((BaseSyncConnectorSuite, "Sync", check, bad) for check, bad in SYNC.items()),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value),
)
def test_a_bad_connector_fails_its_check(
    suites: pytest.Pytester, suite: type, kind: str, check: str, bad: type
) -> None:
    suites.makepyfile(HEADER + SUITE.format(name="Bad", kind=kind, value=f"breaking.{bad.__name__}"))
    result = suites.runpytest_inprocess("-q", "-k", check)
    outcomes = result.parseoutcomes()
    assert outcomes.pop("failed", 0) >= 1
    assert not set(outcomes) & {"passed", "error", "errors", "skipped"}, outcomes
    rule, why, fix = checks(suite)[check]
    said = result.stdout.str()
    for part in (f"Contract: {rule}", f"Why: {why}", f"Fix: {fix}"):
        assert part in said
