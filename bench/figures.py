"""What a measure gives."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value, and what it should stay below or above."""

    name: str
    value: float
    unit: str
    aim: str = ""

    def __str__(self) -> str:
        return f"{self.name:<72} {self.value:>10,.2f} {self.unit:<6} {self.aim}".rstrip()


def show(figures: Iterable[Figure]) -> list[Figure]:
    """Print each as soon as it is measured, after how busy the machine was before the first; gives them all."""
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    shown = []
    for figure in figures:
        print(figure, flush=True)
        shown.append(figure)
    return shown


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which such a part of them lies; 0 for none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0
