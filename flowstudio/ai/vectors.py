"""The interface of vector stores: passages with their vectors, in named collections."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flowstudio.ai.documents import Passage
from flowstudio.errors import NodeError

Value: TypeAlias = str | int | float | bool
Filter: TypeAlias = Mapping[str, Value | Sequence[Value]]
"""Metadata that passages must have: each key with its value, or with one of several. `source` is their source."""


@dataclass(frozen=True, slots=True)
class Space:
    """What vectors of a collection have in common; vectors of different spaces must not be mixed."""

    provider: str
    model: str
    dimensions: int

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} ({self.dimensions} numbers)"


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection and how much is in it."""

    name: str
    space: Space
    passages: int
    sources: int
    size: int
    """Bytes of texts and vectors."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage to store. Without a vector, it is one that is stored already, and only its metadata is brought up to date."""

    key: str
    """Says which passage it is: the same source and the same text have the same key."""
    text: str
    source: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    vector: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Inserted:
    """What an insertion did."""

    added: int = 0
    kept: int = 0
    """Were there already."""
    removed: int = 0
    """Passages of the same sources that are not in the new version."""
    missing: frozenset[str] = frozenset()
    """Keys of entries without a vector that are not stored after all; nothing was changed if there are any."""


class VectorStore(ABC):
    """Keeps passages durably. Safe to use concurrently; each method is one transaction. Raises `NodeError`."""

    @abstractmethod
    async def collections(self) -> list[Collection]:
        """All collections, by name."""

    @abstractmethod
    async def collection(self, name: str) -> Collection | None:
        """One collection."""

    @abstractmethod
    async def known(self, name: str, keys: Sequence[str], space: Space | None = None) -> frozenset[str]:
        """Which of the keys are stored. Refuses a collection of another provider or model than that of `space`."""

    @abstractmethod
    async def insert(
        self, name: str, space: Space, entries: Sequence[Entry], *, replace: bool = False
    ) -> Inserted:
        """Store entries; makes the collection if need be.

        `replace` removes what else is stored of the sources of these entries.
        """

    @abstractmethod
    async def search(
        self,
        name: str,
        space: Space,
        vector: Sequence[float],
        *,
        limit: int,
        threshold: float | None = None,
        where: Filter | None = None,
    ) -> list[Passage]:
        """The nearest passages that meet the filter, best first; scores are cosines, at least `threshold`."""

    @abstractmethod
    async def page(self, name: str, after: str, limit: int) -> list[Entry]:
        """Stored passages without their vectors, by key, those after the given key."""

    @abstractmethod
    async def delete(self, name: str, where: Filter) -> int:
        """Delete the passages that meet the filter (all, if it is empty); gives how many. The collection stays."""

    @abstractmethod
    async def drop(self, name: str) -> bool:
        """Delete a collection; whether there was one."""

    @abstractmethod
    async def swap(self, fresh: str, name: str) -> bool:
        """Put the collection `fresh` in the place of `name`, without passages that `name` has no more.

        Changes nothing and gives False while `name` has passages that `fresh` lacks.
        """

    async def close(self) -> None:
        """Free what the store holds; it is not used afterwards."""
        return


def checked_name(name: str) -> str:
    """A collection's name without spaces around it. Raises `NodeError`."""
    name = name.strip()
    if not name or len(name) > 100 or any(ord(letter) < 32 for letter in name):
        raise NodeError("A collection's name has 1 to 100 characters in one line; choose another name.")
    return name


def no_collection(name: str) -> NodeError:
    """The error of whoever looks for a collection that is not there."""
    return NodeError(
        f"There is no collection '{name}'; insert documents into it first, or check its name.",
        detail={"collection": name},
    )


def other_space(name: str, has: Space, wanted: Space) -> NodeError:
    """The error of whoever mixes vectors."""
    return NodeError(
        f"The collection '{name}' was made with the embedder {has}, which cannot be mixed with {wanted}. "
        "Use that embedder, another collection, or re-index this one.",
        detail={"collection": name},
    )


def texts_of(wanted: Value | Sequence[Value]) -> list[str]:
    """The values of a filter in the words that stores compare: numbers and truth values as JSON writes them."""
    values = [wanted] if isinstance(wanted, (str, int, float, bool)) else list(wanted)
    return [
        str(value).lower()
        if isinstance(value, bool)
        else str(int(value))
        if isinstance(value, float) and value.is_integer()
        else str(value)
        for value in values
    ]
