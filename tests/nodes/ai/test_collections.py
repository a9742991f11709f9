"""Documents into collections and out again, by the nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio

from flowstudio.ai.vectors import VectorStore
from flowstudio.engine.context import Context, Host
from flowstudio.engine.item import Binary, Item
from flowstudio.errors import NodeError
from flowstudio.nodes.ai.retriever_vector_store import RetrieverVectorStore
from flowstudio.nodes.ai.tool_vector_store import ToolVectorStore
from flowstudio.storage.vectors.embedded import EmbeddedVectors
from tests.nodes.driver import make_host, run_node

TEXTS = [
    {"text": "Refunds are paid within thirty days.", "source": "terms.md", "metadata": {"page": 1}},
    {"text": "The office in Lisbon opens at nine.", "source": "office.md", "metadata": {"page": 2}},
    {"text": "The headset charges in two hours.", "source": "manual.md", "metadata": {"page": 2}},
]


class Files:
    """Files by their digest."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    async def put(self, data: bytes, *, mime_type: str, file_name: str) -> Binary:
        raise AssertionError("no file is stored here")

    async def get(self, binary: Binary) -> bytes:
        return self.files[binary.digest]


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedVectors]:
    opened = EmbeddedVectors(tmp_path / "vectors.db")
    yield opened
    await opened.close()


@pytest.fixture
def host(store: EmbeddedVectors) -> Host:
    return make_host(services={VectorStore: store})


def context(host: Host) -> tuple[Context, list[dict[str, float]]]:
    spent: list[dict[str, float]] = []
    found = SimpleNamespace(use=lambda service: host.services[service], spend=spent.append)
    return cast("Context", found), spent


async def test_what_was_inserted_is_searched_filtered_and_deleted(host: Host) -> None:
    inserted = await run_node("vector-store-insert", {"collection": "docs"}, TEXTS, host=host)
    assert inserted.rows == [{"collection": "docs", "added": 3, "kept": 0, "removed": 0}]
    asked = {"collection": "docs", "query": "How long does charging take?", "limit": 2}
    found = await run_node("vector-store-search", asked, host=host)
    assert [row["source"] for row in found.rows][:1] == ["manual.md"]
    assert found.rows[0]["metadata"] == {"page": 2}
    filtered = await run_node(
        "vector-store-search", {**asked, "where": {"page": 1}, "give": "list"}, [{"id": 7}], host=host
    )
    assert filtered.rows[0]["id"] == 7
    assert [row["source"] for row in filtered.rows[0]["passages"]] == ["terms.md"]
    deleted = await run_node("vector-store-delete", {"collection": "docs", "where": {"page": "2"}}, host=host)
    assert deleted.rows == [{"collection": "docs", "deleted": 2}]
    left = await run_node("vector-store-search", {**asked, "threshold": -1}, host=host)
    assert [row["source"] for row in left.rows] == ["terms.md"]


async def test_a_changed_file_leaves_nothing_old_behind_unless_it_is_told_to(
    host: Host, store: EmbeddedVectors
) -> None:
    await run_node("vector-store-insert", {"collection": "docs"}, TEXTS, host=host)
    changed = [{"text": "Refunds are paid within ten days.", "source": "terms.md"}]
    kept = await run_node("vector-store-insert", {"collection": "docs", "replace": False}, changed, host=host)
    assert kept.rows[0]["removed"] == 0
    replaced = await run_node("vector-store-insert", {"collection": "docs"}, changed, host=host)
    assert replaced.rows == [{"collection": "docs", "added": 0, "kept": 1, "removed": 1}]
    assert {entry.text for entry in await store.page("docs", "", 10)} == {
        changed[0]["text"],
        TEXTS[1]["text"],
        TEXTS[2]["text"],
    }


async def test_a_long_text_is_split_as_it_is_stored(host: Host, store: EmbeddedVectors) -> None:
    text = "\n\n".join(f"Paragraph {number} has a few words of its own." for number in range(40))
    await run_node("vector-store-insert", {"collection": "docs", "size": 40}, [{"text": text}], host=host)
    entries = await store.page("docs", "", 100)
    assert len(entries) > 8
    assert {entry.metadata["part"] for entry in entries} == set(range(1, len(entries) + 1))


async def test_an_item_without_text_is_named(host: Host) -> None:
    result = await run_node(
        "vector-store-insert", {"collection": "docs"}, [TEXTS[0], {"body": "x"}], host=host
    )
    assert result.error == "An item has no text in 'text'; name the field that holds it."


async def test_re_indexing_says_what_it_did(host: Host) -> None:
    await run_node("vector-store-insert", {"collection": "docs"}, TEXTS, host=host)
    result = await run_node("vector-store-reindex", {"collection": "docs"}, host=host)
    assert (result.rows[0]["passages"], result.rows[0]["embedder"].split("/")[0]) == (3, "local")


async def test_files_become_items_with_their_source() -> None:
    host = make_host(binaries=Files(one=b"# Terms\n\nWords.", two=b"name,city\nAda,London\nBob,Paris\n"))
    item = Item(
        {},
        {
            "data": Binary("one", "text/markdown", "terms.md", 16),
            "table": Binary("two", "text/csv", "people.csv", 30),
        },
    )
    result = await run_node("load-documents", {}, [item], host=host)
    assert [(row["source"], row["text"]) for row in result.rows] == [
        ("terms.md", "# Terms\n\nWords."),
        ("people.csv", "name: Ada\ncity: London"),
        ("people.csv", "name: Bob\ncity: Paris"),
    ]
    missing = await run_node("load-documents", {"files": "photo"}, [item], host=host)
    assert missing.error == "The item has no file 'photo'; its files are: data, table."
    nothing = await run_node("load-documents", {}, [{}], host=host)
    assert nothing.error.startswith("The item has no file; put a node before this one")


async def test_several_texts_are_numbered() -> None:
    result = await run_node("load-documents", {"take": "text", "text": ["one", "two"]})
    assert [(row["source"], row["text"]) for row in result.rows] == [("text 1", "one"), ("text 2", "two")]


async def test_a_retriever_finds_passages_and_counts_tokens(host: Host) -> None:
    await run_node("vector-store-insert", {"collection": "docs"}, TEXTS, host=host)
    ctx, spent = context(host)
    retriever = RetrieverVectorStore(collection="docs", limit=2).retriever(ctx)
    found = await retriever.retrieve("When does the office open?")
    assert found[0].source == "office.md"
    assert len(found) == 2
    assert len(await retriever.retrieve("When does the office open?", 1)) == 1
    assert spent
    assert spent[0]["input_tokens"] > 0


async def test_a_tool_gives_a_model_passages_with_their_sources(host: Host) -> None:
    await run_node("vector-store-insert", {"collection": "docs"}, TEXTS, host=host)
    ctx, _ = context(host)
    node = ToolVectorStore(source=RetrieverVectorStore(collection="docs", limit=1), name="look up!")
    (tool,) = await node.tools(ctx)
    assert tool.spec.name == "look_up_"
    answer: Any = await tool.call({"query": "How fast are refunds?"})
    assert [row["source"] for row in answer] == ["terms.md"]
    nothing = ToolVectorStore(source=RetrieverVectorStore(collection="docs", threshold=1))
    assert (
        await (await nothing.tools(ctx))[0].call({"query": "unrelated"}) == "No passage has to do with that."
    )
    with pytest.raises(NodeError, match="query is empty"):
        await tool.call({})
