"""Trying out expressions: what the editor shows below a field."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import chain, node

Store = Callable[[dict[str, Any]], str]

PEOPLE = [
    {
        "name": "Ada",
        "tags": ["a", "b"],
        "paid": True,
        "total": 12.25,
        "born": "1815-12-10",
        "deep": {"x y": [1, 2]},
    },
    {"name": "Bob", "tags": [], "paid": False, "total": -3, "born": "2001-01-01", "deep": {"x y": []}},
    {"name": "Zoë 🎈", "tags": ["c"], "paid": None, "total": 1e21, "born": "", "deep": {}},
]
EXPRESSIONS = [
    "={{ $json.name }}",
    "=Dear {{ $json.name }}, you owe {{ $json.total }}",
    "={{ $json.tags }}",
    "={{ $json.deep['x y'][1] }}",
    "={{ $json.missing.more }}",
    "={{ $itemIndex }}",
    "={{ $json.name.toUpperCase().split('').reverse().join('-') }}",
    "={{ $json.tags.first() ?? 'none' }}",
    "={{ $json.total.round(1) + 1 }}",
    "={{ $('People').item.json.name }}",
    "={{ $('Start').first().json }}",
    "={{ $input.all().map(row => row.json.total) }}",
    "={{ $node['People'].json.deep }}",
    "={{ $input.first().json.name + $input.last().json.name }}",
    "={{ $json.paid ? 'yes' : 'no' }}",
    "={{ $workflow.name }}/{{ $execution.mode }}/{{ $runIndex }}/{{ $prevNode.name }}",
    "={{ $jmespath($json, 'deep') }}",
    "={{ $json.born.isEmpty() ? 'unknown' : $json.born.toDateTime().plus(1, 'days').toFormat('yyyy-MM-dd') }}",
    "={{ $parameter.ignore_conversion_errors }}",
    "not an expression",
]


def people(*texts: str) -> dict[str, Any]:
    """A trigger, a node that gives three items, and one that sets fields to what the texts come to."""
    fields = [{"name": f"f{i}", "type": "object", "value": text} for i, text in enumerate(texts)]
    return chain(
        node("1", "manual-trigger", "Start"),
        node("2", "code", "People", language="javascript", code=f"return {json.dumps(PEOPLE)}"),
        node("3", "edit-fields", "Look", mode="manual", fields=fields, ignore_conversion_errors=True),
        name="People",
    )


def ask(client: httpx.Client, document: Any, *texts: str, **more: Any) -> httpx.Response:
    body = {"document": document, "node": "3", "texts": list(texts)} | more
    return client.post("/api/expressions/evaluate", json=body)


def told(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def complaint(answer: httpx.Response) -> tuple[str, str]:
    [result] = told(answer)["results"]
    return result["error"]["code"], result["error"]["message"]


@pytest.fixture(scope="module")
def run(server: Any) -> tuple[str, list[dict[str, Any]], dict[str, Any]]:
    """A real run of all expressions: its execution, the items that came out, and the document."""
    with server.client("owner") as client:
        document = people(*EXPRESSIONS)
        id_ = client.post("/api/workflows", json=document).json()["id"]
        execution = client.post(f"/api/workflows/{id_}/execute", json={}).json()["execution"]
        assert execution["status"] == "success", execution
        return execution["id"], execution["data"], document


@pytest.mark.parametrize("item", range(len(PEOPLE)))
def test_every_value_is_that_of_a_real_run(owner: httpx.Client, run: Any, item: int) -> None:
    execution, real, document = run
    answer = told(ask(owner, document, *EXPRESSIONS, execution_id=execution, item=item))
    shown = [result["value"] for result in answer["results"]]
    expected = [real[item].get(f"f{i}") for i in range(len(EXPRESSIONS))]
    assert dict(zip(EXPRESSIONS, shown, strict=True)) == dict(zip(EXPRESSIONS, expected, strict=True))
    assert (answer["items"], answer["item"], answer["origin"]) == (3, item, "execution")


def test_an_item_beyond_the_last_means_the_last(owner: httpx.Client, run: Any) -> None:
    execution, _, document = run
    answer = told(ask(owner, document, "={{ $json.name }}", execution_id=execution, item=99))
    assert (answer["item"], answer["results"]) == (2, [{"value": "Zoë 🎈"}])


def test_a_whole_number_may_be_written_with_a_point(owner: httpx.Client, run: Any) -> None:
    execution, _, document = run
    answer = told(ask(owner, document, "={{ $json.name }}", execution_id=execution, item=1.0))
    assert answer["results"] == [{"value": "Bob"}]


def test_a_mistake_disturbs_no_other_text(owner: httpx.Client, run: Any) -> None:
    execution, _, document = run
    texts = ("={{ $json.name. }}", "={{ $json.name }}", "={{ $('Nobody').item.json }}", "={{ 1 + 1 ")
    results = told(ask(owner, document, *texts, execution_id=execution))["results"]
    assert results[1] == {"value": "Ada"}
    assert "syntax" in results[0]["error"]["message"].lower()
    assert "There is no node 'Nobody'" in results[2]["error"]["message"]
    assert "never closed" in results[3]["error"]["message"]


def test_a_document_that_cannot_run_yet_can_be_looked_at(owner: httpx.Client, run: Any) -> None:
    execution, _, document = run
    broken = {
        **document,
        "nodes": [*document["nodes"], node("9", "http-request", "No address"), node("8", "unheard-of", "?")],
    }
    assert told(ask(owner, broken, "={{ $json.name }}", execution_id=execution))["results"] == [
        {"value": "Ada"}
    ]


def test_a_node_that_was_drawn_after_the_run_sees_its_data(owner: httpx.Client, run: Any) -> None:
    execution, _, document = run
    later = {
        **document,
        "nodes": [*document["nodes"], node("9", "edit-fields", "New")],
        "edges": [*document["edges"], {"source": "2", "target": "9"}],
    }
    answer = told(
        ask(
            owner, later, "={{ $('Look').isExecuted }}", "={{ $json.name }}", node="9", execution_id=execution
        )
    )
    assert [result["value"] for result in answer["results"]] == [True, "Ada"]


def test_pinned_items_stand_in(owner: httpx.Client, run: Any) -> None:
    execution, _, document = run
    nodes = [dict(entry, data=dict(entry["data"])) for entry in document["nodes"]]
    nodes[1]["data"]["pinned"] = [{"name": "Pin"}]
    pinned = {**document, "nodes": nodes}
    for more in ({}, {"execution_id": execution}):
        answer = told(ask(owner, pinned, "={{ $json.name }} of {{ $('People').first().json.name }}", **more))
        assert (answer["origin"], answer["results"]) == ("pinned", [{"value": "Pin of Pin"}])


def test_a_field_of_json_shows_the_json_that_a_run_writes(owner: httpx.Client) -> None:
    text = '={"a": {{ $json.tags }}, "b": {{ $json.none }}, "c": "{{ $json.none }}"}'
    document = chain(
        node("2", "manual-trigger", "Start"), node("3", "edit-fields", "Look", mode="json", json=text)
    )
    document["nodes"][0]["data"]["pinned"] = [{"tags": ["a", {"b": 1}], "none": None}]
    other = "=List: {{ $json.tags }}"
    shown = told(ask(owner, document, text, other))["results"]
    assert json.loads(shown[0]["value"]) == {"a": ["a", {"b": 1}], "b": None, "c": ""}
    assert shown[1]["value"].startswith("List: a,"), "elsewhere it is text as ever"


def test_without_data_the_answer_says_what_to_do(owner: httpx.Client) -> None:
    code, message = complaint(ask(owner, people(), "={{ $json.name }}"))
    assert code == "no_data"
    assert "Run the steps before" in message
    assert told(ask(owner, people(), "={{ 6 * 7 }}"))["results"] == [{"value": 42}]
    alone = people() | {"edges": []}
    assert "Nothing leads to this step" in complaint(ask(owner, alone, "={{ $json.name }}"))[1]
    assert "starts the workflow" in complaint(ask(owner, people(), "={{ $json.name }}", node="1"))[1]


def test_a_loop_shows_the_iteration_that_is_asked_for(owner: httpx.Client) -> None:
    document = {
        "name": "Loop",
        "nodes": [
            node("1", "manual-trigger", "Start"),
            node("2", "code", "People", language="javascript", code=f"return {json.dumps(PEOPLE)}"),
            node("loop", "loop-over-items", "Each", batch_size=1),
            node("3", "no-op", "Inside"),
        ],
        "edges": [
            {"source": "1", "target": "2"},
            {"source": "2", "target": "loop"},
            {"source": "loop", "target": "3", "sourceHandle": "loop"},
            {"source": "3", "target": "loop"},
        ],
    }
    id_ = owner.post("/api/workflows", json=document).json()["id"]
    execution = owner.post(f"/api/workflows/{id_}/execute", json={}).json()["execution"]["id"]
    last = told(ask(owner, document, "={{ $json.name }}", execution_id=execution))
    first = told(ask(owner, document, "={{ $json.name }}", execution_id=execution, scope=["loop:0"]))
    assert [last["results"], first["results"]] == [[{"value": "Zoë 🎈"}], [{"value": "Ada"}]]
    assert first["items"] == 1


def test_a_hanging_expression_is_given_up(owner: httpx.Client) -> None:
    began = time.monotonic()
    code, message = complaint(ask(owner, people(), "={{ (() => { while (true); })() }}"))
    assert code.startswith("code_timeout")
    assert message
    assert time.monotonic() - began < 20


def test_a_large_value_is_shown_in_part(owner: httpx.Client) -> None:
    [result] = told(
        ask(owner, people(), "={{ Array.from({length: 50000}, (_, i) => ({ i, text: 'x'.repeat(50) })) }}")
    )["results"]
    assert result["cut"] is True
    assert result["value"][0] == {"i": 0, "text": "x" * 50}
    assert len(json.dumps(result)) < 60_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"texts": ["=1"] * 51}, 400),
        ({"texts": ["=" + "x" * 20_001]}, 400),
        ({"item": -1}, 400),
        ({"node": "nobody"}, 404),
        ({"execution_id": "nobody"}, 404),
        ({"document": {"nodes": [{}]}}, 422),
        ({"document": 7}, 422),
        ({"secret": 1}, 400),
    ],
)
def test_what_cannot_be_answered_is_refused(owner: httpx.Client, body: dict[str, Any], status: int) -> None:
    answer = owner.post(
        "/api/expressions/evaluate", json={"document": people(), "node": "3", "texts": ["=1"]} | body
    )
    assert answer.status_code == status, answer.text


def test_expressions_see_no_credential(owner: httpx.Client) -> None:
    document = people()
    document["nodes"][2]["data"]["credentials"] = {"account": "does-not-exist"}
    results = told(ask(owner, document, "={{ $parameter }}", "={{ Object.keys($env) }}"))["results"]
    assert "does-not-exist" not in json.dumps(results)
    assert results[1] == {"value": []}
