"""Progress: what `connectors run` prints while the task runs."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

    from connector_core.models import Resource

__all__ = ["Progress"]


class Progress:
    """The progress of a task: phase, message, links and time. On a terminal it is redrawn in place.

    Args:
        task_type: The task type.
        quiet: If True, print nothing.

    Attributes:
        resource: The job's last state, or None before the first.
        links: The names of the job's links by URI.
        is_live: If True, the progress is redrawn in place.
    """

    def __init__(self, task_type: str, *, quiet: bool) -> None:
        self.task_type = task_type
        self.resource: Resource | None = None
        self.links: dict[str, str] = {}
        self._quiet = quiet
        self.is_live: bool = sys.stdout.isatty() and not quiet
        self._started = time.monotonic()
        self._printed: tuple[Any, ...] = ()

    @property
    def seconds(self) -> float:
        """The seconds since the task was started."""
        return time.monotonic() - self._started

    def live(self) -> AbstractContextManager[Any]:
        """Return the context in which the display is redrawn."""
        if not self.is_live:
            return nullcontext()
        from rich.live import Live

        return Live(get_renderable=self._draw, refresh_per_second=8)

    def update(self, resource: Resource) -> None:
        """Show the job's state.

        Args:
            resource: The state.
        """
        self.resource = resource
        links = {link.uri: link.name or "log" for link in resource.log_links or () if link.uri not in self.links}
        self.links |= links
        if self.is_live or self._quiet:
            return
        state = (resource.phase, resource.message)
        if state != self._printed and not resource.is_terminal:
            self._printed = state
            print(f"{resource.phase.name}{f': {resource.message}' if resource.message else ''}", flush=True)
        for uri, name in links.items():
            print(f"{name}: {uri}", flush=True)

    def _draw(self) -> Text:
        from rich.text import Text

        text = Text()
        text.append(f"{self.task_type} ", style="bold")
        text.append(self.resource.phase.name if self.resource else "STARTING", style="cyan")
        text.append(f" {self.seconds:.0f} s", style="dim")
        if self.resource and self.resource.message:
            text.append(f"\n{self.resource.message}")
        for uri, name in self.links.items():
            text.append(f"\n{name}: {uri}", style="dim")
        return text
