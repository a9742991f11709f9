"""Tries everything that the product answers to, as somebody without a session or a key. `python -m scripts.strangers`.

Whatever there is, is taken from the product itself: operations of the API, pages, and the events of the socket, so that what is
added is tried too. What strangers may do is named here, with the reason. Exits with 1 if anything else lets them in.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from inspect import Parameter, signature
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from scripts.studio import Server

OWNER = {"email": "owner@example.com", "password": "correct horse battery"}
CANARY = "Known-to-members-only"
"""Part of the name of a workflow, which no stranger may ever read."""
PATIENCE = 60.0

OPEN: dict[str, str] = {
    "GET /api/setup": "whether there is an owner",
    "POST /api/setup": "makes the owner, once",
    "POST /api/login": "signing in",
    "POST /api/logout": "signing out",
    "POST /api/password/forgotten": "asking for a mail; says nothing about accounts",
    "POST /api/password/reset": "needs the link of that mail",
    "POST /api/invitations/read": "needs the link of an invitation",
    "POST /api/invitations/accept": "the same",
    "GET /api/public-chats/{id}": "public chats",
    "POST /api/public-chats/{id}/enter": "public chats",
    "POST /api/public-chats/{id}/messages": "public chats",
    "DELETE /api/public-chats/{id}/messages": "public chats",
    "GET /api/public-chats/{id}/events": "public chats",
    "POST /api/public-chats/{id}/stop": "public chats",
    "PUT /api/public-chats/{id}/turns/{number}/rating": "public chats",
    "GET /api/public-chats/{id}/turns/{number}/files/{index}": "public chats",
    "GET /chat/{workflow}": "the page of public chats",
    "GET /api/health": "health",
    "GET /api/health/ready": "health",
    "GET /api/openapi.json": "how the API is called",
    "GET /api/docs": "the same, to read",
    "GET /api/docs/{name}": "its files",
    "GET /api/samples": "sample data that comes with the product",
    "GET /samples/{name}": "the same",
    "* /webhook/{path:path}": "active webhooks",
    "* /webhook-test/{path:path}": "webhooks while their author listens",
    "* /webhook-waiting/{path:path}": "calls that a workflow waits for",
}
OPEN_PAGES = {"login", "setup", "join", "forgotten-password", "new-password", "404"}
OPEN_EVENTS = {"arrive_at_login", "arrive_at_setup"}
"""Say whether there is an owner."""
STRANGERS: dict[str, dict[str, str]] = {
    "nobody": {},
    "a forged session": {"Cookie": "flowstudio_session=forged"},
    "a wrong key": {"X-API-Key": "fs_wrong"},
}


@dataclass
class Report:
    """What was tried, and who was let in where."""

    operations: int = 0
    pages: int = 0
    events: int = 0
    wrong: list[str] = field(default_factory=list)


def operations() -> Iterator[str]:
    """Everything that the application outside of the pages answers to."""
    from starlette.routing import Route

    from flowstudio.api.app import Branch, create_api

    for route in create_api().routes:
        if isinstance(route, Branch):
            for operation in route.operations:
                yield from (f"{method} {operation.path}" for method in operation.methods or ())
        elif isinstance(route, Route):
            for method in (route.methods or {"*"}) - {"HEAD"}:
                yield f"{method} {route.path}"
        else:
            yield f"? {route}"


def pages() -> list[str]:
    """The routes of all pages."""
    from flowstudio.flowstudio import app

    return list(app._unevaluated_pages)


def events() -> list[tuple[str, dict[str, Any]]]:
    """All events that the socket knows, with something for each argument."""
    from reflex_base.registry import RegistrationContext

    import flowstudio.flowstudio  # noqa: F401  # registers them

    found = []
    for name, registered in sorted(RegistrationContext.ensure_context().event_handlers.items()):
        wanted = list(signature(registered.handler.fn).parameters.values())[1:]
        given: dict[str, Any] = {each.name: "x" for each in wanted if each.kind is not Parameter.VAR_KEYWORD}
        if name.endswith(".setvar"):
            given = {"var_name": "may_admin", "value": True}
        elif name.endswith(".update_vars_internal"):
            given = {"vars": {}}
        found.append((name, given))
    return found


def walk(url: str, workflow: str, hook: str) -> Report:
    """Try everything. `workflow` is one that is neither public nor active, `hook` the address of its webhook."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        return _walk(client, url, workflow, hook)


