"""The idempotency key of an attempt."""

from __future__ import annotations

from connector_core import TaskCategory
from connector_core.idempotency import earlier_keys, idempotency_key
from connector_core.idl import TaskExecutionMetadata
from support.connectors import execution_metadata


class TestIdempotencyKey:
    def test_a_key_is_32_hexadecimal_digits_as_labels_allow(self) -> None:
        key = idempotency_key(TaskCategory("t"), execution_metadata())
        assert key is not None
        assert len(key) == 32
        assert set(key) <= set("0123456789abcdef")

    def test_the_same_attempt_has_the_same_key(self) -> None:
        assert idempotency_key(TaskCategory("t"), execution_metadata()) == idempotency_key(
            TaskCategory("t"), execution_metadata()
        )

    def test_another_category_attempt_or_execution_has_another_key(self) -> None:
        keys = {
            idempotency_key(TaskCategory("t"), execution_metadata()),
            idempotency_key(TaskCategory("t", 1), execution_metadata()),
            idempotency_key(TaskCategory("u"), execution_metadata()),
            idempotency_key(TaskCategory("t"), execution_metadata(attempt=1)),
            idempotency_key(TaskCategory("t"), execution_metadata(name="other")),
            idempotency_key(TaskCategory("t"), execution_metadata(org="o")),
        }
        assert len(keys) == 6

    def test_without_an_execution_it_is_none(self) -> None:
        assert idempotency_key(TaskCategory("t"), None) is None
        assert idempotency_key(TaskCategory("t"), TaskExecutionMetadata()) is None


class TestEarlierKeys:
    def test_they_are_those_of_the_attempts_before_in_their_order(self) -> None:
        category = TaskCategory("t")
        attempts = [execution_metadata(attempt=number) for number in range(3)]
        assert earlier_keys(category, attempts[2]) == [idempotency_key(category, each) for each in attempts[:2]]

    def test_a_first_attempt_and_one_that_is_not_known_have_none(self) -> None:
        assert earlier_keys(TaskCategory("t"), execution_metadata()) == []
        assert earlier_keys(TaskCategory("t"), None) == []
