"""What the model calls of a piece of work may use up together, those of its sub-agents included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flowstudio.ai.usage import NONE, Usage
from flowstudio.errors import ModelError


class Budget:
    """Limits, and what was used up so far. A call that goes over a limit is let through; the next one is refused."""

    def __init__(self, tokens: int | None = None, cost: float | None = None) -> None:
        """`cost` is in US dollars; models without a known price cost nothing."""
        self.tokens, self.cost = tokens, cost
        self.used: Usage = NONE
        self.spent = 0.0

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """What is called within counts, and is stopped when nothing is left."""
        token = _in_force.set((*_in_force.get(), self))
        try:
            yield
        finally:
            _in_force.reset(token)

    def check(self) -> None:
        """Raises `ModelError` of the kind `budget` when nothing is left."""
        if self.tokens is not None and self.used.total >= self.tokens:
            raise ModelError(
                "budget",
                f"The budget of {self.tokens:,} tokens is used up ({self.used.total:,} tokens in {self.used.calls} calls).",
            )
        if self.cost is not None and self.spent >= self.cost:
            raise ModelError(
                "budget",
                f"The budget of ${self.cost:g} is used up (${self.spent:.4g} in {self.used.calls} calls).",
            )


_in_force: ContextVar[tuple[Budget, ...]] = ContextVar("budgets", default=())


def check() -> None:
    """Before a model is called. Raises `ModelError` of the kind `budget` when a budget in force is used up."""
    for budget in _in_force.get():
        budget.check()


def charge(usage: Usage, cost: float = 0.0) -> None:
    """After a model was called; `cost` in US dollars."""
    for budget in _in_force.get():
        budget.used += usage
        budget.spent += cost
