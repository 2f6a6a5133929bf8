"""The idempotency key of an attempt."""

from __future__ import annotations

from typing import Any

from connector_core import TaskCategory
from connector_core.idempotency import earlier_keys, idempotency_key
from connector_core.idl import (
    Identifier,
    NodeExecutionIdentifier,
    TaskExecutionIdentifier,
    TaskExecutionMetadata,
    WorkflowExecutionIdentifier,
)


class TestIdempotencyKey:
    @staticmethod
    def metadata(attempt: int = 0, **changes: Any) -> TaskExecutionMetadata:
        execution = {"project": "p", "domain": "d", "name": "n", **changes}
        return TaskExecutionMetadata(
            task_execution_id=TaskExecutionIdentifier(
                task_id=Identifier(project="p", domain="d", name="task", version="1"),
                node_execution_id=NodeExecutionIdentifier(
                    node_id="n0", execution_id=WorkflowExecutionIdentifier(**execution)
                ),
                retry_attempt=attempt,
            )
        )

    def test_a_key_is_32_hexadecimal_digits_as_labels_allow(self) -> None:
        key = idempotency_key(TaskCategory("t"), self.metadata())
        assert key is not None
        assert len(key) == 32
        assert set(key) <= set("0123456789abcdef")

    def test_the_same_attempt_has_the_same_key(self) -> None:
        assert idempotency_key(TaskCategory("t"), self.metadata()) == idempotency_key(
            TaskCategory("t"), self.metadata()
        )

    def test_another_category_attempt_or_execution_has_another_key(self) -> None:
        keys = {
            idempotency_key(TaskCategory("t"), self.metadata()),
            idempotency_key(TaskCategory("t", 1), self.metadata()),
            idempotency_key(TaskCategory("u"), self.metadata()),
            idempotency_key(TaskCategory("t"), self.metadata(attempt=1)),
            idempotency_key(TaskCategory("t"), self.metadata(name="other")),
            idempotency_key(TaskCategory("t"), self.metadata(org="o")),
        }
        assert len(keys) == 6

    def test_without_an_execution_it_is_none(self) -> None:
        assert idempotency_key(TaskCategory("t"), None) is None
        assert idempotency_key(TaskCategory("t"), TaskExecutionMetadata()) is None


class TestEarlierKeys:
    def test_they_are_those_of_the_attempts_before_in_their_order(self) -> None:
        category = TaskCategory("t")
        attempts = [TestIdempotencyKey.metadata(attempt=number) for number in range(3)]
        assert earlier_keys(category, attempts[2]) == [idempotency_key(category, each) for each in attempts[:2]]

    def test_a_first_attempt_and_one_that_is_not_known_have_none(self) -> None:
        assert earlier_keys(TaskCategory("t"), TestIdempotencyKey.metadata()) == []
        assert earlier_keys(TaskCategory("t"), None) == []
