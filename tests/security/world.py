"""A server, a hostile service, and every secret that was handed over."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from flowstudio.engine.events import Event
from flowstudio.logs import JsonFormatter
from flowstudio.outbound.oauth import Grant
from flowstudio.runtime import Runtime
from flowstudio.services.credentials import TYPES
from tests.api.conftest import Server
from tests.security.hostile import Hostile

CORE = "canary=Zq8x/Lw3vT5+aT9uVe2-and-more-of-it"


class Told(logging.Handler):
    """Keeps every log line as the server writes it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class World:
    """A server, the hostile service, and every secret that was handed over."""

    def __init__(self, server: Server, hostile: Hostile, database: int, logs: Told) -> None:
        self.server, self.hostile, self.database, self.logs = server, hostile, database, logs
        self.secrets: list[str] = []
        self.tokens: list[str] = []
        self.streams: list[bytes] = []
        """Event streams, as they came."""
        hostile.token = CORE
        self.events: list[Event] = []
        publish = server.runtime.bus.publish

        def recorded(event: Event) -> None:
            self.events.append(event)
            publish(event)

        server.runtime.bus.publish = recorded  # type: ignore[method-assign]  # listens in on the real one

    def secret(self) -> str:
        self.secrets.append(f's/{len(self.secrets):03}+{CORE}<b>&yK"7')
        return self.secrets[-1]

    def at(self, place: str) -> str:
        """The address of the hostile service for somebody, so that it is known who asked."""
        return f"{self.hostile.url}/{place}"

    def credential(self, client: httpx.Client, type_: str, place: str = "x0") -> tuple[str, str]:
        """A credential of a type, and one of its secrets."""
        if type_ in SPECIAL:
            values = SPECIAL[type_](self, self.at(place))
            answer = client.post("/api/credentials", json={"name": type_, "type": type_, "values": values})
            assert answer.status_code == 201, answer.text
            if type_ == "google-oauth2":
                self.connect(answer.json()["id"])
            return answer.json()["id"], self.secrets[-1]
        values = {}
        for name, field in TYPES[type_].model_fields.items():
            if "Secret" in str(field.annotation):
                if name != "private_key":
                    values[name] = self.secret()
            elif name == "base_url":
                values[name] = f"{self.at(place)}/v1"
            elif name == "name":
                values[name] = "X-Canary"
            elif type_ == "postgresql" and name in ("host", "port", "database"):
                values[name] = {"host": "127.0.0.1", "port": self.database, "database": place}[name]
            elif field.is_required():
                values[name] = "canary-user"
        answer = client.post("/api/credentials", json={"name": type_, "type": type_, "values": values})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], self.secrets[-1]

    def connect(self, id_: str) -> None:
        """As after a sign-in of long ago: the access token has to be renewed by the other one."""

        async def keep(runtime: Runtime) -> None:
            record = await runtime.storage.credentials.get(id_)
            assert record is not None
            past = datetime.now(UTC) - timedelta(days=1)
            grant = Grant(self.hostile.fresh_token(), self.hostile.fresh_token(), past)
            assert await runtime.tokens.keep(id_, grant, unchanged_since=record.updated_at)

        self.server.within(keep)


def several(world: World, url: str) -> dict[str, Any]:
    """Two headers and two parameters."""
    return {
        "headers": f"X-One: {world.secret()}\nX-Two: {world.secret()}",
        "query": f"one={world.secret()}\ntwo={world.secret()}",
    }


def program(world: World, url: str) -> dict[str, Any]:
    """OAuth2 without a person."""
    token_url = f"{url}/token"
    return {
        "grant": "client_credentials",
        "token_url": token_url,
        "client_id": "c",
        "client_secret": world.secret(),
    }


def person(world: World, url: str) -> dict[str, Any]:
    """A Google account."""
    secret = {"client_id": "c", "client_secret": world.secret(), "token_url": f"{url}/token"}
    return {**secret, "base_url": url}


def robot(world: World, url: str) -> dict[str, Any]:
    """A Google service account; its key is a canary, too."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    world.tokens.append(key.decode().splitlines()[5])
    held = {"client_email": "r@example.com", "private_key": key.decode(), "private_key_id": world.secret()}
    held |= {"type": "service_account", "token_uri": f"{url}/token"}
    return {"key": json.dumps(held), "base_url": url}


SPECIAL: dict[str, Callable[[World, str], dict[str, Any]]] = {
    "generic": several,
    "oauth2": program,
    "google-oauth2": person,
    "google-service-account": robot,
}
"""Types whose values depend on each other."""


def needles(world: World) -> list[str]:
    return needles_of(world.tokens)


def needles_of(tokens: Sequence[str] = ()) -> list[str]:
    """What all secrets have in common, in every form: the ends depend on what stands beside it and are cut off."""
    found = {CORE, quote(CORE, safe=""), CORE.encode().hex(), *tokens}
    for before in ("", "k", "k="):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(f"{before}{CORE}".encode()).decode()[4:-4])
    return sorted(found)
