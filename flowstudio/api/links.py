"""Invitations and forgotten passwords."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio, client_address, new_session
from flowstudio.api.answers import Json
from flowstudio.api.models.accounts import UserAnswer, UserView
from flowstudio.api.models.links import (
    Acceptance,
    Forgotten,
    InvitationDetails,
    InvitationList,
    InvitationView,
    LinkToken,
    MadeInvitation,
    NewInvitation,
    NewPassword,
)
from flowstudio.api.routes import needs, refusals, router

invitations = router("Users")
passwords = router("Sign-in")

Id = Annotated[str, Path(max_length=64, examples=["0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d"])]


@invitations.get(
    "/invitations", summary="List invitations", responses=refusals(401, 403), openapi_extra=needs("admin")
)
async def list_invitations(caller: SignedIn, studio: Studio) -> InvitationList:
    """Those that still work, newest first."""
    return InvitationList(items=[InvitationView.of(link) for link in await studio.links.invitations(caller)])


@invitations.post(
    "/invitations",
    summary="Invite somebody",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 413),
    openapi_extra=needs("admin"),
)
async def invite(body: NewInvitation, caller: SignedIn, studio: Studio) -> MadeInvitation:
    """Makes a link with which one person makes one account. The link is in this answer and never shown again.

    With an e-mail address it is for that address only, and is sent there if FLOWSTUDIO_SMTP_URL is set.
    """
    link, address = await studio.links.invite(caller, body.role, email=body.email or "", days=body.days)
    sent = bool(body.email) and studio.links.by_mail
    return MadeInvitation(invitation=InvitationView.of(link), link=address, sent=sent)


@invitations.post(
    "/invitations/read",
    summary="Read an invitation",
    responses=refusals(400, 403, 404, 413, 429),
    openapi_extra=needs("public"),
)
async def read_invitation(body: LinkToken, request: Request, studio: Studio) -> InvitationDetails:
    """What the account will be, for whoever has the link. Tries are limited."""
    link = await studio.links.read(body.token, client=client_address(request))
    return InvitationDetails(role=link.role or "viewer", email=link.email, expires_at=link.expires_at)


@invitations.post(
    "/invitations/accept",
    summary="Accept an invitation",
    status_code=201,
    response_model=UserAnswer,
    responses=refusals(400, 403, 404, 409, 413, 429),
    openapi_extra=needs("public"),
)
async def accept(body: Acceptance, request: Request, studio: Studio) -> Response:
    """Makes the account and signs in: the answer sets the session cookie. Works once."""
    user = await studio.links.accept(
        body.token, body.name, body.email, body.password, client=client_address(request)
    )
    answer = Json(UserAnswer(user=UserView.of(user)).model_dump(mode="json"), 201)
    return await new_session(request, answer, user.id)


@invitations.delete(
    "/invitations/{id}",
    summary="Take an invitation back",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("admin"),
)
async def take_back(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Its link does not work any more."""
    await studio.links.take_back(caller, id)
    return Response(status_code=204)


@passwords.post(
    "/password/forgotten",
    summary="Ask for a new password",
    status_code=204,
    responses=refusals(400, 403, 409, 413, 429),
    openapi_extra=needs("public"),
)
async def forgot_password(body: Forgotten, request: Request, studio: Studio) -> Response:
    """Sends a link if there is such an account; the answer does not tell. 409 when no mail server is set up."""
    await studio.links.forgot(body.email, client=client_address(request))
    return Response(status_code=204)


@passwords.post(
    "/password/reset",
    summary="Set a new password by a link",
    status_code=204,
    responses=refusals(400, 403, 404, 413, 429),
    openapi_extra=needs("public"),
)
async def reset_password(body: NewPassword, request: Request, studio: Studio) -> Response:
    """Ends all sessions of the account. Works once."""
    await studio.links.set_password(body.token, body.password, client=client_address(request))
    return Response(status_code=204)
