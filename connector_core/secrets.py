"""Secrets: where a connector gets its credentials from, and what must never be written down."""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from connector_core.errors import SecretNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LEAST_MASKED",
    "Secret",
    "get_agent_secret",
    "get_connector_secret",
    "masked",
    "secret_sources",
    "secret_variable",
]


class Secret(str):
    """A string that does not show itself in ``repr``, so in no log of its container and no traceback's locals.

    It is a ``str`` wherever one is wanted; it is no legal value in a :class:`ResourceMeta`, and no literal.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('***')"


def get_connector_secret(secret_key: str) -> Secret:
    """The secret of this key, from the first source that has it.

    In this order: what the caller sent with this call (Flyte 2's ``connection.secrets``), the hook
    ``connector_core_secret``, the environment variable ``_FSEC_<KEY>`` (upper case), the file ``/etc/secrets/<key>``.
    ``FLYTE_SECRETS_ENV_PREFIX`` and ``FLYTE_SECRETS_DEFAULT_DIR`` change the last two, as they do in flytekit.

    Args:
        secret_key: Letters, digits, ``_``, ``-`` and ``.``; it names a variable and a file.

    Raises:
        SecretNotFound: No source has it; the message says where was looked, never what was found.
    """
    if not _KEY.fullmatch(secret_key):
        raise SecretNotFound(secret_key, ["nowhere, because a key is made of letters, digits, '_', '-' and '.'"])
    for source in secret_sources.get():
        if (found := source(secret_key)) is not None:
            return _given_out(found)
    variable = secret_variable(secret_key)
    if (value := os.environ.get(variable)) is not None:
        return _given_out(value.strip())
    file = Path(os.environ.get("FLYTE_SECRETS_DEFAULT_DIR", "/etc/secrets")) / secret_key
    try:
        return _given_out(file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        raise SecretNotFound(
            secret_key,
            ["the call's secrets", "the connector_core_secret hooks", f"the variable {variable}", f"the file {file}"],
        ) from None


def secret_variable(secret_key: str) -> str:
    """The environment variable that a secret of this key is looked for in."""
    return os.environ.get("FLYTE_SECRETS_ENV_PREFIX", "_FSEC_") + secret_key.upper()


def masked(text: str) -> str:
    """The text without the secrets that connectors were given, for what leaves the process or is written down.

    Those of less than :data:`LEAST_MASKED` characters are left, because they would be found in innocent words.
    """
    for secret in tuple(_remembered):
        if secret in text:
            text = text.replace(secret, "***")
    return text


def _given_out(value: str) -> Secret:
    if len(value) >= LEAST_MASKED:
        _remembered[value] = None
        if len(_remembered) > _MOST_REMEMBERED:  # Those of callers change, and a service runs for months.
            _remembered.pop(next(iter(_remembered)), None)
    return Secret(value)


get_agent_secret = get_connector_secret
"""The name that flytekit had for it before."""

secret_sources: ContextVar[tuple[Callable[[str], str | None], ...]] = ContextVar("secret_sources", default=())
"""What is asked before the environment; whoever calls or loads a connector sets it for the time that this takes."""

LEAST_MASKED = 6
"""Characters that a secret has to have to be masked."""

_remembered: dict[str, None] = {}
_MOST_REMEMBERED = 1000
_KEY = re.compile(r"(?!\.+$)[\w.-]+", re.ASCII)
