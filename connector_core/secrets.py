"""Secrets: where connectors get their credentials from, and how they are kept out of texts."""

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
    """A string whose ``repr`` hides it, so that logs of its container and tracebacks with locals do not show it.

    It can be used wherever a ``str`` can. A :class:`ResourceMeta` and a literal refuse it.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('***')"


def get_connector_secret(secret_key: str) -> Secret:
    """Return the secret with this key, from the first source that has it.

    The sources are, in this order: the secrets that the caller sent with this call (Flyte 2's ``connection.secrets``),
    the hook ``connector_core_secret``, the environment variable ``_FSEC_<KEY>`` (upper case), and the file
    ``/etc/secrets/<key>``. As in flytekit, ``FLYTE_SECRETS_ENV_PREFIX`` changes the variable's prefix and
    ``FLYTE_SECRETS_DEFAULT_DIR`` changes the directory.

    Args:
        secret_key: The key; letters, digits, ``_``, ``-`` and ``.`` are allowed.

    Raises:
        SecretNotFound: if no source has the secret. The message lists the sources, never a value.
    """
    if not _KEY.fullmatch(secret_key):
        raise SecretNotFound(secret_key, ["nowhere, because a key consists of letters, digits, '_', '-' and '.'"])
    for source in secret_sources.get():
        if (found := source(secret_key)) is not None:
            return _received(found)
    variable = secret_variable(secret_key)
    if (value := os.environ.get(variable)) is not None:
        return _received(value.strip())
    file = Path(os.environ.get("FLYTE_SECRETS_DEFAULT_DIR", "/etc/secrets")) / secret_key
    try:
        return _received(file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        raise SecretNotFound(
            secret_key,
            ["the call's secrets", "the connector_core_secret hooks", f"the variable {variable}", f"the file {file}"],
        ) from None


def secret_variable(secret_key: str) -> str:
    """Return the name of the environment variable that may hold the secret with this key."""
    return os.environ.get("FLYTE_SECRETS_ENV_PREFIX", "_FSEC_") + secret_key.upper()


def masked(text: str) -> str:
    """Return the text with ``***`` in place of the secrets that connectors have received.

    Secrets with fewer than :data:`LEAST_MASKED` characters stay, because ordinary words may contain them.
    """
    for secret in tuple(_remembered):
        if secret in text:
            text = text.replace(secret, "***")
    return text


def _received(value: str) -> Secret:
    if len(value) >= LEAST_MASKED:
        _remembered[value] = None
        if len(_remembered) > _MOST_REMEMBERED:  # Callers' secrets change, and a service runs for months.
            _remembered.pop(next(iter(_remembered)), None)
    return Secret(value)


get_agent_secret = get_connector_secret
"""flytekit's older name of :func:`get_connector_secret`."""

secret_sources: ContextVar[tuple[Callable[[str], str | None], ...]] = ContextVar("secret_sources", default=())
"""The sources that are asked before the environment. Set while a connector is called or loaded."""

LEAST_MASKED = 6
"""The length in characters from which a secret is masked."""

_remembered: dict[str, None] = {}
_MOST_REMEMBERED = 1000
_KEY = re.compile(r"(?!\.+$)[\w.-]+", re.ASCII)
