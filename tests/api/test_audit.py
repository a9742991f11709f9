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

from flowstudio.components.texts import branch
from flowstudio.services.audit import ACTIONS, KINDS, Action, Audit
from tests.api.conftest import PASSWORD, Server, email, greeting, running

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
    ]


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
