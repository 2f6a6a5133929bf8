"""connector-core: ``pip install some-connector`` makes a working connector for Flyte.

Everything public is here by name. Each name is imported when it is first used, so that ``import connector_core`` costs
next to nothing and imports neither protobuf nor grpc.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector_core.call import Call, Outcome, current_call
    from connector_core.connector import AsyncConnectorBase, ConnectorBase, SyncConnectorBase
    from connector_core.discovery import Entry
    from connector_core.errors import (
        CallError,
        CallTimeout,
        CannotServe,
        ConnectorConflict,
        ConnectorDisabled,
        ConnectorError,
        ConnectorExited,
        ConnectorFailed,
        ConnectorNotFound,
        ConnectorOverloaded,
        DuplicateConnector,
        EntryRefused,
        InvalidCertificate,
        InvalidConnector,
        InvalidResource,
        InvalidResourceMeta,
        InvalidSetting,
        LiteralError,
        MissingExtra,
        NoCurrentCall,
        OutputsUnreadable,
        PermanentError,
        PrefixNotWritable,
        RetryableError,
        SecretNotFound,
        ServiceError,
        TaskFailed,
        TaskTimeout,
        TemplateError,
        TransientError,
        UnknownPhase,
    )
    from connector_core.hookspecs import hookimpl
    from connector_core.literals import (
        Directory,
        File,
        LiteralConverter,
        StructuredDataset,
        afrom_literal,
        afrom_literal_map,
        ato_literal,
        ato_literal_map,
        from_literal,
        from_literal_map,
        literal_type,
        to_literal,
        to_literal_map,
    )
    from connector_core.local import (
        AsyncConnectorExecutorMixin,
        SyncConnectorExecutorMixin,
        Task,
        render_task_template,
    )
    from connector_core.meta import ResourceMeta
    from connector_core.models import Resource, ResourceError, TaskCategory
    from connector_core.phases import Phase, convert_to_flyte_phase, is_terminal_phase
    from connector_core.registry import ConnectorRegistry
    from connector_core.secrets import Secret, get_agent_secret, get_connector_secret

__version__ = "0.1.0"

_NAMES_OF_MODULE = {
    "call": "Call Outcome current_call",
    "connector": "AsyncConnectorBase ConnectorBase SyncConnectorBase",
    "discovery": "Entry",
    "errors": """
        CallError CallTimeout CannotServe ConnectorConflict ConnectorDisabled ConnectorError ConnectorExited
        ConnectorFailed ConnectorNotFound ConnectorOverloaded DuplicateConnector EntryRefused InvalidCertificate
        InvalidConnector InvalidResource InvalidResourceMeta InvalidSetting LiteralError MissingExtra NoCurrentCall
        OutputsUnreadable PermanentError PrefixNotWritable RetryableError SecretNotFound ServiceError TaskFailed
        TaskTimeout TemplateError TransientError UnknownPhase
    """,
    "hookspecs": "hookimpl",
    "literals": """
        Directory File LiteralConverter StructuredDataset afrom_literal afrom_literal_map ato_literal ato_literal_map
        from_literal from_literal_map literal_type to_literal to_literal_map
    """,
    "local": "AsyncConnectorExecutorMixin SyncConnectorExecutorMixin Task render_task_template",
    "meta": "ResourceMeta",
    "models": "Resource ResourceError TaskCategory",
    "phases": "Phase convert_to_flyte_phase is_terminal_phase",
    "registry": "ConnectorRegistry",
    "secrets": "Secret get_agent_secret get_connector_secret",
}
_MODULE_OF_NAME = {name: module for module, names in _NAMES_OF_MODULE.items() for name in names.split()}

__all__ = [
    "AsyncConnectorBase",
    "AsyncConnectorExecutorMixin",
    "Call",
    "CallError",
    "CallTimeout",
    "CannotServe",
    "ConnectorBase",
    "ConnectorConflict",
    "ConnectorDisabled",
    "ConnectorError",
    "ConnectorExited",
    "ConnectorFailed",
    "ConnectorNotFound",
    "ConnectorOverloaded",
    "ConnectorRegistry",
    "Directory",
    "DuplicateConnector",
    "Entry",
    "EntryRefused",
    "File",
    "InvalidCertificate",
    "InvalidConnector",
    "InvalidResource",
    "InvalidResourceMeta",
    "InvalidSetting",
    "LiteralConverter",
    "LiteralError",
    "MissingExtra",
    "NoCurrentCall",
    "Outcome",
    "OutputsUnreadable",
    "PermanentError",
    "Phase",
    "PrefixNotWritable",
    "Resource",
    "ResourceError",
    "ResourceMeta",
    "RetryableError",
    "Secret",
    "SecretNotFound",
    "ServiceError",
    "StructuredDataset",
    "SyncConnectorBase",
    "SyncConnectorExecutorMixin",
    "Task",
    "TaskCategory",
    "TaskFailed",
    "TaskTimeout",
    "TemplateError",
    "TransientError",
    "UnknownPhase",
    "afrom_literal",
    "afrom_literal_map",
    "ato_literal",
    "ato_literal_map",
    "convert_to_flyte_phase",
    "current_call",
    "from_literal",
    "from_literal_map",
    "get_agent_secret",
    "get_connector_secret",
    "hookimpl",
    "is_terminal_phase",
    "literal_type",
    "render_task_template",
    "to_literal",
    "to_literal_map",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF_NAME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
