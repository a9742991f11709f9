"""Steps: what happened within one try of a node, such as a model's turn or a tool's call. For the log, never for the flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

import orjson

from flowstudio.engine.clock import Clock
from flowstudio.engine.item import Json
from flowstudio.errors import message_of

StepKind: TypeAlias = Literal["model", "tool", "memory", "embedder", "retriever", "message", "http"]

AT_MOST = 1000
"""Steps kept of one try."""
VALUE_LIMIT = 64_000
"""Bytes of JSON that one input or output may have; of larger ones the beginning is kept, as text."""
TRY_LIMIT = 4_000_000
"""Bytes of all inputs and outputs of a try."""
BRIEF = 300
"""Characters of an input or output that are told live."""


@dataclass(slots=True)
class Step:
    """One of them. Whoever opened it sets `output` and adds to `usage`."""

    number: int
    """Counts within the try, from 1."""
    parent: int | None
    """The step that it is part of, such as the call of a tool that asks a model itself."""
    kind: StepKind
    name: str
    """The model's or the tool's."""
    node: str
    """The sub-node that did it, or the node itself."""
    started_at: datetime
    input: Any = None
    output: Any = None
    usage: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    milliseconds: float | None = None
    """None while it goes on."""

    def outline(self) -> Json:
        """All of it but what went in and came out."""
        return {
            "number": self.number,
            "parent": self.parent,
            "kind": self.kind,
            "name": self.name,
            "node": self.node,
            "started_at": self.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "milliseconds": self.milliseconds,
            "usage": dict(self.usage),
            "error": self.error,
        }

    def told(self) -> Json:
        """The outline with the first words of what went in and came out."""
        return self.outline() | {"input": brief(self.input), "output": brief(self.output)}


class Steps:
    """The steps of one try."""

    def __init__(
        self,
        clock: Clock | None = None,
        tell: Callable[[Step], None] = lambda step: None,
        node: str = "",
        clean: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        """`tell` hears of each step when it begins and when it ends; `clean` takes secrets out of what is noted."""
        self._clock, self._tell, self._node, self._clean = clock or Clock(), tell, node, clean
        self._steps: list[Step] = []
        self._room = TRY_LIMIT

    @contextmanager
    def open(self, kind: StepKind, name: str, *, node: str = "", input: Any = None) -> Iterator[Step]:
        """A step, open until the block is left; a failure that leaves it is noted."""
        step = Step(
            len(self._steps) + 1, _current.get(), kind, name, node or self._node, self._clock.now(), input
        )
        if len(self._steps) < AT_MOST:
            self._steps.append(step)
            step.input = self._kept(input)
            self._tell(step)
        token = _current.set(step.number)
        try:
            yield step
        except BaseException as error:
            step.error = self._clean(message_of(error)) if isinstance(error, Exception) else "Cancelled."
            raise
        finally:
            _current.reset(token)
            step.output = self._kept(step.output)
            step.milliseconds = (self._clock.now() - step.started_at).total_seconds() * 1000
            if step.number <= len(self._steps) and self._steps[step.number - 1] is step:
                self._tell(step)

    def record(self) -> tuple[Json, ...]:
        """The steps as they are stored."""
        return tuple(step.outline() | {"input": step.input, "output": step.output} for step in self._steps)

    def _kept(self, value: Any) -> Any:
        """A value, or as much of it as there is room for."""
        if value is None:
            return None
        value = self._clean(value)  # before anything is cut off
        text = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
        limit = max(0, min(VALUE_LIMIT, self._room))
        self._room -= min(len(text), limit)
        if len(text) <= limit:
            return orjson.loads(text)
        whole = value if isinstance(value, str) else text.decode()
        return whole[:limit] + "…"


_current: ContextVar[int | None] = ContextVar("step", default=None)
"""The step that the present code is part of; tasks inherit it."""


def brief(value: Any) -> str:
    """The first words of a value."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= BRIEF else text[:BRIEF] + "…"
