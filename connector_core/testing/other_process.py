"""Calls a method of a connector in another process, which has only the encoded argument."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from connector_core.call import Call
from connector_core.discovery import Entry
from connector_core.invoke import invoke
from connector_core.loading import load_connectors
from connector_core.models import Resource
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    from connector_core.connector import ConnectorBase

__all__ = ["call_in_another_process"]


def call_in_another_process(
    value: str, connector: ConnectorBase, operation: str, argument: bytes, prefix: str = ""
) -> Any:
    """Call a method in another process.

    Args:
        value: The value of the connector's entry point: ``package.module:Class``.
        connector: The same connector in this process; the other process makes its own.
        operation: ``get``, ``delete`` or ``find``.
        argument: The encoded metadata, or the idempotency key.
        prefix: The output prefix of the attempt, for ``get``.

    Returns:
        A Resource without outputs, encoded metadata, or None.

    Raises:
        AssertionError: if the call raises an exception or takes too long, or if the process cannot make the connector.
    """
    category = connector.task_category
    sent = [value, category.name, category.version, operation, base64.b64encode(argument).decode(), prefix]
    try:
        ran = _run(sent)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"In another process, {operation} did not end within {_LIMIT:g} s.") from None
    try:
        answer = json.loads(ran.stdout.rpartition("\n")[2])
    except ValueError:
        raise AssertionError(f"The other process did not answer: {ran.stderr.strip() or ran.stdout.strip()}") from None
    if "unmade" in answer:
        raise AssertionError(
            f"In another process, {value} does not make the connector: {answer['unmade']} Define the fixture "
            "entry_value: the value of the connector's entry point."
        )
    if "error" in answer:
        raise AssertionError(f"In another process, {operation} raised {answer['error']}")
    if "phase" in answer:
        return Resource(answer["phase"], answer["message"])
    return None if answer["meta"] is None else base64.b64decode(answer["meta"])


def _run(sent: list[Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"from {__name__} import _main; _main()"],
        input=json.dumps(sent),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )


def _main() -> None:
    value, name, version, operation, argument, prefix = json.load(sys.stdin)
    try:
        made = load_connectors(Entry(name, value), [name])
    except Exception as error:
        answer: dict[str, Any] = {"unmade": f"{type(error).__name__}: {error}"}
    else:
        (connector,) = (each for each in made if each.task_category.version == version)
        try:
            answer = asyncio.run(_answer(connector, operation, base64.b64decode(argument), prefix))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
    # On a new line, and the last one: a connector may print.
    sys.stdout.write(f"\n{json.dumps(answer)}")


async def _answer(connector: Any, operation: str, argument: bytes, prefix: str) -> dict[str, Any]:
    registry = ConnectorRegistry()
    call = Call(connector, operation)
    if operation == "find":
        found = await invoke(call, registry.plugins, idempotency_key=argument.decode())
        return {"meta": None if found is None else base64.b64encode(found.encode()).decode()}
    meta = connector.metadata_type.decode(argument)
    result = await invoke(call, registry.plugins, resource_meta=meta, output_prefix=prefix)
    return {"meta": None} if operation == "delete" else {"phase": int(result.phase), "message": result.message}


_LIMIT = 60.0
"""The seconds that the process may take, including its start."""
