"""What a measure gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value, and what it should stay below or above."""

    name: str
    value: float
    unit: str
    aim: str = ""


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which such a part of them lies; 0 for none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0
