"""Tokens of Google's service accounts, by Google's own library, through the installation's way out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flowstudio.errors import CredentialError, NodeError
from flowstudio.outbound.client import Outbound, Request
from flowstudio.outbound.oauth import LIMIT, TIMEOUT, Grant


class _Answer:
    """A response as google-auth reads it."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self.status, self.headers, self.data = status, headers, data


async def service_account_token(out: Outbound, key: str, *, scope: str, subject: str = "") -> Grant:
    """An access token for the account of a key file. Raises `CredentialError` with what is wrong, `NodeError` for others."""
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2.service_account import Credentials

    loop = asyncio.get_running_loop()
    refusals: list[NodeError] = []

    def send(
        url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **_: Any
    ) -> _Answer:
        data = body.encode() if isinstance(body, str) else body or b""
        request = Request(
            method, url, tuple((headers or {}).items()), data, timeout=TIMEOUT, max_redirects=0, limit=LIMIT
        )
        try:
            response = asyncio.run_coroutine_threadsafe(out.request(request), loop).result()
        except NodeError as error:
            refusals.append(error)
            raise
        return _Answer(response.status, dict(response.headers), response.body)

    try:
        account = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # google-auth has no types here
            json.loads(key), scopes=scope.split(), subject=subject or None
        )
    except (ValueError, KeyError, TypeError, GoogleAuthError):
        raise CredentialError(
            "This is not the key file of a service account. Paste the whole JSON file that Google gave you."
        ) from None
    try:
        await asyncio.to_thread(account.refresh, send)
    except GoogleAuthError as error:
        if refusals:
            raise refusals[0] from error
        raise CredentialError(
            f"Google does not accept the service account: {str(error.args[0] if error.args else error)[:300]}. "
            "Check that its key was not deleted, and the user that it acts for."
        ) from error
    expires = account.expiry.replace(tzinfo=UTC) if isinstance(account.expiry, datetime) else None
    return Grant(str(account.token), expires_at=expires)
