"""Set-up, sign-in, people and API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from flowstudio.api.access import (
    SESSION_COOKIE,
    SignedIn,
    Studio,
    browser_name,
    clear_session,
    client_address,
    new_session,
    set_session,
)
from flowstudio.api.answers import Json
from flowstudio.api.models.accounts import (
    KeyList,
    KeyView,
    Login,
    MadeKey,
    Me,
    MeAnswer,
    MeChange,
    NewKey,
    NewUser,
    PasswordChange,
    SessionList,
    SessionView,
    Setup,
    SetupState,
    UserAnswer,
    UserChange,
    UserList,
    UserView,
)
from flowstudio.api.routes import needs, refusals, router
from flowstudio.services.accounts import token_hash
from flowstudio.storage.records import Session

entry = router("Sign-in")
people = router("Users")
keys = router("API keys")

Id = Annotated[str, Path(max_length=64, examples=["0199c7a2-6a1f-7c3e-9d8b-5d2f7a1b3c4d"])]


@entry.get("/setup", summary="Tell whether the owner's account is missing", openapi_extra=needs("public"))
async def read_setup(studio: Studio) -> SetupState:
    """A new installation has no account yet: whoever opens it first makes the owner's."""
    return SetupState(needed=await studio.accounts.setup_needed(), can_reset=studio.links.by_mail)


@entry.post(
    "/setup",
    summary="Make the owner's account",
    status_code=201,
    response_model=UserAnswer,
    responses=refusals(400, 403, 409, 413),
    openapi_extra=needs("public"),
)
async def set_up(body: Setup, request: Request, studio: Studio) -> Response:
    """Works once. Signs the owner in: the answer sets the session cookie."""
    user = await studio.accounts.create_owner(body.name, body.email, body.password)
    answer = Json(UserAnswer(user=UserView.of(user)).model_dump(mode="json"), 201)
    return await new_session(request, answer, user.id)


@entry.post(
    "/login",
    summary="Sign in",
    response_model=MeAnswer,
    responses=refusals(400, 401, 403, 413, 429),
    openapi_extra=needs("public"),
)
async def sign_in(body: Login, request: Request, studio: Studio) -> Response:
    """Sets the session cookie. Tries are limited for each e-mail address and client."""
    token = await studio.accounts.sign_in(
        body.email, body.password, client=client_address(request), agent=browser_name(request)
    )
    caller = await studio.accounts.identify_session(token)
    answer = Json({"user": Me.of(caller).model_dump(mode="json") if caller else None})
    set_session(request, answer, token)
    return answer


@entry.post(
    "/logout",
    summary="Sign out",
    status_code=204,
    responses=refusals(403),
    openapi_extra=needs("public"),
)
async def sign_out(request: Request, studio: Studio) -> Response:
    """Ends the session of the cookie, if there is one."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await studio.accounts.sign_out(token)
    answer = Response(status_code=204)
    clear_session(answer)
    return answer


@entry.get("/me", summary="Tell who calls", responses=refusals(401), openapi_extra=needs("read"))
async def read_me(caller: SignedIn) -> MeAnswer:
    """The account of the cookie or the key."""
    return MeAnswer(user=Me.of(caller))


@entry.patch(
    "/me",
    summary="Change one's own account",
    responses=refusals(400, 401, 403, 413),
    openapi_extra=needs("account"),
)
async def update_me(body: MeChange, caller: SignedIn, studio: Studio) -> UserAnswer:
    """The name that others see. The role is changed by admins, the password with `PUT /api/me/password`."""
    return UserAnswer(user=UserView.of(await studio.accounts.rename(caller, body.name)))


@entry.put(
    "/me/password",
    summary="Change one's own password",
    status_code=204,
    responses=refusals(400, 401, 403, 413, 429),
    openapi_extra=needs("account"),
)
async def change_password(
    body: PasswordChange, request: Request, caller: SignedIn, studio: Studio
) -> Response:
    """Ends all sessions of the account and opens a new one for this browser."""
    await studio.accounts.change_password(
        caller, body.old_password, body.new_password, client=client_address(request)
    )
    answer = Response(status_code=204)
    return await new_session(request, answer, caller.user_id) if caller.via == "session" else answer


@entry.get(
    "/sessions",
    summary="List one's own sessions",
    responses=refusals(401, 403),
    openapi_extra=needs("account"),
)
async def list_own_sessions(request: Request, caller: SignedIn, studio: Studio) -> SessionList:
    """The browsers in which the account is signed in, newest first."""
    return _sessions(await studio.accounts.sessions(caller), request)


@entry.delete(
    "/sessions/{id}",
    summary="End a session",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("account"),
)
async def end_session(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Signs that browser out at once. Admins may end everybody's."""
    await studio.accounts.end_session(caller, id)
    return Response(status_code=204)


