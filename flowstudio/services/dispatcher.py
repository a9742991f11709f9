"""How an accepted execution reaches a runner.

A message is a hint that carries the execution's id and nothing else; who may run the execution is decided by the claim in
the database. Here is the implementation that hints the runner of the same process; `services.queue` hints other processes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from flowstudio.engine.workflow import Queue


class Dispatcher(Protocol):
    """Hints runners."""

    def submit(self, execution: str, queue: Queue | None = None) -> None:
        """Some runner should claim this execution soon; `queue` spares looking up in which one it waits."""

    def cancel(self, execution: str) -> None:
        """Whoever runs this execution should look at its cancel flag now."""


class InProcess:
    """Hints the runner of this process."""

    def __init__(self) -> None:
        self._on_submit: Callable[[str], None] | None = None
        self._on_cancel: Callable[[str], None] | None = None

    def connect(self, on_submit: Callable[[str], None], on_cancel: Callable[[str], None]) -> None:
        """Set the runner that takes the hints; hints before that are lost, the runner's recovery finds their executions."""
        self._on_submit, self._on_cancel = on_submit, on_cancel

    def submit(self, execution: str, queue: Queue | None = None) -> None:
        """Hint the runner, which has one queue."""
        if self._on_submit is not None:
            self._on_submit(execution)

    def cancel(self, execution: str) -> None:
        """Pass on a wish to cancel."""
        if self._on_cancel is not None:
            self._on_cancel(execution)
