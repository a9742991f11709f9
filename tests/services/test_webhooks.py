"""Webhooks: requests that start executions, or wake them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from flowstudio.errors import Conflict, Forbidden, InvalidWorkflow, NotFound, Unauthorized
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.webhook_calls import WebhookAnswer, WebhookRequest
from flowstudio.storage.records import ExecutionFilter
from tests.services.conftest import Document, chain, edit, node


async def publish(runtime: Runtime, document: Document) -> str:
    """Store and switch on."""
    workflow = await runtime.workflows.create(COMMAND_LINE, document)
    await runtime.workflows.activate(COMMAND_LINE, workflow.record.id)
    return workflow.record.id


async def call(
    runtime: Runtime, path: str, body: Any = None, *, method: str = "POST", test: bool = False, **headers: str
) -> WebhookAnswer:
    """Call a webhook with JSON."""
    request = WebhookRequest(
        method=method,
        path=path,
        headers=[
            ("content-type", "application/json"),
            *((k.replace("_", "-"), v) for k, v in headers.items()),
        ],
        body=b"" if body is None else json.dumps(body).encode(),
    )
    return await runtime.webhooks.handle(request, test=test)


def parsed(answer: WebhookAnswer) -> Any:
    """The JSON of an answer."""
    assert dict(answer.headers)["content-type"].startswith("application/json")
    return json.loads(answer.body)


def hook(respond: str, **properties: Any) -> Document:
    return node("in", "webhook", path="orders/:id", method="POST", respond=respond, **properties)


async def test_a_webhook_that_answers_at_once_names_the_accepted_execution(runtime: Runtime) -> None:
    await publish(runtime, chain(hook("immediately"), edit("a", x="={{ $json.params.id }}")))
    answer = await call(runtime, "orders/7", {"sku": "K"})
    execution = parsed(answer)["execution_id"]
    assert dict(answer.headers)["x-execution-id"] == execution
    await runtime.executions.wait(execution, 30)
    (item,) = await runtime.views.last_data(COMMAND_LINE, execution)
    assert (item["x"], item["body"], item["params"]) == ("7", {"sku": "K"}, {"id": "7"})


async def test_a_webhook_answers_with_the_last_nodes_items(runtime: Runtime) -> None:
    await publish(
        runtime, chain(hook("last-node", response_data="all_items"), edit("a", sku="={{ $json.body.sku }}"))
    )
    rows = parsed(await call(runtime, "orders/7", {"sku": "K"}))
    assert [row["sku"] for row in rows] == ["K"]


async def test_a_caller_gets_the_items_of_an_execution_whose_data_is_not_saved(runtime: Runtime) -> None:
    await publish(
        runtime,
        chain(hook("last-node"), edit("a", sku="={{ $json.body.sku }}"), settings={"save_success": "none"}),
    )
    answer = await call(runtime, "orders/7", {"sku": "K"})
    assert parsed(answer)["sku"] == "K"
    execution = dict(answer.headers)["x-execution-id"]
    await runtime.executions.wait(execution, 20)
    assert (await runtime.views.get(COMMAND_LINE, execution))["data_dropped"]


async def test_a_respond_node_answers_before_the_workflow_ends(runtime: Runtime) -> None:
    await publish(
        runtime,
        chain(
            hook("respond-node"),
            node(
                "out",
                "respond-to-webhook",
                respond_with="json",
                json='={ "got": "{{ $json.params.id }}" }',
                status=201,
            ),
            node("later", "wait", resume="after_time", amount=60, unit="seconds"),
        ),
    )
    answer = await call(runtime, "orders/7", {})
    assert (answer.status, parsed(answer)) == (201, {"got": "7"})
    (running,), _ = await runtime.views.page(COMMAND_LINE, ExecutionFilter())
    assert running["status"] == "running"
    await runtime.executions.cancel(COMMAND_LINE, running["id"])


async def test_a_failed_workflow_answers_500_without_its_secrets(runtime: Runtime) -> None:
    await publish(runtime, chain(hook("last-node"), node("stop", "stop-and-error", message="inner workings")))
    answer = await call(runtime, "orders/7", {})
    assert answer.status == 500
    assert b"inner workings" not in answer.body
    assert parsed(answer)["error"]["detail"]["execution_id"]


async def test_unknown_paths_and_methods_are_explained(runtime: Runtime) -> None:
    id_ = await publish(runtime, chain(hook("immediately")))
    with pytest.raises(NotFound, match="Switch its workflow on"):
        await call(runtime, "nowhere", {})
    answer = await call(runtime, "orders/7", method="GET")
    assert (answer.status, dict(answer.headers)["allow"]) == (405, "POST")
    await runtime.workflows.deactivate(COMMAND_LINE, id_)
    with pytest.raises(NotFound):
        await call(runtime, "orders/7", {})


async def test_two_active_workflows_cannot_have_the_same_address(runtime: Runtime) -> None:
    await publish(runtime, chain(hook("immediately"), name="First"))
    second = await runtime.workflows.create(COMMAND_LINE, chain(hook("immediately"), name="Second"))
    with pytest.raises(Conflict, match="First"):
        await runtime.workflows.activate(COMMAND_LINE, second.record.id)
    assert not (await runtime.workflows.get(COMMAND_LINE, second.record.id)).active


async def test_a_changed_active_workflow_answers_in_its_new_way_once_it_is_published(
    runtime: Runtime,
) -> None:
    id_ = await publish(runtime, chain(hook("last-node"), edit("a", v="1")))
    assert parsed(await call(runtime, "orders/7", {}))["v"] == "1"
    await runtime.workflows.update(COMMAND_LINE, id_, chain(hook("last-node"), edit("a", v="2")))
    assert parsed(await call(runtime, "orders/7", {}))["v"] == "1"
    await runtime.workflows.publish(COMMAND_LINE, id_)
    assert parsed(await call(runtime, "orders/7", {}))["v"] == "2"


async def test_test_addresses_answer_once_while_somebody_listens(runtime: Runtime) -> None:
    workflow = await runtime.workflows.create(COMMAND_LINE, chain(hook("last-node"), edit("a", v="1")))
    with pytest.raises(NotFound, match="Listen for test event"):
        await call(runtime, "orders/7", {}, test=True)
    _, [address] = await runtime.webhooks.listen(COMMAND_LINE, workflow.record.id)
    assert address.url.partition("/webhook-test/")[2] == "orders/:id"
    assert (address.node, address.method) == ("in", "POST")
    assert parsed(await call(runtime, "orders/7", {}, test=True))["v"] == "1"
    with pytest.raises(NotFound):
        await call(runtime, "orders/7", {}, test=True)
    bare = await runtime.workflows.create(COMMAND_LINE, chain(node("start", "manual-trigger")))
    with pytest.raises(InvalidWorkflow, match="Webhook"):
        await runtime.webhooks.listen(COMMAND_LINE, bare.record.id)


async def test_whoever_listens_is_told_the_execution_as_soon_as_it_has_started(runtime: Runtime) -> None:
    slow = node("later", "wait", resume="after_time", amount=60, unit="seconds")
    workflow = await runtime.workflows.create(COMMAND_LINE, chain(hook("last-node"), slow))
    await runtime.webhooks.listen(COMMAND_LINE, workflow.record.id)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(runtime.webhooks.wait_for_call(COMMAND_LINE, workflow.record.id, 60))
        calling = group.create_task(call(runtime, "orders/7", {}, test=True))
        execution, listening = await waiting
        assert execution is not None
        assert not listening
        assert (await runtime.views.get(COMMAND_LINE, execution))["mode"] == "manual"
        await runtime.executions.cancel(COMMAND_LINE, execution)
        assert (await calling).status == 500


async def test_a_refused_caller_leaves_the_test_address_open(runtime: Runtime) -> None:
    credential = await runtime.storage.credentials.create(
        name="Key", type="http-header", values={"name": "X-Key", "value": "s3cret"}
    )
    document = chain(hook("immediately", authentication="header"))
    document["nodes"][0]["data"]["credentials"] = {"account": credential.id}
    id_ = (await runtime.workflows.create(COMMAND_LINE, document)).record.id
    await runtime.webhooks.listen(COMMAND_LINE, id_)
    with pytest.raises(Forbidden):
        await call(runtime, "orders/7", {}, test=True, x_key="guess")
    assert await runtime.webhooks.wait_for_call(COMMAND_LINE, id_, 0) == (None, True)
    answer = await call(runtime, "orders/7", {}, test=True, x_key="s3cret")
    told = await runtime.webhooks.wait_for_call(COMMAND_LINE, id_, 0)
    assert told == (dict(answer.headers)["x-execution-id"], False)


async def test_stopped_listening_closes_the_test_address(runtime: Runtime) -> None:
    id_ = (await runtime.workflows.create(COMMAND_LINE, chain(hook("immediately")))).record.id
    await runtime.webhooks.listen(COMMAND_LINE, id_)
    await runtime.webhooks.stop_listening(COMMAND_LINE, id_)
    with pytest.raises(NotFound, match="Listen for test event"):
        await call(runtime, "orders/7", {}, test=True)


async def test_only_callers_with_the_credential_get_in(runtime: Runtime) -> None:
    credential = await runtime.storage.credentials.create(
        name="Key", type="http-header", values={"name": "X-Key", "value": "s3cret"}
    )
    document = chain(hook("immediately", authentication="header"))
    document["nodes"][0]["data"]["credentials"] = {"account": credential.id}
    await publish(runtime, document)
    with pytest.raises(Unauthorized):
        await call(runtime, "orders/7", {})
    with pytest.raises(Forbidden):
        await call(runtime, "orders/7", {}, x_key="guess")
    assert (await call(runtime, "orders/7", {}, x_key="s3cret")).status == 200
    assert len((await runtime.views.page(COMMAND_LINE, ExecutionFilter()))[0]) == 1


async def preflight(runtime: Runtime, origin: str) -> dict[str, str]:
    """The headers of the answer to a browser that asks whether a page may call."""
    answer = await call(
        runtime,
        "orders/7",
        method="OPTIONS",
        origin=origin,
        access_control_request_method="POST",
        access_control_request_headers="x-a",
    )
    return dict(answer.headers)


async def test_pages_of_other_origins_may_ask_before_they_call(runtime: Runtime) -> None:
    await publish(runtime, chain(hook("immediately", allowed_origins="https://shop.example")))
    allowed = await preflight(runtime, "https://shop.example")
    assert allowed["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in await preflight(runtime, "https://evil.example")


async def test_a_call_wakes_a_waiting_execution_with_its_data_once(runtime: Runtime) -> None:
    workflow = await runtime.workflows.create(
        COMMAND_LINE,
        chain(
            node("start", "manual-trigger"),
            node("ask", "wait", resume="on_call"),
            edit("after", v="={{ $json.body.ok }}"),
        ),
    )
    execution = await runtime.executions.execute(COMMAND_LINE, workflow.record.id)
    async with asyncio.timeout(20):
        async for change in runtime.views.watch(COMMAND_LINE, execution):
            if change.data.get("status") == "waiting":
                break
    request = WebhookRequest(
        method="POST", path=execution, headers=[("content-type", "application/json")], body=b'{"ok": "yes"}'
    )
    assert (await runtime.webhooks.resume(request)).status == 200
    rest = await runtime.executions.wait(execution, 20)
    assert rest is not None
    assert rest.status == "success"
    assert (await runtime.views.last_data(COMMAND_LINE, execution))[0]["v"] == "yes"
    with pytest.raises(Conflict):
        await runtime.webhooks.resume(request)
    with pytest.raises(NotFound):
        await runtime.webhooks.resume(WebhookRequest(method="POST", path="nothing"))


async def test_calls_that_come_at_once_after_switching_on_all_find_the_webhook(runtime: Runtime) -> None:
    await publish(runtime, chain(hook("last-node"), edit("a", x="1")))
    answers = await asyncio.gather(*(call(runtime, f"orders/{n}", {}) for n in range(5)))
    assert [answer.status for answer in answers] == [200] * 5
