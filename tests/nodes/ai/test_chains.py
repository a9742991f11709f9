"""Chains as nodes: where texts come from, where items go, what fails and how."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from flowstudio.ai.vectors import VectorStore
from flowstudio.engine.context import Host
from flowstudio.nodes.ai.texts import documents_of
from flowstudio.storage.vectors.embedded import EmbeddedVectors
from tests.nodes.driver import make_host, run_node, scripted


@pytest_asyncio.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    opened = EmbeddedVectors(tmp_path / "vectors.db")
    yield make_host(services={VectorStore: opened})
    await opened.close()


async def test_documents_of_the_trigger_are_answered_from() -> None:
    result = await run_node(
        "question-answer-chain",
        {"question": "How long do refunds take?"},
        [{"documents": ["Refunds take thirty days.", "We open at nine."]}],
        subs=scripted("Thirty days [1]."),
    )
    assert result.rows[0]["answer"] == "Thirty days [1]."
    assert [source["text"] for source in result.rows[0]["sources"]] == ["Refunds take thirty days."]
    (step,) = result.outcome.steps
    assert "[2] (document 2) We open at nine." in step["input"]["messages"][-1]["text"]
    assert result.outcome.usage == {"input_tokens": 10, "output_tokens": 5, "model_calls": 1}


async def test_a_collection_is_asked_and_its_passages_are_noted(host: Host) -> None:
    texts = [{"text": "Refunds take thirty days."}, {"text": "The office in Lisbon opens at nine."}]
    await run_node("vector-store-insert", {"collection": "terms"}, texts, host=host)
    subs = scripted("Thirty days [1].") | {
        "retriever": [
            {
                "type": "retriever-vector-store",
                "data": {"label": "Terms", "properties": {"collection": "terms", "limit": 1}},
            }
        ]
    }
    result = await run_node(
        "question-answer-chain", {}, [{"chatInput": "How long do refunds take?"}], host=host, subs=subs
    )
    assert [source["text"] for source in result.rows[0]["sources"]] == ["Refunds take thirty days."]
    kinds = [(step["kind"], step["name"], step["node"]) for step in result.outcome.steps]
    assert kinds == [("retriever", "Terms", "retriever 0"), ("model", "scripted", "model 0")]


async def test_long_documents_are_read_part_by_part() -> None:
    documents = [f"Fact {n}: " + "word " * 150 for n in range(3)]
    result = await run_node(
        "question-answer-chain",
        {"question": "?", "fit": 200},
        [{"documents": documents}],
        subs=scripted("a [1]", "b [2]", "c [3]", "All [1, 3]."),
    )
    assert [source["number"] for source in result.rows[0]["sources"]] == [1, 3]
    assert result.outcome.usage["model_calls"] == 4


@pytest.mark.parametrize(
    ("type_", "properties", "item", "words"),
    [
        ("question-answer-chain", {}, {"documents": ["x"]}, "There is no question"),
        ("question-answer-chain", {"question": "?"}, {}, "There are no documents"),
        ("summarization-chain", {}, {}, "nothing to sum up"),
        ("information-extractor", {}, {"text": "x"}, "at least one field"),
        ("information-extractor", {"by": "schema"}, {"text": "x"}, "Give an object"),
        ("text-classifier", {}, {"text": "x"}, "at least one category"),
        ("text-classifier", {"categories": [{"name": "A"}, {"name": "A"}]}, {"text": "x"}, "each only once"),
        ("sentiment-analysis", {"categories": " , "}, {"text": "x"}, "at least one mood"),
        ("sentiment-analysis", {}, {}, "There is no text"),
    ],
)
async def test_what_is_missing_is_said(type_: str, properties: Any, item: Any, words: str) -> None:
    result = await run_node(type_, properties, [item], subs=scripted())
    assert words in result.error


async def test_an_extraction_that_stays_wrong_fails() -> None:
    fields = [{"name": "amount", "kind": "number", "required": True}]
    result = await run_node(
        "information-extractor",
        {"fields": fields},
        [{"text": "Ten euros"}],
        subs=scripted('{"amount": "ten"}', '{"amount": null}'),
    )
    assert "does not have the form that was asked for" in result.error


async def test_an_item_of_several_categories_goes_to_each_of_them() -> None:
    result = await run_node(
        "text-classifier",
        {"categories": [{"name": "A"}, {"name": "B"}, {"name": "C"}], "several": True},
        [{"text": "x"}],
        subs=scripted('{"categories": ["C", "A"]}'),
    )
    assert result.ports == {"0": [{"text": "x"}], "2": [{"text": "x"}]}


async def test_a_category_that_does_not_exist_is_asked_for_again() -> None:
    result = await run_node(
        "text-classifier",
        {"categories": [{"name": "A"}, {"name": "B"}]},
        [{"text": "x"}],
        subs=scripted('{"categories": ["Z"]}', '{"categories": ["B"]}'),
    )
    assert result.ports == {"1": [{"text": "x"}]}


def test_documents_are_read_from_whatever_form_they_have() -> None:
    found = documents_of(
        [
            "plain",
            {"text": "a", "source": "a.txt"},
            {"pageContent": "b", "metadata": {"title": "B"}},
            {"json": {"text": "c"}},
            None,
            {"n": 1},
        ]
    )
    assert [(d.text, d.source) for d in found] == [
        ("plain", "document 1"),
        ("a", "a.txt"),
        ("b", "B"),
        ("c", "document 4"),
        ('{"n": 1}', "document 5"),
    ]
