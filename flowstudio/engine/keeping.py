"""What workflows keep from one execution to the next, as nodes ask for it by `Context.use`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any


class WorkflowMemory(ABC):
    """JSON values by workflow and name."""

    @abstractmethod
    async def read(self, workflow: str, name: str) -> Any:
        """The value, or None."""

    @abstractmethod
    async def change(self, workflow: str, name: str, change: Callable[[Any], Any]) -> Any:
        """Replace a value (None where there is none) by what `change` makes of it, in one transaction; gives the new one.

        `change` must have no effects of its own: it may be called again.
        """

    @abstractmethod
    async def prune(self, workflow: str, prefix: str, keep: int) -> None:
        """Of the values whose names begin so, forget all but the newest."""
