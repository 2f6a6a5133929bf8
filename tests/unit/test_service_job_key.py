"""JobKey, the key under which the service keeps a job."""

from __future__ import annotations

from connector_core import TaskCategory
from connector_core.service.job_key import JobKey

METADATA = b'{"id":1}'


def test_equal_metadata_of_one_category_is_one_job() -> None:
    key = JobKey.of(TaskCategory("query", 1), METADATA)
    assert key == JobKey.of(TaskCategory("query", 1), bytes(METADATA))
    assert {key: "job"}[JobKey.of(TaskCategory("query", 1), METADATA)] == "job"


def test_name_version_and_metadata_each_make_another_job() -> None:
    keys = {
        JobKey.of(category, metadata)
        for category in (TaskCategory("query"), TaskCategory("query", 1), TaskCategory("batch"))
        for metadata in (METADATA, b'{"id":2}')
    }
    assert len(keys) == 6


def test_a_key_keeps_a_digest_and_not_the_metadata() -> None:
    key = JobKey.of(TaskCategory("query"), bytes(20 * 2**20))
    assert len(key.digest) == 32
