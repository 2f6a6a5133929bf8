"""Runs a task locally, through its connector, as Flyte would: in a script, in a notebook, in a thread."""

from connector_core.local.executor import AsyncConnectorExecutorMixin, SyncConnectorExecutorMixin
from connector_core.local.task import Task
from connector_core.local.templates import render_task_template

__all__ = ["AsyncConnectorExecutorMixin", "SyncConnectorExecutorMixin", "Task", "render_task_template"]
