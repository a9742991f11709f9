"""What calls of models cost. The shipped prices are the providers' list prices; an admin's own come first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from flowstudio.ai.usage import Usage

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens of each kind."""

    model: str
    """The model's name, or the beginning of it: `gpt-5` also prices `gpt-5-2026-01-01`."""
    input: float
    output: float
    cached: float | None = None
    """Read from the provider's cache; None: as input."""
    cache_write: float | None = None
    """Written to the provider's cache; None: as input."""

    def of(self, usage: Usage) -> float:
        """What a usage costs, in US dollars."""
        cached = self.input if self.cached is None else self.cached
        written = self.input if self.cache_write is None else self.cache_write
        fresh = max(0, usage.input - usage.cached - usage.cache_writes)
        total = fresh * self.input + usage.cached * cached + usage.cache_writes * written
        return (total + usage.output * self.output) / MILLION


SHIPPED: Final[tuple[Price, ...]] = (
    Price("gpt-5.1", 1.25, 10.0, 0.125),
    Price("gpt-5-mini", 0.25, 2.0, 0.025),
    Price("gpt-5-nano", 0.05, 0.4, 0.005),
    Price("gpt-5", 1.25, 10.0, 0.125),
    Price("gpt-4.1-mini", 0.4, 1.6, 0.1),
    Price("gpt-4.1-nano", 0.1, 0.4, 0.025),
    Price("gpt-4.1", 2.0, 8.0, 0.5),
    Price("gpt-4o-mini", 0.15, 0.6, 0.075),
    Price("gpt-4o", 2.5, 10.0, 1.25),
    Price("o3", 2.0, 8.0, 0.5),
    Price("o4-mini", 1.1, 4.4, 0.275),
    Price("claude-opus-4-5", 5.0, 25.0, 0.5, 6.25),
    Price("claude-opus-4", 15.0, 75.0, 1.5, 18.75),
    Price("claude-sonnet-4", 3.0, 15.0, 0.3, 3.75),
    Price("claude-haiku-4-5", 1.0, 5.0, 0.1, 1.25),
    Price("gemini-3-pro", 2.0, 12.0, 0.2),
    Price("gemini-2.5-pro", 1.25, 10.0, 0.125),
    Price("gemini-2.5-flash-lite", 0.1, 0.4, 0.01),
    Price("gemini-2.5-flash", 0.3, 2.5, 0.03),
    Price("text-embedding-3-small", 0.02, 0.0),
    Price("text-embedding-3-large", 0.13, 0.0),
    Price("gemini-embedding-001", 0.15, 0.0),
)
"""List prices at the time of this version."""


class PriceTable:
    """Prices by model. Replaceable while models are called: `use` is one assignment."""

    def __init__(self, own: Iterable[Price] = ()) -> None:
        self._by_model: Mapping[str, Price] = {}
        self.use(own)

    def use(self, own: Iterable[Price]) -> None:
        """Take these prices, and the shipped ones for all other models."""
        self._by_model = {price.model.lower(): price for price in (*SHIPPED, *own)}

    def find(self, *names: str) -> Price | None:
        """The price of a model, by the first of its names that has one: the longest entry that it begins with."""
        for name in names:
            low = name.lower().rpartition("/")[2]
            fitting = [key for key in self._by_model if low.startswith(key.rpartition("/")[2])]
            if fitting:
                return self._by_model[max(fitting, key=len)]
        return None

    def cost(self, usage: Usage, *names: str) -> float | None:
        """What a call costs in US dollars; None when no price is known."""
        price = self.find(*names)
        return price.of(usage) if price is not None else None
