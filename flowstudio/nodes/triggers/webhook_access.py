"""Who may call a webhook."""

from __future__ import annotations

import binascii
import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

import jwt

from flowstudio.engine.item import Json
from flowstudio.errors import CredentialError, Forbidden, Unauthorized
from flowstudio.nodes.credentials import BasicAuth, HeaderAuth, JwtAuth, SignatureAuth
from flowstudio.nodes.triggers.webhook import CallerAccount, Webhook


def read_account(webhook: Webhook, opened: Json) -> CallerAccount:
    """The credential of a webhook from what the vault opened. Raises `CredentialError` when it is of the wrong kind."""
    fields = {key: value for key, value in opened.items() if key != "type"}
    kinds: dict[str, type[CallerAccount]] = {
        "basic": BasicAuth,
        "header": HeaderAuth,
        "jwt": JwtAuth,
        "signature": SignatureAuth,
    }
    cls = kinds.get(webhook.authentication)
    if cls is None or opened.get("type", cls.type) != cls.type:
        raise CredentialError(
            f"The webhook's credential does not fit its authentication '{webhook.authentication}'. Choose another one."
        )
    return cls.model_validate(fields)


RECENT = 300
"""Seconds that a signed call may be old."""


def admit(
    webhook: Webhook, account: CallerAccount | None, headers: Sequence[tuple[str, str]], body: bytes = b""
) -> Json | None:
    """Let a caller in, or raise `Unauthorized` (nothing shown) or `Forbidden` (wrong). Gives the claims of a JWT.

    Raises `CredentialError` when the webhook asks for something that it has no credential for: it is closed then.
    """
    if webhook.authentication == "none":
        return None
    given = {name.lower(): value for name, value in headers}
    match webhook.authentication, account:
        case "basic", BasicAuth():
            _check_basic(account, given.get("authorization"))
            return None
        case "header", HeaderAuth():
            shown = given.get(account.name.lower())
            if shown is None:
                raise Unauthorized(f"This webhook needs the header '{account.name}'.")
            if not _same(shown.strip(), account.value.get_secret_value()):
                raise Forbidden(f"The header '{account.name}' has the wrong value.")
            return None
        case "jwt", JwtAuth():
            return _check_token(account, given.get("authorization"))
        case "signature", SignatureAuth():
            _check_signature(account, given, body)
            return None
        case _:
            raise CredentialError(
                f"The webhook asks for authentication '{webhook.authentication}' but has no fitting credential. "
                "Choose one in the Webhook node."
            )


def shown_secrets(webhook: Webhook, headers: Sequence[tuple[str, str]]) -> list[str]:
    """What a caller showed to be let in: it must not be kept with the request."""
    if webhook.authentication not in ("basic", "jwt"):
        return []  # the value of the header is the credential's own
    shown = [value for name, value in headers if name.lower() == "authorization"]
    return [value.partition(" ")[2].strip() for value in shown]


def _check_basic(account: BasicAuth, header: str | None) -> None:
    scheme, _, text = (header or "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthorized(
            "This webhook needs a user name and a password (Basic authentication).",
            detail={"www_authenticate": 'Basic realm="Webhook"'},
        )
    try:
        shown = b64decode(text.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        shown = ""
    if not _same(shown, f"{account.user}:{account.password.get_secret_value()}"):
        raise Forbidden("The user name or the password is wrong.")


def _check_token(account: JwtAuth, header: str | None) -> Json:
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized(
            "This webhook needs the header 'Authorization: Bearer' with a token.",
            detail={"www_authenticate": "Bearer"},
        )
    key = account.checking_key()
    if not key:
        raise CredentialError(
            f"The webhook's JWT credential has no key to check {account.algorithm} with. Fill it in."
        )
    try:
        claims: Json = jwt.decode(
            token.strip(), key, algorithms=[account.algorithm], options={"verify_aud": False}
        )
    except jwt.ExpiredSignatureError as error:
        raise Forbidden("The token has expired.") from error
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Forbidden("The token is not valid.") from error
    return claims


def _check_signature(account: SignatureAuth, given: Mapping[str, str], body: bytes) -> None:
    shown = given.get(account.header.lower(), "").strip()
    if not shown:
        raise Unauthorized(f"This webhook needs a signature in the header '{account.header}'.")
    signed = body
    if account.timestamp_header:
        stamp = given.get(account.timestamp_header.lower(), "").strip()
        if not stamp.isdecimal() or len(stamp) > 15:
            raise Unauthorized(f"This webhook needs the time in the header '{account.timestamp_header}'.")
        if abs(time.time() - int(stamp)) > RECENT:
            raise Forbidden("The call is too old, or the clocks differ.")
        parts = account.signed.replace("{timestamp}", stamp).partition("{body}")
        signed = parts[0].encode() + (body if parts[1] else b"") + parts[2].encode()
    digest = hmac.new(account.secret.get_secret_value().encode(), signed, account.algorithm)
    proof = digest.hexdigest() if account.encoding == "hex" else b64encode(digest.digest()).decode()
    if not shown.startswith(account.prefix) or not _same(shown.removeprefix(account.prefix), proof):
        raise Forbidden("The signature does not fit what was sent.")


def _same(shown: str, expected: str) -> bool:
    """Compare without telling by the time it takes how much was right."""
    return hmac.compare_digest(shown.encode(), expected.encode())
