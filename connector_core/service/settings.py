"""The settings of the service that are environment variables."""

from __future__ import annotations

import os

import attrs

from connector_core.errors import InvalidSetting

__all__ = ["ServiceSettings"]


@attrs.frozen
class ServiceSettings:
    """The time limits of the service, in seconds.

    Args:
        forgive: ``CONNECTORS_FORGIVE``: how long polls of a job may fail before the attempt fails.
        orphan_grace: ``CONNECTORS_ORPHAN_GRACE``: how long the service keeps a job whose caller disconnected before
            it got the answer. Flyte polls a job every 30 s, each time through any replica: the more replicas there
            are, the longer this must be.
        drain: ``CONNECTORS_DRAIN``: how long running calls may continue after the service begins to stop.
    """

    forgive: float = 600.0
    orphan_grace: float = 600.0
    drain: float = 25.0

    @classmethod
    def from_environment(cls) -> ServiceSettings:
        """Return the settings in the process's environment.

        Raises:
            InvalidSetting: if a variable is not a number of seconds.
        """
        values = {field.name: os.environ.get(f"CONNECTORS_{field.name.upper()}") for field in attrs.fields(cls)}
        return cls(**{name: _seconds(name, text) for name, text in values.items() if text is not None})


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 1e6:
        raise InvalidSetting(f"CONNECTORS_{name.upper()}", text, "a number of seconds from 0 to 1000000")
    return seconds
