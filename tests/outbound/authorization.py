"""An authorization server and the service that its tokens open, on loopback: OAuth 2.0 as real ones speak it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt

from tests.outbound.server import Answer, LoopbackServer, Received, Reply, serving


@contextlib.contextmanager
def threaded(answer: Answer) -> Iterator[LoopbackServer]:
    """Serve from a thread of its own, for tests that are not in an event loop."""
    ready, started = threading.Event(), list[LoopbackServer]()
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with serving(answer) as server:
            started.append(server)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield started[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@dataclass
class Authorization:
    """Grants access to whoever proves to be the client; forgets nothing that it gave."""

    client_id: str = "studio"
    client_secret: str = "client-canary-71d2"
    style: str = "header"
    """Where it wants the client's secret."""
    life: float | None = 3600
    """Seconds that a token holds, as it tells."""
    renews: bool = True
    denies: str = ""
    """The error that people bring back from signing in."""
    public_key: str = ""
    """Of the service account."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    access: list[str] = field(default_factory=list)
    """The tokens that open the service."""
    renewals: list[str] = field(default_factory=list)
    """The refresh tokens that are good for one more use."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """What came to the token endpoint."""
    given: list[str] = field(default_factory=list)
    """Every token that ever left."""

    def answer(self, request: Received) -> Reply:
        """Serve `/authorize`, `/token`, and the service at every other path."""
        if request.path == "/authorize":
            return self._authorize(dict(request.query))
        if request.path == "/token":
            return self._token(request, dict(parse_qsl(request.body.decode())))
        shown = (request.header("authorization") or "").removeprefix("Bearer ")
        if shown not in self.access:
            return Reply(401, {"error": "the token is not valid"})
        return Reply(body={"welcome": True})

    def _authorize(self, asked: dict[str, str]) -> Reply:
        assert asked["response_type"] == "code"
        assert asked["client_id"] == self.client_id
        assert asked["code_challenge_method"] == "S256"
        back = {"state": asked["state"]}
        if self.denies:
            back |= {"error": self.denies}
        else:
            code = secrets.token_urlsafe(8)
            self.codes[code] = asked
            back |= {"code": code}
        return Reply(302, headers=[("Location", f"{asked['redirect_uri']}?{urlencode(back)}")])

    def _token(self, request: Received, fields: dict[str, str]) -> Reply:
        self.asked.append(fields)
        kind = fields.get("grant_type")
        if kind == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            try:
                jwt.decode(
                    fields["assertion"],
                    self.public_key,
                    algorithms=["RS256"],
                    options={"verify_aud": False, "verify_iat": False},
                )
            except jwt.PyJWTError as error:
                return Reply(400, {"error": "invalid_grant", "error_description": str(error)})
            return self._grant(renew=False)
        pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        in_header = request.header("authorization") == f"Basic {pair}"
        in_body = (fields.get("client_id"), fields.get("client_secret")) == (
            self.client_id,
            self.client_secret,
        )
        if not (in_header if self.style == "header" else in_body):
            return Reply(401, {"error": "invalid_client"})
        if kind == "client_credentials":
            return self._grant(renew=False)
        if kind == "refresh_token":
            if fields["refresh_token"] not in self.renewals:
                return Reply(400, {"error": "invalid_grant", "error_description": "Token has been revoked."})
            self.renewals.remove(fields["refresh_token"])
            return self._grant(renew=True)
        began = self.codes.pop(fields.get("code", ""), None)
        proof = (
            base64.urlsafe_b64encode(sha256(fields["code_verifier"].encode()).digest()).decode().rstrip("=")
        )
        if (
            began is None
            or proof != began["code_challenge"]
            or fields["redirect_uri"] != began["redirect_uri"]
        ):
            return Reply(400, {"error": "invalid_grant", "error_description": "Bad code."})
        return self._grant(renew=self.renews)

    def _grant(self, *, renew: bool) -> Reply:
        answer: dict[str, Any] = {
            "access_token": f"access-canary-{secrets.token_hex(8)}",
            "token_type": "Bearer",
        }
        self.access[:] = [answer["access_token"]]
        if self.life is not None:
            answer["expires_in"] = self.life
        if renew:
            answer["refresh_token"] = f"refresh-canary-{secrets.token_hex(8)}"
            self.renewals.append(answer["refresh_token"])
        self.given += [value for key, value in answer.items() if key.endswith("_token")]
        return Reply(body=answer)
