"""Many texts into calls of a size that providers take, and what they give into vectors of unit length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from flowstudio.ai.tokens import estimate_tokens


def batches(texts: Sequence[str], *, most: int, tokens: int) -> Iterator[list[str]]:
    """Texts in order; each batch has at most `most`, and about at most `tokens` tokens unless one text has more."""
    batch: list[str] = []
    size = 0
    for text in texts:
        cost = estimate_tokens(text)
        if batch and (len(batch) == most or size + cost > tokens):
            yield batch
            batch, size = [], 0
        batch.append(text if text.strip() else "-")  # providers refuse empty texts
        size += cost
    if batch:
        yield batch


def unit(vector: Sequence[float]) -> list[float]:
    """The vector with length 1."""
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else list(vector)
