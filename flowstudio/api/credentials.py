"""Credentials: values go in and never come out."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.credentials import (
    CredentialChange,
    CredentialList,
    CredentialTypeList,
    CredentialView,
    NewCredential,
)
from flowstudio.api.routes import needs, refusals, router
from flowstudio.services.credentials import described_types

resource = router("Credentials")

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
    """Names and types, by name; whoever builds workflows may use them."""
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
    made = await studio.credentials.create(caller, body.name, body.type, body.values)
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
    openapi_extra=needs("admin"),
)
async def update_credential(id: Id, body: CredentialChange, caller: SignedIn, studio: Studio) -> Response:
    """A new name, or new values for all fields together."""
    return Json(await studio.credentials.update(caller, id, name=body.name, values=body.values))


@resource.delete(
    "/credentials/{id}",
    summary="Delete a credential",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("admin"),
)
async def delete_credential(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Nodes that use it fail from now on."""
    await studio.credentials.delete(caller, id)
    return Response(status_code=204)
