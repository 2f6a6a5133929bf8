"""The placeholders in ``container.args``, filled as Flyte fills them before it calls a connector.

The rules are those of Flyte's plugin machinery (``flyteplugins/go/tasks/pluginmachinery/core/template``): case and
blanks are ignored, ``{{.inputs.x}}`` is the value of an input, and what is no known placeholder stays as it is.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from connector_core.errors import TemplateError
from connector_core.idl import Literal, LiteralMap, TaskTemplate

if TYPE_CHECKING:
    from collections.abc import Set

__all__ = ["placeholders", "render_task_template"]


def render_task_template(
    tt: TaskTemplate, file_prefix: str, inputs: LiteralMap | None = None, *, unique_key: str = "local"
) -> TaskTemplate:
    """A copy of the template with the placeholders in ``container.args`` filled; nothing else is altered.

    Args:
        tt: The template.
        file_prefix: URI of the task execution's files: ``{{.input}}`` is ``inputs.pb`` under it.
        inputs: What ``{{.inputs.NAME}}`` refers to; None leaves these as they are.
        unique_key: What ``{{.perRetryUniqueKey}}`` is to be made of.

    Raises:
        TemplateError: An input is not there, or of a type that has no text.
    """
    values = {
        "input": f"{file_prefix}/inputs.pb",
        "inputprefix": file_prefix,
        "outputprefix": file_prefix,
        "rawoutputdataprefix": f"{file_prefix}/raw_output",
        "checkpointoutputprefix": f"{file_prefix}/checkpoint_output",
        "prevcheckpointprefix": '""',  # What Flyte writes for a first attempt.
        "perretryuniquekey": re.sub(r"\W+", "_", f"a{unique_key}", flags=re.ASCII),
        "tasktemplatepath": f"{file_prefix}/task.pb",
    }

    def fill(match: re.Match[str]) -> str:
        name, input_name = match["name"].lower(), match["input"]
        if name == "inputs" and input_name and inputs is not None:
            if input_name not in inputs.literals:
                there = ", ".join(sorted(inputs.literals)) or "none"
                raise TemplateError(match[0], f"there is no such input; there are: {there}")
            return _text(match[0], inputs.literals[input_name])
        return values.get(name, match[0]) if not input_name else match[0]

    rendered = TaskTemplate()
    rendered.CopyFrom(tt)
    # The container shares its place with `sql`: touching it where it is not set would clear that.
    if tt.HasField("container"):
        rendered.container.args[:] = [_PLACEHOLDER.sub(fill, argument) for argument in tt.container.args]
    return rendered


def placeholders(tt: TaskTemplate) -> Set[str]:
    """What the args refer to: ``input``, ``outputprefix``, …, and ``inputs.NAME`` for a single input."""
    found = (match for argument in tt.container.args for match in _PLACEHOLDER.finditer(argument))
    return {match["name"].lower() + (f".{match['input']}" if match["input"] else "") for match in found}


_PLACEHOLDER = re.compile(r"\{\{\s*[.$](?P<name>\w+)(?:\.(?P<input>[^}\s]+))?\s*\}\}")


def _text(placeholder: str, literal: Literal) -> str:
    match literal.WhichOneof("value"):
        case "collection":
            return f"[{','.join(_text(placeholder, item) for item in literal.collection.literals)}]"
        case "scalar":
            scalar = literal.scalar
            match scalar.WhichOneof("value"):
                case "primitive":
                    return _primitive(literal)
                case "blob":
                    return scalar.blob.uri
                case "schema":
                    return scalar.schema.uri
                case "structured_dataset":
                    return scalar.structured_dataset.uri
                case "union":
                    return _text(placeholder, scalar.union.value)
    raise TemplateError(placeholder, "only simple values, files, datasets and lists of them have a text")


def _primitive(literal: Literal) -> str:
    primitive = literal.scalar.primitive
    match primitive.WhichOneof("value"):
        case "integer":
            return str(primitive.integer)
        case "boolean":
            return str(primitive.boolean).lower()
        case "float_value":
            return _go_float(primitive.float_value)
        case "datetime":
            return primitive.datetime.ToJsonString()
        case "duration":
            nanos = f" nanos:{primitive.duration.nanos}" if primitive.duration.nanos else ""
            return f"seconds:{primitive.duration.seconds}{nanos}"
    return primitive.string_value


def _go_float(value: float) -> str:
    """As Go's ``%v`` writes it: the shortest digits, with an exponent below -4 and from seven digits on."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    number = Decimal(repr(value)).normalize()
    exponent = number.adjusted()
    if value and (exponent < -4 or exponent >= 6):
        digits = "".join(map(str, number.as_tuple().digits))
        mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        return f"{'-' * number.is_signed()}{mantissa}e{exponent:+03d}"
    return f"{number:f}"
