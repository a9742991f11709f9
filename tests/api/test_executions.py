from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import chain, greeting, node, sleeper

Store = Callable[[dict[str, Any]], str]


def failing() -> dict[str, Any]:
    """A node that fails after one that works."""
    code = "if items[0]['json'].get('fail', True):\n    raise ValueError('no good')\nreturn items"
    return chain(
        node("1", "manual-trigger", "Start"),
        node("2", "edit-fields", "Set", mode="manual", fields=[{"name": "n", "type": "number", "value": 7}]),
        node("3", "code", "Break", language="python", mode="all-items", code=code),
        name="Failing",
    )


def waiting() -> dict[str, Any]:
    """An execution that sleeps for an hour."""
    return chain(
        node("1", "manual-trigger", "Start"),
        node("2", "wait", "Sleep", resume="after_time", amount=1, unit="hours"),
        name="Waiting",
    )


def execute(client: httpx.Client, id_: str, **body: Any) -> httpx.Response:
    return client.post(f"/api/workflows/{id_}/execute", json=body)


def test_an_execution_answers_when_it_has_finished(owner: httpx.Client, stored: Store) -> None:
    answer = execute(owner, stored(greeting()), trigger_data={"name": "Ada"})
    assert answer.status_code == 200
    execution = answer.json()["execution"]
    assert (execution["status"], execution["mode"], execution["error"]) == ("success", "api", None)
    assert execution["data"] == [{"text": "Hello Ada"}]
    assert {state["label"]: state["status"] for state in execution["node_states"].values()} == {
        "Start": "success",
        "Greet": "success",
    }
    assert execution["node_states"]["2"]["items"] == {"main": 1}
    assert execution["node_states"]["2"]["milliseconds"] >= 0
    assert execution["started_at"] <= execution["finished_at"]


