"""The settings of a task, and the output that it declares."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from connector_core import PermanentError

if TYPE_CHECKING:
    from connector_core.idl import TaskTemplate

__all__ = ["Output", "Settings"]


@dataclass(frozen=True)
class Settings:
    """The ``custom`` of a task.

    Args:
        database: The path of the database file, or another argument of ``duckdb.connect``.
        read_only: Open the database for reading only, as several processes can at a time.
        inline_rows: The maximum number of rows in a list; a larger result is written as Parquet.
    """

    database: str = ":memory:"
    read_only: bool = False
    inline_rows: int = 1000

    @classmethod
    def of(cls, task_template: TaskTemplate) -> Settings:
        """Return the settings of a task.

        Raises:
            PermanentError: if a setting does not exist or has the wrong type.
        """
        given: dict[str, Any] = dict(task_template.custom.items())
        known = [field.name for field in fields(cls)]
        if unknown := ", ".join(name for name in given if name not in known):
            raise PermanentError(f"Unknown in custom: {unknown}. The settings are: {', '.join(known)}.", code="CUSTOM")
        if not isinstance(given.get("database", ""), str):
            raise _wrong("database", "the path of a database file", given["database"])
        if not isinstance(given.get("read_only", False), bool):
            raise _wrong("read_only", "true or false", given["read_only"])
        if "inline_rows" in given:
            given["inline_rows"] = _row_count(given["inline_rows"])
        return cls(**given)


@dataclass(frozen=True)
class Output:
    """The output that a task declares.

    Args:
        name: The name.
        is_list: The task declares a list.
        is_dataset: The task declares a structured dataset. If it declares neither, the size of the result decides.
    """

    name: str = "rows"
    is_list: bool = False
    is_dataset: bool = False

    @classmethod
    def of(cls, task_template: TaskTemplate) -> Output:
        """Return the output of a task.

        Raises:
            PermanentError: if the task declares several outputs, or one that a query cannot return.
        """
        declared = task_template.interface.outputs.variables
        if not declared:
            return cls()
        if len(declared) > 1:
            raise PermanentError(
                f"A query returns one output, but the task declares {len(declared)}: {', '.join(sorted(declared))}.",
                code="OUTPUTS",
            )
        ((name, variable),) = declared.items()
        kind = variable.type.WhichOneof("type")
        if kind not in ("collection_type", "structured_dataset_type"):
            raise PermanentError(
                f"The output {name!r} must be declared as a list of dicts or as a structured dataset.", code="OUTPUTS"
            )
        file_format = variable.type.structured_dataset_type.format
        if file_format not in ("", "parquet"):
            raise PermanentError(
                f"The output {name!r} is declared in the format {file_format!r}; a dataset is written as parquet.",
                code="OUTPUTS",
            )
        return cls(name, is_list=kind == "collection_type", is_dataset=kind == "structured_dataset_type")


def _row_count(value: object) -> int:
    # A Struct has one kind of number.
    if not isinstance(value, float) or not value.is_integer() or value < 0:
        raise _wrong("inline_rows", "a whole number that is not negative", value)
    return int(value)


def _wrong(name: str, expected: str, value: object) -> PermanentError:
    return PermanentError(f"custom.{name} must be {expected}, not {value!r}.", code="CUSTOM")
