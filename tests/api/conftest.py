"""A real server on a free port, with everything but the pages; people of every role; clients."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from flowstudio.api.app import create_api
from flowstudio.config import Settings
from flowstudio.runtime import Runtime
from flowstudio.storage.records import Role
from tests.migrated import give_database

T = TypeVar("T")

PASSWORD = "correct horse battery"
ROLES: tuple[Role, ...] = ("viewer", "editor", "admin", "owner")
MAX_BODY = 4 * 1024 * 1024
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: the server speaks HTTP, and reading the list of authorities takes longer than most calls."""


@dataclass
class Server:
    """The server, its runtime in the loop of its own thread, and an API key for every role."""

    url: str
    runtime: Runtime
    loop: asyncio.AbstractEventLoop
    keys: dict[str, str] = field(default_factory=dict)

    def client(self, role: str | None = "owner", **options: Any) -> httpx.Client:
        """A client with the key of a role; None for nobody."""
        headers = {"X-API-Key": self.keys[role]} if role is not None else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=PLAIN, **options)

    def within(self, work: Callable[[Runtime], Any]) -> Any:
        """Run a coroutine of the services in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work(self.runtime), self.loop).result(60)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return httpx.URL(self.url).port or 0


def email(role: str) -> str:
    """The address of the person with a role."""
    return f"{role}@example.com"


@contextlib.contextmanager
def running(folder: Path, *, people: bool = True, **overrides: Any) -> Iterator[Server]:
    """Start a server with a data folder, stop it at the end. An override of None leaves the default."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        port = listener.getsockname()[1]
        given: dict[str, Any] = {"max_body": MAX_BODY, "log_level": "warning"} | overrides
        given = {name: value for name, value in given.items() if value is not None}
        if people:
            give_database(folder, examples=True)
        settings = Settings(data_dir=folder, port=port, **given)
        runtime = Runtime(settings)
        ready = threading.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        @contextlib.asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            await runtime.start()
            loops.append(asyncio.get_running_loop())
            ready.set()
            yield
            await runtime.stop()

        app = create_api(lambda: runtime)
        app.router.lifespan_context = lifespan
        config = uvicorn.Config(
            app, lifespan="on", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        serving = uvicorn.Server(config)
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not ready.wait(0.05):
                assert thread.is_alive(), "the server did not start"
            server = Server(f"http://127.0.0.1:{port}", runtime, loops[0])
            if people:
                server.keys = server.within(populate)
            yield server
        finally:
            serving.should_exit = True
            thread.join()


async def populate(runtime: Runtime) -> dict[str, str]:
    """One person of each role, with an API key."""
    accounts = runtime.accounts
    await accounts.create_owner("Owner", email("owner"), PASSWORD)
    owner = await accounts.act_for(None)
    keys: dict[str, str] = {}
    for role in ROLES:
        if role != "owner":
            await accounts.create_user(owner, role.title(), email(role), PASSWORD, role)
        _, keys[role] = await accounts.create_key(await accounts.act_for(email(role)), "test")
    return keys


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that do not mind each other's leavings."""
    with running(tmp_path_factory.mktemp("server") / "data") as started:
        yield started


@pytest.fixture
def owner(server: Server) -> Iterator[httpx.Client]:
    """A client that may do everything."""
    with server.client("owner") as client:
        yield client


@pytest.fixture
def nobody(server: Server) -> Iterator[httpx.Client]:
    """A client that is not signed in."""
    with server.client(None) as client:
        yield client


def node(id_: str, type_: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """A node of a document."""
    data: dict[str, Any] = {"properties": properties}
    if label is not None:
        data["label"] = label
    return {"id": id_, "type": type_, "data": data}


def chain(*nodes: dict[str, Any], name: str = "Chain", **more: Any) -> dict[str, Any]:
    """A document of nodes in a row."""
    edges = [{"source": before["id"], "target": after["id"]} for before, after in pairwise(nodes)]
    return {"name": name, "nodes": list(nodes), "edges": edges, **more}


def greeting(**more: Any) -> dict[str, Any]:
    """Manual trigger, then a node that adds a field."""
    fields = [{"name": "text", "type": "string", "value": "=Hello {{ $json.name }}"}]
    return chain(
        node("1", "manual-trigger", "Start"),
        node("2", "edit-fields", "Greet", mode="manual", fields=fields),
        name="Greeting",
        **more,
    )


def sleeper(seconds: float) -> dict[str, Any]:
    """A workflow that keeps busy until it is cancelled."""
    code = f"import time\ntime.sleep({seconds})\nreturn [{{'slept': True}}]"
    return chain(
        node("1", "manual-trigger", "Start"),
        node("2", "code", "Sleep", language="python", mode="all-items", code=code),
        name="Sleeper",
    )


@pytest.fixture
def stored(owner: httpx.Client) -> Iterator[Callable[[dict[str, Any]], str]]:
    """Stores a document, gives its id; deletes it afterwards."""
    made: list[str] = []

    def store(document: dict[str, Any]) -> str:
        answer = owner.post("/api/workflows", json=document)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
        return made[-1]

    yield store
    for id_ in made:
        owner.delete(f"/api/workflows/{id_}")