@pytest.mark.parametrize("content", [b"", b"{}", b"null"])
def test_an_execution_needs_no_body(owner: httpx.Client, stored: Store, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = owner.post(f"/api/workflows/{stored(greeting())}/execute/", content=content, headers=headers)
    assert answer.json()["execution"]["status"] == "success"


def test_a_list_of_trigger_data_becomes_items(owner: httpx.Client, stored: Store) -> None:
    answer = execute(owner, stored(greeting()), trigger_data=[{"name": "Ada"}, {"name": "Bob"}])
    assert answer.json()["execution"]["data"] == [{"text": "Hello Ada"}, {"text": "Hello Bob"}]


def test_data_that_the_fast_writer_refuses_comes_back(owner: httpx.Client, stored: Store) -> None:
    code = "return [{'big': 2**70, 'deep': [[[1]]]}]"
    document = chain(
        node("1", "manual-trigger"), node("2", "code", language="python", mode="all-items", code=code)
    )
    answer = execute(owner, stored(document))
    assert answer.json()["execution"]["data"][0]["deep"] == [[[1]]]


def test_who_does_not_wait_gets_the_id_at_once(owner: httpx.Client, stored: Store) -> None:
    answer = execute(owner, stored(waiting()), wait=False)
    assert answer.status_code == 202
    id_ = answer.json()["execution"]["id"]
    assert owner.get(f"/api/executions/{id_}").json()["execution"]["id"] == id_
    owner.post(f"/api/executions/{id_}/cancel")


def test_who_waits_too_long_gets_the_id_and_the_execution_goes_on(owner: httpx.Client, stored: Store) -> None:
    answer = execute(owner, stored(waiting()), timeout=0.05)
    assert answer.status_code == 202
    execution = answer.json()["execution"]
    assert execution["status"] in ("running", "waiting")
    owner.post(f"/api/executions/{execution['id']}/cancel")


def test_a_failed_execution_names_the_node_and_the_reason(owner: httpx.Client, stored: Store) -> None:
    execution = execute(owner, stored(failing())).json()["execution"]
    assert execution["status"] == "error"
    assert execution["error"]["node"] == "3"
    assert "no good" in execution["error"]["message"]
    assert execution["node_states"]["2"]["status"] == "success"
    assert "no good" in execution["node_states"]["3"]["error"]["message"]


def test_an_unknown_trigger_or_node_is_named(owner: httpx.Client, stored: Store) -> None:
    id_ = stored(greeting())
    for body in ({"trigger_node": "Nowhere"}, {"until": "Nowhere"}):
        answer = execute(owner, id_, **body)
        assert answer.status_code == 404
        assert "Nowhere" in answer.json()["error"]["message"]


def test_an_execution_runs_no_further_than_asked(owner: httpx.Client, stored: Store) -> None:
    execution = execute(owner, stored(failing()), until="2").json()["execution"]
    assert execution["status"] == "success"
    assert execution["data"] == [{"n": 7}]


def test_what_stands_behind_a_node_may_be_unfinished_while_it_is_tried(
    owner: httpx.Client, stored: Store
) -> None:
    document = greeting()
    last = document["nodes"][-1]["id"]
    document["nodes"].append({"id": "new", "type": "filter", "data": {"label": "Which ones?"}})
    document["edges"].append({"source": last, "target": "new"})
    id_ = stored(document)
    assert execute(owner, id_).status_code == 409
    assert execute(owner, id_, until=last).json()["execution"]["status"] == "success"
    tried = owner.post(f"/api/workflows/{id_}/execute_node", json={"node_id": last})
    assert tried.json()["execution"]["status"] == "success"
    refused = owner.post(f"/api/workflows/{id_}/execute_node", json={"node_id": "new"})
    assert "Which ones?" in refused.json()["error"]["message"]


@pytest.mark.parametrize("document", [sleeper(30), waiting()], ids=["running", "waiting"])
def test_an_execution_is_cancelled_for_good(
    owner: httpx.Client, stored: Store, document: dict[str, Any]
) -> None:
    id_ = execute(owner, stored(document), wait=False).json()["execution"]["id"]
    cancelled = owner.post(f"/api/executions/{id_}/cancel")
    assert cancelled.status_code == 200
    assert cancelled.json()["execution"]["status"] == "cancelled"
    again = owner.post(f"/api/executions/{id_}/cancel/")
    assert again.status_code == 409
    assert "cancelled" in again.json()["error"]["message"]


def test_a_running_execution_is_not_deleted_or_retried(owner: httpx.Client, stored: Store) -> None:
    id_ = execute(owner, stored(waiting()), wait=False).json()["execution"]["id"]
    assert owner.delete(f"/api/executions/{id_}").status_code == 409
    assert owner.post("/api/executions/delete", json={"ids": [id_]}).status_code == 409
    assert owner.post(f"/api/executions/{id_}/retry").status_code == 409
    owner.post(f"/api/executions/{id_}/cancel")
    assert owner.delete(f"/api/executions/{id_}").status_code == 204
    assert owner.get(f"/api/executions/{id_}").status_code == 404


def test_a_retry_goes_on_from_the_node_that_failed(owner: httpx.Client, stored: Store) -> None:
    workflow = stored(failing())
    failed = execute(owner, workflow).json()["execution"]
    mended = failing()
    mended["nodes"][2]["data"]["properties"]["code"] = "return [{'mended': items[0]['json']['n']}]"
    owner.put(f"/api/workflows/{workflow}", json=mended)
    as_it_was = owner.post(f"/api/executions/{failed['id']}/retry")
    assert as_it_was.status_code == 202
    current = owner.post(f"/api/executions/{failed['id']}/retry", json={"version": "current"})
    for answer, status in ((as_it_was, "error"), (current, "success")):
        execution = finished(owner, answer.json()["execution"]["id"])
        assert (execution["status"], execution["retry_of"], execution["mode"]) == (
            status,
            failed["id"],
            "retry",
        )
    mended_id = current.json()["execution"]["id"]
    data = owner.get(f"/api/executions/{mended_id}/nodes/3").json()["outputs"]["main"]["items"]
    assert data == [{"json": {"mended": 7}}]


def finished(client: httpx.Client, id_: str) -> dict[str, Any]:
    """The execution once it is final: its events end then."""
    with client.stream("GET", f"/api/executions/{id_}/events") as events:
        events.read()
    execution: dict[str, Any] = client.get(f"/api/executions/{id_}").json()["execution"]
    return execution


def test_one_node_runs_on_given_items(owner: httpx.Client, stored: Store) -> None:
    path = f"/api/workflows/{stored(greeting())}/execute_node"
    for data in ([{"name": "Ada"}], {"main": [{"name": "Ada"}]}):
        answer = owner.post(path, json={"node_id": "2", "input_data": data})
        assert answer.status_code == 200, answer.text
        assert answer.json()["outputs"] == {"main": [{"text": "Hello Ada"}]}


def test_one_node_runs_on_what_it_was_fed_before(owner: httpx.Client, stored: Store) -> None:
    workflow = stored(greeting())
    before = execute(owner, workflow, trigger_data={"name": "Bob"}).json()["execution"]["id"]
    body = {"node_id": "2", "execution_id": before}
    answer = owner.post(f"/api/workflows/{workflow}/execute_node", json=body)
    assert answer.json()["outputs"] == {"main": [{"text": "Hello Bob"}]}


def test_one_node_that_does_not_exist_is_named(owner: httpx.Client, stored: Store) -> None:
    answer = owner.post(f"/api/workflows/{stored(greeting())}/execute_node", json={"node_id": "nine"})
    assert answer.status_code == 404
    assert "nine" in answer.json()["error"]["message"]


def test_lists_are_filtered_and_come_in_pages(owner: httpx.Client, stored: Store) -> None:
    good, bad = stored(greeting()), stored(failing())
    made = [execute(owner, good).json()["execution"]["id"] for _ in range(3)]
    failed = execute(owner, bad).json()["execution"]["id"]
    listed = owner.get(f"/api/workflows/{good}/executions", params={"limit": 2}).json()
    assert [entry["id"] for entry in listed["items"]] == made[:0:-1]
    rest = owner.get(
        f"/api/workflows/{good}/executions", params={"limit": 2, "cursor": listed["next_cursor"]}
    ).json()
    assert [entry["id"] for entry in rest["items"]] == made[:1]
    errors = owner.get("/api/executions", params={"workflow_id": bad, "status": "error"}).json()["items"]
    assert [entry["id"] for entry in errors] == [failed]
    assert (
        owner.get("/api/executions", params={"workflow_id": bad, "status": "success"}).json()["items"] == []
    )
    assert owner.get("/api/executions", params={"workflow_id": bad, "mode": "webhook"}).json()["items"] == []
    since = {"workflow_id": good, "since": "2100-01-01T00:00:00Z"}
    assert owner.get("/api/executions", params=since).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "culprit"),
    [
        ({"status": "odd"}, "status"),
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-01-01T00:00:00"}, "until"),
    ],
)
def test_a_wrong_filter_is_named(owner: httpx.Client, query: dict[str, str], culprit: str) -> None:
    answer = owner.get("/api/executions", params=query)
    assert answer.status_code == 400
    assert culprit in answer.json()["error"]["message"]


