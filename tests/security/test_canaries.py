"""Secrets that shout when they are found: through nodes that take a credential, well and badly answered.

A hostile service repeats what it is sent in every form. Afterwards nothing of a secret may be in what the server stored,
logged, told live or answers, nor in exports and backups. What browsers get is searched by a browser test.
"""

from __future__ import annotations

import base64
import hmac
import json
import logging
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from flowstudio.engine.events import Event, NodeStreamed
from flowstudio.engine.node import Node, SubNode, TriggerNode
from flowstudio.engine.parameters import fields_of
from flowstudio.logs import JsonFormatter
from flowstudio.outbound.oauth import Grant
from flowstudio.runtime import Runtime
from flowstudio.services.credentials import TYPES
from flowstudio.storage.backup import write_backup
from tests.api.conftest import Server, node, running
from tests.security.hostile import Hostile, Mood, forms, hostile_service
from tests.security.hostile_database import hostile_database

CORE = "canary=Zq8x/Lw3vT5+aT9uVe2-and-more-of-it"

PROPERTIES: dict[str, dict[str, Any]] = {
    "http-request": {"url": "{url}/echo"},
    "tool-api-caller": {"url": "{url}/echo", "name": "ask", "description": "Asks."},
    "vector-store-insert": {"collection": "c"},
    "chat-model-alith": {"model": "m"},
    "google-sheets": {"operation": "read", "document": "abc", "sheet": "S"},
    "question-answer-chain": {"question": "Who?"},
    "ai-agent": {"prompt": "Say it.", "message": "Hello"},
    "summarization-chain": {"of": "text", "text": "A long text."},
    "sentiment-analysis": {"text": "Fine."},
    "information-extractor": {"text": "Two", "fields": [{"name": "n"}]},
    "text-classifier": {"text": "x", "categories": [{"name": "A"}, {"name": "B"}]},
}


CUT_OFF = {"http-request", "tool-api-caller", "google-sheets", "chat-model-openai", "postgres"}
"""Nodes that also meet services that break off and that send them on; all others use the same way out."""


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
        self.latest = ""
        """The credential that was made last."""
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

    def credential(self, client: httpx.Client, type_: str) -> tuple[str, str]:
        """A credential of a type, and one of its secrets."""
        if type_ in SPECIAL:
            values = SPECIAL[type_](self)
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
                values[name] = f"{self.hostile.url}/v1"
            elif name == "name":
                values[name] = "X-Canary"
            elif type_ == "postgresql" and name in ("host", "port"):
                values[name] = {"host": "127.0.0.1", "port": self.database}[name]
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


def several(world: World) -> dict[str, Any]:
    """Two headers and two parameters."""
    return {
        "headers": f"X-One: {world.secret()}\nX-Two: {world.secret()}",
        "query": f"one={world.secret()}\ntwo={world.secret()}",
    }


def program(world: World) -> dict[str, Any]:
    """OAuth2 without a person."""
    token_url = f"{world.hostile.url}/token"
    return {
        "grant": "client_credentials",
        "token_url": token_url,
        "client_id": "c",
        "client_secret": world.secret(),
    }


def person(world: World) -> dict[str, Any]:
    """A Google account."""
    secret = {"client_id": "c", "client_secret": world.secret(), "token_url": f"{world.hostile.url}/token"}
    return {**secret, "base_url": world.hostile.url}


def robot(world: World) -> dict[str, Any]:
    """A Google service account; its key is a canary, too."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    world.tokens.append(key.decode().splitlines()[5])
    held = {"client_email": "r@example.com", "private_key": key.decode(), "private_key_id": world.secret()}
    held |= {"type": "service_account", "token_uri": f"{world.hostile.url}/token"}
    return {"key": json.dumps(held), "base_url": world.hostile.url}


SPECIAL: dict[str, Callable[[World], dict[str, Any]]] = {
    "generic": several,
    "oauth2": program,
    "google-oauth2": person,
    "google-service-account": robot,
}
"""Types whose values depend on each other."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    logs = Told()
    root = logging.getLogger()
    level = root.level
    with hostile_service() as hostile, hostile_database(hostile) as port:
        folder = tmp_path_factory.mktemp("canaries") / "data"
        hosts = (hostile.url.removeprefix("http://"), f"127.0.0.1:{port}")
        with running(folder, allow_hosts=hosts, log_level="debug") as server:
            root.addHandler(logs)
            root.setLevel(logging.INFO)
            try:
                yield World(server, hostile, port, logs)
            finally:
                root.removeHandler(logs)
                root.setLevel(level)


def takers(server: Server) -> list[tuple[type[Node], str]]:
    """Every node type that takes a credential, with every type of it; of model users one."""
    found = []
    for cls in server.runtime.registry:
        for mark in fields_of(cls).credentials.values():
            types = mark.types[-1:] if mark.ambient and len(mark.types) > 1 else mark.types
            found += [(cls, type_) for type_ in types]
    return found


