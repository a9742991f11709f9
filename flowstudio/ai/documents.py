"""What documents are, and the passages that a question is answered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a document, or of one page or row of it, and where it comes from."""

    text: str
    source: str = ""
    """Its name for people: a file name, an address, `document 3`."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What else is known of it, such as `page`, `title` or `heading`; values that JSON can hold."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document that fits into a prompt, as it is cited."""

    text: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    """How near it is to what was asked: 1 is the same, 0 has nothing in common; None when it was not searched for."""
    id: str = ""
    """Names it in the collection that it was found in."""


class Retriever(Protocol):
    """Finds the passages that have to do with a question. Raises `NodeError`."""

    async def retrieve(self, query: str, limit: int | None = None) -> Sequence[Passage]:
        """The nearest passages, best first; at most `limit`, or as many as the retriever is set to."""
