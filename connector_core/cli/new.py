"""``connectors new``: writes a connector package that works without changes."""

from __future__ import annotations

import keyword
import os
import re
import shlex
import sys
import tempfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from connector_core import __version__
from connector_core.cli.errors import WrongUse
from connector_core.discovery import canonical_name
from connector_core.registry import ConnectorRegistry

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

__all__ = ["command"]


def command(args: argparse.Namespace) -> int:
    """Write a package, and print the next steps."""
    names = _names(args.name)
    parent = Path(args.directory)
    if not parent.is_dir():
        raise WrongUse(f"There is no directory {parent}; create it, or choose another with --output.")
    target = parent / names.distribution
    try:
        if target.exists() or target.is_symlink():
            raise WrongUse(f"{target} exists already. Nothing was written; choose another name or --output.")
        with tempfile.TemporaryDirectory(prefix=".connectors-new-", dir=parent) as directory:
            written = Path(directory) / names.distribution
            for kind in ("both", args.kind):
                _write(files("connector_core.cli") / "templates" / kind, written, names)
            os.replace(written, target)
    except OSError as error:
        raise WrongUse(
            f"{target} cannot be written: {error.strerror}. Nothing was written; choose another name or --output."
        ) from error
    what, example = ("an async", "seconds=1") if args.kind == "async" else ("a sync", "name=world")
    print(
        f"Wrote {target}: {what} connector for the task type {names.task_type}. It works without changes:\n\n"
        f"    cd {shlex.quote(str(target))}\n    pip install -e '.[tests]'\n    connectors list\n"
        f"    connectors run {names.task_type} -i {example}\n    pytest"
    )
    return 0


class _Names(NamedTuple):
    distribution: str
    module: str
    task_type: str
    connector: str


def _names(name: str) -> _Names:
    """Return the names of the package's parts."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*([-_.][A-Za-z0-9]+)*", name):
        raise WrongUse(
            f"{name!r} cannot be the name of a package; begin with a letter, and use letters, digits and hyphens, "
            "as in connector-acme."
        )
    distribution = canonical_name(name)
    module = distribution.replace("-", "_")
    if keyword.iskeyword(module) or module in sys.stdlib_module_names:
        raise WrongUse(
            f"{name!r} cannot be the name of a package, because {module} is a keyword or a module of Python; choose "
            f"another, such as connector-{distribution}."
        )
    if find_spec(module) is not None:
        raise WrongUse(
            f"{name!r} cannot be the name of a package, because the module {module} is installed already; "
            "choose another."
        )
    task_type = re.sub(r"^connector_|_connector$", "", module)
    connector = "".join(word.capitalize() for word in task_type.split("_")) + "Connector"
    if not connector.isidentifier():
        raise WrongUse(
            f"{name!r} leads to the class name {connector}, which is not valid; let {task_type} begin with a letter."
        )
    for entry in ConnectorRegistry().entries():
        if entry.task_type == task_type:
            raise WrongUse(f"{entry.origin} already serves the task type {task_type}; choose another name.")
    return _Names(distribution, module, task_type, connector)


def _write(template: Traversable, directory: Path, names: _Names) -> None:
    words = {
        "connector-sample": names.distribution,
        "connector_sample": names.module,
        "sample_type": names.task_type,
        "SampleConnector": names.connector,
        "SampleMeta": names.connector.removesuffix("Connector") + "Meta",
        "@RELEASE@": __version__,
    }
    sample = re.compile("|".join(words))
    for path, text in _files(template, ""):
        path, text = (sample.sub(lambda found: words[found[0]], each) for each in (path, text))
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _files(directory: Traversable, above: str) -> Iterator[tuple[str, str]]:
    """Yield relative paths and texts. A template's name ends in ``.in``; ``dot_`` at its beginning stands for a dot."""
    for each in directory.iterdir():
        path = above + re.sub(r"^dot_", ".", each.name.removesuffix(".in"))
        if each.is_dir():
            yield from _files(each, f"{path}/")
        else:
            yield path, each.read_text(encoding="utf-8")
