"""Who may call what: one table, walked over a real server. A route without an entry fails."""

from __future__ import annotations

import httpx
import pytest
from starlette.routing import Route

from flowstudio.api.app import Branch, create_api
from flowstudio.api.routes import Access, Operation
from flowstudio.runtime import Runtime
from flowstudio.services.callers import PERMISSIONS, SCOPES
from flowstudio.storage.records import KeyScope
from tests.api.conftest import PLAIN, ROLES, Server

POLICY: dict[str, Access] = {
    "GET /api/setup": "public",
    "POST /api/setup": "public",
    "POST /api/login": "public",
    "POST /api/logout": "public",
    "GET /api/me": "read",
    "PATCH /api/me": "account",
    "PUT /api/me/password": "account",
    "GET /api/sessions": "account",
    "DELETE /api/sessions/{id}": "account",
    "POST /api/password/forgotten": "public",
    "POST /api/password/reset": "public",
    "GET /api/invitations": "admin",
    "POST /api/invitations": "admin",
    "DELETE /api/invitations/{id}": "admin",
    "POST /api/invitations/read": "public",
    "POST /api/invitations/accept": "public",
    "GET /api/users/{id}/sessions": "admin",
    "GET /api/users": "admin",
    "POST /api/users": "admin",
    "PATCH /api/users/{id}": "admin",
    "DELETE /api/users/{id}": "admin",
    "GET /api/api-keys": "account",
    "POST /api/api-keys": "account",
    "DELETE /api/api-keys/{id}": "account",
    "GET /api/audit": "admin",
    "GET /api/audit/export": "admin",
    "GET /api/workflows": "read",
    "POST /api/workflows": "edit",
    "POST /api/workflows/read": "edit",
    "POST /api/workflows/validate": "read",
    "GET /api/workflows/{id}/export": "read",
    "GET /api/workflows/{id}/losses": "read",
    "GET /api/workflows/{id}": "read",
    "PUT /api/workflows/{id}": "edit",
    "DELETE /api/workflows/{id}": "edit",
    "POST /api/workflows/{id}/activate": "edit",
    "POST /api/workflows/{id}/deactivate": "edit",
    "GET /api/workflows/{id}/listen": "run",
    "POST /api/workflows/{id}/listen": "run",
    "DELETE /api/workflows/{id}/listen": "run",
    "GET /api/workflows/tags": "read",
    "POST /api/workflows/{id}/publish": "edit",
    "POST /api/workflows/{id}/unpublish": "edit",
    "POST /api/workflows/{id}/restore": "edit",
    "POST /api/workflows/{id}/operations": "edit",
    "GET /api/workflows/{id}/edits": "read",
    "PATCH /api/workflows/{id}/versions/{number}": "edit",
    "GET /api/workflows/{id}/versions/{number}/diff": "read",
    "GET /api/workflows/{id}/versions": "read",
    "GET /api/workflows/{id}/versions/{number}": "read",
    "POST /api/workflows/{id}/versions/{number}/restore": "edit",
    "POST /api/workflows/{id}/execute": "run",
    "POST /api/workflows/{id}/execute_node": "run",
    "GET /api/workflows/{id}/executions": "read",
    "GET /api/executions": "read",
    "GET /api/executions/totals": "read",
    "POST /api/executions/delete": "edit",
    "GET /api/executions/{id}": "read",
    "DELETE /api/executions/{id}": "edit",
    "GET /api/executions/{id}/runs": "read",
    "GET /api/executions/{id}/log": "read",
    "GET /api/executions/{id}/nodes/{node}": "read",
    "GET /api/executions/{id}/nodes/{node}/files/{number}": "read",
    "GET /api/executions/{id}/events": "read",
    "POST /api/executions/{id}/cancel": "run",
    "POST /api/executions/{id}/retry": "run",
    "POST /api/expressions/evaluate": "run",
    "POST /api/schedules/preview": "read",
    "GET /api/node-types": "read",
    "GET /api/node-types/{type}": "read",
    "GET /api/credential-types": "read",
    "GET /api/credentials": "edit",
    "POST /api/credentials": "admin",
    "GET /api/credentials/{id}": "edit",
    "PATCH /api/credentials/{id}": "edit",
    "DELETE /api/credentials/{id}": "edit",
    "POST /api/credentials/{id}/test": "edit",
    "POST /api/credentials/{id}/connect": "edit",
    "GET /api/oauth2/callback": "edit",
    "GET /api/installation": "admin",
    "GET /api/insights": "read",
    "GET /api/processes": "admin",
    "POST /api/processes/{id}/drain": "admin",
    "GET /api/network-rules": "admin",
    "PUT /api/network-rules": "admin",
    "GET /api/server-settings": "admin",
    "PUT /api/server-settings": "admin",
    "POST /api/server-settings/test-mail": "admin",
    "POST /api/workflows/{id}/chat": "run",
    "GET /api/workflows/{id}/chat/sessions": "read",
    "GET /api/workflows/{id}/chat/sessions/{session}": "read",
    "DELETE /api/workflows/{id}/chat/sessions/{session}": "run",
    "GET /api/workflows/{id}/chat/sessions/{session}/events": "read",
    "POST /api/workflows/{id}/chat/sessions/{session}/stop": "run",
    "PUT /api/workflows/{id}/chat/sessions/{session}/turns/{number}/rating": "run",
    "GET /api/workflows/{id}/chat/sessions/{session}/turns/{number}/files/{index}": "read",
    # Public chats are for strangers on purpose; each workflow says whom it lets in.
    "GET /api/public-chats/{id}": "public",
    "POST /api/public-chats/{id}/enter": "public",
    "POST /api/public-chats/{id}/messages": "public",
    "DELETE /api/public-chats/{id}/messages": "public",
    "GET /api/public-chats/{id}/events": "public",
    "POST /api/public-chats/{id}/stop": "public",
    "PUT /api/public-chats/{id}/turns/{number}/rating": "public",
    "GET /api/public-chats/{id}/turns/{number}/files/{index}": "public",
    "GET /chat/{workflow}": "public",
    "GET /api/chats/sessions": "read",
    "GET /api/chats/sessions/{id}": "read",
    "DELETE /api/chats/sessions/{id}": "edit",
    "GET /api/models/prices": "read",
    "PUT /api/models/prices": "admin",
    "GET /api/credentials/{id}/models": "edit",
    "GET /api/collections": "read",
    "GET /api/collections/{name}": "read",
    "DELETE /api/collections/{name}": "edit",
    "GET /api/templates": "read",
    "GET /api/templates/{id}": "read",
    "POST /api/templates/{id}/use": "edit",
    "GET /api/samples": "public",
    "GET /api/health": "public",
    "GET /api/health/ready": "public",
    "GET /api/openapi.json": "public",
    "GET /api/docs": "public",
    "GET /api/docs/{name}": "public",
    "GET /metrics": "metrics",
    "GET /samples/{name}": "public",
    # Webhooks are called by strangers on purpose; each workflow says whom it lets in.
    "* /webhook/{path:path}": "public",
    "* /webhook-test/{path:path}": "public",
    "* /webhook-waiting/{path:path}": "public",
}
WALKED = [entry for entry in POLICY if not entry.startswith("*")]
RANKED = [None, *ROLES]


