"""The realistic workflows of n8n run from end to end: agents against models, requests against services, all on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from flowstudio.engine.workflow import dump_workflow
from flowstudio.interop import read_documents
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.ai.embedders import wire as embedders
from tests.ai.providers.anthropic import AnthropicSpeaker
from tests.ai.providers.google import GoogleSpeaker
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Speaker, Turn, Wire
from tests.outbound.server import Received, Reply, serving
from tests.services.conftest import start_runtime

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOLDER = Path(__file__).parent / "realistic"
PAGE = '<h2><a href="/1">One</a></h2><h2><a href="/2">Two</a></h2>'
MODELS: dict[str, tuple[str, type[Speaker], str]] = {
    "chat-model-openai": ("openai", OpenAISpeaker, "/v1"),
    "chat-model-anthropic": ("anthropic", AnthropicSpeaker, ""),
    "chat-model-google": ("google-ai", GoogleSpeaker, ""),
}
"""Our model -> type of its account, who speaks for it, and where under the address."""


def service(request: Received) -> Reply:
    """All services of the workflows, each under its name as the first part of the path."""
    host, _, path = request.target.removeprefix("/").partition("/")
    page = dict(request.query).get("page", "1")
    match host:
        case "docs.example.com":
            return Reply(
                body={
                    "pages": [
                        {"id": "p1", "text": "Thirty days of holiday."},
                        {"id": "p2", "text": "Tea is free."},
                    ]
                }
            )
        case "a.example.com":
            rows = [{"id": "1", "v": 1}, {"id": "2", "v": 2}, {"id": "3", "v": 3}]
            return Reply(body=rows if page == "1" else [])
        case "b.example.com":
            return Reply(body=[{"id": "2", "v": 2}, {"id": "3", "v": 9}, {"id": "4", "v": 4}])
        case "crm.example.com":
            number = request.json["id"]
            return Reply(body={"id": f"c{number}"}) if number != 2 else Reply(500, body={"message": "busy"})
        case "shop.example.com" if path.startswith("orders/"):
            return Reply(body={"order": path.rpartition("/")[2], "state": "sent"})
        case "shop.example.com":
            orders = (("o1", "DE", 20), ("o2", "FR", 5), ("o3", "DE", 22.5))
            return Reply(body={"orders": [{"id": i, "country": c, "total": t} for i, c, t in orders]})
        case "files.example.com":
            return Reply(body={"stored": request.body.decode()})
        case "news.example.com":
            return Reply(body=PAGE, headers=[("Content-Type", "text/html")])
        case "api.example.com":
            return Reply(body={"city": path.rpartition("/")[2], "sky": "blue"})
        case "api3.example.com":
            return Reply(503, body={"message": "down"})
    return Reply(body={"id": host.partition(".")[0]})


@dataclass(frozen=True)
class Story:
    """What happens in one workflow."""

    gives: Mapping[str, Any]
    """By step: what it gives, all outputs together; fields that tell the time are left out."""
    data: Any = None
    start: str | None = None
    says: Sequence[Turn] = ()
    """What models say, turn by turn."""
    hears: Sequence[str] = ()
    """Words that reach a model, such as what tools gave."""


def says(value: Any) -> Turn:
    return Turn((json.dumps(value),))


CHAT = {"chatInput": "Where is order 7?", "sessionId": "s1"}


def rows(*ids: Any, **more: Any) -> list[dict[str, Any]]:
    """Items with an id and what the first filler step makes of it."""
    return [{"id": id_, "step0": f"{id_}-0", **more} for id_ in ids]


TICKET = {"body": {"text": "It crashes"}, "id": "t1", "kind": "Bug", "step0": "t1-0"}
JOINED = [{"id": n, "a": n * 10, "b": n * 10, "c": n * 10} for n in (1, 2, 3)]
STORIES: dict[str, Story] = {
    "agent-calculator": Story(
        {"AI Agent": [{"output": "Six."}], "After 6": [{"output": "Six.", "step0": "-0"}]},
        CHAT,
        says=[
            Turn(calls=(("calculator", {"formula": "2*3"}), ("handbook", {"query": "holiday"}))),
            Turn(("Six.",)),
        ],
        hears=('"content": "6"', "Thirty days of holiday."),
    ),
    "agent-http-and-workflow": Story(
        {"AI Agent": [{"output": "Blue."}], "After 6": [{"output": "Blue.", "step0": "-0"}]},
        CHAT,
        says=[
            Turn(calls=(("Weather", {"city": "Ulm"}), ("look_up_order", {"query": "7"}))),
            Turn(("Blue.",)),
        ],
        hears=("Ulm", "blue", "rich"),
    ),
    "agent-node-as-tool": Story(
        {
            "AI Agent": [{"output": "Sent."}],
            "After 10": [{"output": "Sent.", "step0": "-0", "hash9": "f35e6e6dab145b6a7bb05238e3494a6b"}],
        },
        CHAT,
        says=[Turn(calls=(("Call_the_shop", {"order": "7"}),)), Turn(("Sent.",))],
        hears=("sent",),
    ),
    "agent-structured-answer": Story(
        {
            "AI Agent": [{"output": {"answer": "Yes", "sure": True}}],
            "After 8": [{"output": {"answer": "Yes", "sure": True}, "step0": "-0"}],
        },
        CHAT,
        says=[says({"answer": "Yes", "sure": True})],
    ),
    "big-router": Story(
        {"End": [{"body": {"kind": "c"}, "id": "c", "step0": "c-0"}], "Way a": []}, {"body": {"kind": "c"}}
    ),
    "called-by-another": Story(
        {
            "Step 6": rows("x", "y"),
            "Give back": [
                *rows("x", hash9="9dd4e461268c8034f5c8564e155c67a6", step10="x-10", status="ok"),
                *rows("y", hash9="415290769594460e2e485922904f345d", step10="y-10", status="ok"),
            ],
            "Stop": [],
        },
        [{"id": "x"}, {"id": "y"}],
    ),
    "calls-another-workflow": Story(
        {
            "Enrich": [{"id": "a", "rich": "yes"}, {"id": "b", "rich": "yes"}],
            "Step 9": rows("a", "b", rich="yes"),
        }
    ),
    "careful-requests": Story({"Request 3": [{"id": "api2"}], "Request 5": [], "Done": []}),
    "documents-into-a-store": Story(
        {"Insert": [{"collection": "handbook", "added": 2, "kept": 0, "removed": 0}]}
    ),
    "from-the-first-days": Story(
        {
            "Old set": [{"id": n, "name": f"n{n}", "who": f"n{n}"} for n in (1, 2, 3)],
            "Others": [{"id": 3, "name": "n3", "who": "n3", "twice": 6}],
            "Lists": [{"id": 2, "data": "01/01/2024"}],
            "Old request": [{"id": "old"}],
        }
    ),
    "keep-two-systems-in-step": Story(
        {
            "Compare": [
                {"id": "1", "v": 1},
                {"id": "2", "v": 2},
                {"keys": {"id": "3"}, "same": {"id": "3"}, "different": {"v": {"inputA": 3, "inputB": 9}}},
                {"id": "4", "v": 4},
            ],
            "Do 6": [*rows("1", v=1, action="Add to B"), *rows("4", v=4, action="Remove from B")],
        }
    ),
    "loop-over-customers": Story(
        {
            "Worked": [{"id": f"c{n}", "ok": True} for n in (1, 3, 4, 5, 6, 7)],
            "Customers": [{"id": n} for n in range(1, 8)],
        }
    ),
    "python-and-pages": Story(
        {
            "Sum up": [{"id": n} for n in (0, 2, 4, 6, 8, 10)],
            "Rest 8": rows(0, 2, 4, 6, 8, 10),
            "No": [],
        }
    ),
    "questions-about-documents": Story(
        {
            "Prepare 5": [CHAT | {"action": "sendMessage", "step0": "-0"}],
            "After 4": [{"response": {"text": "Thirty days."}, "step0": "-0"}],
        },
        CHAT,
        says=[Turn(("Thirty days.",))],
        hears=("Thirty days of holiday.",),
    ),
    "read-mails": Story(
        {
            "Extract": [{"output": {"customer": "Ada", "total": 12}}],
            "Then 8": [
                {
                    "output": {"customer": "Ada", "total": 12},
                    "sentimentAnalysis": {"category": "Positive"},
                    "mood": "Positive",
                    "step0": "-0",
                }
            ],
            "Negative": [],
        },
        {"body": {"text": "I am Ada, 12 euros, great!"}},
        says=[
            says({"customer": "Ada", "total": 12}),
            says({"category": "Positive", "strength": 1, "confidence": 1}),
        ],
    ),
    "report-as-csv": Story(
        {
            "Sum": [{"country": "DE", "sum_total": 42.5}, {"country": "FR", "sum_total": 5}],
            "Upload": [{"stored": "country,sum_total\nDE,42.5\nFR,5\n"}],
        }
    ),
    "sort-tickets": Story(
        {"Answer": [TICKET], "Mark Wish": []},
        {"body": {"text": "It crashes"}, "id": "t1"},
        says=[says({"categories": ["Bug"]})],
    ),
    "three-sources": Story(
        {
            "And C": JOINED,
            "All": [*JOINED, *({"id": n, "c": n * 10} for n in (1, 2, 3))],
            "Step 4": [
                {**row, "step0": f"{row['id']}-0"}
                for pair in zip(JOINED, ({"id": n, "c": n * 10} for n in (1, 2, 3)), strict=True)
                for row in pair
            ],
        }
    ),
    "watch-a-page": Story(
        {
            "Step 6": [
                {"titles": "One [/1]", "links": "/1", "data": "One [/1]", "step0": "-0"},
                {"titles": "Two [/2]", "links": "/2", "data": "Two [/2]", "step0": "-0"},
            ]
        }
    ),
    "xml-exchange": Story(
        {
            "Step 6": [{"order": {"id": "7"}, "step0": "-0"}],
        },
        {"body": {"xml": "<order><id>7</id></order>"}},
    ),
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def outside(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runtime]:
    """A studio that may call loopback."""
    runtime = await start_runtime(tmp_path_factory.mktemp("realistic"), allow_hosts="127.0.0.1")
    yield runtime
    await runtime.stop()


async def play(studio: Runtime, name: str, story: Story) -> tuple[str, dict[str, list[Any]], str]:
    """Import a workflow, choose what a person would have to choose, and run it."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(service))
        text = (FOLDER / f"{name}.json").read_text()
        text = re.sub(r"https://([a-z0-9]+\.example\.com)", server.url(r"/\1"), text)
        text = re.sub(r'"waitBetweenTries": \d+', '"waitBetweenTries": 1', text)
        text = text.replace('"retryOnFail": true', '"retryOnFail": true, "waitBetweenTries": 1')
        text = text.replace('"amount": 1}', '"amount": 0.001}')
        (found,) = read_documents(text, studio.registry)
        document = dump_workflow(found.document)
        embedder = await stack.enter_async_context(embedders.Wire(embedders.openai))
        turns = list(story.says)
        wires: list[Wire] = []
        for node in document["nodes"]:
            if node["type"] in MODELS:
                kind, speaker, under = MODELS[node["type"]]
                wire = await stack.enter_async_context(Wire(speaker(), list(turns) or [Turn(("?",))]))
                wires.append(wire)
                if (
                    node["type"] == "chat-model-openai"
                    and len(turns) > 1
                    and "Model of" in node["data"]["label"]
                ):
                    wire.behaviours[:] = [turns.pop(0)]
                address = {"base_url": f"{wire.url}{under}"}
                account = await studio.credentials.create(
                    COMMAND_LINE, f"{name} {kind}", kind, {"api_key": "k"} | address
                )
                node["data"]["credentials"] = {"account": account["id"]}
            elif node["type"] == "embedder-openai":
                address = {"base_url": f"{embedder.url}/v1"}
                account = await studio.credentials.create(
                    COMMAND_LINE, f"{name} e", "openai", {"api_key": "k"} | address
                )
                node["data"]["credentials"] = {"account": account["id"]}
            elif node["type"] in ("execute-workflow", "tool-workflow"):
                node["data"]["properties"]["workflow"] = await enriching(studio)
        made = await studio.workflows.create(COMMAND_LINE, document)
        execution = await studio.executions.execute(
            COMMAND_LINE, made.record.id, story.data, node=story.start
        )
        await studio.executions.wait(execution, 60)
        view = await studio.views.get(COMMAND_LINE, execution)
        given: dict[str, list[Any]] = {}
        for run in await studio.storage.executions.node_runs(execution):
            label = view["node_states"][run.node]["label"]
            ports = await studio.storage.executions.outputs(execution, run.node, run.scope, run.attempt)
            given.setdefault(label, []).extend(item.json for items in ports.values() for item in items)
        heard = json.dumps([asked.body for wire in wires for asked in wire.asked])
        return view["status"], given, heard


async def enriching(studio: Runtime) -> str:
    """The id of a workflow that others call."""
    steps = [
        {"id": "t", "type": "workflow-trigger"},
        {
            "id": "e",
            "type": "edit-fields",
            "data": {
                "properties": {"include_other_fields": True, "fields": [{"name": "rich", "value": "yes"}]}
            },
        },
    ]
    document = {"name": "Enrich", "nodes": steps, "edges": [{"source": "t", "target": "e"}]}
    return (await studio.workflows.create(COMMAND_LINE, document)).record.id


def timeless(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Items without the fields in which filler steps note the time."""
    return [{name: value for name, value in row.items() if not name.startswith("at")} for row in items]


async def test_realistic_workflows_run_to_their_end(outside: Runtime) -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(STORIES)
    for name, story in sorted(STORIES.items(), key=lambda told: told[0] != "documents-into-a-store"):
        status, given, heard = await play(outside, name, story)
        assert status == "success", (name, status, given)
        for label, items in story.gives.items():
            assert timeless(given.get(label, [])) == items, (name, label)
        for words in story.hears:
            assert words in heard, (name, words, heard[-1500:])
