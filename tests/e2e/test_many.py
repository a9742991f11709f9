"""A browser at a server that executes nothing: what a worker does is seen there, also when the server is replaced meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from bench.queue import Worker
from bench.server import Server
from tests.e2e.conftest import OWNER, NewPage, enter
from tests.e2e.test_editor import store
from tests.e2e.test_executions import step
from tests.postgres import PostgresServer

PATIENCE = 120
"""Seconds that a server may take to come back, and a browser to notice, on a busy machine."""


class Gates:
    """A service on loopback that answers a call when the test lets it."""

    def __init__(self, *names: str) -> None:
        gates = self.asked, self.open = (
            {name: threading.Event() for name in names},
            {name: threading.Event() for name in names},
        )

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.strip("/")
                gates[0][name].set()
                gates[1][name].wait(PATIENCE)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Gates:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for gate in self.open.values():
            gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def web(
    built: None, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server beside a worker."""
    with psycopg.connect(postgres_server.url().replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("CREATE DATABASE browsers")
    server = Server(
        tmp_path_factory.mktemp("many") / "data",
        FLOWSTUDIO_DATABASE_URL=postgres_server.url("browsers"),
        FLOWSTUDIO_MODE="scaled",
        FLOWSTUDIO_ALLOW_HOSTS="127.0.0.1",
        FLOWSTUDIO_OWNER_EMAIL=OWNER[0],
        FLOWSTUDIO_OWNER_PASSWORD=OWNER[1],
    )
    server.data_dir.mkdir()
    server.start(PATIENCE)
    try:
        with Worker(server):
            yield server
    finally:
        server.stop()


def status(page: Page, label: str, wanted: str) -> Locator:
    """The card of a step, once it says so."""
    return page.locator(".react-flow__node").filter(has_text=label).locator(f"[data-status={wanted}]")


@pytest.mark.timeout(400)
def test_a_browser_sees_what_a_worker_does_and_misses_nothing_while_its_server_is_replaced(
    web: Server, new_page: NewPage
) -> None:
    # Go -> First -> Second -> Third: each step takes until the test lets it end
    page = new_page(web.url)
    enter(page)
    with Gates("First", "Second", "Third") as gates:
        steps = [
            step(name, "http-request", name, 320 * place, properties={"url": f"{gates.url}/{name}"})
            for place, name in enumerate(gates.open, 1)
        ]
        names = ["go", *gates.open]
        store(
            page,
            {
                "name": "Three calls",
                "nodes": [step("go", "manual-trigger", "Go", 0), *steps],
                "edges": [{"source": before, "target": after} for before, after in pairwise(names)],
            },
        )
        page.get_by_role("button", name="Execute workflow").click()
        expect(status(page, "First", "running")).to_be_visible()
        gates.open["First"].set()
        expect(status(page, "First", "success")).to_be_visible()
        expect(status(page, "Second", "running")).to_be_visible()

        web.kill()
        gates.open["Second"].set()
        assert gates.asked["Third"].wait(PATIENCE), "the worker went on without the server"
        expect(status(page, "Second", "running")).to_be_visible()  # nobody could tell the browser
        web.start(PATIENCE)
        expect(status(page, "Second", "success")).to_be_visible(timeout=PATIENCE * 1000)
        expect(status(page, "Third", "running")).to_be_visible()

        gates.open["Third"].set()
        expect(status(page, "Third", "success")).to_be_visible()
        log = page.get_by_role("region", name="Run log")
        expect(log.get_by_role("status").filter(has_text="Succeeded")).to_be_visible()
        for name in gates.open:
            expect(log.get_by_role("row").filter(has_text=name)).to_have_count(1)
