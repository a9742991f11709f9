"""OAuth 2.0: addresses to sign in at, and requests for tokens (RFC 6749, 7636)."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit, urlunsplit

from flowstudio.errors import CredentialError
from flowstudio.outbound.client import Outbound, Request, Response

TIMEOUT = 30.0
LIMIT = 256 * 1024
"""Bytes that the answer of a token endpoint may have."""

ClientAuthentication: TypeAlias = Literal["header", "body"]

_WORDS: Mapping[str, str] = {
    "access_denied": "The sign-in was cancelled, or access was refused there.",
    "invalid_client": "The service does not know this client ID or client secret. Check both.",
    "invalid_grant": "The service does not accept the sign-in any more: it was used up, revoked or is too old. Connect again.",
    "invalid_request": "The service does not understand the request. Check the addresses and the extra parameters.",
    "invalid_scope": "The service does not grant these scopes. Check them.",
    "redirect_uri_mismatch": "The service does not know FlowStudio's redirect address. Add it there, exactly as the form shows it.",
    "unauthorized_client": "This client may not sign in this way. Change it in the service's settings.",
    "unsupported_grant_type": "The service does not offer this way of signing in. Choose the other one.",
    "unsupported_response_type": "The service does not offer this way of signing in. Choose the other one.",
    "server_error": "The service had an error of its own. Try again later.",
    "temporarily_unavailable": "The service is busy. Try again later.",
}


class OAuthError(CredentialError):
    """An authorization server said no; `error` is its code, empty when it gave none."""

    def __init__(self, message: str, *, error: str = "", retryable: bool = False) -> None:
        super().__init__(message, retryable=retryable)
        self.error = error


@dataclass(frozen=True, slots=True)
class Client:
    """FlowStudio as the authorization server knows it."""

    token_url: str
    id: str
    secret: str = field(default="", repr=False)
    authentication: ClientAuthentication = "header"


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens, and until when they hold."""

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    scope: str = ""


def make_verifier() -> str:
    """A fresh secret that proves at the end that whoever began the sign-in also finishes it (PKCE)."""
    return secrets.token_urlsafe(48)


def authorization_url(
    address: str, *, client_id: str, redirect_uri: str, scope: str, state: str, verifier: str, extra: str = ""
) -> str:
    """Where the browser goes to sign in. `extra` are more parameters, written as in an address."""
    parts = urlsplit(address)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | dict(
        parse_qsl(extra.lstrip("?&"), keep_blank_values=True)
    )
    query |= {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    if scope:
        query["scope"] = scope
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))


def refusal(error: str, description: str = "") -> OAuthError:
    """The error for a code that an authorization server gave."""
    words = _WORDS.get(error, "The service refused the sign-in.")
    said = " ".join(part for part in (error[:100], description.strip()[:300]) if part)
    return OAuthError(f"{words} It said: {said}." if said else words, error=error)


async def request_token(out: Outbound, client: Client, fields: Mapping[str, str]) -> Grant:
    """Ask a token endpoint; `fields` say for what. Raises `OAuthError`, and `NodeError` when nobody answers."""
    body = dict(fields)
    headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]
    if client.secret and client.authentication == "header":
        pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"
        headers.append(("Authorization", f"Basic {b64encode(pair.encode()).decode()}"))
    else:
        body["client_id"] = client.id
        if client.secret:
            body["client_secret"] = client.secret
    response = await out.request(
        Request(
            "POST",
            client.token_url,
            headers,
            urlencode(body).encode(),
            timeout=TIMEOUT,
            max_redirects=0,  # never carry a client's secret to another address
            limit=LIMIT,
        )
    )
    return read_grant(response)


def read_grant(response: Response) -> Grant:
    """The tokens of an answer. Raises `OAuthError`, which never quotes a token."""
    answer = _fields(response)
    where = _place(response)
    error = answer.get("error")
    if isinstance(error, dict):  # some services nest it
        answer, error = error, error.get("code") or error.get("type")
    if error or response.status >= 400:
        if not error:
            raise OAuthError(
                f"{where} answered {response.status} {response.reason} instead of a token. Check the token URL.",
                retryable=response.status >= 500 or response.status == 429,
            )
        told = answer.get("error_description") or answer.get("message") or ""
        raise refusal(str(error), str(told))
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise OAuthError(f"The answer of {where} has no access token. Check the token URL.")
    kind = str(answer.get("token_type") or "bearer").lower()
    if kind != "bearer":
        raise OAuthError(f"{where} gave a token of the kind '{kind[:50]}'; only bearer tokens can be used.")
    return Grant(
        token, str(answer.get("refresh_token") or ""), _end(answer), str(answer.get("scope") or "")[:2000]
    )


def _place(response: Response) -> str:
    """Where an answer came from, without the query."""
    parts = urlsplit(response.url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _fields(response: Response) -> dict[str, Any]:
    text = response.body.decode("utf-8", errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        found = dict(parse_qsl(text)) if "form-urlencoded" in response.header("content-type") else {}
    return found if isinstance(found, dict) else {}


def _end(answer: Mapping[str, Any]) -> datetime | None:
    try:
        seconds = float(answer["expires_in"])
        return datetime.now(UTC) + timedelta(seconds=max(seconds, 0)) if seconds == seconds else None
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