def _walk(client: httpx.Client, url: str, workflow: str, hook: str) -> Report:
    report = Report()
    values = {"id": workflow, "workflow": workflow, "number": 1, "index": 0, "session": "s", "node": "1"}
    values |= {"type": "webhook", "name": "customers.json", "path:path": hook}
    for entry in operations():
        method, path = entry.split(" ", 1)
        report.operations += 1
        for name, value in values.items():
            path = path.replace("{" + name + "}", str(value))
        for who, headers in STRANGERS.items():
            with client.stream("POST" if method == "*" else method, path, headers=headers) as answer:
                said = answer.read().decode("utf-8", "replace")
            shut = answer.status_code == 401 if entry not in OPEN else True
            if entry.startswith(("*", "GET /chat/")) or "public-chats" in entry:
                shut = answer.status_code >= 400
            if not shut or CANARY in said or OWNER["email"] in said:
                report.wrong.append(f"{entry} as {who}: {answer.status_code} {said[:200]}")
    for route in pages():
        report.pages += 1
        path = "/".join("missing" if part.startswith("[") else part for part in route.split("/"))
        said = client.get(f"/{path.removeprefix('index')}").text
        if CANARY in said or OWNER["email"] in said:
            report.wrong.append(f"the page /{path}")
    address = f"{url.replace('http', 'ws', 1)}/_event/?EIO=4&transport=websocket&token={uuid4()}"
    with connect(address, open_timeout=PATIENCE, max_size=None, compression=None) as socket:
        socket.recv(PATIENCE)
        socket.send("40/_event,")
        socket.recv(PATIENCE)
        for name, given in events():
            report.events += 1
            said = "".join(_told(socket, name, given, workflow))
            leaves = "_redirect" in said and '"/login"' in said
            own = name.startswith("reflex___state____state.flowstudio___")
            refused = leaves or not own or name.endswith((".setvar", *OPEN_EVENTS))
            if (
                not refused
                or CANARY in said
                or OWNER["email"] in said
                or '"may_admin_rx_state_":true' in said
            ):
                report.wrong.append(f"the event {name}: {said[:300]}")
    return report


def _told(socket: Connection, name: str, given: dict[str, Any], workflow: str) -> Iterator[str]:
    """Everything that the socket says to an event, from somebody who says that they are on a workflow's page."""
    _send(socket, name, given, workflow)
    # Events of a window are answered in their order, so when this one is refused, the other one is over.
    last = "reflex___state____state.flowstudio___pages___workflows____workflows_state.setvar"
    _send(socket, last, {"var_name": "the_end", "value": ""}, workflow)
    ends = 2 if name.endswith(".setvar") else 1
    while ends:
        frame = str(socket.recv(PATIENCE))
        if frame == "2":
            socket.send("3")
            continue
        ends -= "ref_notices" in frame
        yield frame


def _send(socket: Connection, name: str, given: dict[str, Any], workflow: str) -> None:
    place = {"pathname": "/workflows/[workflow]", "asPath": f"/workflows/{workflow}", "query": {}}
    event = {"name": name, "payload": given, "router_data": place}
    socket.send("42/_event," + json.dumps(["event", event]))


def secret_workflow(url: str) -> tuple[str, str]:
    """Sign in as the owner and draw a workflow that nobody else is to know of."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        client.post("/api/login", json=OWNER).raise_for_status()
        hook = f"hook-{uuid4().hex}"
        drawn = {
            "name": f"{CANARY} orders",
            "nodes": [
                {"id": "1", "type": "webhook", "data": {"properties": {"path": hook, "method": "POST"}}},
                {"id": "2", "type": "when-chat-received", "data": {"label": CANARY}},
            ],
            "edges": [],
        }
        made = client.post("/api/workflows/", json=drawn)
        made.raise_for_status()
        return str(made.json()["id"]), hook


def main() -> int:
    """How many doors stand open."""
    from flowstudio import frontend

    frontend.build()
    owner = {"FLOWSTUDIO_OWNER_EMAIL": OWNER["email"], "FLOWSTUDIO_OWNER_PASSWORD": OWNER["password"]}
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), **owner) as server:
        report = walk(server.url, *secret_workflow(server.url))
    print(f"{report.operations} operations, of which {len(OPEN)} are for everybody:")
    for entry, reason in OPEN.items():
        print(f"  {entry:60} {reason}")
    print(
        f"{report.pages} pages, which hold no data before somebody signs in; {report.events} events of the socket."
    )
    for each in report.wrong:
        print(f"LET IN: {each}")
    print("Nobody got in anywhere else." if not report.wrong else f"{len(report.wrong)} doors stand open.")
    return len(report.wrong)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