def properties_of(cls: type[Node], url: str) -> dict[str, Any]:
    given = PROPERTIES.get(cls.type)
    if given is None:
        given = next((example.properties for example in cls.examples), {})
    return {k: v.replace("{url}", url) if isinstance(v, str) else v for k, v in given.items()}


def workflow(world: World, client: httpx.Client, cls: type[Node], type_: str) -> dict[str, Any]:
    """A workflow in which the node gets to use its credential."""
    credential, _ = world.credential(client, type_)
    world.latest = credential
    taker = node("taker", cls.type, "Taker", **properties_of(cls, world.hostile.url))
    [field] = [name for name, mark in fields_of(cls).credentials.items() if type_ in mark.types]
    taker["data"]["credentials"] = {field: credential}
    taker["data"]["settings"] = {"on_error": "continue"}
    start = node("start", "manual-trigger", "Start")
    after = node("after", "edit-fields", "After", include_other_fields=True, fields=[])
    nodes = [start, taker, after]
    edges: list[tuple[str, str, str | None]] = [("start", "taker", None), ("taker", "after", None)]
    if issubclass(cls, SubNode):
        slot = "tools" if cls.type.startswith("tool-") else "embedder" if "embedder" in cls.type else "model"
        host_type = {"tools": "ai-agent", "embedder": "vector-store-insert", "model": "ai-agent"}[slot]
        host = node("host", host_type, "Host", **PROPERTIES[host_type])
        host["data"]["settings"] = {"on_error": "continue"}
        nodes = [start, taker, host, after]
        edges = [("start", "host", None), ("taker", "host", slot), ("host", "after", None)]
        if slot == "tools":
            key, _ = world.credential(client, "openai-compatible")
            model = node("model", "chat-model-openai-compatible", "Model", model="m")
            model["data"]["credentials"] = {"account": key}
            nodes.append(model)
            edges.append(("model", "host", "model"))
    if cls.type.endswith("-openai-compatible"):
        taker["data"]["properties"]["model"] = "m"
    if "model_name" in cls.model_fields:
        taker["data"]["properties"]["model_name"] = "m"
    drawn = [{"source": a, "target": b} | ({"targetHandle": slot_} if slot_ else {}) for a, b, slot_ in edges]
    return {"name": f"{cls.type} {type_}", "nodes": nodes, "edges": drawn}


@pytest.mark.timeout(400)
def test_no_secret_leaves_through_any_node(world: World) -> None:
    """The search below is only worth something if the secrets were really used: every node must have asked the service."""
    silent: list[str] = []
    ran: list[str] = []
    trials: list[str] = []
    with world.server.client("owner") as client:
        for cls, type_ in takers(world.server):
            if issubclass(cls, TriggerNode) or cls.type == "respond-to-webhook":
                continue
            document = workflow(world, client, cls, type_)
            made = client.post("/api/workflows", json=document)
            assert made.status_code == 201, made.text
            moods: list[Mood] = ["echo", "refuse"]
            if cls.type in CUT_OFF:
                moods += ["cut", "redirect"]
            for world.hostile.mood in moods:
                before = world.hostile.asked
                answer = client.post(
                    f"/api/workflows/{made.json()['id']}/execute",
                    json={"wait": True, "trigger_data": {"text": "Some words"}},
                )
                assert answer.status_code == 200, f"{document['name']}: {answer.text}"
                ran.append(answer.json()["execution"]["id"])
                if world.hostile.asked == before:
                    silent.append(f"{document['name']}: {answer.text[:600]}")
                trials.append(client.post(f"/api/credentials/{world.latest}/test").text)
        world.hostile.mood = "echo"
        assert silent == []
        account, _ = world.credential(client, "http-bearer")
        fetch = node("f", "http-request", "File", url=f"{world.hostile.url}/file.bin")
        fetch["data"]["credentials"] = {"account": account}
        ran.append(run(client, [node("s", "manual-trigger", "Start"), fetch]))
        webhooks(world, client)
        assert found_in(world, answers(client)) == []
    assert found_in(world, [repr(event) for event in world.events]) == []
    streams: dict[Any, str] = {}
    for event in world.events:
        if isinstance(event, NodeStreamed):
            key = (event.execution, event.node, event.kind)
            streams[key] = streams.get(key, "") + event.text
    assert any("•••" in text for text in streams.values()), "no secret was streamed, so nothing was tested"
    assert found_in(world, streams.values()) == []
    assert len(world.logs.lines) > len(ran)
    assert found_in(world, world.logs.lines) == []
    assert any("refused" in text or "does not" in text for text in trials)
    assert found_in(world, trials) == []
    assert "oauth2" in {type_ for _, type_ in takers(world.server)}
    assert world.hostile.tokens > 10, "no tokens were fetched, so they were not looked for"
    folder = world.server.runtime.settings.data_dir
    assert found_in_files(world, folder) == []
    assert found_in_backup(world, folder.parent / "backup.zip") == []


