"""Credentials: values go in and never come out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from flowstudio.api.access import SESSION_COOKIE, SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.credentials import (
    CredentialChange,
    CredentialList,
    CredentialTypeList,
    CredentialView,
    NewCredential,
    SignInView,
    TrialView,
)
from flowstudio.api.routes import needs, refusals, router
from flowstudio.errors import InvalidRequest
from flowstudio.services.credentials import described_types

resource = router("Credentials")

Told = Annotated[str, Query(max_length=4096)]
Id = Annotated[str, Path(max_length=64, examples=["0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d"])]


@resource.get(
    "/credential-types",
    summary="List credential types",
    response_model=CredentialTypeList,
    responses=refusals(401),
    openapi_extra=needs("read"),
)
async def list_credential_types(caller: SignedIn) -> Response:
    """The kinds of credentials and the fields of their forms."""
    return Json({"items": described_types()})


@resource.get(
    "/credentials",
    summary="List credentials",
    response_model=CredentialList,
    responses=refusals(401, 403),
    openapi_extra=needs("edit"),
)
async def list_credentials(caller: SignedIn, studio: Studio) -> Response:
    """Those that the caller may use or change, by name, and the workflows that use them."""
    return Json({"items": await studio.credentials.all(caller)})


@resource.post(
    "/credentials",
    summary="Create a credential",
    status_code=201,
    response_model=CredentialView,
    responses=refusals(400, 401, 403, 413),
    openapi_extra=needs("admin"),
)
async def create_credential(body: NewCredential, caller: SignedIn, studio: Studio) -> Response:
    """Encrypts the values with the installation's key and stores them."""
    made = await studio.credentials.create(
        caller,
        body.name,
        body.type,
        body.values,
        usable_by=body.usable_by,
        editable_by=body.editable_by,
        ends_at=body.ends_at,
    )
    return Json(made, 201, {"Location": f"/api/credentials/{made['id']}"})


@resource.get(
    "/credentials/{id}",
    summary="Read a credential",
    response_model=CredentialView,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def read_credential(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Its name and type; its values stay on the server."""
    return Json(await studio.credentials.get(caller, id))


@resource.patch(
    "/credentials/{id}",
    summary="Change a credential",
    response_model=CredentialView,
    responses=refusals(400, 401, 403, 404, 409, 413),
    openapi_extra=needs("edit"),
)
async def update_credential(id: Id, body: CredentialChange, caller: SignedIn, studio: Studio) -> Response:
    """A new name, new values for all fields together, who may use and change it, and when it ends. For those who may change it."""
    given = body.model_dump(include={"usable_by", "editable_by", "ends_at"}, exclude_unset=True)
    others = {key: value for key, value in given.items() if value is not None or key == "ends_at"}
    return Json(await studio.credentials.update(caller, id, name=body.name, values=body.values, **others))


@resource.delete(
    "/credentials/{id}",
    summary="Delete a credential",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def delete_credential(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Nodes that use it fail from now on. For those who may change it."""
    await studio.credentials.delete(caller, id)
    return Response(status_code=204)


@resource.post(
    "/credentials/{id}/test",
    summary="Test a credential",
    response_model=TrialView,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def test_credential(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Calls the service of the credential cheaply, and says in a sentence what came of it."""
    verdict = await studio.trials.run(caller, id)
    return Json({"works": verdict.works, "message": verdict.message})


@resource.post(
    "/credentials/{id}/connect",
    summary="Begin to connect a credential",
    response_model=SignInView,
    responses=refusals(401, 403, 404, 409),
    openapi_extra=needs("edit"),
)
async def connect_credential(id: Id, request: Request, caller: SignedIn, studio: Studio) -> Response:
    """For OAuth2: where the browser goes to sign in. Needs a session, since the service sends that browser back."""
    origin = (
        studio.settings.public_url or request.headers.get("origin") or str(request.base_url)
    )  # the origin was checked
    url = await studio.sign_ins.begin(
        caller,
        id,
        session=request.cookies.get(SESSION_COOKIE) if caller.via == "session" else None,
        origin=origin,
    )
    return Json({"url": url})


@resource.get(
    "/oauth2/callback",
    summary="End connecting a credential",
    status_code=303,
    responses=refusals(401, 403) | {303: {"description": "To the page of credentials."}},
    openapi_extra=needs("edit"),
)
async def end_sign_in(
    request: Request,
    caller: SignedIn,
    studio: Studio,
    state: Told = "",
    code: Told = "",
    error: Told = "",
    error_description: Told = "",
) -> Response:
    """Where services send browsers back after signing in. Fetches the tokens and stores them encrypted."""
    try:
        ended = await studio.sign_ins.end(
            caller,
            session=request.cookies.get(SESSION_COOKIE) if caller.via == "session" else None,
            state=state,
            code=code,
            error=error,
            description=error_description,
        )
    except InvalidRequest:
        return RedirectResponse("/credentials?signed-in=late", 303)
    outcome = "failed" if ended.problem else "yes"
    return RedirectResponse(f"/credentials?signed-in={outcome}&credential={quote(ended.credential_id)}", 303)
