from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import Server, chain, greeting, node

Store = Callable[[dict[str, Any]], str]


def test_a_workflow_is_stored_read_changed_and_deleted(owner: httpx.Client) -> None:
    made = owner.post("/api/workflows", json=greeting(tags=["hello"]))
    assert made.status_code == 201
    workflow = made.json()
    assert made.headers["location"] == f"/api/workflows/{workflow['id']}"
    assert (workflow["name"], workflow["version"], workflow["active"]) == ("Greeting", 1, False)
    assert workflow["tags"] == ["hello"]
    assert workflow["problems"] == []
    path = made.headers["location"]
    read = owner.get(path)
    assert read.json() == workflow
    assert read.headers["etag"] == '"1"'
    changed = owner.put(path, json=greeting() | {"name": "Renamed"})
    assert (changed.json()["name"], changed.json()["version"]) == ("Renamed", 2)
    assert owner.delete(path).status_code == 204
    assert owner.get(path).status_code == 404
    assert owner.delete(path).status_code == 404


def test_a_document_as_bare_as_a_canvas_makes_it_is_accepted(owner: httpx.Client, stored: Store) -> None:
    bare = {"nodes": [{"id": "1", "type": "manual-trigger", "data": {"properties": {}}}], "edges": []}
    assert (
        owner.get(f"/api/workflows/{stored(bare)}").json()["document"]["nodes"][0]["type"] == "manual-trigger"
    )


def test_a_change_of_an_outdated_version_is_refused(owner: httpx.Client, stored: Store) -> None:
    path = f"/api/workflows/{stored(greeting())}"
    first = owner.put(path, json=greeting() | {"name": "First"}, headers={"If-Match": "1"})
    assert first.status_code == 200
    second = owner.put(path, json=greeting() | {"name": "Second"}, headers={"If-Match": '"1"'})
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "conflict"
    assert second.json()["error"]["detail"] == {"version": 2}
    assert owner.get(path).json()["name"] == "First"
    third = owner.put(path, json=greeting() | {"name": "Third"}, headers={"If-Match": first.headers["etag"]})
    assert third.json()["version"] == 3


def test_a_wrong_if_match_is_refused(owner: httpx.Client, stored: Store) -> None:
    answer = owner.put(
        f"/api/workflows/{stored(greeting())}", json=greeting(), headers={"If-Match": "newest"}
    )
    assert answer.status_code == 400
    assert "If-Match" in answer.json()["error"]["message"]


def test_a_draft_that_cannot_run_is_stored_with_its_problems(owner: httpx.Client, stored: Store) -> None:
    document = chain(node("1", "manual-trigger"), node("2", "no-such-type"))
    path = f"/api/workflows/{stored(document)}"
    [problem] = owner.get(path).json()["problems"]
    assert (problem["severity"], problem["node"]) == ("error", "2")
    assert "no-such-type" in problem["message"]
    refused = owner.post(f"{path}/execute")
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "invalid_workflow"
    assert refused.json()["error"]["detail"][0]["node"] == "2"


def test_the_list_shows_what_a_person_wants_to_know(owner: httpx.Client, stored: Store) -> None:
    id_ = stored(greeting(tags=["lists"]) | {"name": "Shown in lists"})
    owner.post(f"/api/workflows/{id_}/execute", json={"trigger_data": {"name": "Ada"}})
    [summary] = owner.get("/api/workflows", params={"tag": "lists"}).json()["items"]
    assert (summary["id"], summary["nodes"], summary["triggers"]) == (id_, 2, ["manual-trigger"])
    assert summary["last_execution"]["status"] == "success"
    found = owner.get("/api/workflows", params={"search": "shown IN"}).json()["items"]
    assert [entry["id"] for entry in found] == [id_]
    assert owner.get("/api/workflows", params={"tag": "lists", "active": True}).json()["items"] == []


