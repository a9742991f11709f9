"""Public chats: the page, and what it calls. Each chat says whom it lets in."""

from __future__ import annotations

import html
import json
import secrets
from functools import cache
from pathlib import Path as File
from typing import Annotated

from fastapi import Path
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from flowstudio import frontend
from flowstudio.api.access import Studio, client_address, identify, runtime_of
from flowstudio.api.answers import Json
from flowstudio.api.chat import EVENTS, Index, Number, Side, uploads
from flowstudio.api.events import EventStream
from flowstudio.api.files import BODY, file_response
from flowstudio.api.models.chats import Password, PublicChat, PublicMessage, Rating
from flowstudio.api.routes import needs, refusals, router
from flowstudio.errors import NotFound
from flowstudio.services.public_chats import Visitor
from flowstudio.services.turns import Message

resource = router("Public chats")

VISITOR = "flowstudio_visitor"
GRANT = "flowstudio_chat"
LIFE = 365 * 24 * 3600
"""Seconds that a browser is known for."""
MANIFEST = "public-chat.json"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)

Chat = Annotated[
    str,
    Path(max_length=64, description="The workflow.", examples=["0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d"]),
]


@resource.get(
    "/public-chats/{id}",
    summary="Open a public chat",
    response_model=PublicChat,
    responses=refusals(404, 429),
    openapi_extra=needs("public"),
)
async def arrive(request: Request, id: Chat, studio: Studio) -> Response:
    """How its page looks, and what was said with this browser, or what the visitor has to do first."""
    return Json(await studio.public_chats.arrive(id, await visitor(request, id)))


@resource.post(
    "/public-chats/{id}/enter",
    summary="Enter a public chat by its password",
    status_code=204,
    responses=refusals(400, 403, 404, 413, 429),
    openapi_extra=needs("public"),
)
async def enter(request: Request, id: Chat, body: Password, studio: Studio) -> Response:
    """Sets cookies that let this browser in."""
    guest = await visitor(request, id)
    grant = await studio.public_chats.enter(id, guest, body.password)
    answer = Response(status_code=204)
    _remember(request, answer, VISITOR, guest.token)
    _remember(request, answer, f"{GRANT}_{id}", grant)
    return answer


@resource.post(
    "/public-chats/{id}/messages",
    summary="Send a message to a public chat",
    response_class=Response,
    responses=refusals(400, 401, 404, 409, 413, 429) | {200: EVENTS},
    openapi_extra=needs("public"),
)
async def send_public_message(request: Request, id: Chat, body: PublicMessage, studio: Studio) -> Response:
    """Answers with server-sent events. The browser is known by a cookie, so that it finds the chat again."""
    guest = await visitor(request, id)
    message = Message(
        text=body.message,
        files=uploads(body.files),
        session="",
        replaces=body.replaces,
        keep_files=body.keep_files,
    )
    said = await studio.public_chats.say(id, guest, message, fresh=body.fresh)
    answer = EventStream(said, studio.closing.wait)
    _remember(request, answer, VISITOR, guest.token)
    return answer


@resource.delete(
    "/public-chats/{id}/messages",
    summary="Delete one's messages in a public chat",
    status_code=204,
    responses=refusals(401, 404, 429),
    openapi_extra=needs("public"),
)
async def forget(request: Request, id: Chat, studio: Studio) -> Response:
    """Deletes the visitor's present chat; agents forget it, too."""
    await studio.public_chats.forget(id, await visitor(request, id))
    return Response(status_code=204)


@resource.get(
    "/public-chats/{id}/events",
    summary="Watch a public chat",
    response_class=Response,
    responses=refusals(401, 404, 429) | {200: EVENTS},
    openapi_extra=needs("public"),
)
async def watch_public_answer(request: Request, id: Chat, studio: Studio) -> Response:
    """How the visitor's last message is answered, from the beginning."""
    said = await studio.public_chats.watch(id, await visitor(request, id))
    return EventStream(said, studio.closing.wait)


@resource.post(
    "/public-chats/{id}/stop",
    summary="Stop an answer in a public chat",
    status_code=204,
    responses=refusals(401, 404, 429),
    openapi_extra=needs("public"),
)
async def stop(request: Request, id: Chat, studio: Studio) -> Response:
    """Stops what answers the visitor's last message."""
    await studio.public_chats.stop(id, await visitor(request, id))
    return Response(status_code=204)


@resource.put(
    "/public-chats/{id}/turns/{number}/rating",
    summary="Rate an answer in a public chat",
    status_code=204,
    responses=refusals(400, 401, 404, 413, 429),
    openapi_extra=needs("public"),
)
async def rate(request: Request, id: Chat, number: Number, body: Rating, studio: Studio) -> Response:
    """Notes whether the answer was good."""
    await studio.public_chats.rate(id, await visitor(request, id), number, body.rating)
    return Response(status_code=204)


@resource.get(
    "/public-chats/{id}/turns/{number}/files/{index}",
    summary="Read a file of a public chat",
    response_class=Response,
    responses=BODY | refusals(401, 404, 429),
    openapi_extra=needs("public"),
)
async def read_public_file(
    request: Request, id: Chat, number: Number, index: Index, studio: Studio, answer: Side = False
) -> Response:
    """A file of the visitor's own chat."""
    file = await studio.public_chats.file(id, await visitor(request, id), number, index, said=answer)
    return file_response(await studio.storage.binaries.chunks(file), file)


async def visitor(request: Request, workflow: str) -> Visitor:
    """Who visits; a browser that is not known yet gets a secret of its own."""
    token = request.cookies.get(VISITOR, "")
    if not 32 <= len(token) <= 128:
        token = secrets.token_urlsafe(32)
    return Visitor(
        token=token,
        grant=request.cookies.get(f"{GRANT}_{workflow}", "")[:200],
        address=client_address(request),
        caller=await identify(request),
    )


def _remember(request: Request, answer: Response, name: str, value: str) -> None:
    secure = request.url.scheme == "https" or runtime_of(request.scope).settings.public_url.startswith(
        "https:"
    )
    answer.set_cookie(name, value, max_age=LIFE, httponly=True, samesite="lax", secure=secure, path="/")


async def page(request: Request) -> Response:
    """`GET /chat/{workflow}`: the page, which says itself when there is no chat."""
    id_ = request.path_params["workflow"]
    title, status = "Chat", 200
    try:
        title = str((await runtime_of(request.scope).public_chats.look(id_))["title"])
    except NotFound:
        status = 404
    script, styles = _bundle(frontend.web_folder())
    links = "".join(f'<link rel="stylesheet" href="{href}">' for href in styles)
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{html.escape(title)}</title>'
        f'<link rel="icon" href="/logo.svg" type="image/svg+xml"><link rel="stylesheet" href="/flowstudio.css">{links}'
        f'</head><body><div id="chat"></div><script type="module" src="{script}"></script></body></html>'
    )
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(body, status, headers)


@cache
def _bundle(web: File) -> tuple[str, list[str]]:
    """The page's script and styles, as the build named them."""
    try:
        manifest = json.loads((web / "build" / "client" / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        return "", []
    entry = next(one for one in manifest.values() if one.get("isEntry"))
    return f"/{entry['file']}", [f"/{file}" for file in entry.get("css", ())]
