"""Putting credentials on requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import TypeAlias

import httpx

from flowstudio.errors import CredentialError
from flowstudio.nodes.connections import (
    TOKEN_TYPES,
    AccessTokens,
    GoogleOAuth2Account,
    GoogleServiceAccount,
    OAuth2Account,
    TokenAccount,
)
from flowstudio.nodes.credentials import (
    BasicAuth,
    BearerAuth,
    DigestAuth,
    HeaderAuth,
    QueryAuth,
    SeveralSecrets,
)
from flowstudio.nodes.http.fields import encoded
from flowstudio.redaction import Secrets

HttpAccount: TypeAlias = (
    BasicAuth
    | HeaderAuth
    | BearerAuth
    | QueryAuth
    | DigestAuth
    | SeveralSecrets
    | OAuth2Account
    | GoogleOAuth2Account
    | GoogleServiceAccount
)
ACCOUNT_TYPES = (
    *(cls.type for cls in (BasicAuth, HeaderAuth, BearerAuth, QueryAuth, DigestAuth, SeveralSecrets)),
    *TOKEN_TYPES,
)


class _Added(httpx.Auth):
    """Sets headers and adds query parameters."""

    def __init__(
        self, headers: Sequence[tuple[str, str]] = (), query: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._headers = headers
        self._query = [encoded([pair]).encode() for pair in query]

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        for name, value in self._headers:
            request.headers[name] = value
        query = request.url.query
        present = query.split(b"&")
        missing = [pair for pair in self._query if pair not in present]
        if missing:
            request.url = request.url.copy_with(query=b"&".join([*([query] if query else []), *missing]))
        yield request


class TokenAuth(httpx.Auth):
    """Sends an access token; another one when the service does not accept it."""

    def __init__(self, account: TokenAccount, tokens: AccessTokens, secrets: Secrets) -> None:
        """`secrets` are those that are kept out of what the execution leaves behind: each token joins them."""
        self._account, self._tokens, self._secrets = account, tokens, secrets

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Try with the token that is there; after a 401, once more with another one."""
        token = await self._tokens.token(self._account)
        self._secrets.learn(token)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            token = await self._tokens.token(self._account, refused=token)
            self._secrets.learn(token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request


def authentication(account: HttpAccount, services: Mapping[type, object], secrets: Secrets) -> httpx.Auth:
    """What puts a credential on requests. `services` and `secrets` are those of the node's host."""
    match account:
        case BasicAuth():
            return httpx.BasicAuth(account.user, account.password.get_secret_value())
        case DigestAuth():
            return httpx.DigestAuth(account.user, account.password.get_secret_value())
        case BearerAuth():
            return _Added([("Authorization", f"Bearer {account.token.get_secret_value()}")])
        case HeaderAuth():
            return _Added([(account.name, account.value.get_secret_value())])
        case QueryAuth():
            return _Added(query=[(account.name, account.value.get_secret_value())])
        case SeveralSecrets():
            return _Added(account.header_pairs(), account.query_pairs())
        case _:
            tokens = services.get(AccessTokens)
            if not isinstance(tokens, AccessTokens):
                raise CredentialError("This installation cannot fetch tokens for OAuth2.")
            return TokenAuth(account, tokens, secrets)
