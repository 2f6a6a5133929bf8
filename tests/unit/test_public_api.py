"""The public names: they match the specification, they all exist, and importing them is cheap."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import Any

import pytest

import connector_core

# The specification: each class with its parameters, its methods and their parameters, and its properties.
SPECIFICATION: dict[str, dict[str, Any]] = {
    "AsyncConnectorBase": {
        "parameters": ["metadata_type", "kwargs"],
        "methods": {
            "create": ["task_template", "output_prefix", "inputs", "task_execution_metadata", "kwargs"],
            "delete": ["resource_meta", "kwargs"],
            "get": ["resource_meta", "kwargs"],
            "get_logs": ["resource_meta", "kwargs"],
            "get_metrics": ["resource_meta", "kwargs"],
        },
        "properties": ["metadata_type", "task_category"],
    },
    "AsyncConnectorExecutorMixin": {
        "methods": {"connector_signal_handler": ["resource_meta", "signum", "frame"], "execute": ["kwargs"]},
    },
    "ConnectorBase": {
        "parameters": ["task_type_name", "task_type_version", "kwargs"],
        "properties": ["task_category"],
    },
    "ConnectorRegistry": {
        "methods": {
            "get_agent": ["task_type_name", "task_type_version"],
            "get_connector": ["task_type_name", "task_type_version"],
            "get_connector_metadata": ["name"],
            "list_connectors": [],
            "register": ["connector", "override"],
        },
    },
    "Resource": {
        "parameters": ["phase", "message", "log_links", "outputs", "custom_info"],
        "methods": {"from_flyte_idl": ["pb2_object"], "to_flyte_idl": []},
        "properties": ["phase", "message", "log_links", "outputs", "custom_info"],
    },
    "ResourceMeta": {"methods": {"decode": ["data"], "encode": []}},
    "SyncConnectorBase": {
        "parameters": ["task_type_name", "task_type_version", "kwargs"],
        "methods": {"do": ["task_template", "output_prefix", "inputs", "kwargs"]},
        "properties": ["task_category"],
    },
    "SyncConnectorExecutorMixin": {"methods": {"execute": ["kwargs"]}},
    "TaskCategory": {"parameters": ["name", "version"], "properties": ["name", "version"]},
}
METHODS = [
    (name, method, parameters)
    for name, described in SPECIFICATION.items()
    for method, parameters in described.get("methods", {}).items()
]


def parameters_of(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]


class TestTheSpecification:
    @pytest.mark.parametrize("name", [name for name in SPECIFICATION if "parameters" in SPECIFICATION[name]])
    def test_each_class_takes_its_parameters_in_their_order(self, name: str) -> None:
        expected = SPECIFICATION[name]["parameters"]
        assert parameters_of(getattr(connector_core, name))[: len(expected)] == expected

    @pytest.mark.parametrize(("name", "method", "parameters"), METHODS)
    def test_each_method_takes_its_parameters(self, name: str, method: str, parameters: list[str]) -> None:
        function = getattr(getattr(connector_core, name), method)
        further = [one for one in inspect.signature(function).parameters.values() if one.kind is one.KEYWORD_ONLY]
        assert all(one.default is not one.empty for one in further)
        assert [one for one in parameters_of(function) if one not in {more.name for more in further}] == parameters

    @pytest.mark.parametrize("name", [name for name in SPECIFICATION if "properties" in SPECIFICATION[name]])
    def test_each_property_exists(self, name: str) -> None:
        kind = getattr(connector_core, name)
        assert all(hasattr(kind, attribute) for attribute in SPECIFICATION[name]["properties"])

    @pytest.mark.parametrize("name", ["get_agent", "get_connector"])
    def test_the_version_and_override_have_defaults(self, name: str) -> None:
        registry = connector_core.ConnectorRegistry
        assert inspect.signature(getattr(registry, name)).parameters["task_type_version"].default == 0
        assert inspect.signature(registry.register).parameters["override"].default is False

    def test_decode_is_a_class_method_and_from_flyte_idl_too(self) -> None:
        assert inspect.ismethod(connector_core.ResourceMeta.decode)
        assert inspect.ismethod(connector_core.Resource.from_flyte_idl)
        assert inspect.iscoroutinefunction(connector_core.Resource.to_flyte_idl)


class TestTheNames:
    def test_a_star_import_gives_all_names(self) -> None:
        names: dict[str, object] = {}
        exec("from connector_core import *", names)
        assert set(connector_core.__all__) <= set(names)

    @pytest.mark.parametrize("name", connector_core.__all__)
    def test_each_name_can_be_imported(self, name: str) -> None:
        assert getattr(connector_core, name) is not None

    def test_dir_shows_the_names_before_they_are_used(self) -> None:
        assert set(connector_core.__all__) <= set(dir(connector_core))

    def test_every_public_class_and_function_has_a_docstring(self) -> None:
        assert not [name for name in connector_core.__all__ if not getattr(connector_core, name).__doc__]

    def test_another_name_is_an_attribute_error(self) -> None:
        with pytest.raises(AttributeError, match=r"^module 'connector_core' has no attribute 'nothing'$"):
            connector_core.nothing  # noqa: B018 - the access is the test

    def test_the_version_is_that_of_the_distribution(self) -> None:
        import importlib_metadata

        assert connector_core.__version__ == importlib_metadata.version("connector-core")


def modules_after(statement: str) -> set[str]:
    program = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(completed.stdout))


class TestImporting:
    @pytest.mark.parametrize(
        "statement",
        ["import connector_core", "import connector_core.discovery", "from connector_core import ConnectorRegistry"],
    )
    def test_it_imports_nothing_heavy(self, statement: str) -> None:
        heavy = {"google.protobuf", "grpc", "attr", "attrs", "msgspec", "fsspec", "flyteidl", "rich", "asyncio"}
        assert not heavy & modules_after(statement)

    def test_a_list_of_entries_imports_no_protobuf_and_no_asyncio(self) -> None:
        loaded = modules_after(
            "from connector_core import ConnectorRegistry\nConnectorRegistry(allow=['none']).entries()"
        )
        assert not {"google.protobuf", "grpc", "asyncio", "fsspec"} & loaded

    def test_it_starts_no_thread_loop_or_signal_handler(self) -> None:
        program = """
import signal, sys, threading
before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}, sys.excepthook, threading.active_count()
from connector_core import *
from connector_core import idl, invoke, local
after = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}, sys.excepthook, threading.active_count()
assert before == after, (before, after)
"""
        subprocess.run([sys.executable, "-c", program], timeout=60, check=True)
