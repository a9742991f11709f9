"""Putting credentials on requests."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias

import httpx

from flowstudio.nodes.credentials import BasicAuth, BearerAuth, DigestAuth, HeaderAuth, QueryAuth
from flowstudio.nodes.http.fields import encoded

HttpAccount: TypeAlias = BasicAuth | HeaderAuth | BearerAuth | QueryAuth | DigestAuth
ACCOUNT_TYPES = tuple(cls.type for cls in (BasicAuth, HeaderAuth, BearerAuth, QueryAuth, DigestAuth))


class _InHeader(httpx.Auth):
    """Sets one header."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers[self._name] = self._value
        yield request


class _InQuery(httpx.Auth):
    """Adds one query parameter."""

    def __init__(self, name: str, value: str) -> None:
        self._pair = encoded([(name, value)]).encode()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        query = request.url.query
        if self._pair not in query.split(b"&"):
            request.url = request.url.copy_with(query=query + b"&" + self._pair if query else self._pair)
        yield request


def authentication(account: HttpAccount) -> httpx.Auth:
    """What puts a credential on requests."""
    match account:
        case BasicAuth():
            return httpx.BasicAuth(account.user, account.password.get_secret_value())
        case DigestAuth():
            return httpx.DigestAuth(account.user, account.password.get_secret_value())
        case BearerAuth():
            return _InHeader("Authorization", f"Bearer {account.token.get_secret_value()}")
        case HeaderAuth():
            return _InHeader(account.name, account.value.get_secret_value())
        case QueryAuth():
            return _InQuery(account.name, account.value.get_secret_value())
