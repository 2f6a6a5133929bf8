"""A method of a connector, called in a process of its own that knows nothing but what it is sent."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from connector_core.discovery import Entry
from connector_core.invoke import Call, invoke
from connector_core.loading import load_connectors
from connector_core.models import Resource

if TYPE_CHECKING:
    from connector_core.connector import AsyncConnectorBase, ConnectorBase

__all__ = ["call_elsewhere"]


def call_elsewhere(value: str, connector: ConnectorBase, operation: str, argument: bytes) -> Any:
    """What a method gives in another process.

    Args:
        value: Where the connector is, as in an entry point: ``package.module:Class``.
        connector: The same connector here; the other process makes one of its own.
        operation: ``get``, ``delete`` or ``find``.
        argument: The encoded metadata, or the idempotency key.

    Returns:
        A Resource without outputs, encoded metadata, or None.

    Raises:
        AssertionError: The call raised something, or the connector cannot be made there.
    """
    category = connector.task_category
    sent = [value, category.name, category.version, operation, base64.b64encode(argument).decode()]
    ran = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import _main; _main()"],
        input=json.dumps(sent),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    try:
        answer = json.loads(ran.stdout.rpartition("\n")[2])
    except ValueError:
        raise AssertionError(f"The other process gave no answer: {ran.stderr.strip() or ran.stdout.strip()}") from None
    if "error" in answer:
        raise AssertionError(f"In another process, {operation} raised {answer['error']}")
    if "phase" in answer:
        return Resource(answer["phase"], answer["message"])
    return None if answer["meta"] is None else base64.b64decode(answer["meta"])


def _main() -> None:
    value, name, version, operation, argument = json.load(sys.stdin)
    try:
        answer = asyncio.run(_answer(value, name, version, operation, base64.b64decode(argument)))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    # The last line: a connector may print.
    sys.stdout.write(f"\n{json.dumps(answer)}")


async def _answer(value: str, name: str, version: int, operation: str, argument: bytes) -> dict[str, Any]:
    (connector,) = (
        each for each in load_connectors(Entry(name, value), [name]) if each.task_category.version == version
    )
    made: AsyncConnectorBase = connector  # type: ignore[assignment]
    if operation == "find":
        found = await invoke(Call(made, operation), idempotency_key=argument.decode())
        return {"meta": None if found is None else base64.b64encode(found.encode()).decode()}
    result = await invoke(Call(made, operation), resource_meta=made.metadata_type.decode(argument), output_prefix="")
    if operation == "delete":
        return {"meta": None}
    return {"phase": int(result.phase), "message": result.message}
