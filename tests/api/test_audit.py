"""Everything that an auditor asks about is written down, with nothing that must not be."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from flowstudio.ai.message import assistant, user
from flowstudio.ai.vectors import Entry, Space
from flowstudio.api.app import api_operations
from flowstudio.components.texts import branch
from flowstudio.runtime import Runtime
from flowstudio.services.audit import ACTIONS, KINDS, Action, Audit
from tests.api.conftest import PASSWORD, Server, chain, email, greeting, node, running

SECRET = "sk-audit-canary-93c1"
NEW_PASSWORD = "another fine password"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of its own, as the log cannot be emptied."""
    with running(tmp_path_factory.mktemp("audit") / "data") as started:
        yield started


def entries(owner: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    answer = owner.get("/api/audit", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_day_in_the_office_is_written_down(server: Server, owner: httpx.Client) -> None:
    person = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD, "role": "viewer"}
    bob = owner.post("/api/users", json=person).json()["user"]["id"]
    owner.patch(f"/api/users/{bob}", json={"role": "editor"})
    owner.patch(f"/api/users/{bob}", json={"password": NEW_PASSWORD})
    with server.client(None) as browser:
        for password in (SECRET, NEW_PASSWORD):
            browser.post("/api/login", json={"email": "bob@example.com", "password": password})
        browser.post("/api/login", json={"email": SECRET, "password": PASSWORD})
        key = browser.post("/api/api-keys", json={"name": "deploy"}).json()
        browser.put("/api/me/password", json={"old_password": NEW_PASSWORD, "new_password": PASSWORD})
        browser.patch("/api/me", json={"name": "Robert"})
        browser.delete(f"/api/api-keys/{key['api_key']['id']}")
        browser.post("/api/logout")
    owner.delete(f"/api/users/{bob}")
    credential = {"name": "Shop", "type": "http-bearer", "values": {"token": SECRET}}
    shop = owner.post("/api/credentials", json=credential).json()["id"]
    owner.patch(f"/api/credentials/{shop}", json={"values": {"token": SECRET + "2"}})
    owner.delete(f"/api/credentials/{shop}")
    flow = owner.post("/api/workflows", json=greeting()).json()["id"]
    owner.post(f"/api/workflows/{flow}/publish")
    owner.post(f"/api/workflows/{flow}/unpublish")
    run = owner.post(
        f"/api/workflows/{flow}/execute", json={"trigger_data": {"name": SECRET}, "wait": True}
    ).json()["execution"]["id"]
    again = owner.post(f"/api/executions/{run}/retry")
    assert again.status_code in (200, 202), again.text
    owner.post("/api/executions/delete", json={"ids": [run]})
    owner.delete(f"/api/workflows/{flow}")
    owner.post(f"/api/workflows/{flow}/restore")
    owner.put("/api/models/prices", json={"own": [{"model": "m", "input": 1, "output": 2}]})

    told = [(e["action"], e["actor"], e["subject"]) for e in reversed(entries(owner, limit=500))]
    mine, bobs = email("owner"), "bob@example.com"
    day = told[told.index(("user.created", mine, bobs)) :]
    assert day == [
        ("user.created", mine, bobs),
        ("user.changed", mine, bobs),
        ("user.password_changed", mine, bobs),
        ("session.refused", "", bobs),
        ("session.opened", bobs, bobs),
        ("session.refused", "", ""),
        ("key.created", bobs, "deploy"),
        ("user.password_changed", bobs, bobs),
        ("user.changed", bobs, bobs),
        ("key.revoked", bobs, "deploy"),
        ("session.closed", bobs, bobs),
        ("user.deleted", mine, bobs),
        ("credential.created", mine, "Shop"),
        ("credential.changed", mine, "Shop"),
        ("credential.deleted", mine, "Shop"),
        ("workflow.created", mine, "Greeting"),
        ("workflow.published", mine, "Greeting"),
        ("workflow.unpublished", mine, "Greeting"),
        ("execution.started", mine, "Greeting"),
        ("execution.retried", mine, "Greeting"),
        ("execution.deleted", mine, ""),
        ("workflow.deleted", mine, "Greeting"),
        ("workflow.restored", mine, "Greeting"),
        ("settings.prices_changed", mine, ""),
    ]
    [role, *_] = [e for e in entries(owner, action="user.changed") if "role" in e["detail"]]
    assert role["detail"] == {"role": ["viewer", "editor"]}
    assert (role["client"], role["via"]) == ("127.0.0.1", "api_key")
    everything = owner.get("/api/audit/export", params={"format": "json"}).text
    for secret in (SECRET, PASSWORD, NEW_PASSWORD, key["key"]):
        assert secret not in everything
    assert len(everything.splitlines()) == len(told)


def test_switching_on_and_off_and_stopping_are_written_down(server: Server, owner: httpx.Client) -> None:
    hook = {"id": "1", "type": "webhook", "data": {"properties": {"path": "audited", "method": "POST"}}}
    wait = {
        "id": "2",
        "type": "wait",
        "data": {"properties": {"resume": "after_time", "amount": 1, "unit": "hours"}},
    }
    flow = {"name": "Hook", "nodes": [hook, wait], "edges": [{"source": "1", "target": "2"}]}
    id_ = owner.post("/api/workflows", json=flow).json()["id"]
    owner.post(f"/api/workflows/{id_}/activate")
    run = owner.post(f"/api/workflows/{id_}/execute", json={"wait": False}).json()["execution"]["id"]
    owner.post(f"/api/executions/{run}/cancel")
    owner.post(f"/api/workflows/{id_}/deactivate")
    told = [e["action"] for e in entries(owner, search="Hook")]
    assert told == [
        "workflow.deactivated",
        "execution.cancelled",
        "execution.started",
        "workflow.activated",
        "workflow.created",
    ]


HISTORY = "the history of the workflow says who changed what"
NOTHING = "nothing is changed"
OWN = "it is about what only oneself sees"
STRANGERS = "strangers do it; the chat and its executions are kept"
RECORDED: dict[str, str] = {
    "POST /setup": "user.created",
    "POST /login": "session.opened",
    "POST /logout": "session.closed",
    "PATCH /me": "user.changed",
    "PUT /me/password": "user.password_changed",
    "DELETE /sessions/{id}": "session.ended",
    "POST /password/forgotten": "user.password_forgotten",
    "POST /password/reset": "user.password_changed",
    "POST /invitations": "user.invited",
    "DELETE /invitations/{id}": "user.invitation_withdrawn",
    "POST /invitations/accept": "user.joined",
    "POST /users": "user.created",
    "PATCH /users/{id}": "user.changed",
    "DELETE /users/{id}": "user.deleted",
    "POST /api-keys": "key.created",
    "DELETE /api-keys/{id}": "key.revoked",
    "POST /workflows": "workflow.created",
    "PUT /workflows/{id}": "workflow.changed",
    "DELETE /workflows/{id}": "workflow.deleted",
    "POST /workflows/{id}/restore": "workflow.restored",
    "POST /workflows/{id}/activate": "workflow.activated",
    "POST /workflows/{id}/deactivate": "workflow.deactivated",
    "POST /workflows/{id}/publish": "workflow.published",
    "POST /workflows/{id}/unpublish": "workflow.unpublished",
    "POST /workflows/{id}/versions/{number}/restore": "workflow.changed",
    "POST /templates/{id}/use": "workflow.created",
    "POST /workflows/{id}/execute": "execution.started",
    "POST /workflows/{id}/execute_node": "execution.started",
    "POST /workflows/{id}/chat": "execution.started",
    "DELETE /workflows/{id}/chat/sessions/{session}": "chat.deleted",
    "POST /executions/{id}/cancel": "execution.cancelled",
    "POST /executions/{id}/retry": "execution.retried",
    "DELETE /executions/{id}": "execution.deleted",
    "POST /executions/delete": "execution.deleted",
    "POST /credentials": "credential.created",
    "PATCH /credentials/{id}": "credential.changed",
    "DELETE /credentials/{id}": "credential.deleted",
    "POST /credentials/{id}/test": "credential.tried",
    "PUT /models/prices": "settings.prices_changed",
    "PUT /network-rules": "settings.network_changed",
    "PUT /server-settings": "settings.server_changed",
    "POST /processes/{id}/drain": "worker.drained",
    "POST /server-settings/test-mail": "settings.mail_tried",
    "DELETE /collections/{name}": "collection.deleted",
    "DELETE /chats/sessions/{id}": "conversation.deleted",
}
"""What each changing operation is written down as."""
NOT_RECORDED: dict[str, str] = {
    "POST /workflows/{id}/operations": HISTORY,
    "PATCH /workflows/{id}/versions/{number}": HISTORY,
    "POST /workflows/read": NOTHING,
    "POST /workflows/validate": NOTHING,
    "POST /invitations/read": NOTHING,
    "POST /expressions/evaluate": NOTHING,
    "POST /schedules/preview": NOTHING,
    "POST /workflows/{id}/listen": "the call that comes is an execution",
    "DELETE /workflows/{id}/listen": NOTHING,
    "POST /credentials/{id}/connect": "when it is finished, as credential.connected",
    "POST /workflows/{id}/chat/sessions/{session}/stop": "the chat shows it",
    "PUT /workflows/{id}/chat/sessions/{session}/turns/{number}/rating": "the chat shows it",
    "POST /public-chats/{id}/enter": STRANGERS,
    "POST /public-chats/{id}/messages": STRANGERS,
    "DELETE /public-chats/{id}/messages": STRANGERS,
    "POST /public-chats/{id}/stop": STRANGERS,
    "PUT /public-chats/{id}/turns/{number}/rating": STRANGERS,
}
"""And why some are not."""


ELSEWHERE = {
    "POST /setup": "tests/api/test_accounts.py",
    "POST /password/forgotten": "tests/api/test_links.py",
    "POST /password/reset": "tests/api/test_links.py",
    "POST /processes/{id}/drain": "tests/services/test_processes.py",
}
"""Operations that need a server with mail, with workers, or without an owner, and where their entries are looked at."""


async def remembered(runtime: Runtime) -> str:
    """Something that an agent remembers, whose id this gives, and a collection."""
    entry = Entry("k", "words", "here", vector=[1.0, 0.0])
    await runtime.storage.vectors.insert("kept", Space("p", "m", 2), [entry])
    await runtime.storage.conversations.add("w", "s", [user("Hello"), assistant("Hi")])
    return (await runtime.storage.conversations.sessions(None, before=None, limit=1))[0].id


def changing() -> set[str]:
    """Every operation of the API that may change something."""
    safe = {"GET", "HEAD", "OPTIONS"}
    return {f"{m} {route.path}" for route in api_operations() for m in (route.methods or set()) - safe}


def test_every_changing_operation_is_written_down_or_says_why_not() -> None:
    known = {operation.replace("/api/", "/", 1) for operation in changing()}
    assert known == RECORDED.keys() | NOT_RECORDED.keys()
    assert not RECORDED.keys() & NOT_RECORDED.keys()
    assert set(RECORDED.values()) <= set(ACTIONS)
    told_otherwise = {
        "session.refused",
        "chat.read",
        "credential.connected",
        "settings.encryption_key_rotated",
    }
    assert set(ACTIONS) - set(RECORDED.values()) == told_otherwise


def test_every_such_operation_really_is(server: Server, owner: httpx.Client) -> None:
    """Each is done once, and is the latest entry then."""
    made: dict[str, str] = {}

    def latest() -> dict[str, Any]:
        return entries(owner, limit=1)[0]

    def done(operation: str, client: httpx.Client = owner, **given: Any) -> Any:
        method, path = operation.split(" ")
        for name, value in made.items():
            path = path.replace(f"{{{name}}}", value)
        before = latest()["id"]
        answer = client.request(method, f"/api{path}", **given)
        assert answer.is_success, (operation, answer.text)
        entry = latest()
        assert entry["id"] != before, operation
        assert entry["action"] == RECORDED[operation], operation
        waiting.discard(operation)
        return answer.json() if "json" in answer.headers.get("content-type", "") else None

    waiting = {each for each in RECORDED if each not in ELSEWHERE}
    talk = chain(node("c", "when-chat-received"), node("s", "edit-fields", fields=[]))
    code = {"language": "python", "mode": "all-items", "code": "import time\ntime.sleep(30)"}
    slow = chain(node("a", "manual-trigger"), node("b", "code", **code), name="Slow")
    made["id"] = done("POST /workflows", json=greeting())["id"]
    done("PUT /workflows/{id}", json=greeting() | {"name": "Other"})
    made["number"] = "1"
    done("POST /workflows/{id}/versions/{number}/restore")
    done("POST /workflows/{id}/publish")
    done("POST /workflows/{id}/unpublish")
    done("POST /workflows/{id}/execute_node", json={"node_id": "2"})
    run = done("POST /workflows/{id}/execute", json={})["execution"]["id"]
    done("DELETE /workflows/{id}")
    done("POST /workflows/{id}/restore")
    made["id"] = run
    made["id"] = done("POST /executions/{id}/retry")["execution"]["id"]
    done("DELETE /executions/{id}")
    done("POST /executions/delete", json={"ids": [run]})
    made["id"] = owner.post("/api/workflows", json=slow).json()["id"]
    made["id"] = done("POST /workflows/{id}/execute", json={"wait": False})["execution"]["id"]
    done("POST /executions/{id}/cancel")
    made["id"] = owner.post("/api/workflows", json=talk).json()["id"]
    done("POST /workflows/{id}/activate")
    done("POST /workflows/{id}/deactivate")
    made["session"] = "talk"
    done("POST /workflows/{id}/chat", json={"message": "Hello", "session_id": "talk"})
    done("DELETE /workflows/{id}/chat/sessions/{session}")
    made["id"], made["name"] = server.within(remembered), "kept"
    done("DELETE /chats/sessions/{id}")
    done("DELETE /collections/{name}")
    made["id"] = owner.get("/api/templates").json()["items"][0]["id"]
    done("POST /templates/{id}/use")
    token = {"name": "Shop", "type": "http-bearer", "values": {"token": SECRET}}
    made["id"] = done("POST /credentials", json=token)["id"]
    done("PATCH /credentials/{id}", json={"name": "Store"})
    done("POST /credentials/{id}/test")
    done("DELETE /credentials/{id}")
    guest = {"name": "Vi", "email": "vi@example.com", "password": PASSWORD}
    link = done("POST /invitations", json={"role": "viewer"})["link"]
    done("POST /invitations/accept", json={**guest, "token": link.partition("#")[2]})
    made["id"] = done("POST /invitations", json={"role": "viewer"})["invitation"]["id"]
    done("DELETE /invitations/{id}")
    person = {"name": "Eve", "email": "eve@example.com", "password": PASSWORD}
    made["id"] = done("POST /users", json=person)["user"]["id"]
    with server.client(None) as browser, server.client(None) as other:
        for window in (other, browser):
            done("POST /login", window, json={"email": "eve@example.com", "password": PASSWORD})
        mine, eve = made["id"], browser.get("/api/sessions").json()["items"]
        made["id"] = next(each["id"] for each in eve if not each["current"])
        done("DELETE /sessions/{id}", browser)
        done("PATCH /me", browser, json={"name": "Eva"})
        change = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
        done("PUT /me/password", browser, json=change)
        made["id"] = done("POST /api-keys", browser, json={"name": "laptop"})["api_key"]["id"]
        done("DELETE /api-keys/{id}", browser)
        done("POST /logout", browser)
    made["id"] = mine
    done("PATCH /users/{id}", json={"role": "viewer"})
    done("DELETE /users/{id}")
    done("PUT /models/prices", json={"own": []})
    done("PUT /network-rules", json={"allowed": [], "denied": []})
    nowhere = {"host": "127.0.0.1", "port": 9, "sender": "a@example.com"}
    done("PUT /server-settings", json={"mail": nowhere})
    done("POST /server-settings/test-mail")
    assert waiting == set()


def test_the_export_is_a_table_in_which_no_name_becomes_a_formula(
    server: Server, owner: httpx.Client
) -> None:
    owner.post("/api/credentials", json={"name": "=1+1", "type": "http-bearer", "values": {"token": "t"}})
    answer = owner.get("/api/audit/export", params={"format": "csv", "action": "credential"})
    assert "attachment" in answer.headers["content-disposition"]
    [head, first, *_] = csv.reader(io.StringIO(answer.text))
    row = dict(zip(head, first, strict=True))
    assert (row["action"], row["subject"]) == ("credential.created", "'=1+1")
    assert json.loads(row["detail"]) == {"type": "http-bearer"}


def test_an_export_goes_on_over_many_pages(
    server: Server, owner: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowstudio.services.audit.PAGE", 2)

    async def add(runtime: Any) -> None:
        for number in range(5):
            await Audit(runtime.storage).record(None, "session.refused", f"page-{number}")

    server.within(add)
    lines = owner.get("/api/audit/export", params={"format": "json", "search": "page-"}).text.splitlines()
    assert [json.loads(line)["subject"] for line in lines] == [f"page-{n}" for n in (4, 3, 2, 1, 0)]


def test_the_screen_has_words_for_every_action() -> None:
    words = branch("activity")
    assert [action for action in ACTIONS if action.replace(".", "_") not in words] == []
    assert [kind for kind in KINDS if f"kind_{kind}" not in words] == []


def test_every_action_is_written_down_somewhere() -> None:
    folder = Path(__file__).resolve().parents[2] / "flowstudio"
    sources = "".join(
        file.read_text() for part in ("services", "commands") for file in (folder / part).glob("*.py")
    )
    assert [action for action in get_args(Action) if sources.count(f'"{action}"') < 2] == []
