"""The exception tree: each error's message, attributes and base classes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import connector_core
from connector_core import (
    CallTimeout,
    ConnectorConflict,
    ConnectorDisabled,
    ConnectorFailed,
    ConnectorNotFound,
    DuplicateConnector,
    InvalidResourceMeta,
    LiteralError,
    PermanentError,
    Resource,
    RetryableError,
    SecretNotFound,
    TaskCategory,
    TaskFailed,
    TaskTimeout,
    TransientError,
    UnknownPhase,
    errors,
)
from connector_core.errors import (
    CannotServe,
    ConnectorExited,
    ConnectorOverloaded,
    EntryRefused,
    InvalidCertificate,
    InvalidSetting,
    MissingExtra,
    NoCurrentCall,
    OutputsUnreadable,
    PrefixNotWritable,
    ServiceError,
    TemplateError,
)

DUMMY = TaskCategory("dummy")

MESSAGES = [
    (ConnectorNotFound(category=DUMMY), "Cannot find connector for task category: dummy_v0."),
    (ConnectorNotFound(name="X"), "Cannot find connector for name: X."),
    (
        ConnectorNotFound(category=DUMMY, reasons=["One.", "Two."]),
        "Cannot find connector for task category: dummy_v0. One. Two.",
    ),
    (DuplicateConnector(DUMMY), "Duplicate connector for task type: dummy_v0"),
    (EntryRefused("It is wrong.", "Mend it."), "It is wrong. Mend it."),
    (InvalidSetting("CONNECTORS_STRICT", "x", "1 or 0"), "CONNECTORS_STRICT='x' cannot be read: expected 1 or 0."),
    (InvalidResourceMeta("M", "it is wrong."), "M: it is wrong."),
    (InvalidResourceMeta("M", "it is wrong.", field="a[0]"), "M.a[0]: it is wrong."),
    (UnknownPhase("odd", ["done", "failed"]), "Unrecognized state: 'odd'; the known states are: done, failed."),
    (LiteralError("expected int, got str."), "expected int, got str."),
    (LiteralError("expected int, got str.", path="inputs.x"), "inputs.x: expected int, got str."),
    (TemplateError("{{.inputs.x}}", "no x"), "Cannot fill {{.inputs.x}} in the container's args: no x."),
    (SecretNotFound("k", ["here", "there"]), "Cannot find the secret 'k'; looked in: here, there."),
    (NoCurrentCall(), "There is no current call: current_call() works only inside a connector's method."),
    (CallTimeout("C", "get", 1.50), "C.get did not end within 1.5 s."),
    (ConnectorExited("C", "get", 3), "C.get called sys.exit(3); raise an error instead."),
    (ConnectorOverloaded("C", "get", 9), "C.get was not called: 9 calls already wait for a thread."),
    (TaskTimeout("t", 10.0), "The task t did not end within 10 s."),
    (
        OutputsUnreadable("s3://b/outputs.pb", "it is gone."),
        "Cannot read the outputs at s3://b/outputs.pb: it is gone.",
    ),
    (
        PrefixNotWritable("s3://b/inputs.pb", "no"),
        "Cannot write s3://b/inputs.pb: no; choose a writable output prefix.",
    ),
    (TaskFailed("t", Resource.failed("no disk")), "t FAILED [FAILED]: no disk"),
    (
        TaskFailed("t", Resource.retryable_failed("busy", code="QUOTA")),
        "t RETRYABLE_FAILED [QUOTA]: busy",
    ),
    (
        TaskFailed("t", Resource(connector_core.Phase.ABORTED)),
        "t ABORTED: no message",
    ),
    (
        CannotServe("h:1"),
        "Cannot listen on h:1: the port is in use, or this machine does not have the address.",
    ),
    (InvalidCertificate(Path("tls.key"), "it is missing"), "Cannot use tls.key for TLS: it is missing."),
    (ServiceError("It is gone.", endpoint="h:1", code="NOT_FOUND", details="no"), "It is gone."),
    (MissingExtra("m", "service"), "m needs more packages: pip install 'connector-core[service]'"),
    (PermanentError("it failed"), "it failed"),
    (RetryableError(), "RetryableError"),
]

CAUGHT_AS = {
    "ConnectorNotFound": LookupError,
    "ConnectorFailed": ConnectorNotFound,
    "ConnectorDisabled": ConnectorNotFound,
    "ConnectorConflict": ConnectorNotFound,
    "DuplicateConnector": ValueError,
    "InvalidCertificate": ValueError,
    "InvalidConnector": TypeError,
    "InvalidSetting": ValueError,
    "InvalidResource": ValueError,
    "InvalidResourceMeta": ValueError,
    "UnknownPhase": ValueError,
    "LiteralError": ValueError,
    "TemplateError": ValueError,
    "SecretNotFound": LookupError,
    "NoCurrentCall": LookupError,
    "CallTimeout": TimeoutError,
    "TaskTimeout": TimeoutError,
    "MissingExtra": ImportError,
    "RetryableError": errors.CallError,
    "PermanentError": errors.CallError,
    "TransientError": errors.CallError,
}


@pytest.mark.parametrize(("error", "message"), MESSAGES, ids=lambda value: type(value).__name__)
def test_each_error_says_what_is_wrong(error: Exception, message: str) -> None:
    assert str(error) == message


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_a_connector_error(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.ConnectorError)


@pytest.mark.parametrize(("name", "base"), CAUGHT_AS.items())
def test_an_error_can_be_caught_as_a_builtin_exception(name: str, base: type) -> None:
    assert issubclass(getattr(errors, name), base)


@pytest.mark.parametrize("name", errors.__all__)
def test_the_tree_in_the_docstring_shows_every_error(name: str) -> None:
    assert f" {name} " in f"{errors.__doc__} ".replace("\n", " ").replace("├── ", " ").replace("└── ", " ")


def test_errors_of_the_service_and_the_command_line_are_not_at_the_top() -> None:
    assert not {"CannotServe", "InvalidCertificate", "MissingExtra", "ServiceError"} & set(connector_core.__all__)


def test_an_error_carries_its_subject() -> None:
    assert ConnectorNotFound(category=DUMMY, reasons=["Why."]).category == DUMMY
    assert ConnectorNotFound(category=DUMMY, reasons=["Why."]).reasons == ("Why.",)
    assert ConnectorNotFound(name="X").name == "X"
    assert DuplicateConnector(DUMMY).category == DUMMY
    assert (EntryRefused("a", "b").reason, EntryRefused("a", "b").remedy) == ("a", "b")
    assert InvalidSetting("CONNECTORS_STRICT", "x", "1").setting == "CONNECTORS_STRICT"
    meta = InvalidResourceMeta("M", "why", field="f")
    assert (meta.type_name, meta.reason, meta.field) == ("M", "why", "f")
    literal = LiteralError("why", path="p")
    assert (literal.reason, literal.path) == ("why", "p")
    assert TemplateError("{{.x}}", "why").placeholder == "{{.x}}"
    assert SecretNotFound("k", []).key == "k"
    timeout = CallTimeout("C", "get", 2)
    assert (timeout.operation, timeout.seconds) == ("get", 2)
    assert ConnectorExited("C", "get", "bye").code == "bye"
    resource = Resource.failed("no")
    failed = TaskFailed("t", resource)
    assert (failed.task, failed.resource) == ("t", resource)
    assert (TaskTimeout("t", 2).task, TaskTimeout("t", 2).seconds) == ("t", 2)
    assert OutputsUnreadable("u", "why").uri == "u"
    assert PrefixNotWritable("u", "why").uri == "u"
    service = ServiceError("It is gone.", endpoint="h:1", code="NOT_FOUND", details="no")
    assert (service.endpoint, service.code, service.details) == ("h:1", "NOT_FOUND", "no")
    assert MissingExtra("m", "service").extra == "service"


@pytest.mark.parametrize(
    ("error", "code"), [(RetryableError, "RETRYABLE"), (PermanentError, "PERMANENT"), (TransientError, "TRANSIENT")]
)
def test_the_code_of_a_connectors_error_defaults_to_its_kind(error: type, code: str) -> None:
    assert error("why").code == code
    assert error("why", code="QUOTA").code == "QUOTA"


def test_the_kinds_of_not_found_are_distinct() -> None:
    kinds = {ConnectorFailed, ConnectorDisabled, ConnectorConflict}
    assert len(kinds) == 3
    assert all(issubclass(kind, ConnectorNotFound) for kind in kinds)


def test_the_message_of_every_error_is_asserted_where_it_is_raised() -> None:
    assert set(errors.__all__) - _raised_with_match() == set()


def _raised_with_match() -> set[str]:
    """Return the errors that a unit test expects with `pytest.raises(…, match=…)`."""
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) == "pytest.raises"
                and any(keyword.arg == "match" for keyword in node.keywords)
            ):
                found |= {child.id for child in ast.walk(node.args[0]) if isinstance(child, ast.Name)}
    return found
