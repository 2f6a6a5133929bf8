"""The flyteidl messages that connector authors work with, in one place.

They are the protobuf classes of ``task_template``, ``inputs`` and ``task_execution_metadata``, and of the results of
``get_logs`` and ``get_metrics``. Importing this module imports protobuf.
"""

from flyteidl.admin.agent_pb2 import (
    Agent,
    AgentError,
    GetTaskLogsResponse,
    GetTaskLogsResponseBody,
    GetTaskLogsResponseHeader,
    GetTaskMetricsResponse,
    LogLine,
    TaskExecutionMetadata,
)
from flyteidl.admin.agent_pb2 import Resource as ResourceMessage
from flyteidl.admin.agent_pb2 import TaskCategory as TaskCategoryMessage
from flyteidl.core.execution_pb2 import ExecutionError, TaskExecution, TaskLog
from flyteidl.core.identifier_pb2 import (
    Identifier,
    NodeExecutionIdentifier,
    ResourceType,
    TaskExecutionIdentifier,
    WorkflowExecutionIdentifier,
)
from flyteidl.core.interface_pb2 import TypedInterface, Variable, VariableMap
from flyteidl.core.literals_pb2 import (
    Binary,
    Blob,
    KeyValuePair,
    Literal,
    LiteralCollection,
    LiteralMap,
    Primitive,
    Scalar,
    StructuredDataset,
    StructuredDatasetMetadata,
    Void,
)
from flyteidl.core.metrics_pb2 import ExecutionMetricResult
from flyteidl.core.tasks_pb2 import Container, Sql, TaskMetadata, TaskTemplate
from flyteidl.core.types_pb2 import BlobType, LiteralType, SimpleType, StructuredDatasetType, TypeAnnotation
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

__all__ = [
    "Agent",
    "AgentError",
    "Binary",
    "Blob",
    "BlobType",
    "Container",
    "Duration",
    "ExecutionError",
    "ExecutionMetricResult",
    "GetTaskLogsResponse",
    "GetTaskLogsResponseBody",
    "GetTaskLogsResponseHeader",
    "GetTaskMetricsResponse",
    "Identifier",
    "KeyValuePair",
    "Literal",
    "LiteralCollection",
    "LiteralMap",
    "LiteralType",
    "LogLine",
    "NodeExecutionIdentifier",
    "Primitive",
    "ResourceMessage",
    "ResourceType",
    "Scalar",
    "SimpleType",
    "Sql",
    "Struct",
    "StructuredDataset",
    "StructuredDatasetMetadata",
    "StructuredDatasetType",
    "TaskCategoryMessage",
    "TaskExecution",
    "TaskExecutionIdentifier",
    "TaskExecutionMetadata",
    "TaskLog",
    "TaskMetadata",
    "TaskTemplate",
    "Timestamp",
    "TypeAnnotation",
    "TypedInterface",
    "Variable",
    "VariableMap",
    "Void",
    "WorkflowExecutionIdentifier",
]
