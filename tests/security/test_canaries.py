"""Secrets that shout when they are found: through nodes that take a credential, well and badly answered.

A hostile service repeats what it is sent in every form. Afterwards nothing of a secret may be in what the server stored,
logged, told live or answers, nor in exports and backups. What browsers get is searched by a browser test.
"""

from __future__ import annotations

import hmac
import json
import logging
import zipfile
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
import pytest

from flowstudio.engine.events import NodeStreamed
from flowstudio.engine.node import Node, SubNode, TriggerNode
from flowstudio.engine.parameters import fields_of
from flowstudio.storage.backup import write_backup
from tests.api.conftest import PASSWORD, Server, email, node, running
from tests.security.hostile import Mood, forms, hostile_service
from tests.security.hostile_database import hostile_database
from tests.security.world import Told, World, needles

CHOSEN = {"t0", "t20", "host-t40", "after-t30"}
"""Nodes whose own address is read too, in executions of so many that reading each of them takes long."""


PROPERTIES: dict[str, dict[str, Any]] = {
    "http-request": {"url": "{url}/echo"},
    "tool-api-caller": {"url": "{url}/echo", "name": "ask", "description": "Asks."},
    "vector-store-insert": {"collection": "c{place}"},
    "chat-model-alith": {"model": "m"},
    "google-sheets": {"operation": "read", "document": "abc", "sheet": "S"},
    "question-answer-chain": {"question": "Who?"},
    "ai-agent": {"prompt": "Say it.", "message": "Hello"},
    "summarization-chain": {"of": "text", "text": "A long text."},
    "sentiment-analysis": {"text": "Fine."},
    "information-extractor": {"text": "Two", "fields": [{"name": "n"}]},
    "text-classifier": {"text": "x", "categories": [{"name": "A"}, {"name": "B"}]},
}


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


def properties_of(cls: type[Node], url: str, place: str) -> dict[str, Any]:
    given = PROPERTIES.get(cls.type)
    if given is None:
        given = next((example.properties for example in cls.examples), {})
    return {
        k: v.replace("{url}", url).replace("{place}", place) if isinstance(v, str) else v
        for k, v in given.items()
    }


class Drawing:
    """A workflow in which every node that takes a credential gets to use it, each at a place of its own."""

    def __init__(self, world: World, client: httpx.Client) -> None:
        self.world, self.client = world, client
        self.nodes = [node("start", "manual-trigger", "Start")]
        self.edges: list[dict[str, str]] = []
        self.places: dict[str, str] = {}
        """Who is at a place."""
        self.credentials: list[str] = []

    def edge(self, source: str, target: str, slot: str = "") -> None:
        self.edges.append({"source": source, "target": target} | ({"targetHandle": slot} if slot else {}))

    def add(self, cls: type[Node], type_: str) -> None:
        """One more, with what it needs around it."""
        world, place = self.world, f"t{len(self.places)}"
        self.places[place] = f"{cls.type} {type_}"
        credential, _ = world.credential(self.client, type_, place)
        self.credentials.append(credential)
        taker = self._node(place, cls.type, place)
        [field] = [name for name, mark in fields_of(cls).credentials.items() if type_ in mark.types]
        taker["data"]["credentials"] = {field: credential}
        if cls.type.endswith("-openai-compatible"):
            taker["data"]["properties"]["model"] = "m"
        if cls.type == "tool-web-search":
            taker["data"]["properties"]["engine"] = type_.partition("-")[0]
        if "model_name" in cls.model_fields:
            taker["data"]["properties"]["model_name"] = "m"
        last = place
        if issubclass(cls, SubNode):
            slot = (
                "tools" if cls.type.startswith("tool-") else "embedder" if "embedder" in cls.type else "model"
            )
            last = f"host-{place}"
            self._node(last, "vector-store-insert" if slot == "embedder" else "ai-agent", place)
            self.edge(place, last, slot)
            if slot == "tools":
                key, _ = world.credential(self.client, "openai-compatible", f"m{place[1:]}")
                model = self._node(f"model-{place}", "chat-model-openai-compatible", place)
                model["data"]["properties"]["model"] = "m"
                model["data"]["credentials"] = {"account": key}
                self.edge(f"model-{place}", last, "model")
        self.edge("start", last)
        after = self._node(f"after-{place}", "edit-fields", place)
        after["data"]["properties"] = {"include_other_fields": True, "fields": []}
        self.edge(last, f"after-{place}")

    def _node(self, id_: str, type_: str, place: str) -> dict[str, Any]:
        cls = self.world.server.runtime.registry.get(type_)
        assert cls is not None
        made = node(id_, type_, id_, **properties_of(cls, self.world.at(place), place))
        made["data"]["settings"] = {"on_error": "continue"}
        self.nodes.append(made)
        return made


