"""Long texts into passages of a bounded size, cut where a reader would pause, with overlap.

Each passage is a slice of the text, without the white space at its ends. Together they cover all that is not white space.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from flowstudio.ai.documents import Document, Passage
from flowstudio.ai.tokens import pieces

SIZE: Final = 300
"""Tokens of a passage, unless something else is asked for."""
OVERLAP: Final = 40

_FENCE = re.compile(r"^(```|~~~)[^\n]*\n.*?(?:^\1[^\n]*(?:\n|\Z)|\Z)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(\S[^\n]*)|^(\S[^\n]*)\n(?:={3,}|-{3,})[ \t]*$", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？]")
_WORD = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Slice:
    """One passage of a text: `text[start:end]`."""

    start: int
    end: int
    heading: str = ""
    """The heading that it stands under."""


class _Places:
    """Where a text may be cut, from the best kind of place to the worst; sorted positions."""

    def __init__(self, text: str) -> None:
        fences = [match.span() for match in _FENCE.finditer(text)]
        starts = [start for start, _ in fences]

        def inside(position: int) -> bool:
            index = bisect_right(starts, position) - 1
            return index >= 0 and fences[index][0] < position < fences[index][1]

        self.headings = [
            (match.start(), (match[1] or match[2]).strip("# \t"))
            for match in _HEADING.finditer(text)
            if not inside(match.start())
        ]
        paragraphs = {match.end() for match in _PARAGRAPH.finditer(text) if not inside(match.end())}
        edges = {edge for span in fences for edge in span}
        lines = [match.end() for match in _LINE.finditer(text)]
        sentences = (match.end() for match in _SENTENCE.finditer(text))
        self.kinds: tuple[tuple[list[int], float], ...] = (
            ([position for position, _ in self.headings], 0.35),
            (sorted(paragraphs | edges), 0.5),
            ([position for position in lines if not inside(position)], 0.5),
            ([position for position in sentences if not inside(position)], 0.5),
            (lines, 0.3),
            ([match.end() for match in _WORD.finditer(text)], 0.3),
        )
        """Positions, and the part of a passage that has to be full before it is cut there."""

    def heading(self, position: int) -> str:
        index = bisect_right(self.headings, position, key=lambda entry: entry[0]) - 1
        return self.headings[index][1] if index >= 0 else ""


def slices(text: str, size: int = SIZE, overlap: int = OVERLAP) -> list[Slice]:
    """Cut a text into slices of at most `size` tokens, each beginning with up to `overlap` tokens of the one before.

    Raises `ValueError` unless 2 <= size and 0 <= overlap <= size / 2. A single sign may be larger than a tiny `size`.
    """
    if size < 2 or not 0 <= overlap <= size // 2:
        raise ValueError("The overlap must be at most half of the size, and the size at least 2.")
    spans = list(pieces(text))
    if not spans:
        return []
    bounds = [start for start, _, _ in spans] + [len(text)]
    total = list(accumulate((cost for _, _, cost in spans), initial=0))
    """total[i]: tokens before the piece i."""
    places = _Places(text)
    found: list[Slice] = []
    first = covered = 0
    """Pieces: where the slice begins, and up to where slices have come."""
    while covered < len(spans):
        last = bisect_right(total, total[first] + size) - 1
        last = max(last, covered + 1)
        if last < len(spans):
            last = _cut(places, bounds, total, first, covered, last)
        cut = _trimmed(text, bounds[first], bounds[last])
        if cut is not None:
            found.append(Slice(*cut, places.heading(cut[0])))
        covered = last
        first = _overlapped(places, bounds, total, covered, overlap) if covered < len(spans) else covered
    return found


def _cut(
    places: _Places, bounds: Sequence[int], total: Sequence[int], first: int, covered: int, last: int
) -> int:
    """The best piece to end before, at most `last`."""
    budget = total[last] - total[first]
    for positions, share in places.kinds:
        least = bisect_left(total, total[first] + budget * share)
        low, high = bounds[max(covered + 1, min(least, last))], bounds[last]
        index = bisect_right(positions, high) - 1
        while index >= 0 and positions[index] >= low:
            piece = bisect_left(bounds, positions[index])
            if bounds[piece] == positions[index]:
                return piece
            index -= 1
    return last


def _overlapped(
    places: _Places, bounds: Sequence[int], total: Sequence[int], covered: int, overlap: int
) -> int:
    """Where the next slice begins: before `covered`, at the start of a line, a sentence or a word if there is one."""
    earliest = bisect_left(total, total[covered] - overlap)
    if earliest >= covered:
        return covered
    for positions, _ in (*places.kinds[2:4], places.kinds[5]):
        index = bisect_left(positions, bounds[earliest])
        while index < len(positions) and positions[index] < bounds[covered]:
            piece = bisect_left(bounds, positions[index])
            if bounds[piece] == positions[index]:
                return piece
            index += 1
    return earliest


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    end -= len(part) - len(part.rstrip())
    return (start, end) if start < end else None


def split(document: Document, size: int = SIZE, overlap: int = OVERLAP) -> list[Passage]:
    """The passages of a document; their metadata is the document's with `part` (from 1) and, where known, `heading`."""
    passages = []
    for number, cut in enumerate(slices(document.text, size, overlap), start=1):
        metadata: Mapping[str, object] = {
            **document.metadata,
            **({"heading": cut.heading} if cut.heading else {}),
            "part": number,
        }
        passages.append(Passage(document.text[cut.start : cut.end], document.source, metadata))
    return passages