def test_the_list_comes_in_pages(owner: httpx.Client, stored: Store) -> None:
    made = [stored(greeting(tags=["pages"])) for _ in range(5)]
    seen: list[str] = []
    query: dict[str, str | int] = {"tag": "pages", "limit": 2}
    while page := owner.get("/api/workflows", params=query).json():
        seen += [entry["id"] for entry in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == made[::-1]


def test_earlier_versions_can_be_read_and_restored(owner: httpx.Client, stored: Store) -> None:
    path = f"/api/workflows/{stored(greeting())}"
    owner.put(path, json=greeting() | {"name": "Second"})
    history = owner.get(f"{path}/versions").json()["items"]
    assert [entry["number"] for entry in history] == [2, 1]
    assert all(entry["author"] for entry in history)
    assert owner.get(f"{path}/versions/1").json()["document"]["name"] == "Greeting"
    restored = owner.post(f"{path}/versions/1/restore").json()
    assert (restored["name"], restored["version"]) == ("Greeting", 3)
    assert owner.get(f"{path}/versions/9").status_code == 404
    assert owner.get(f"{path}/versions/zero").status_code == 400


def test_a_version_is_named_compared_and_published(owner: httpx.Client, stored: Store) -> None:
    path = f"/api/workflows/{stored(greeting())}"
    fresh = owner.get(path).json()
    assert (fresh["published_version"], fresh["has_unpublished"]) == (None, True)
    published = owner.post(f"{path}/publish", json={"note": "First"}).json()
    assert (published["published_version"], published["has_unpublished"]) == (1, False)
    rename = {"kind": "set", "node": "2", "path": ["label"], "value": "Say hello"}
    edits = {"client": "tab", "batches": [{"id": "b", "operations": [rename]}]}
    assert owner.post(f"{path}/operations", json=edits).json()["version"] == 2
    named = owner.patch(f"{path}/versions/2", json={"note": "Friendlier"}).json()
    assert (named["note"], named["published"], named["current"]) == ("Friendlier", False, True)
    entries = owner.get(f"{path}/versions").json()["items"]
    assert [(e["number"], e["note"], e["published"], e["current"], e["author_name"]) for e in entries] == [
        (2, "Friendlier", False, True, "Owner"),
        (1, "First", True, False, "Owner"),
    ]
    difference = owner.get(f"{path}/versions/1/diff/").json()
    assert difference["nodes"]["changed"] == [
        {
            "id": "2",
            "label": "Say hello",
            "type": "edit-fields",
            "changes": [{"path": "label", "before": "Greet", "after": "Say hello"}],
        }
    ]
    assert (
        owner.get(f"{path}/versions/2/diff", params={"to": 1}).json()["nodes"]["changed"][0]["label"]
        == "Greet"
    )
    assert owner.get(f"{path}/versions/1/diff", params={"to": 9}).status_code == 404
    [listed] = [w for w in owner.get("/api/workflows").json()["items"] if path.endswith(w["id"])]
    assert (listed["published_version"], listed["has_unpublished"]) == (1, True)
    assert owner.post(f"{path}/unpublish").json()["published_version"] is None
    assert owner.post(f"{path}/publish").json()["published_version"] == 2
    back = owner.post(f"{path}/publish", json={"version": 1}).json()
    assert (back["version"], back["published_version"], back["has_unpublished"]) == (2, 1, True)
    assert owner.get(f"{path}/versions/1").json()["note"] == "First"
    assert owner.post(f"{path}/publish", json={"version": 9}).status_code == 404
    assert owner.post(f"{path}/publish", json={"version": 0}).status_code == 400


def test_what_cannot_run_is_not_published(owner: httpx.Client, stored: Store) -> None:
    path = f"/api/workflows/{stored(chain(node('1', 'manual-trigger'), node('2', 'no-such-type')))}"
    answer = owner.post(f"{path}/publish", json={})
    assert (answer.status_code, answer.json()["error"]["detail"][0]["node"]) == (409, "2")
    assert owner.get(path).json()["published_version"] is None


def test_a_deleted_workflow_can_be_brought_back(owner: httpx.Client) -> None:
    path = owner.post("/api/workflows", json=greeting(tags=["bin"])).headers["location"]
    assert owner.post(f"{path}/restore").status_code == 409
    owner.delete(path)
    assert owner.get("/api/workflows", params={"tag": "bin"}).json()["items"] == []
    [hidden] = owner.get("/api/workflows", params={"tag": "bin", "deleted": True}).json()["items"]
    assert path.endswith(hidden["id"])
    assert hidden["deleted_at"] is not None
    for method, rest in (("PUT", ""), ("POST", "/publish"), ("POST", "/execute"), ("GET", "/versions")):
        sent = greeting() if method == "PUT" else None
        assert owner.request(method, path + rest, json=sent).status_code == 404, rest
    back = owner.post(f"{path}/restore/")
    assert (back.status_code, back.json()["active"], back.json()["tags"]) == (200, False, ["bin"])
    assert owner.get(path).json()["version"] == 1
    owner.delete(path)


def test_the_tags_in_use_are_listed(owner: httpx.Client, stored: Store) -> None:
    stored(greeting(tags=["zebra", "Aardvark"]))
    stored(greeting(tags=["zebra"]))
    items = owner.get("/api/workflows/tags/").json()["items"]
    assert [item for item in items if item["tag"] in ("zebra", "Aardvark")] == [
        {"tag": "Aardvark", "count": 1},
        {"tag": "zebra", "count": 2},
    ]


def test_a_workflow_is_checked_without_being_stored(owner: httpx.Client) -> None:
    before = owner.get("/api/workflows", params={"limit": 200}).json()
    good = owner.post("/api/workflows/validate", json=greeting())
    assert good.json() == {"valid": True, "problems": []}
    bad = owner.post(
        "/api/workflows/validate", json=chain(node("1", "manual-trigger"), node("2", "nonsense"))
    )
    assert bad.status_code == 200
    assert not bad.json()["valid"]
    assert "nonsense" in bad.json()["problems"][0]["message"]
    assert owner.get("/api/workflows", params={"limit": 200}).json() == before


def test_a_workflow_without_a_trigger_that_arms_cannot_be_activated(
    owner: httpx.Client, stored: Store
) -> None:
    answer = owner.post(f"/api/workflows/{stored(greeting())}/activate")
    assert answer.status_code == 409
    assert "Webhook" in answer.json()["error"]["message"]


def test_the_examples_are_there_and_valid(owner: httpx.Client) -> None:
    items = owner.get("/api/workflows", params={"search": "order triage"}).json()["items"]
    assert [item["id"] for item in items] == ["example-order-triage"]
    workflow = owner.get("/api/workflows/example-order-triage").json()
    assert [p for p in workflow["problems"] if p["severity"] == "error"] == []


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    "path", ["/api/workflows", "/api/executions", "/api/health", "/api/me", "/api/node-types"]
)
def test_a_trailing_slash_is_optional(owner: httpx.Client, path: str, slash: str) -> None:
    assert owner.get(path + slash).status_code == 200


def test_parameters_that_change_ports_are_told(owner: httpx.Client, stored: Store) -> None:
    conditions = [{"left": "={{ $json.n }}", "type": "number", "test": "gt", "right": 1}]
    rules = [{"name": "Big", "conditions": conditions}, {"name": "Bigger", "conditions": conditions}]
    document = chain(node("1", "manual-trigger"), node("2", "switch", mode="rules", rules=rules))
    ports = owner.get(f"/api/workflows/{stored(document)}").json()["ports"]
    assert len(ports["2"]["outputs"]) >= 2


def test_a_viewer_reads_but_changes_nothing(server: Server, stored: Store) -> None:
    id_ = stored(greeting())
    with server.client("viewer") as viewer:
        assert viewer.get(f"/api/workflows/{id_}").status_code == 200
        assert viewer.put(f"/api/workflows/{id_}", json=greeting()).status_code == 403
        assert viewer.post(f"/api/workflows/{id_}/execute").status_code == 403
        assert viewer.post(f"/api/workflows/{id_}/publish").status_code == 403
        assert viewer.get(f"/api/workflows/{id_}/versions/1/diff").status_code == 200
        assert viewer.patch(f"/api/workflows/{id_}/versions/1", json={"note": "x"}).status_code == 403
