"""What a platform engineer may set about the service, beside the options of ``connectors serve``."""

from __future__ import annotations

import os

import attrs

from connector_core.errors import InvalidSetting

__all__ = ["ServiceSettings"]


@attrs.frozen
class ServiceSettings:
    """How long the service waits, in seconds; each is an environment variable.

    Args:
        forgive: ``CONNECTORS_FORGIVE``: how long a backend may fail to say how a job is, before the attempt is failed.
        orphan_grace: ``CONNECTORS_ORPHAN_GRACE``: how long a job is left whose caller has gone before it was told of
            it. Flyte polls each 30 s, and any replica may be the one that is asked: the more of them there are, the
            longer this has to be.
        drain: ``CONNECTORS_DRAIN``: how long running calls may take after the service was told to stop.
    """

    forgive: float = 600.0
    orphan_grace: float = 600.0
    drain: float = 25.0

    @classmethod
    def from_environment(cls) -> ServiceSettings:
        """The settings of the process's environment.

        Raises:
            InvalidSetting: A variable is no number of seconds.
        """
        given = {field.name: os.environ.get(f"CONNECTORS_{field.name.upper()}") for field in attrs.fields(cls)}
        return cls(**{name: _seconds(name, text) for name, text in given.items() if text is not None})


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 1e6:
        raise InvalidSetting(f"CONNECTORS_{name.upper()}", text, "a number of seconds from 0 to 1000000")
    return seconds