def test_an_execution_keeps_the_document_that_ran(owner: httpx.Client, stored: Store) -> None:
    workflow = stored(greeting())
    id_ = execute(owner, workflow).json()["execution"]["id"]
    owner.put(f"/api/workflows/{workflow}", json=greeting() | {"name": "Changed"})
    execution = owner.get(f"/api/executions/{id_}/").json()["execution"]
    assert execution["document"]["name"] == "Greeting"
    assert execution["ports"] == {}


def test_a_nodes_items_come_in_pages(owner: httpx.Client, stored: Store) -> None:
    rows = [{"name": str(n)} for n in range(25)]
    id_ = execute(owner, stored(greeting()), trigger_data=rows).json()["execution"]["id"]
    path = f"/api/executions/{id_}/nodes/2"
    page = owner.get(path, params={"offset": 10, "limit": 2}).json()
    assert page["outputs"]["main"] == {
        "items": [{"json": {"text": "Hello 10"}}, {"json": {"text": "Hello 11"}}],
        "total": 25,
    }
    assert page["inputs"]["main"]["total"] == 25
    assert page["inputs"]["main"]["items"][0] == {"json": {"name": "10"}}
    assert [(run["status"], run["attempt"], run["scope"]) for run in page["runs"]] == [("success", 1, [])]
    assert owner.get(path, params={"scope": "[]"}).status_code == 200
    assert owner.get(path, params={"port": "other"}).json()["outputs"] == {}
    assert owner.get(path, params={"scope": "{"}).status_code == 400
    assert owner.get(f"/api/executions/{id_}/nodes/nine").status_code == 404