def run(client: httpx.Client, nodes: list[dict[str, Any]]) -> str:
    edges = [{"source": a["id"], "target": b["id"]} for a, b in pairwise(nodes)]
    id_ = client.post("/api/workflows", json={"name": "Run", "nodes": nodes, "edges": edges}).json()["id"]
    answer = client.post(f"/api/workflows/{id_}/execute", json={"wait": True})
    execution: dict[str, Any] = answer.json()["execution"]
    assert execution["status"] == "success", answer.text
    return str(execution["id"])


def webhooks(world: World, client: httpx.Client) -> None:
    """Callers show their secrets, rightly and wrongly."""
    for kind, type_ in (
        ("header", "http-header"),
        ("basic", "http-basic"),
        ("jwt", "jwt"),
        ("signature", "hmac-signature"),
    ):
        id_, secret = world.credential(client, type_)
        hook = node("in", "webhook", "In", path=f"canary-{kind}", method="POST", authentication=kind)
        hook["data"]["credentials"] = {"account": id_}
        hook["data"]["properties"]["respond"] = "last-node"
        after = node("after", "edit-fields", "After", include_other_fields=True, fields=[])
        document = {"name": kind, "nodes": [hook, after], "edges": [{"source": "in", "target": "after"}]}
        flow = client.post("/api/workflows", json=document).json()["id"]
        assert client.post(f"/api/workflows/{flow}/activate").status_code == 200
        token = jwt.encode({"sub": "x"}, secret, "HS256")
        body = json.dumps({"again": secret, "forms": forms(secret)}).encode()
        proof = hmac.new(secret.encode(), body, "sha256").hexdigest()
        shown: dict[str, dict[str, Any]] = {
            "signature": {"headers": {"X-Hub-Signature-256": f"sha256={proof}"}},
            "header": {"headers": {"X-Canary": secret}},
            "basic": {"auth": ("canary-user", secret)},
            "jwt": {"headers": {"Authorization": f"Bearer {token}"}},
        }
        if kind == "jwt":
            world.tokens.append(token)
        shown[kind].setdefault("headers", {})["Content-Type"] = "application/json"
        called = httpx.post(
            f"{world.server.url}/webhook/canary-{kind}",
            content=body,
            timeout=60,
            **shown[kind],
        )
        assert called.status_code == 200, called.text
        assert found_in(world, [called.text]) == []
        wrong = httpx.post(
            f"{world.server.url}/webhook/canary-{kind}", headers={"X-Canary": "wrong"}, timeout=60
        )
        assert wrong.status_code in (401, 403)


def answers(client: httpx.Client) -> Iterator[str]:
    """What the API tells of everything."""
    for path in (
        "credentials",
        "credential-types",
        "audit?limit=500",
        "audit/export",
        "chats/sessions",
        "installation",
    ):
        yield client.get(f"/api/{path}").text
    for each in client.get("/api/workflows", params={"limit": 200}).json()["items"]:
        yield client.get(f"/api/workflows/{each['id']}").text
        yield client.get(f"/api/workflows/{each['id']}/export").text
    executions = client.get("/api/executions", params={"limit": 200}).json()["items"]
    assert len(executions) > 40
    for each in executions:
        shown = client.get(f"/api/executions/{each['id']}")
        yield shown.text
        yield client.get(f"/api/executions/{each['id']}/runs").text
        for kind in ("text", "json"):
            yield client.get(f"/api/executions/{each['id']}/log", params={"format": kind}).text
        for name in shown.json()["execution"]["node_states"]:
            yield client.get(f"/api/executions/{each['id']}/nodes/{name}").text


def found_in_backup(world: World, target: Path) -> list[str]:
    kept = write_backup(world.server.runtime.settings, target)
    assert kept.files > 1
    wanted = [needle.encode() for needle in needles(world)]
    with zipfile.ZipFile(target) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["the file itself"] = target.read_bytes()
    return [f"{needle!r} in {name}" for name, data in members.items() for needle in wanted if needle in data]


def needles(world: World) -> list[str]:
    return needles_of(world.tokens)


def needles_of(tokens: Sequence[str] = ()) -> list[str]:
    """What all secrets have in common, in every form: the ends depend on what stands beside it and are cut off."""
    found = {CORE, quote(CORE, safe=""), CORE.encode().hex(), *tokens}
    for before in ("", "k", "k="):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(f"{before}{CORE}".encode()).decode()[4:-4])
    return sorted(found)


def found_in(world: World, texts: Any) -> list[str]:
    wanted = needles(world)
    return [
        f"{needle} in …{text[max(0, text.find(needle) - 200) :][:300]}…"
        for text in texts
        for needle in wanted
        if needle in text
    ]


def found_in_files(world: World, folder: Path) -> list[str]:
    wanted = [needle.encode() for needle in needles(world)]
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert {"flowstudio.db", "key"} <= {file.name for file in files}
    return [f"{needle!r} in {file}" for file in files for needle in wanted if needle in file.read_bytes()]
