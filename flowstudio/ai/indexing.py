"""Passages into a vector store, and what is found there: embeds only what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from flowstudio.ai.documents import Passage
from flowstudio.ai.embedder import Embedded, Embedder
from flowstudio.ai.usage import NONE, Usage
from flowstudio.ai.vectors import (
    Entry,
    Filter,
    Inserted,
    Space,
    VectorStore,
    checked_name,
    no_collection,
    other_space,
)
from flowstudio.errors import NodeError

_TRIES: Final = 5
_PAGE: Final = 500
FRESH: Final = "\x1f"
"""Ends the name of a collection that is being re-indexed; such names cannot be given by people."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What was stored, and what embedding cost."""

    inserted: Inserted
    usage: Usage


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and what embedding cost."""

    passages: list[Passage]
    usage: Usage


async def index(
    store: VectorStore,
    embedder: Embedder,
    collection: str,
    passages: Sequence[Passage],
    *,
    replace_sources: bool = False,
) -> Indexed:
    """Embed and store passages; those that are stored already are not embedded again."""
    name = checked_name(collection)
    entries = _entries(passages)
    if not entries:
        return Indexed(Inserted(), NONE)
    usage = NONE
    vectors: dict[str, list[float]] = {}
    there = await store.collection(name)
    space = there.space if there is not None else None
    if space is not None and (space.provider, space.model) != (embedder.provider, embedder.name):
        raise other_space(name, space, Space(embedder.provider, embedder.name, space.dimensions))
    for _ in range(_TRIES):
        known = await store.known(name, [entry.key for entry in entries])
        new = [entry for entry in entries if entry.key not in known and entry.key not in vectors]
        if new:
            embedded = await _embed(embedder, [entry.text for entry in new])
            usage += embedded.usage
            vectors |= zip((entry.key for entry in new), embedded.vectors, strict=True)
            space = Space(embedder.provider, embedder.name, len(embedded.vectors[0]))
        assert space is not None, "nothing is known of a collection that is not there"
        filled = [replace(entry, vector=vectors.get(entry.key)) for entry in entries]
        inserted = await store.insert(name, space, filled, replace=replace_sources)
        if not inserted.missing:
            return Indexed(inserted, usage)
    raise NodeError(f"The collection '{name}' is changed by others all the time; try again.", retryable=True)


async def find(
    store: VectorStore,
    embedder: Embedder,
    collection: str,
    query: str,
    *,
    limit: int,
    threshold: float | None = None,
    where: Filter | None = None,
) -> Found:
    """The passages nearest to a query."""
    name = checked_name(collection)
    if not query.strip():
        raise NodeError("There is nothing to search for: the query is empty.")
    embedded = await embedder.embed([query], "query")
    space = Space(embedder.provider, embedder.name, len(embedded.vectors[0]))
    found = await store.search(
        name, space, embedded.vectors[0], limit=limit, threshold=threshold, where=where
    )
    return Found(found, embedded.usage)


async def reindex(store: VectorStore, embedder: Embedder, collection: str) -> Indexed:
    """Embed a whole collection anew, with another embedder; searches find the old vectors until all is done."""
    name = checked_name(collection)
    if await store.collection(name) is None:
        raise no_collection(name)
    fresh = name + FRESH
    await store.drop(fresh)
    usage, added = NONE, 0
    try:
        for _ in range(_TRIES):
            after = ""
            while page := await store.page(name, after, _PAGE):
                after = page[-1].key
                known = await store.known(fresh, [entry.key for entry in page])
                new = [entry for entry in page if entry.key not in known]
                if not new:
                    continue
                embedded = await _embed(embedder, [entry.text for entry in new])
                usage += embedded.usage
                space = Space(embedder.provider, embedder.name, len(embedded.vectors[0]))
                filled = [
                    replace(entry, vector=vector) for entry, vector in zip(new, embedded.vectors, strict=True)
                ]
                added += (await store.insert(fresh, space, filled)).added
            if not added:
                raise NodeError(f"The collection '{name}' is empty; insert with the other embedder instead.")
            if await store.swap(fresh, name):
                return Indexed(Inserted(added=added), usage)
    except BaseException:
        await store.drop(fresh)
        raise
    await store.drop(fresh)
    raise NodeError(f"The collection '{name}' is changed by others all the time; try again.", retryable=True)


async def _embed(embedder: Embedder, texts: list[str]) -> Embedded:
    embedded = await embedder.embed(texts, "passage")
    if len(embedded.vectors) != len(texts) or len({len(vector) for vector in embedded.vectors}) != 1:
        raise NodeError(f"The embedder {embedder.name} did not give one vector for each text.")
    return embedded


def _entries(passages: Sequence[Passage]) -> list[Entry]:
    """With keys; a text that comes several times in a source counts as often."""
    seen: Counter[tuple[str, str]] = Counter()
    entries = []
    for passage in passages:
        text, source = _storable(passage.text), _storable(passage.source)
        if not text.strip():
            continue
        number = seen[source, text]
        seen[source, text] += 1
        words = "\0".join((source, text, *([str(number)] if number else [])))
        metadata: dict[str, Any] = _storable_values(passage.metadata)
        entries.append(Entry(sha256(words.encode()).hexdigest(), text, source, metadata))
    return entries


def _storable(text: str) -> str:
    """Without what databases refuse: the sign zero and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _storable_values(value: Any) -> Any:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable_values(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable_values(each) for each in value]
    return value