def test_the_run_log_comes_in_parts(owner: httpx.Client, stored: Store) -> None:
    id_ = execute(owner, stored(greeting())).json()["execution"]["id"]
    first = owner.get(f"/api/executions/{id_}/runs", params={"limit": 1}).json()
    assert (first["more"], first["labels"], first["children"]) == (True, {"1": "Start", "2": "Greet"}, [])
    rest = owner.get(f"/api/executions/{id_}/runs", params={"after": first["position"]}).json()
    assert [(run["node"], run["received"], run["printed"]) for run in rest["runs"]] == [("2", 1, False)]
    assert rest["more"] is False
    assert owner.get(f"/api/executions/{id_}/runs", params={"after": "one"}).status_code == 400
    assert owner.get("/api/executions/nine/runs").status_code == 404


def test_executions_are_counted_by_status(owner: httpx.Client, stored: Store) -> None:
    good, bad = stored(greeting()), stored(failing())
    for workflow in (good, good, bad):
        execute(owner, workflow)
    totals = owner.get("/api/executions/totals", params={"workflow_id": good}).json()
    assert (totals["success"], totals["error"], totals["queued"]) == (2, 0, 0)
    assert owner.get("/api/executions/totals", params={"workflow_id": bad}).json()["error"] == 1
    later = {"workflow_id": good, "since": "2100-01-01T00:00:00Z"}
    assert set(owner.get("/api/executions/totals", params=later).json().values()) == {0}
    assert owner.get("/api/executions/totals", params={"mode": "odd"}).status_code == 400


def test_many_executions_are_deleted_at_once(owner: httpx.Client, stored: Store) -> None:
    workflow = stored(greeting())
    ids = [execute(owner, workflow).json()["execution"]["id"] for _ in range(3)]
    assert owner.post("/api/executions/delete", json={"ids": ids}).json() == {"deleted": 3}
    assert owner.get(f"/api/workflows/{workflow}/executions").json()["items"] == []
    assert owner.post("/api/executions/delete", json={"ids": []}).status_code == 400


def test_the_example_runs_on_the_sample_data(owner: httpx.Client) -> None:
    answer = execute(owner, "example-order-triage")
    execution = answer.json()["execution"]
    assert execution["status"] == "success", execution["error"]
    assert execution["data"]


PRINTING = chain(
    node("1", "manual-trigger", "Start"),
    node(
        "2",
        "code",
        "Say",
        language="python",
        mode="all-items",
        code="print('dear readers')\nreturn items * 2",
    ),
    node("3", "http-request", "Ask", url="={{ $json.server }}/prices"),
    name="Price / letters",
)


def test_the_run_log_is_a_file_to_read_and_one_for_programs(owner: httpx.Client, stored: Store) -> None:
    trigger = {"server": "http://192.0.2.1"}
    answer = execute(owner, stored(PRINTING), trigger_data=trigger).json()["execution"]
    path = f"/api/executions/{answer['id']}/log"
    text = owner.get(path)
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.headers["content-disposition"].startswith('attachment; filename="letters 20')
    assert text.text.startswith(f"Price / letters: error\nExecution {answer['id']}, api\n")
    assert "Say succeeded in " in text.text
    assert ", 2 items\n           printed:\n             dear readers\n" in text.text
    assert "Ask failed in " in text.text
    rows = [json.loads(line) for line in owner.get(path, params={"format": "json"}).text.splitlines()]
    assert rows[0]["execution"]["status"] == "error"
    assert [(row["run"]["label"], row["run"]["status"]) for row in rows[1:]] == [
        ("Start", "success"),
        ("Say", "success"),
        ("Ask", "error"),
    ]
    assert rows[2]["run"]["stdout"] == "dear readers\n"
    assert owner.get("/api/executions/none/log").status_code == 404
    assert owner.get(path, params={"format": "pdf"}).status_code == 400


def test_the_file_of_a_run_that_goes_on_holds_what_has_happened(owner: httpx.Client, stored: Store) -> None:
    id_ = execute(owner, stored(waiting()), wait=False).json()["execution"]["id"]
    while owner.get(f"/api/executions/{id_}").json()["execution"]["status"] != "waiting":
        pass
    text = owner.get(f"/api/executions/{id_}/log").text
    assert "finished not yet" in text
    assert "Sleep waits" in text
    owner.post(f"/api/executions/{id_}/cancel")
