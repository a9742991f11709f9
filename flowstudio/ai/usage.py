"""What a model call consumed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call or of several. `cached` is part of `input`, `reasoning` part of `output`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    """Read from the provider's cache."""
    cache_writes: int = 0
    """Written to the provider's cache; part of `input` too."""
    reasoning: int = 0
    calls: int = 1

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.cache_writes + other.cache_writes,
            self.reasoning + other.reasoning,
            self.calls + other.calls,
        )

    @property
    def total(self) -> int:
        """Tokens in and out."""
        return self.input + self.output


NONE = Usage(calls=0)
