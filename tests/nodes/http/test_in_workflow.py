"""HTTP nodes within the real engine: expressions, credentials, items, failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from flowstudio.engine.context import ExecutionInfo, Host
from flowstudio.engine.item import Item, Json, Pair
from flowstudio.engine.outcome import Outcome
from flowstudio.engine.plan import compile_plan
from flowstudio.engine.run import Run, Start
from flowstudio.engine.workflow import load_workflow
from flowstudio.outbound import Outbound
from tests.nodes.driver import REGISTRY, Memory, make_host, quiet, run_node
from tests.nodes.http.harness import MemoryBinaries
from tests.outbound.server import LoopbackServer, Received, Reply, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


class OneCredential:
    """A vault that holds one credential."""

    def __init__(self, fields: Json) -> None:
        self.fields = fields
        self.asked: list[tuple[str, Sequence[str]]] = []

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        self.asked.append((credential, types))
        return self.fields


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[LoopbackServer]:
    async with serving(lambda request: Reply(body={"path": request.path})) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def host(server: LoopbackServer) -> AsyncIterator[Host]:
    outbound = Outbound([f"127.0.0.1:{server.port}"])
    yield make_host(services={Outbound: outbound}, binaries=MemoryBinaries())
    await outbound.close()


async def test_each_item_makes_a_request_and_its_items_are_paired(host: Host, server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(body=[{"id": request.path}, {"id": request.path}])
    url = server.url("/") + "{{ $json.n }}"
    result = await run_node("http-request", {"url": f"={url}"}, [{"n": 1}, {"n": 2}], host=host)
    assert result.rows == [{"id": "/1"}, {"id": "/1"}, {"id": "/2"}, {"id": "/2"}]
    assert [item.paired_item for item in result.items] == [(Pair(0),), (Pair(0),), (Pair(1),), (Pair(1),)]


async def test_requests_go_out_together_up_to_the_batch_size(host: Host, server: LoopbackServer) -> None:
    together = asyncio.Barrier(3)

    async def answer(request: Received) -> Reply:
        await together.wait()
        return Reply(body={})

    server.answer = answer
    result = await run_node("http-request", {"url": server.url(), "batch_size": 3}, [{}] * 6, host=host)
    assert result.outcome.error is None
    assert (len(server.received), server.busiest) == (6, 3)


async def test_the_errors_of_items_can_leave_by_the_error_port(host: Host, server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(404 if request.path == "/2" else 200, body={"at": request.path})
    url = server.url("/") + "{{ $json.n }}"
    result = await run_node(
        "http-request",
        {"url": f"={url}"},
        [{"n": 1}, {"n": 2}, {"n": 3}],
        host=host,
        settings={"on_error": "error_output"},
    )
    assert result.ports["main"] == [{"at": "/1"}, {"at": "/3"}]
    [failed] = result.ports["error"]
    assert failed["n"] == 2
    assert "404 Not Found" in failed["error"]


async def test_every_try_of_an_item_has_the_same_idempotency_key(host: Host, server: LoopbackServer) -> None:
    statuses = [503, 503, 200]
    server.answer = lambda request: Reply(statuses.pop(0), body={"done": True})
    result = await run_node(
        "http-request",
        {"url": server.url(), "idempotency_key": True},
        host=host,
        settings={"retry": True, "max_tries": 3, "retry_wait": 0},
    )
    assert result.rows == [{"done": True}]
    keys = [request.header("idempotency-key") for request in server.received]
    assert keys == ["execution/it/0"] * 3


async def test_expressions_of_pages_are_left_to_the_node(caged_host: Host, server: LoopbackServer) -> None:
    server.answer = lambda request: Reply(body={"page": int(dict(request.query)["page"]), "more": True})
    outbound = Outbound([f"127.0.0.1:{server.port}"])
    services = {**caged_host.services, Outbound: outbound}
    result = await run_node(
        "http-request",
        {
            "url": server.url(),
            "pagination": "update_parameter",
            "page_parameters": [{"name": "page", "value": "={{ $json.first + $pageCount }}"}],
            "complete_when": "expression",
            "complete_expression": "={{ $response.body.page >= $('feed main').first().json.first + 2 }}",
        },
        [{"first": 5}],
        host=replace(caged_host, services=services),
    )
    await outbound.close()
    assert result.outcome.error is None
    assert [row["page"] for row in result.rows] == [5, 6, 7]


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ({"type": "http-basic", "user": "ann", "password": "secret"}, "Basic YW5uOnNlY3JldA=="),
        ({"type": "http-bearer", "token": "t0ken"}, "Bearer t0ken"),
        ({"type": "http-header", "name": "Authorization", "value": "Key k"}, "Key k"),
    ],
)
async def test_the_engine_fills_in_the_credential(
    host: Host, server: LoopbackServer, fields: Json, header: str
) -> None:
    vault = OneCredential(fields)
    properties: Json = {"url": server.url(), "authentication": "credential"}
    outcome = await run_with_credential(properties, replace(host, vault=vault))
    assert outcome.error is None
    assert server.received[0].header("authorization") == header
    types = (
        *("http-basic", "http-header", "http-bearer", "http-query", "http-digest"),
        *("generic", "oauth2", "google-oauth2", "google-service-account"),
    )
    assert [(name, tuple(asked)) for name, asked in vault.asked] == [("c1", types)]


async def run_with_credential(properties: Json, host: Host) -> Outcome:
    """The outcome of an HTTP Request that has the credential `c1`."""
    data: dict[str, Any] = {"properties": properties, "credentials": {"account": "c1"}}
    document = load_workflow(
        {
            "nodes": [
                {"id": "start", "type": "manual-trigger"},
                {"id": "it", "type": "http-request", "data": data},
            ],
            "edges": [{"source": "start", "target": "it"}],
        }
    )
    memory = Memory()
    info = ExecutionInfo("e", "manual", "w", "Test", datetime(2026, 1, 1, tzinfo=UTC))
    plan = compile_plan(document, REGISTRY)
    await Run(plan, info, host, memory, quiet, start=Start("start", [Item({})])).execute()
    return next(outcome for outcome in memory.outcomes if outcome.node == "it")


async def test_the_answer_of_a_webhook_is_recorded(host: Host) -> None:
    properties = {"respond_with": "json", "json": '={"hello": "{{ $json.name }}"}'}
    result = await run_node("respond-to-webhook", properties, [{"name": "Ann"}, {"name": "Ben"}], host=host)
    assert result.outcome.response is not None
    assert result.outcome.response["json"] == {"hello": "Ann"}
    assert result.rows == [{"name": "Ann"}, {"name": "Ben"}]
