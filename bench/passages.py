"""Finding passages among 10,000: how long storing and searching take, and how much of what is nearest is found.

Run it alone with `python -m bench.passages`.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, show
from flowstudio.ai.documents import Passage
from flowstudio.ai.embedders.local import LocalEmbedder
from flowstudio.ai.indexing import find, index
from flowstudio.ai.vectors import Space
from flowstudio.storage.vectors.embedded import FILE_NAME, EmbeddedVectors

PASSAGES = 10_000
QUERIES = 100
NEAREST = 10
_SUBJECTS = (
    "invoice parcel headset battery refund contract warehouse supplier printer meeting holiday salary".split()
)
_VERBS = "arrives breaks costs charges needs replaces contains delays ends begins covers explains".split()
_PLACES = "Lisbon Berlin Oslo Madrid Vienna Prague Dublin Athens Warsaw Zurich Tallinn Riga".split()


def sentence(dice: random.Random) -> str:
    """A sentence of a few words that passages share."""
    return (
        f"The {dice.choice(_SUBJECTS)} {dice.choice(_VERBS)} the {dice.choice(_SUBJECTS)} in {dice.choice(_PLACES)} "
        f"on day {dice.randrange(1, 366)}."
    )


async def figures(folder: Path, passages: int = PASSAGES, queries: int = QUERIES) -> list[Figure]:
    """Store, search, compare with all vectors by hand."""
    import numpy as np

    dice = random.Random(4711)
    texts = [" ".join(sentence(dice) for _ in range(6)) for _ in range(passages)]
    embedder, store = LocalEmbedder(), EmbeddedVectors(folder / FILE_NAME)
    begin = time.perf_counter()
    vectors = (await embedder.embed(texts, "passage")).vectors
    embedding = time.perf_counter() - begin
    begin = time.perf_counter()
    rows = [Passage(text, f"file {number // 10}", {"page": number % 10}) for number, text in enumerate(texts)]
    await index(store, embedder, "bench", rows)
    inserting = time.perf_counter() - begin
    matrix = np.asarray(vectors, dtype=np.float32)
    numbers = {text: number for number, text in enumerate(texts)}
    times, searches, filtered, hits = [], [], [], 0
    space = Space(embedder.provider, embedder.name, len(vectors[0]))
    for _ in range(queries):
        query = sentence(dice)
        begin = time.perf_counter()
        found = await find(store, embedder, "bench", query, limit=NEAREST)
        times.append(time.perf_counter() - begin)
        asked = (await embedder.embed([query], "query")).vectors[0]
        begin = time.perf_counter()
        await store.search("bench", space, asked, limit=NEAREST)
        searches.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        await store.search("bench", space, asked, limit=NEAREST, where={"page": 3})
        filtered.append(time.perf_counter() - begin)
        scores = matrix @ np.asarray(asked, dtype=np.float32)
        least = np.sort(scores)[-NEAREST] - 1e-5
        hits += sum(scores[numbers[passage.text]] >= least for passage in found.passages)
    await store.close()
    count = f"{passages:,} passages"
    return [
        Figure(f"{count}: embed on this machine", embedding, "s"),
        Figure(f"{count}: embed and store", inserting, "s"),
        Figure(f"{count}: question to passages, p50", statistics.median(times) * 1000, "ms"),
        Figure(f"{count}: question to passages, p95", statistics.quantiles(times, n=20)[-1] * 1000, "ms"),
        Figure(f"{count}: search alone, p50", statistics.median(searches) * 1000, "ms"),
        Figure(f"{count}: search with a filter, p50", statistics.median(filtered) * 1000, "ms"),
        Figure(f"{count}: recall of the nearest {NEAREST}", hits / (queries * NEAREST), "", "aim 0.95"),
    ]


def measure() -> list[Figure]:
    """All figures, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="flowstudio-bench-") as folder:
        return asyncio.run(figures(Path(folder)))


if __name__ == "__main__":
    show(measure())
