"""Connecting credentials: somebody signs in at a service in the browser, and the service sends them back here (OAuth2 with PKCE)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from flowstudio.errors import Conflict, FlowStudioError, Forbidden, InvalidRequest, NotFound
from flowstudio.nodes.connections import GoogleOAuth2Account, OAuth2Account
from flowstudio.nodes.credentials import CREDENTIAL_TYPES
from flowstudio.outbound import Outbound
from flowstudio.outbound.oauth import authorization_url, make_verifier, refusal, request_token
from flowstudio.redaction import Secrets, in_use
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.sharing import may_change, may_see
from flowstudio.services.tokens import Tokens, client_of, hushed, needs_person
from flowstudio.storage import Storage
from flowstudio.storage.credentials import TOKENS
from flowstudio.storage.records import CredentialRecord, SignIn

CALLBACK: Final = "/api/oauth2/callback"
LIFE: Final = timedelta(minutes=10)
"""How long somebody may take to sign in."""
TYPES: Final = (OAuth2Account.type, GoogleOAuth2Account.type)


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a sign-in."""

    credential_id: str
    problem: str = ""
    """Empty when it worked."""


class SignInService:
    """Begins and ends sign-ins. What was begun can be ended once, in time, and by the same session only."""

    def __init__(self, storage: Storage, outbound: Outbound, tokens: Tokens) -> None:
        self._credentials, self._outbound, self._tokens = storage.credentials, outbound, tokens
        self._audit = Audit(storage)

    async def begin(self, caller: Caller, id_: str, *, session: str | None, origin: str) -> str:
        """Where the browser goes to sign in. `origin` is the address of FlowStudio that the browser uses.

        Raises `NotFound`, `Forbidden`, and `Conflict` for a credential that is not connected this way.
        """
        require(caller, "edit")
        record = await self._credentials.get(id_)
        if record is None or not may_see(caller, record):
            raise NotFound(f"There is no credential '{id_}'.")
        if not may_change(caller, record):
            raise Forbidden(f"You may use '{record.name}', but not connect it. Ask an admin.")
        account = await self._account(record)
        if account is None:
            raise Conflict(f"'{record.name}' needs no sign-in. Press Test to see whether it works.")
        if not account.authorization_url:
            raise Conflict(f"'{record.name}' has no authorization URL. Change it first.")
        if not session:
            raise Conflict("Connecting needs a browser: open Credentials and press Connect there.")
        state, verifier = secrets.token_urlsafe(32), make_verifier()
        redirect = origin.rstrip("/") + CALLBACK
        noted = {"verifier": verifier, "redirect": redirect, "changed": record.updated_at.isoformat()}
        await self._credentials.begin_sign_in(state, session, id_, noted, datetime.now(UTC) + LIFE)
        # Google gives a refresh token only if it is asked to, and again only after asking for consent.
        google = "access_type=offline&prompt=consent"
        return authorization_url(
            account.authorization_url,
            client_id=account.client_id,
            redirect_uri=redirect,
            scope=account.scope,
            state=state,
            verifier=verifier,
            extra=account.extra if isinstance(account, OAuth2Account) else google,
        )

    async def end(
        self, caller: Caller, *, session: str | None, state: str, code: str, error: str, description: str
    ) -> Ended:
        """Take what the service sent back and fetch the tokens. Raises `InvalidRequest` for what was not begun here."""
        require(caller, "edit")
        entry = await self._credentials.end_sign_in(state, session) if session and state else None
        if entry is None:
            raise InvalidRequest(
                "This sign-in was not begun here, took longer than ten minutes, or was finished already. Press Connect again."
            )
        id_ = entry.credential_id
        known = Secrets(in_use)
        known.learn(code)
        try:
            await self._fetch(caller, entry, state, code, error, description, known)
        except FlowStudioError as failed:
            problem = known.mask_quoted(failed.message)  # services repeat what they were sent
            await self._credentials.note_problem(id_, problem)
            return Ended(id_, problem)
        return Ended(id_)

    async def _fetch(
        self,
        caller: Caller,
        entry: SignIn,
        state: str,
        code: str,
        error: str,
        description: str,
        known: Secrets,
    ) -> None:
        noted = self._credentials.unseal(state, entry.sealed)
        known.learn(noted["verifier"])
        record = await self._credentials.get(entry.credential_id)
        account = await self._account(record) if record is not None else None
        known.learn_from(account)
        if error:
            raise refusal(error, description)
        if not code:
            raise InvalidRequest("The service sent no code back. Press Connect again.")
        if record is None or not may_change(caller, record):
            raise NotFound("The credential is gone.")
        if record.updated_at.isoformat() != noted["changed"]:
            raise Conflict("The credential was changed during the sign-in. Press Connect again.")
        assert account is not None, "unchanged since the sign-in began"
        extra = dict(parse_qsl(account.extra.lstrip("?&"))) if isinstance(account, OAuth2Account) else {}
        with hushed():
            grant = await request_token(
                self._outbound,
                client_of(account),
                {
                    **{name: value for name, value in extra.items() if name in ("audience", "resource")},
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": noted["redirect"],
                    "code_verifier": noted["verifier"],
                },
            )
        in_use.learn(grant.access_token, grant.refresh_token)
        if not await self._tokens.keep(record.id, grant, unchanged_since=record.updated_at):
            raise Conflict("The credential was changed during the sign-in. Press Connect again.")
        await self._audit.record(caller, "credential.connected", record.name, record.id, type=record.type)

    async def _account(self, record: CredentialRecord) -> OAuth2Account | GoogleOAuth2Account | None:
        """The credential, if people sign in for it."""
        if record.type not in TYPES:
            return None
        values = await self._credentials.open(record.id, TYPES)
        shape = CREDENTIAL_TYPES[values.pop("type")]
        values.pop(TOKENS, None)
        made: Any = shape.model_validate(values)
        account: OAuth2Account | GoogleOAuth2Account = made
        return account if needs_person(account) else None
