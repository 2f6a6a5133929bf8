"""Fills the placeholders in ``container.args``, as Flyte does before it calls a connector.

The rules are those of Flyte's plugin machinery (``flyteplugins/go/tasks/pluginmachinery/core/template``): case and
blanks are ignored, ``{{.inputs.x}}`` is the value of an input, and an unknown placeholder stays as it is.
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
    """Return a copy of the template in which the placeholders in ``container.args`` are filled.

    Args:
        tt: The template.
        file_prefix: The URI of the task execution's files. ``{{.input}}`` is ``inputs.pb`` under it.
        inputs: The values for ``{{.inputs.NAME}}``. None leaves these placeholders as they are.
        unique_key: The text from which ``{{.perRetryUniqueKey}}`` is made.

    Raises:
        TemplateError: if an input does not exist, or if its type has no text.
    """
    values = {
        "input": f"{file_prefix}/inputs.pb",
        "inputprefix": file_prefix,
        "outputprefix": file_prefix,
        "rawoutputdataprefix": f"{file_prefix}/raw_output",
        "checkpointoutputprefix": f"{file_prefix}/checkpoint_output",
        "prevcheckpointprefix": '""',  # As Flyte fills it in a first attempt.
        "perretryuniquekey": re.sub(r"\W+", "_", f"a{unique_key}", flags=re.ASCII),
        "tasktemplatepath": f"{file_prefix}/task.pb",
    }

    def fill(match: re.Match[str]) -> str:
        name, input_name = match["name"].lower(), match["input"]
        if name == "inputs" and input_name and inputs is not None:
            if input_name not in inputs.literals:
                names = ", ".join(sorted(inputs.literals)) or "none"
                raise TemplateError(match[0], f"there is no such input; the inputs are: {names}")
            return _argument(match[0], inputs.literals[input_name])
        return values.get(name, match[0]) if not input_name else match[0]

    rendered = TaskTemplate()
    rendered.CopyFrom(tt)
    # `container` and `sql` are members of one oneof: touching a container that is not set would clear `sql`.
    if tt.HasField("container"):
        rendered.container.args[:] = [_PLACEHOLDER.sub(fill, argument) for argument in tt.container.args]
    return rendered


def placeholders(tt: TaskTemplate) -> Set[str]:
    """Return the names of the placeholders in the args: ``input``, ``outputprefix``, …, ``inputs.NAME``."""
    found = (match for argument in tt.container.args for match in _PLACEHOLDER.finditer(argument))
    return {match["name"].lower() + (f".{match['input']}" if match["input"] else "") for match in found}


_PLACEHOLDER = re.compile(r"\{\{\s*[.$](?P<name>\w+)(?:\.(?P<input>[^}\s]+))?\s*\}\}")


def _argument(placeholder: str, literal: Literal) -> str:
    match literal.WhichOneof("value"):
        case "collection":
            return f"[{','.join(_argument(placeholder, item) for item in literal.collection.literals)}]"
        case "scalar":
            scalar = literal.scalar
            match scalar.WhichOneof("value"):
                case "primitive":
                    return _primitive_argument(literal)
                case "blob":
                    return scalar.blob.uri
                case "schema":
                    return scalar.schema.uri
                case "structured_dataset":
                    return scalar.structured_dataset.uri
                case "union":
                    return _argument(placeholder, scalar.union.value)
    raise TemplateError(placeholder, "only simple values, files, datasets and lists of them can be an argument")


def _primitive_argument(literal: Literal) -> str:
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
    """Format a float as Go's ``%v`` does: the shortest digits, with an exponent below -4 and from seven digits on."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    number = Decimal(repr(value)).normalize()
    exponent = number.adjusted()
    if value and (exponent < -4 or exponent >= 6):
        digits = "".join(map(str, number.as_tuple().digits))
        mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        return f"{'-' * number.is_signed()}{mantissa}e{exponent:+03d}"
    return f"{number:f}"
