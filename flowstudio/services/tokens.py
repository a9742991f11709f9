"""Access tokens: fetched when they are needed, renewed before they end, kept with their credential's encrypted values."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl
from weakref import WeakValueDictionary

from flowstudio.engine.item import Json
from flowstudio.errors import CredentialError
from flowstudio.nodes.connections import (
    TOKEN_TYPES,
    AccessTokens,
    GoogleOAuth2Account,
    GoogleServiceAccount,
    OAuth2Account,
    TokenAccount,
)
from flowstudio.nodes.credentials import CREDENTIAL_TYPES
from flowstudio.outbound import Outbound
from flowstudio.outbound.oauth import Client, Grant, OAuthError, request_token
from flowstudio.outbound.service_account import service_account_token
from flowstudio.redaction import in_use
from flowstudio.storage.credentials import TOKENS, CredentialRepository

EARLY: Final = timedelta(seconds=60)
"""How long before its end a token is renewed."""
_NEEDS_PERSON: Final = ("invalid_grant", "access_denied", "interaction_required", "consent_required")


class Tokens(AccessTokens):
    """Implements `AccessTokens` and `engine.store.Vault`: as the latter it keeps tokens from nodes and names credentials.

    Whoever asks while a token is being renewed waits for that one renewal. A renewal that another process made meanwhile is
    taken over.
    """

    def __init__(self, credentials: CredentialRepository, outbound: Outbound) -> None:
        self._credentials, self._outbound = credentials, outbound
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        """A credential without its tokens. Raises `CredentialError`."""
        values = await self._credentials.open(credential, types)
        values.pop(TOKENS, None)
        return {**values, "id": credential}

    async def token(self, account: TokenAccount, *, refused: str = "") -> str:
        """A token that holds. Raises `CredentialError` that says whether a person must connect again."""
        async with self._alone(account.id or _fingerprint(account)):
            return await (self._stored(account.id, refused) if account.id else self._fresh(account))

    async def check(self, id_: str) -> str:
        """Prove that a stored credential still gets tokens, by fetching one; gives it."""
        values = await self._credentials.open(id_, TOKEN_TYPES)
        refused = (values.get(TOKENS) or {}).get("access_token", "")
        renewable = (values.get(TOKENS) or {}).get("refresh_token") or not needs_person(_shape(values))
        async with self._alone(id_):
            return await self._stored(id_, refused if renewable else "")

    async def keep(self, id_: str, grant: Grant, *, unchanged_since: datetime) -> bool:
        """Store what somebody's sign-in gave. False when the credential was changed meanwhile."""
        tokens = {
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
            "ends_at": _iso(grant.expires_at),
        }
        connection = {
            "connected_at": _iso(datetime.now(UTC)),
            "ends_at": _iso(grant.expires_at),
            "renewable": bool(grant.refresh_token),
        }
        return (
            await self._credentials.connect(id_, tokens, connection, unchanged_since=unchanged_since)
            is not None
        )

    def _alone(self, key: str) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock

    async def _fresh(self, account: TokenAccount) -> str:
        """A token for a credential that nobody stored."""
        if needs_person(account):
            raise CredentialError(
                f"A credential of the type '{account.label}' must be stored and connected in FlowStudio before it can be used."
            )
        return (await self._fetch(account)).access_token

    async def _stored(self, id_: str, refused: str) -> str:
        record = await self._credentials.get(id_)
        values = await self._credentials.open(id_, TOKEN_TYPES)
        if record is None:
            raise CredentialError(f"There is no credential '{id_}' any more.")
        tokens: Json = values.get(TOKENS) or {}
        in_use.learn(*(each for name in ("access_token", "refresh_token") if (each := tokens.get(name))))
        present = tokens.get("access_token", "")
        if present and present != refused and _holds(tokens):
            return str(present)
        account = _shape(values)
        renewal = tokens.get("refresh_token") or ""
        if needs_person(account) and not renewal:
            said = (
                "ended, and the service gives no way to renew it"
                if present
                else "is not connected to its service yet"
            )
            raise CredentialError(
                f"The credential '{record.name}' {said}. Open Credentials and press Connect there."
            )
        try:
            grant = await self._fetch(account, renewal)
        except OAuthError as error:
            if needs_person(account) and error.error in _NEEDS_PERSON:
                if other := await self._by_another_process(id_, renewal):
                    return other
                await self._credentials.note_problem(id_, error.message)
                raise OAuthError(
                    f"The credential '{record.name}' must be connected again. {error.message}",
                    error=error.error,
                ) from error
            raise
        kept = Grant(grant.access_token, grant.refresh_token or str(renewal), grant.expires_at, grant.scope)
        await self.keep(id_, kept, unchanged_since=record.updated_at)
        return grant.access_token

    async def _by_another_process(self, id_: str, renewal: str) -> str:
        """A token that came while ours was refused: refresh tokens are often good for one use."""
        tokens: Json = (await self._credentials.open(id_, TOKEN_TYPES)).get(TOKENS) or {}
        renewed = tokens.get("refresh_token") != renewal and _holds(tokens)
        return str(tokens.get("access_token", "")) if renewed else ""

    async def _fetch(self, account: TokenAccount, renewal: str = "") -> Grant:
        """Ask the service for a token."""
        in_use.learn_from(account)
        with hushed():
            grant = await self._asked(account, renewal)
        in_use.learn(grant.access_token, grant.refresh_token)
        return grant

    async def _asked(self, account: TokenAccount, renewal: str) -> Grant:
        if isinstance(account, GoogleServiceAccount):
            return await service_account_token(
                self._outbound, account.key.get_secret_value(), scope=account.scope, subject=account.subject
            )
        fields = (
            {"grant_type": "refresh_token", "refresh_token": renewal}
            if needs_person(account)
            else {"grant_type": "client_credentials", **_extra(account)}
        )
        if account.scope and not needs_person(account):
            fields["scope"] = account.scope
        return await request_token(self._outbound, client_of(account), fields)


@contextmanager
def hushed() -> Iterator[None]:
    """Mask what a service says when it refuses: it may repeat what it was sent."""
    try:
        yield
    except CredentialError as error:
        error.message = in_use.mask_quoted(error.message)
        error.args = (error.message,)
        raise


def needs_person(account: TokenAccount) -> bool:
    """Whether somebody has to sign in in the browser."""
    return isinstance(account, GoogleOAuth2Account) or (
        isinstance(account, OAuth2Account) and account.grant == "authorization_code"
    )


def client_of(account: OAuth2Account | GoogleOAuth2Account) -> Client:
    """FlowStudio as the service knows it."""
    style = account.client_authentication if isinstance(account, OAuth2Account) else "body"
    return Client(account.token_url, account.client_id, account.client_secret.get_secret_value(), style)


def _extra(account: OAuth2Account | GoogleOAuth2Account) -> dict[str, str]:
    return dict(parse_qsl(account.extra.lstrip("?&"))) if isinstance(account, OAuth2Account) else {}


def _shape(values: Json) -> TokenAccount:
    fields = {name: value for name, value in values.items() if name not in ("type", "id", TOKENS)}
    made: Any = CREDENTIAL_TYPES[values["type"]].model_validate(fields)
    account: TokenAccount = made
    return account


def _holds(tokens: Json) -> bool:
    end = tokens.get("ends_at")
    if not tokens.get("access_token"):
        return False
    return end is None or datetime.fromisoformat(end) - EARLY > datetime.now(UTC)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _fingerprint(account: TokenAccount) -> str:
    secret = account.key if isinstance(account, GoogleServiceAccount) else account.client_secret
    return hashlib.sha256(secret.get_secret_value().encode()).hexdigest()