def watched(world: World, client: httpx.Client, workflow: str) -> str:
    """Run a workflow, and read what is told of it while it runs, as it comes over the line."""
    begun = client.post(
        f"/api/workflows/{workflow}/execute",
        json={"wait": False, "trigger_data": {"text": "Some words", "name": "Ada"}},
    )
    assert begun.status_code in (200, 202), begun.text
    id_: str = begun.json()["execution"]["id"]
    with client.stream("GET", f"/api/executions/{id_}/events", timeout=300) as events:
        world.streams.append(b"".join(events.iter_raw()))
    return id_


@pytest.mark.timeout(400)
def test_no_secret_leaves_through_any_node(world: World) -> None:
    """The search below is only worth something if the secrets were really used: every node must have asked the service, answered
    in each of its moods: it repeats the secret, breaks off, sends the caller on, or refuses."""
    silent: list[str] = []
    trials: list[str] = []
    with world.server.client("owner") as client:
        drawing = Drawing(world, client)
        for cls, type_ in takers(world.server):
            if not issubclass(cls, TriggerNode) and cls.type != "respond-to-webhook":
                drawing.add(cls, type_)
        assert len(drawing.places) > 40
        document = {"name": "All", "nodes": drawing.nodes, "edges": drawing.edges}
        made = client.post("/api/workflows", json=document)
        assert made.status_code == 201, made.text
        moods: tuple[Mood, ...] = ("echo", "cut", "redirect", "refuse")
        for world.hostile.mood in moods:
            world.hostile.asked_at.clear()
            execution = watched(world, client, made.json()["id"])
            rest = client.get(f"/api/executions/{execution}").json()["execution"]
            assert rest["status"] == "success", rest["error"]
            states = rest["node_states"]
            silent += [
                f"{world.hostile.mood}, {who}: {states.get(place)} {states.get('host-' + place)}"
                for place, who in drawing.places.items()
                if place not in world.hostile.asked_at
            ]
            if world.hostile.mood in ("echo", "refuse"):
                trials += [client.post(f"/api/credentials/{id_}/test").text for id_ in drawing.credentials]
        world.hostile.mood = "echo"
        assert silent == []
        account, _ = world.credential(client, "http-bearer")
        fetch = node("f", "http-request", "File", url=f"{world.hostile.url}/file.bin")
        fetch["data"]["credentials"] = {"account": account}
        run(client, [node("s", "manual-trigger", "Start"), fetch])
        webhooks(world, client)
        chats(world, client)
        signing_in(world)
        assert found_in(world, answers(client)) == []
    assert found_in(world, [repr(event) for event in world.events]) == []
    streams: dict[Any, str] = {}
    for event in world.events:
        if isinstance(event, NodeStreamed):
            key = (event.execution, event.node, event.kind)
            streams[key] = streams.get(key, "") + event.text
    assert any("•••" in text for text in streams.values()), "no secret was streamed, so nothing was tested"
    assert found_in(world, streams.values()) == []
    assert len(world.streams) == len(moods) + 2
    assert all(
        "•••".encode() in each or b"\\u2022" in each for each in world.streams[:1] + world.streams[-2:]
    )
    assert found_in(world, [each.decode() for each in world.streams]) == []
    assert len(world.logs.lines) > 100
    assert found_in(world, world.logs.lines) == []
    assert any("refused" in text or "does not" in text for text in trials)
    assert found_in(world, trials) == []
    assert "oauth2" in {type_ for _, type_ in takers(world.server)}
    assert world.hostile.tokens > 10, "no tokens were fetched, so they were not looked for"
    folder = world.server.runtime.settings.data_dir
    assert found_in_files(world, folder) == []
    assert found_in_backup(world, folder.parent / "backup.zip") == []


