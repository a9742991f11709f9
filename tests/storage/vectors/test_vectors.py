"""Vector stores: the same promises on a file and on PostgreSQL."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from flowstudio.ai.documents import Passage
from flowstudio.ai.embedder import Embedded, Embedder, Purpose
from flowstudio.ai.embedders.local import LocalEmbedder
from flowstudio.ai.indexing import find, index, reindex
from flowstudio.ai.usage import Usage
from flowstudio.ai.vectors import Entry, Space, VectorStore
from flowstudio.config import Settings
from flowstudio.errors import NodeError
from flowstudio.storage.database import Database, database_url
from flowstudio.storage.vectors.embedded import FILE_NAME, EmbeddedVectors
from flowstudio.storage.vectors.postgres import PostgresVectors, has_pgvector

PASSAGES = [
    Passage("Refunds are paid within thirty days.", "terms.md", {"page": 1, "public": True}),
    Passage("The office in Lisbon opens at nine.", "office.md", {"page": 2, "public": True}),
    Passage("The headset charges in two hours.", "manual.md", {"page": 2, "public": False, "share": 0.5}),
]


class Counting(Embedder):
    """An embedder of another space that counts the texts it was given."""

    provider = "test"
    name = "letters"

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: list[str], purpose: Purpose) -> Embedded:  # type: ignore[override]  # tests give lists
        self.texts += texts
        return Embedded([unit([text.count(letter) + 0.1 for letter in "aeiou"]) for text in texts], Usage())


def unit(row: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in row))
    return [value / length for value in row]


@pytest_asyncio.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorStore]:
    if request.param == "file":
        opened = EmbeddedVectors(tmp_path / FILE_NAME)
        yield opened
        await opened.close()
        return
    url = request.getfixturevalue("postgres_database")
    database = Database(database_url(Settings(data_dir=tmp_path, database_url=url)), synchronous="normal")
    try:
        if not await has_pgvector(database):
            pytest.skip("this PostgreSQL comes without the extension pgvector")
        yield PostgresVectors(database)
    finally:
        await database.close()


async def sources(store: VectorStore, query: str, **options: object) -> list[str]:
    found = await find(store, LocalEmbedder(), "docs", query, limit=5, **options)  # type: ignore[arg-type]  # options vary
    return [passage.source for passage in found.passages]


async def test_the_passage_that_answers_is_found_first(store: VectorStore) -> None:
    await index(store, LocalEmbedder(), "docs", PASSAGES)
    found = await find(store, LocalEmbedder(), "docs", "How long does charging take?", limit=2)
    assert found.passages[0].source == "manual.md"
    best = found.passages[0]
    assert (best.text, best.metadata) == (PASSAGES[2].text, PASSAGES[2].metadata)
    assert best.score is not None
    assert 0 < best.score <= 1
    assert found.usage.input > 0
    assert len(found.passages) == 2


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"page": 2}, {"office.md", "manual.md"}),
        ({"page": "2"}, {"office.md", "manual.md"}),
        ({"page": [1, 7]}, {"terms.md"}),
        ({"public": True, "page": 2}, {"office.md"}),
        ({"source": ["terms.md", "manual.md"]}, {"terms.md", "manual.md"}),
        ({"share": 0.5}, {"manual.md"}),
        ({"page": 2.0, "share": 0.5}, {"manual.md"}),
        ({"nothing": "x"}, set()),
        ({"x') OR 1 --": "x"}, set()),
    ],
)
async def test_a_filter_leaves_only_what_meets_it(
    store: VectorStore, where: dict[str, object], expected: set[str]
) -> None:
    await index(store, LocalEmbedder(), "docs", PASSAGES)
    assert set(await sources(store, "anything", where=where)) == expected


async def test_what_is_not_near_enough_is_left_out(store: VectorStore) -> None:
    await index(store, LocalEmbedder(), "docs", PASSAGES)
    assert await sources(store, PASSAGES[0].text, threshold=0.99) == ["terms.md"]
    assert await sources(store, PASSAGES[0].text, threshold=-1) != ["terms.md"]


async def test_collections_survive_reopening(tmp_path: Path) -> None:
    first = EmbeddedVectors(tmp_path / FILE_NAME)
    await index(first, LocalEmbedder(), "docs", PASSAGES)
    await first.close()
    second = EmbeddedVectors(tmp_path / FILE_NAME)
    assert await sources(second, "When can I visit you in Lisbon?") != []
    there = await second.collection("docs")
    assert there is not None
    assert (there.passages, there.sources, there.space.provider) == (3, 3, "local")
    assert there.size > 3 * 4 * there.space.dimensions
    await second.close()


async def test_what_is_stored_is_not_embedded_again(store: VectorStore) -> None:
    embedder = Counting()
    await index(store, embedder, "docs", PASSAGES)
    changed = [Passage(p.text, p.source, {"page": 9}) for p in PASSAGES] + [Passage("New words.", "new.md")]
    indexed = await index(store, embedder, "docs", changed)
    assert embedder.texts == [p.text for p in PASSAGES] + ["New words."]
    assert (indexed.inserted.added, indexed.inserted.kept) == (1, 3)
    assert {passage.metadata.get("page") for passage in await everything(store)} == {9, None}


async def everything(store: VectorStore) -> list[Entry]:
    return await store.page("docs", "", 1000)


async def test_a_new_version_replaces_the_old_one_of_its_source_only(store: VectorStore) -> None:
    embedder = Counting()
    await index(store, embedder, "docs", [*PASSAGES, Passage("Old terms.", "terms.md")])
    indexed = await index(
        store, embedder, "docs", [PASSAGES[0], Passage("New terms.", "terms.md")], replace_sources=True
    )
    assert (indexed.inserted.added, indexed.inserted.kept, indexed.inserted.removed) == (1, 1, 1)
    assert {p.text for p in await everything(store)} == {*(p.text for p in PASSAGES), "New terms."}


async def test_a_text_that_repeats_counts_as_often(store: VectorStore) -> None:
    await index(store, Counting(), "docs", [Passage("Page header", "a.pdf", {"page": n}) for n in range(3)])
    assert sorted(entry.metadata["page"] for entry in await everything(store)) == [0, 1, 2]


async def test_another_embedder_is_refused_until_the_collection_is_re_indexed(store: VectorStore) -> None:
    await index(store, LocalEmbedder(), "docs", PASSAGES)
    for mixing in (
        index(store, Counting(), "docs", [Passage("More.", "more.md")]),
        find(store, Counting(), "docs", "office", limit=1),
    ):
        with pytest.raises(
            NodeError, match=r"'docs' was made with .*local/.* cannot be mixed .*test/letters"
        ):
            await mixing
    indexed = await reindex(store, Counting(), "docs")
    assert indexed.inserted.added == 3
    found = await find(store, Counting(), "docs", PASSAGES[1].text, limit=1)
    assert (found.passages[0].source, found.passages[0].metadata) == ("office.md", PASSAGES[1].metadata)
    assert [c.name for c in await store.collections()] == ["docs"]


class Failing(Counting):
    name = "failing"

    async def embed(self, texts: list[str], purpose: Purpose) -> Embedded:  # type: ignore[override]  # tests give lists
        raise NodeError("The provider is down.")


async def test_a_failed_re_indexing_leaves_the_collection_as_it_was(store: VectorStore) -> None:
    await index(store, Counting(), "docs", PASSAGES)
    with pytest.raises(NodeError, match="down"):
        await reindex(store, Failing(), "docs")
    assert [(c.name, c.passages, c.space.model) for c in await store.collections()] == [
        ("docs", 3, "letters")
    ]


async def test_what_is_inserted_while_re_indexing_is_not_lost(store: VectorStore) -> None:
    await index(store, LocalEmbedder(), "docs", PASSAGES)

    class Meanwhile(Counting):
        async def embed(self, texts: list[str], purpose: Purpose) -> Embedded:  # type: ignore[override]  # tests give lists
            if not self.texts:
                await index(store, LocalEmbedder(), "docs", [Passage("Late words.", "late.md")])
                await store.delete("docs", {"source": "terms.md"})
            return await super().embed(texts, purpose)

    await reindex(store, Meanwhile(), "docs")
    assert {entry.source for entry in await everything(store)} == {"office.md", "manual.md", "late.md"}


async def test_deleting_by_filter_by_source_and_all(store: VectorStore) -> None:
    await index(store, Counting(), "docs", PASSAGES)
    assert await store.delete("docs", {"page": 2, "public": False}) == 1
    assert await store.delete("docs", {"source": "terms.md"}) == 1
    assert [entry.source for entry in await everything(store)] == ["office.md"]
    assert await store.delete("docs", {}) == 1
    assert await store.drop("docs")
    assert not await store.drop("docs")
    assert await store.collections() == []


async def test_a_collection_that_is_not_there_is_named(store: VectorStore) -> None:
    for asking in (
        find(store, LocalEmbedder(), "docs", "x", limit=1),
        reindex(store, LocalEmbedder(), "docs"),
        store.delete("docs", {}),
    ):
        with pytest.raises(NodeError, match="no collection 'docs'"):
            await asking


async def test_concurrent_insertions_lose_nothing_and_double_nothing(store: VectorStore) -> None:
    batches = [
        [Passage(f"text {n} of batch {b}", f"{b}.md") for n in range(20)] + [Passage("shared", "shared.md")]
        for b in range(12)
    ]
    await asyncio.gather(*(index(store, Counting(), "docs", batch) for batch in batches))
    entries = await everything(store)
    assert {entry.text for entry in entries} == {p.text for batch in batches for p in batch}
    assert len(entries) == 12 * 20 + 1


async def test_a_search_finds_what_comparing_with_all_vectors_finds(store: VectorStore) -> None:
    dice = random.Random(7)
    rows = [unit([dice.gauss(0, 1) for _ in range(32)]) for _ in range(600)]
    space = Space("test", "random", 32)
    await store.insert("many", space, [Entry(f"{n:04}", "x", "s", {}, row) for n, row in enumerate(rows)])
    hits = 0
    for _ in range(20):
        asked = unit([dice.gauss(0, 1) for _ in range(32)])
        exact = sorted(range(600), key=lambda n: -sum(a * b for a, b in zip(rows[n], asked, strict=True)))[
            :10
        ]
        found = await store.search("many", space, asked, limit=10)
        hits += len({int(passage.id) for passage in found} & set(exact))
    assert hits / 200 >= 0.95


async def test_a_damaged_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"this is no database, for sure" * 100)
    store = EmbeddedVectors(path)
    with pytest.raises(NodeError, match="damaged"):
        await store.collections()


async def test_nothing_is_written_before_something_is_stored(tmp_path: Path) -> None:
    store = EmbeddedVectors(tmp_path / FILE_NAME)
    assert not await store.drop("docs")
    assert await store.collections() == []
    assert not (tmp_path / FILE_NAME).exists()
    await store.close()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
async def test_an_impossible_name_is_refused(store: VectorStore, name: str) -> None:
    with pytest.raises(NodeError, match="1 to 100 characters"):
        await index(store, Counting(), name, PASSAGES)
