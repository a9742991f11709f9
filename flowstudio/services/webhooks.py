"""Webhooks: requests from outside that start executions, or wake them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from flowstudio.engine.events import EventsMissed, ExecutionFinished, NodeStreamed, Responded
from flowstudio.engine.item import Item
from flowstudio.engine.masking import MaskedBinaries
from flowstudio.engine.store import Binaries, Bus, Subscription
from flowstudio.errors import Conflict, FlowStudioError, InvalidWorkflow, NotFound, Problem, RateLimited
from flowstudio.nodes.flow.wait import Wait
from flowstudio.nodes.http.answer import Answer
from flowstudio.nodes.triggers.webhook import Webhook
from flowstudio.nodes.triggers.webhook_access import admit, read_account, shown_secrets
from flowstudio.nodes.triggers.webhook_request import WebhookRequest as Arrived
from flowstudio.nodes.triggers.webhook_request import request_item
from flowstudio.redaction import Secrets, in_use
from flowstudio.services.callers import Caller, require
from flowstudio.services.dispatcher import Dispatcher
from flowstudio.services.executions import FINAL, ExecutionService
from flowstudio.services.listening import Listening, Listenings
from flowstudio.services.starting import StartRequest
from flowstudio.services.throttle import Throttle, throttle
from flowstudio.services.webhook_calls import (
    OpenAddress,
    StreamBroken,
    WebhookAnswer,
    WebhookRequest,
    refusal,
)
from flowstudio.services.webhook_routes import Route, Routes
from flowstudio.services.workflows import Workflow, WorkflowService, webhooks_of
from flowstudio.storage import Storage

log = logging.getLogger(__name__)

LISTEN = timedelta(seconds=120)
"""How long the test addresses of a workflow wait for their one call."""
JSON_TYPE = "application/json"


class WebhookService:
    """Finds the workflow of a call, starts it, and answers as its Webhook node says."""

    def __init__(
        self,
        storage: Storage,
        workflows: WorkflowService,
        executions: ExecutionService,
        dispatcher: Dispatcher,
        bus: Bus,
        *,
        base_url: str,
    ) -> None:
        self._storage = storage
        self._workflows = workflows
        self._executions = executions
        self._dispatcher = dispatcher
        self._bus = bus
        self._base_url = base_url
        self._binaries: Binaries = storage.binaries
        self._routes = Routes()
        self._stale = asyncio.Event()
        self._stale.set()
        self._reloading = asyncio.Lock()
        self.listenings = Listenings(storage.leases)
        self._throttles: dict[tuple[str, str], Throttle] = {}
        self._nodes: dict[tuple[str, str], Webhook] = {}
        workflows.on_routes_changed.append(self._stale.set)

    async def reload(self) -> None:
        """Read the addresses of all active workflows."""
        async with self._reloading:
            self._stale.clear()
            try:
                stored = await self._storage.workflows.routes()
                self._routes = Routes(Route(r.method, r.path, r.workflow_id, r.node_id) for r in stored)
            except BaseException:
                self._stale.set()
                raise
            self._nodes.clear()

    async def _settled(self) -> Routes:
        """The addresses of all active workflows as of now; waits for a reload that is under way."""
        while self._stale.is_set() or self._reloading.locked():
            if self._reloading.locked():
                async with self._reloading:
                    continue
            await self.reload()
        return self._routes

    # Starting

    async def handle(self, request: WebhookRequest, *, test: bool = False) -> WebhookAnswer:
        """Serve a call of `/webhook/…`, or of `/webhook-test/…` while somebody listens. Raises `NotFound` and the like."""
        routes = self.listenings.routes(request.path) if test else await self._settled()
        found = routes.find(request.method, request.path)
        if found is None:
            return await self._unrouted(request, routes, test=test)
        load = self._workflows.load if test else self._workflows.production
        workflow = await load(found.route.workflow)
        webhook = self._webhook(workflow, found.route.node)
        claims, secrets = await self._admit(workflow, found.route.node, webhook, request)
        arrived = Arrived(
            method=request.method,
            url=f"{self._base_url}/{'webhook-test' if test else 'webhook'}/{request.path}",
            headers=request.headers,
            query=request.query,
            params=found.parameters,
            body=request.body,
            test=test,
        )
        if not test:
            await self._count(workflow, found.route.node, webhook)
        files = MaskedBinaries(self._binaries, secrets)
        item = await request_item(arrived, files, raw_body=webhook.raw_body, claims=claims)
        item = item.with_json(secrets.clean(item.json))
        listening = await self.listenings.take_for_all(found.route.workflow) if test else None
        if test and listening is None:
            raise self._nobody_listens(request, test=True)
        start = StartRequest(
            workflow=workflow,
            mode="manual" if test else "webhook",
            node=found.route.node,
            items=[item],
            pinned=test,
            call_key=None if test else self._key(found.route, webhook, request),
            queue="default" if webhook.respond == "immediately" else "interactive",
        )
        extra = webhook.cors(request.header("origin"))
        if webhook.respond == "stream":
            return await self._stream(webhook, start, listening, extra)
        answer, execution = await self._answer(webhook, start, listening)
        if execution != start.id:
            extra["idempotency-replayed"] = "true"
        return await self._render(answer, execution, extra, request.method)

    async def _count(self, workflow: Workflow, node: str, webhook: Webhook) -> None:
        """Count a call. Raises `RateLimited` for more than the webhook takes."""
        if not webhook.rate_limit:
            return
        place = (workflow.id or "", node)
        known = self._throttles.get(place)
        if known is None or known.limit != webhook.rate_limit:
            kind = f"webhook {workflow.id} {node}"
            known = self._throttles[place] = throttle(self._storage, kind, webhook.rate_limit, 60)
        try:
            await known.attempt("")
        except RateLimited as error:
            raise RateLimited(
                f"This webhook takes {webhook.rate_limit} calls a minute. Call again in {error.retry_after:.0f} seconds.",
                retry_after=error.retry_after,
            ) from error

    def _key(self, route: Route, webhook: Webhook, request: WebhookRequest) -> str | None:
        """What a call has in common with its repetitions; None for one that is not to be repeated."""
        given = request.header(webhook.idempotency_header.lower()) if webhook.idempotency_header else None
        if not given:
            return None
        return f"webhook/{route.workflow}/{route.node}/{sha256(given.encode()).hexdigest()}"

    async def _start(self, start: StartRequest, listening: Listening | None) -> str:
        """Start the execution, and tell those who listen; its id, or that of the one that a repeated call had started."""
        started = False
        try:
            execution = await self._executions.start(start)
            started = True
            return execution
        finally:
            if listening is not None:
                self.listenings.told(start.workflow.id or "", listening, start.id if started else None)

    async def _answer(
        self, webhook: Webhook, start: StartRequest, listening: Listening | None
    ) -> tuple[Answer, str]:
        """Start the execution; what its Webhook node answers, and when."""
        if webhook.respond == "immediately":
            execution = await self._start(start, listening)
            answer = webhook.accepted()
            if isinstance(answer.get("json"), dict):
                answer = {**answer, "json": {**answer["json"], "execution_id": execution}}
            return answer, execution
        subscription = self._bus.subscribe(start.id)
        try:
            execution = await self._start(start, listening)
            if execution != start.id:
                return await self._answer_again(webhook, execution), execution
            return await self._wait_for_answer(webhook, execution, subscription), execution
        finally:
            subscription.close()

    async def _answer_again(self, webhook: Webhook, execution: str) -> Answer:
        """The answer of an execution that an earlier call started."""
        rest = await self._executions.finish(execution)
        return await self._given_answer(webhook, execution) or await self._final_answer(
            webhook, execution, rest.status
        )

    async def _given_answer(self, webhook: Webhook, execution: str) -> Answer | None:
        """What a Respond to Webhook node has answered, as it is stored."""
        if webhook.respond != "respond-node":
            return None
        runs = await self._storage.executions.node_runs(execution)
        return next((run.response for run in runs if run.response is not None), None)

    async def _stored_answer(self, webhook: Webhook, execution: str) -> Answer | None:
        """The answer as far as it is stored, for those who may have missed being told."""
        given = await self._given_answer(webhook, execution)
        summary = await self._storage.executions.get(execution) if given is None else None
        if summary is not None and summary.status in FINAL:
            return await self._final_answer(webhook, execution, summary.status)
        return given

    async def _wait_for_answer(self, webhook: Webhook, execution: str, subscription: Subscription) -> Answer:
        async for event in subscription:
            if isinstance(event, Responded) and webhook.respond == "respond-node":
                return event.response
            if isinstance(event, ExecutionFinished) and event.status in FINAL:
                return await self._final_answer(webhook, execution, event.status)
            if isinstance(event, EventsMissed):
                stored = await self._stored_answer(webhook, execution)
                if stored is not None:
                    return stored
        raise AssertionError("a subscription does not end")

    async def _final_answer(self, webhook: Webhook, execution: str, status: str) -> Answer:
        """The answer of an execution that has ended without one."""
        if status != "success":
            return refusal(500, "execution_failed", "The workflow did not finish.", execution)
        if webhook.respond != "respond-node":
            try:
                return webhook.finished(await self._executions.last_items(execution))
            except FlowStudioError as error:
                return refusal(500, error.code, error.message, execution)
        text = "The workflow ended without a Respond to Webhook node being run."
        return refusal(500, "no_response", text, execution)

    async def _stream(
        self, webhook: Webhook, start: StartRequest, listening: Listening | None, extra: dict[str, str]
    ) -> WebhookAnswer:
        """Start the execution and answer with the words of its models as they come; without any, with its last items."""
        subscription = self._bus.subscribe(start.id)
        try:
            execution = await self._start(start, listening)
            if execution != start.id:
                subscription.close()
                extra["idempotency-replayed"] = "true"
                return await self._render(
                    await self._answer_again(webhook, execution), execution, extra, "POST"
                )
            async for event in subscription:
                if isinstance(event, NodeStreamed) and event.kind == "text":
                    headers = {
                        "content-type": "text/plain; charset=utf-8",
                        "cache-control": "no-cache",
                        "x-execution-id": execution,
                        **extra,
                    }
                    return WebhookAnswer(
                        200, list(headers.items()), event.text.encode(), self._words(execution, subscription)
                    )
                final: Answer | None = None
                if isinstance(event, ExecutionFinished) and event.status in FINAL:
                    final = await self._final_answer(webhook, execution, event.status)
                elif isinstance(event, EventsMissed):
                    final = await self._stored_answer(webhook, execution)
                if final is not None:
                    subscription.close()
                    return await self._render(final, execution, extra, "POST")
        except BaseException:
            subscription.close()
            raise
        raise AssertionError("a subscription does not end")

    async def _words(self, execution: str, subscription: Subscription) -> AsyncGenerator[bytes]:
        """The words that follow, until the execution ends. Raises `StreamBroken` when it fails in the middle."""
        try:
            async for event in subscription:
                if isinstance(event, NodeStreamed) and event.kind == "text":
                    yield event.text.encode()
                status: str | None = event.status if isinstance(event, ExecutionFinished) else None
                if isinstance(event, EventsMissed):
                    if event.lost:
                        raise StreamBroken
                    summary = await self._storage.executions.get(execution)
                    status = summary.status if summary is not None else "error"
                if status in FINAL:
                    if status != "success":
                        raise StreamBroken
                    return
        finally:
            subscription.close()

    async def _admit(
        self, workflow: Workflow, node: str, webhook: Webhook, request: WebhookRequest
    ) -> tuple[dict[str, Any] | None, Secrets]:
        """Check who calls; gives the claims of a JWT, and what must not be kept of the request. Raises `Unauthorized`, `Forbidden`, `CredentialError`."""
        secrets = Secrets()
        if webhook.authentication == "none":
            return None, secrets
        drawn = next(n for n in workflow.document.nodes if n.id == node)
        credential = drawn.data.credentials.get("account")
        account = None
        if credential:
            types = Webhook.account_types[webhook.authentication]
            account = read_account(webhook, await self._storage.credentials.open(credential, types))
            secrets.learn_from(account)
            in_use.learn_from(account)
        claims = admit(webhook, account, request.headers, request.body)
        secrets.learn(*shown_secrets(webhook, request.headers))
        return claims, secrets

    async def _unrouted(self, request: WebhookRequest, routes: Routes, *, test: bool) -> WebhookAnswer:
        """The answer when no webhook has this method and path: a preflight, or an explanation."""
        methods = routes.methods(request.path)
        wanted = request.header("access-control-request-method")
        if request.method == "OPTIONS" and wanted:
            found = routes.find(wanted, request.path)
            if found is not None:
                load = self._workflows.load if test else self._workflows.production
                webhook = self._webhook(await load(found.route.workflow), found.route.node)
                asked = request.header("access-control-request-headers") or ""
                answer = webhook.preflight(request.header("origin"), asked)
                return await self._render(answer, "", {}, request.method)
        if request.method == "HEAD" and "GET" in methods:
            return await self.handle(
                WebhookRequest(
                    method="GET",
                    path=request.path,
                    query=request.query,
                    headers=request.headers,
                    client=request.client,
                ),
                test=test,
            )
        if methods:
            answer = refusal(
                405,
                "method_not_allowed",
                f"The webhook '{request.path}' is called with {' or '.join(methods)}, not with {request.method}.",
            )
            answer["headers"]["allow"] = ", ".join(methods)
            return await self._render(answer, "", {}, request.method)
        raise self._nobody_listens(request, test=test)

    def _nobody_listens(self, request: WebhookRequest, *, test: bool) -> NotFound:
        remedy = (
            "Press 'Listen for test event' in the editor, then call again within two minutes."
            if test
            else "Switch its workflow on, and check the path."
        )
        return NotFound(f"No webhook listens to {request.method} '{request.path}'. {remedy}")

    def _webhook(self, workflow: Workflow, node: str) -> Webhook:
        key = (workflow.snapshot.hash, node)
        webhook = self._nodes.get(key)
        if webhook is None:
            plan = self._workflows.plan(workflow)
            if node not in plan.nodes:
                raise NotFound(f"The workflow has no webhook '{node}' any more.")
            properties = plan.nodes[node].document.data.properties
            webhook = self._nodes[key] = Webhook.model_validate(properties)
        return webhook

    async def _render(
        self, answer: Answer, execution: str, extra: dict[str, str], method: str
    ) -> WebhookAnswer:
        """Bytes of an answer."""
        headers = {**answer.get("headers", {}), **extra}
        if "json" in answer:
            body = orjson.dumps(answer["json"], option=orjson.OPT_NON_STR_KEYS)
            headers.setdefault("content-type", JSON_TYPE)
        elif "binary" in answer:
            body = await self._binaries.get(answer["binary"])
        else:
            text = answer.get("body", "")
            body = text if isinstance(text, bytes) else str(text).encode()
            if body:
                headers.setdefault("content-type", "text/plain; charset=utf-8")
        if execution:
            headers["x-execution-id"] = execution
        return WebhookAnswer(int(answer.get("status", 200)), list(headers.items()), body)

    # Testing

    async def listen(self, caller: Caller, workflow_id: str) -> tuple[datetime, list[OpenAddress]]:
        """Open the test addresses of a workflow for one call; until when, and the addresses."""
        require(caller, "run")
        workflow = await self._workflows.load(workflow_id)
        await self._workflows.sharing.demand(caller, workflow.document)
        self._workflows.plan(workflow)
        routes = webhooks_of(workflow_id, workflow.document)
        if not routes:
            raise InvalidWorkflow(
                [Problem("no_webhook", "The workflow has no Webhook to listen to; add one.")]
            )
        until = datetime.now(UTC) + LISTEN
        opened = Routes(Route(r.method, r.path, r.workflow_id, r.node_id) for r in routes)
        self.listenings.start(workflow_id, opened, until)
        return until, [
            OpenAddress(route.node_id, route.method, f"{self._base_url}/webhook-test/{route.path}")
            for route in routes
        ]

    async def wait_for_call(
        self, caller: Caller, workflow_id: str, seconds: float
    ) -> tuple[str | None, bool]:
        """The execution that a call of a test address started, if one comes in time; and whether more may come."""
        require(caller, "run")
        await self._workflows.load(workflow_id)
        return await self.listenings.wait_for_call(workflow_id, seconds)

    async def stop_listening(self, caller: Caller, workflow_id: str) -> None:
        """Close the test addresses of a workflow; nothing when they are closed."""
        require(caller, "run")
        await self._workflows.load(workflow_id)
        self.listenings.stop(workflow_id)

    # Waking

    async def resume(self, request: WebhookRequest) -> WebhookAnswer:
        """Serve a call of `/webhook-waiting/{execution}`, or `…/{execution}/{node}` where several nodes wait.

        Raises `NotFound` for executions that do not exist, `Conflict` when no node waits to be called.
        """
        execution, _, node = request.path.strip("/").partition("/")
        stored = await self._storage.executions.load(execution)
        if stored is None:
            raise NotFound("There is no execution that waits at this address.")
        workflow = self._workflows.of_execution(stored)
        callable_ = {
            n.id
            for n in workflow.document.nodes
            if n.type == Wait.type and n.data.properties.get("resume") == "on_call" and node in ("", n.id)
        }
        latest = {(run.node, run.scope): run for run in await self._storage.executions.node_runs(execution)}
        waiting = [r for r in latest.values() if r.status == "waiting" and r.node in callable_]
        arrived = Arrived(
            method=request.method,
            url=f"{self._base_url}/webhook-waiting/{request.path}",
            headers=request.headers,
            query=request.query,
            body=request.body,
        )
        item: Item = await request_item(arrived, self._binaries)
        for run in waiting:
            if await self._storage.executions.wake(execution, run.node, run.scope, item.json):
                self._dispatcher.submit(execution)
                answer: Answer = {"status": 200, "headers": {}, "json": {"message": "The execution goes on"}}
                return await self._render(answer, execution, {}, request.method)
        raise Conflict("This execution does not wait to be called: it has gone on, or has finished.")