def chats(world: World, client: httpx.Client) -> None:
    """An answer as it is written, to who asked and to who reads along."""
    account, _ = world.credential(client, "openai-compatible")
    agent = node("agent", "ai-agent", "Agent", prompt="Say it.")
    model = node("model", "chat-model-openai-compatible", "Model", model="m")
    model["data"]["credentials"] = {"account": account}
    document = {
        "name": "Chat",
        "nodes": [node("in", "when-chat-received", "In"), agent, model],
        "edges": [
            {"source": "in", "target": "agent"},
            {"source": "model", "target": "agent", "targetHandle": "model"},
        ],
    }
    flow = client.post("/api/workflows", json=document).json()["id"]
    path = f"/api/workflows/{flow}/chat"
    said = {"message": "Hello", "session_id": "canary"}
    for method, address, body in (("POST", path, said), ("GET", f"{path}/sessions/canary/events", None)):
        with client.stream(method, address, json=body, timeout=300) as events:
            assert events.status_code == 200
            world.streams.append(b"".join(events.iter_raw()))


def signing_in(world: World) -> None:
    """The service sends somebody back who wanted to connect a credential, and says its secret in the reason."""
    with httpx.Client(base_url=world.server.url, headers={"Origin": world.server.url}, timeout=60) as browser:
        assert browser.post("/api/login", json={"email": email("owner"), "password": PASSWORD}).is_success
        values = {
            "authorization_url": f"{world.hostile.url}/authorize",
            "token_url": f"{world.hostile.url}/token",
        }
        secret = world.secret()
        given = {
            "name": "Shop",
            "type": "oauth2",
            "values": values | {"client_id": "c", "client_secret": secret},
        }
        id_ = browser.post("/api/credentials", json=given).json()["id"]
        for told in (
            {"error": "access_denied", "error_description": json.dumps(forms(secret))},
            {"code": "c"},
        ):
            begun = browser.post(f"/api/credentials/{id_}/connect").json()["url"]
            world.hostile.mood = "refuse"
            state = parse_qs(urlsplit(begun).query)["state"][0]
            address = urlsplit(world.server.url)
            line = HTTPConnection(
                address.hostname or "", address.port
            )  # which, unlike httpx, logs no addresses
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            query = urlencode({"state": state, **told})
            line.request("GET", f"/api/oauth2/callback?{query}", headers={"Cookie": cookies})
            back = line.getresponse()
            headers = str(back.headers) + back.read().decode()
            line.close()
            assert "signed-in=failed" in headers
            shown = browser.get(f"/api/credentials/{id_}").json()["warning"]["text"]
            assert "It said" in shown, shown
            assert ("•••" in shown) == ("error" in told), shown
            assert found_in(world, [shown, headers]) == []
        world.hostile.mood = "echo"


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
    assert len(executions) > 8
    for each in executions:
        shown = client.get(f"/api/executions/{each['id']}")
        yield shown.text
        yield client.get(f"/api/executions/{each['id']}/runs").text
        for kind in ("text", "json"):
            yield client.get(f"/api/executions/{each['id']}/log", params={"format": kind}).text
        names = shown.json()["execution"]["node_states"]
        for name in names if each in executions[-1:] or len(names) < 5 else [n for n in names if n in CHOSEN]:
            yield client.get(f"/api/executions/{each['id']}/nodes/{name}").text


def found_in_backup(world: World, target: Path) -> list[str]:
    kept = write_backup(world.server.runtime.settings, target)
    assert kept.files > 1
    wanted = [needle.encode() for needle in needles(world)]
    with zipfile.ZipFile(target) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["the file itself"] = target.read_bytes()
    return [f"{needle!r} in {name}" for name, data in members.items() for needle in wanted if needle in data]


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