@people.get(
    "/users/{id}/sessions",
    summary="List a user's sessions",
    responses=refusals(401, 403, 404),
    openapi_extra=needs("admin"),
)
async def list_user_sessions(id: Id, request: Request, caller: SignedIn, studio: Studio) -> SessionList:
    """The browsers in which the account is signed in, newest first."""
    return _sessions(await studio.accounts.sessions(caller, id), request)


def _sessions(sessions: list[Session], request: Request) -> SessionList:
    present = token_hash(request.cookies.get(SESSION_COOKIE, ""))
    return SessionList(items=[SessionView.of(each, current=each.token_hash == present) for each in sessions])


@people.get("/users", summary="List users", responses=refusals(401, 403), openapi_extra=needs("admin"))
async def list_users(caller: SignedIn, studio: Studio) -> UserList:
    """All accounts, oldest first."""
    return UserList(items=[UserView.of(user) for user in await studio.accounts.users(caller)])


@people.post(
    "/users",
    summary="Create a user",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 413),
    openapi_extra=needs("admin"),
)
async def create_user(body: NewUser, caller: SignedIn, studio: Studio) -> UserAnswer:
    """A viewer reads, an editor also changes and runs workflows, an admin also looks after users and keys."""
    user = await studio.accounts.create_user(caller, body.name, body.email, body.password, body.role)
    return UserAnswer(user=UserView.of(user))


@people.patch(
    "/users/{id}",
    summary="Change a user",
    responses=refusals(400, 401, 403, 404, 409, 413),
    openapi_extra=needs("admin"),
)
async def update_user(id: Id, body: UserChange, caller: SignedIn, studio: Studio) -> UserAnswer:
    """The owner's account is changed by the owner alone, and nobody changes their own role."""
    user = await studio.accounts.update_user(
        caller, id, name=body.name, role=body.role, password=body.password
    )
    return UserAnswer(user=UserView.of(user))


@people.delete(
    "/users/{id}",
    summary="Delete a user",
    status_code=204,
    responses=refusals(401, 403, 404, 409),
    openapi_extra=needs("admin"),
)
async def delete_user(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """Ends the account's sessions and keys; workflows stay."""
    await studio.accounts.delete_user(caller, id)
    return Response(status_code=204)


@keys.get("/api-keys", summary="List API keys", responses=refusals(401, 403), openapi_extra=needs("account"))
async def list_keys(caller: SignedIn, studio: Studio) -> KeyList:
    """One's own keys; admins see everybody's."""
    return KeyList(items=[KeyView.of(key) for key in await studio.accounts.keys(caller)])


@keys.post(
    "/api-keys",
    summary="Create an API key",
    status_code=201,
    responses=refusals(400, 401, 403, 413),
    openapi_extra=needs("account"),
)
async def create_key(body: NewKey, caller: SignedIn, studio: Studio) -> MadeKey:
    """The key acts for the caller, with the caller's role and at most its scope: `full`, `edit` (also runs), `run` (also
    reads), `read`, or `metrics` (`/metrics` alone). Its text is in this answer and never shown again."""
    record, key = await studio.accounts.create_key(
        caller, body.name, scope=body.scope, days=body.expires_in_days
    )
    return MadeKey(api_key=KeyView.of(record), key=key)


@keys.delete(
    "/api-keys/{id}",
    summary="Revoke an API key",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("account"),
)
async def revoke_key(id: Id, caller: SignedIn, studio: Studio) -> Response:
    """The key is useless from now on. Admins may revoke everybody's."""
    await studio.accounts.revoke_key(caller, id)
    return Response(status_code=204)
