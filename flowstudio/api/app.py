"""The HTTP API as one application, for mounting beside the pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.datastructures import URLPath
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from flowstudio.api import (
    accounts,
    audit,
    chat,
    chats,
    collections,
    credentials,
    docs,
    edits,
    errors,
    events,
    executions,
    expressions,
    files,
    health,
    insights,
    installation,
    links,
    log_file,
    network,
    node_types,
    prices,
    processes,
    public_chat,
    samples,
    schedules,
    server_settings,
    templates,
    transfer,
    versions,
    webhooks,
    workflows,
)
from flowstudio.api.access import Provided
from flowstudio.api.envelope import Envelope
from flowstudio.runtime import Runtime, current

COMPRESS_FROM = 2048
"""Bytes from which an answer is compressed."""


def create_api(runtime: Callable[[], Runtime] = current) -> Starlette:
    """Everything under `/api`, `/webhook…`, `/samples` and `/metrics`. Other paths are free for what is mounted later.

    `runtime` gives the started runtime when a request comes.
    """
    rest = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for router in (
        accounts.entry,
        accounts.people,
        accounts.keys,
        links.invitations,
        links.passwords,
        audit.resource,
        templates.resource,
        transfer.resource,
        workflows.resource,
        versions.history,
        edits.editing,
        executions.resource,
        log_file.resource,
        files.resource,
        expressions.resource,
        schedules.schedules,
        events.stream,
        node_types.resource,
        credentials.resource,
        chat.resource,
        public_chat.resource,
        chats.resource,
        collections.resource,
        prices.resource,
        samples.listing,
        health.health,
        insights.resource,
        installation.resource,
        network.resource,
        processes.resource,
        server_settings.resource,
        docs.pages,
    ):
        rest.router.routes.extend(router.routes)
    errors.install(rest)
    docs.install(rest)
    rest.add_middleware(GZipMiddleware, minimum_size=COMPRESS_FROM, compresslevel=4)
    return Starlette(
        routes=[
            *webhooks.routes(),
            Branch("/api", Envelope(rest), rest.routes),
            Route("/chat/{workflow}", public_chat.page, methods=["GET"]),
            Route("/samples/{name}", samples.read_sample, methods=["GET"]),
            Route("/metrics", health.metrics, methods=["GET"]),
        ],
        middleware=[Middleware(Provided, runtime)],
    )


def api_operations() -> list[APIRoute]:
    """The operations that the description shows."""
    branches = [route for route in create_api().routes if isinstance(route, Branch)]
    return [
        operation for branch in branches for operation in branch.operations if operation.include_in_schema
    ]


class Branch(BaseRoute):
    """Everything under a path, for an application that sees the whole path."""

    def __init__(self, path: str, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self.path = path
        self.app = app
        self.operations = [route for route in routes if isinstance(route, APIRoute)]
        """What the application answers to."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request belongs here."""
        path = scope.get("path", "")
        here = scope["type"] == "http" and (path == self.path or path.startswith(f"{self.path}/"))
        return (Match.FULL if here else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """Addresses are not looked up by name."""
        raise NoMatchFound(name, dict(path_params))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request over."""
        await self.app(scope, receive, send)
