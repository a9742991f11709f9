"""Failures of nodes as values (invariant 5). The one place that catches broadly."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable

from flowstudio.engine.node import Suspend
from flowstudio.errors import (
    CredentialError,
    ExpressionError,
    FlowStudioError,
    Interrupted,
    LeaseLost,
    NodeError,
    OutboundRefused,
    ParameterError,
)

log = logging.getLogger(__name__)

FINAL = (CredentialError, ExpressionError, Interrupted, OutboundRefused, ParameterError)
"""Failures that another try would only repeat."""

_outer: list[Callable[[Exception], bool]] = []


def leave_for_later(belongs: Callable[[Exception], bool]) -> None:
    """Name failures that are the installation's, such as a database that is away, whichever node met them.

    They end no node: they come out of the run, which is left for a later claim.
    """
    _outer.append(belongs)


async def failure_of(work: Awaitable[None], label: str, node_type: str) -> Exception | None:
    """Await work of a node and give back how it failed, if it did.

    Cancellation from outside, `Suspend`, `LeaseLost` and what is left for later pass through.
    """
    try:
        await work
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return NodeError(f"'{label}' was cancelled from within.")
    except Exception as error:
        return _understood(error, node_type)
    return None


def _understood(error: Exception, node_type: str) -> Exception:
    """The failure itself, out of its groups; surprises are logged, without their texts, which may hold data."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, Suspend | LeaseLost) or any(belongs(error) for belongs in _outer):
        raise error
    if not isinstance(error, FlowStudioError):
        trace = "".join(traceback.format_tb(error.__traceback__))
        log.error(
            "a node failed unexpectedly",
            extra={"node_type": node_type, "error": type(error).__name__, "trace": trace},
        )
    return error