def routes() -> set[str]:
    """What the application answers to."""
    found = set()
    for route in create_api().routes:
        if isinstance(route, Branch):
            for operation in route.operations:
                found |= {f"{method} {operation.path}" for method in operation.methods or ()}
        elif isinstance(route, Route):
            methods = (route.methods or {"*"}) - {"HEAD"}
            found |= {f"{method} {route.path}" for method in methods}
    return found


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    assert routes() == set(POLICY)


def test_every_operation_states_the_permission_of_the_table() -> None:
    [branch] = [route for route in create_api().routes if isinstance(route, Branch)]
    for operation in branch.operations:
        assert isinstance(operation, Operation)
        for method in operation.methods or ():
            stated = (operation.openapi_extra or {})["x-permission"]
            assert stated == POLICY[f"{method} {operation.path}"]


def addressed(entry: str) -> tuple[str, str]:
    """Method and address of a line of the table, of things that do not exist."""
    method, path = entry.split()
    missing = {"id": "missing", "node": "1", "type": "missing", "name": "missing", "workflow": "missing"}
    return method, path.format(number=1, session="s", index=0, **missing)


@pytest.mark.parametrize("role", RANKED, ids=str)
@pytest.mark.parametrize("entry", WALKED)
def test_a_caller_gets_in_or_not(server: Server, entry: str, role: str | None) -> None:
    method, path = addressed(entry)
    with server.client(role) as client, client.stream(method, path) as answer:
        answer.read()
    permission = POLICY[entry]
    if permission == "public":
        assert answer.status_code not in (401, 403), answer.text
    elif role is None:
        assert answer.status_code == 401, answer.text
        assert answer.json()["error"]["code"] == "unauthorized"
        assert "X-API-Key" in answer.json()["error"]["message"]
    elif permission in PERMISSIONS[role]:  # type: ignore[index]  # roles of the table
        assert answer.status_code not in (401, 403), answer.text
    else:
        assert answer.status_code == 403, answer.text
        assert answer.json()["error"]["code"] == "forbidden"
        assert role in answer.json()["error"]["message"]


@pytest.mark.parametrize("scope", [scope for scope in SCOPES if scope != "full"])
def test_a_key_of_the_owner_does_no_more_than_its_scope(server: Server, scope: KeyScope) -> None:
    async def make(runtime: Runtime) -> str:
        owner = await runtime.accounts.act_for(None)
        return (await runtime.accounts.create_key(owner, "narrow", scope=scope))[1]

    key = {"X-API-Key": server.within(make)}
    wrong = []
    with httpx.Client(base_url=server.url, headers=key, timeout=60, verify=PLAIN) as client:
        for entry, permission in POLICY.items():
            if entry.startswith("*") or permission == "public":
                continue
            method, path = addressed(entry)
            with client.stream(method, path) as answer:
                answer.read()
            refused = answer.status_code == 403 and scope in answer.text
            if refused is (permission in SCOPES[scope]) or answer.status_code == 401:
                wrong.append((entry, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("header", ["", "fs_wrong", "\xff"])
def test_a_key_that_is_not_valid_is_told_apart_from_none(server: Server, header: str) -> None:
    answer = httpx.get(f"{server.url}/api/me", headers={b"X-API-Key": header.encode("latin-1")})
    assert answer.status_code == 401
    assert "not valid" in answer.json()["error"]["message"]


def test_nothing_is_read_from_a_caller_who_may_not(server: Server) -> None:
    with server.client("viewer") as client:
        answer = client.post(
            "/api/workflows", content=b"{broken", headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 403
