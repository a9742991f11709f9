"""How many tokens a text has, estimated without any model's own vocabulary: it needs no download and no vendor."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PIECE = re.compile(
    r"\n\s*"  # a line break with the blank lines and the indentation after it
    r"|[^\S\n]+"  # spaces
    r"|[A-Za-z]{1,7}"
    r"|[0-9]{1,3}"
    r"|[\u00c0-\u024f\u0370-\u052f]{1,3}"  # other Latin letters, Greek, Cyrillic
    r"|.",  # one sign, or one letter of another script
    re.DOTALL,
)
_FREE_SPACES = 1
"""A single space belongs to the word after it."""


def pieces(text: str) -> Iterator[tuple[int, int, int]]:
    """Where a text may be cut: `(start, end, tokens)` of its smallest pieces, which cover it without gaps.

    A slice that begins and ends between pieces has the same pieces, so their tokens add up.
    """
    for match in _PIECE.finditer(text):
        start, end = match.span()
        first = text[start]
        if first.isspace():
            cost = 1 if first == "\n" or end - start > _FREE_SPACES else 0
        else:
            cost = 2 if first > "\uffff" else 1
        yield start, end, cost


def estimate_tokens(text: str) -> int:
    """About how many tokens a model makes of a text; rather too many than too few."""
    return sum(cost for _, _, cost in pieces(text))
