"""Tools that a model may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flowstudio.ai.model import ToolSpec


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what the model sees of it, and what happens when it is called."""

    spec: ToolSpec
    call: Callable[[Mapping[str, Any]], Awaitable[Any]]
    """Takes the arguments (checked against the schema by the agent loop); gives text or something that JSON can hold.

    A `NodeError` that it raises is told to the model, which may try otherwise; cancellation passes through.
    """
    node: str = ""
    """The id of the sub-node that it belongs to, for the log."""
    approval: bool = False
    """Whether a person has to agree to each call."""
