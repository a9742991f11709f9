"""Agents in whole workflows: a real engine, real SDKs, a provider on loopback."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flowstudio.engine.events import NodeStreamed, StepChanged
from flowstudio.errors import ConfigurationError
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.run_vault import environment_with_file, from_environment, read_names
from flowstudio.services.starting import StartRequest
from tests.ai.providers.anthropic import AnthropicSpeaker
from tests.ai.providers.google import GoogleSpeaker
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Hang, Status, Turn, Wire
from tests.services.conftest import start_runtime

CHAT = {
    "nodes": [
        {"id": "1", "type": "when-chat-received", "data": {"properties": {"channel": "general"}}},
        {"id": "2", "type": "ai-agent", "data": {"properties": {"prompt": "You are a helpful assistant."}}},
        {"id": "3", "type": "respond-to-chat", "data": {"properties": {}}},
    ],
    "edges": [{"source": "1", "target": "2"}, {"source": "2", "target": "3"}],
}


@pytest.fixture
async def runtime(tmp_path: Path, database: dict[str, str]) -> AsyncIterator[Runtime]:
    """A runtime that may call this machine."""
    started = await start_runtime(tmp_path / "data", allow_hosts="127.0.0.1", **database)
    yield started
    await started.stop()


def secrets(server: Wire, kind: str = "openai") -> dict[str, Any]:
    tail = "/v1" if kind == "openai" else ""
    return read_names({f"{kind}_api_key": "sk-test-key", f"{kind}_base_url": server.url + tail})


async def execute(runtime: Runtime, document: dict[str, Any], data: Any = None, **options: Any) -> str:
    workflow = await runtime.workflows.create(COMMAND_LINE, document)
    return await runtime.executions.execute(COMMAND_LINE, workflow.record.id, data, **options)


async def finished(runtime: Runtime, execution: str) -> Any:
    rest = await runtime.executions.wait(execution, 60)
    assert rest is not None
    return rest


@pytest.mark.parametrize(
    ("kind", "speaker"),
    [("openai", OpenAISpeaker), ("anthropic", AnthropicSpeaker), ("google_ai", GoogleSpeaker)],
)
async def test_three_nodes_make_a_chat_with_whichever_key_comes_along(
    runtime: Runtime, kind: str, speaker: Any
) -> None:
    async with Wire(speaker(), [Turn(("Hello, ", "Ada."))]) as server:
        execution = await execute(runtime, CHAT, {"message": "I am Ada."}, secrets=secrets(server, kind))
        rest = await finished(runtime, execution)
        assert rest.status == "success", rest.error
        asked = server.speaker.heard(server.asked[0])
    assert (asked.system, asked.said) == ("You are a helpful assistant.", [("user", "I am Ada.")])
    assert await runtime.chats.response(execution) == "Hello, Ada."
    runs = {run.node: run for run in await runtime.storage.executions.node_runs(execution)}
    assert runs["2"].usage["input_tokens"] == 120
    assert runs["2"].usage["cost"] > 0
    assert 'flowstudio_tokens_total{kind="input"} 120' in list(runtime.runner.figures.lines())
    (step,) = runs["2"].steps
    assert (step["kind"], step["output"]["text"]) == ("model", "Hello, Ada.")
    stored = await runtime.storage.executions.load(execution)
    assert stored is not None
    assert "secrets" not in stored.options


async def test_the_key_of_a_run_is_kept_encrypted_while_it_runs(runtime: Runtime, tmp_path: Path) -> None:
    async with Wire(OpenAISpeaker(), [Hang()]) as server:
        execution = await execute(runtime, CHAT, "Hi", secrets=secrets(server))
        await server.reached.wait()
        stored = await runtime.storage.executions.load(execution)
        assert stored is not None
        assert "sk-test-key" not in str(stored)
        opened = runtime.storage.credentials.unseal(execution, stored.options["secrets"])
        assert opened["openai"]["api_key"] == "sk-test-key"
        await runtime.executions.cancel(COMMAND_LINE, execution)
        assert (await finished(runtime, execution)).status == "cancelled"
        async with asyncio.timeout(30):
            await server.left.wait()


async def test_without_a_model_the_agent_says_what_it_needs(runtime: Runtime) -> None:
    rest = await finished(runtime, await execute(runtime, CHAT, "Hi"))
    assert rest.status == "error"
    assert "has no model. Attach a chat model to it, or choose an account" in rest.error.message


def agent(
    *extra: dict[str, Any], edges: tuple[tuple[str, str, str], ...] = (), **properties: Any
) -> dict[str, Any]:
    """A workflow with an agent and what is attached to it."""
    return {
        "nodes": [
            {"id": "t", "type": "manual-trigger"},
            {
                "id": "a",
                "type": "ai-agent",
                "data": {"label": "Agent", "properties": {"message": "Go", **properties}},
            },
            *extra,
        ],
        "edges": [
            {"source": "t", "target": "a"},
            *({"source": source, "target": target, "targetHandle": slot} for source, target, slot in edges),
        ],
    }


NODE_TOOL = {
    "id": "n",
    "type": "edit-fields",
    "data": {
        "label": "Look up price",
        "notes": "Tells the price of an article.",
        "properties": {
            "fields": [
                {
                    "name": "article",
                    "type": "string",
                    "value": "={{ $fromAI('article', 'Its name', 'string') }}",
                },
                {"name": "price", "type": "number", "value": "={{ $fromAI('article').length * 2 }}"},
            ]
        },
    },
}


async def test_any_node_is_a_tool_whose_parameters_the_model_fills(runtime: Runtime) -> None:
    turns = [
        Turn(calls=(("Look_up_price", {"article": "lamp"}), ("Look_up_price", {"article": "chair"}))),
        Turn(("8 and 10",)),
    ]
    async with Wire(OpenAISpeaker(), list(turns)) as server:
        document = agent(NODE_TOOL, edges=(("n", "a", "tools"),), steps=True)
        execution = await execute(runtime, document, secrets=secrets(server))
        rest = await finished(runtime, execution)
        assert rest.status == "success", rest.error
        (tool,) = server.asked[0].body["tools"]
        heard = server.speaker.heard(server.asked[1])
    assert tool["function"]["description"] == "Tells the price of an article."
    assert tool["function"]["parameters"]["properties"] == {
        "article": {"type": "string", "description": "Its name"}
    }
    assert [text for role, text in heard.said if role == "tool"] == [
        'call_0: {"article": "lamp", "price": 8}',
        'call_1: {"article": "chair", "price": 10}',
    ]
    (item,) = await runtime.executions.last_items(execution)
    assert item.json["output"] == "8 and 10"
    view = await runtime.views.get(COMMAND_LINE, execution)
    assert "n" not in view["node_states"], "a tool is used, not run by itself"
    assert [step["output"] for step in item.json["steps"]] == [
        {"article": "lamp", "price": 8},
        {"article": "chair", "price": 10},
    ]
    (_, run) = await runtime.storage.executions.node_runs(execution)
    assert [(step["kind"], step["name"], step["node"]) for step in run.steps] == [
        ("model", "gpt-5-mini", "a"),
        ("tool", "Look_up_price", "n"),
        ("tool", "Look_up_price", "n"),
        ("model", "gpt-5-mini", "a"),
    ]


async def test_an_agent_is_a_tool_of_another_and_their_budget_is_one(runtime: Runtime) -> None:
    helper = {
        "id": "h",
        "type": "ai-agent",
        "data": {"label": "Translator", "notes": "Translates.", "properties": {"prompt": "You translate."}},
    }
    turns = [
        Turn(calls=(("Translator", {"message": "Say hello in French"}),)),
        Turn(("Bonjour",)),
        Turn(("Done",)),
    ]
    async with Wire(OpenAISpeaker(), list(turns)) as server:
        document = agent(helper, edges=(("h", "a", "tools"),))
        rest = await finished(runtime, execution := await execute(runtime, document, secrets=secrets(server)))
        assert rest.status == "success", rest.error
        inner = server.speaker.heard(server.asked[1])
    assert (inner.system, inner.said) == ("You translate.", [("user", "Say hello in French")])
    (_, run) = await runtime.storage.executions.node_runs(execution)
    assert [(step["kind"], step["parent"]) for step in run.steps] == [
        ("model", None),
        ("tool", None),
        ("model", 2),
        ("model", None),
    ]
    assert run.usage["model_calls"] == 3
    async with Wire(OpenAISpeaker(), list(turns)) as server:
        document = agent(helper, edges=(("h", "a", "tools"),), token_budget=290)
        rest = await finished(runtime, await execute(runtime, document, secrets=secrets(server)))
        assert len(server.asked) == 2
    assert rest.status == "error"
    assert "budget of 290 tokens is used up" in rest.error.message


async def test_words_and_steps_are_told_while_the_agent_works(runtime: Runtime) -> None:
    turns = [Turn(calls=(("Look_up_price", {"article": "lamp"}),)), Turn(("It ", "costs ", "8"))]
    async with Wire(OpenAISpeaker(), list(turns), delay=0.02) as server:
        document = agent(NODE_TOOL, edges=(("n", "a", "tools"),))
        workflow = await runtime.workflows.create(COMMAND_LINE, document)
        request = StartRequest(workflow=workflow, mode="manual", secrets=secrets(server))
        subscription = runtime.bus.subscribe(request.id)
        await runtime.executions.start(request)
        await finished(runtime, request.id)
        events = subscription.drain()
        subscription.close()
    assert "".join(e.text for e in events if isinstance(e, NodeStreamed)) == "It costs 8"
    told = [(e.step["kind"], e.step["milliseconds"] is None) for e in events if isinstance(e, StepChanged)]
    assert told == [(kind, begins) for kind in ("model", "tool", "model") for begins in (True, False)]


@pytest.mark.parametrize(
    "answer", [Status(401), Turn(("I would rather not.",), stop="refused")], ids=["key", "refused"]
)
async def test_the_fallback_model_answers_when_the_first_cannot(runtime: Runtime, answer: Any) -> None:
    async with Wire(OpenAISpeaker(), [answer]) as bad, Wire(AnthropicSpeaker(), [Turn(("Hi",))]) as good:
        first = await runtime.credentials.create(
            COMMAND_LINE, "bad", "openai", {"api_key": "sk-1", "base_url": f"{bad.url}/v1"}
        )
        second = await runtime.credentials.create(
            COMMAND_LINE, "good", "anthropic", {"api_key": "sk-2", "base_url": good.url}
        )
        document = agent(
            {"id": "m", "type": "chat-model-openai", "data": {"credentials": {"account": first["id"]}}},
            {"id": "f", "type": "chat-model-anthropic", "data": {"credentials": {"account": second["id"]}}},
            edges=(("m", "a", "model"), ("f", "a", "fallback")),
        )
        rest = await finished(runtime, execution := await execute(runtime, document))
    assert rest.status == "success", rest.error
    (_, run) = await runtime.storage.executions.node_runs(execution)
    assert [(step["node"], bool(step["error"])) for step in run.steps] == [("m", True), ("f", False)]
    (item,) = await runtime.executions.last_items(execution)
    assert item.json["output"] == "Hi"


async def test_a_pictures_of_an_item_goes_to_the_model(runtime: Runtime) -> None:
    from flowstudio.engine.item import Item

    picture = await runtime.storage.binaries.put(b"\x89PNG", mime_type="image/png", file_name="cat.png")
    async with Wire(OpenAISpeaker(), [Turn(("A cat",))]) as server:
        workflow = await runtime.workflows.create(COMMAND_LINE, agent())
        from flowstudio.services.starting import StartRequest

        loaded = await runtime.workflows.load(workflow.record.id)
        execution = await runtime.executions.start(
            StartRequest(
                workflow=loaded, mode="manual", items=[Item({}, {"data": picture})], secrets=secrets(server)
            )
        )
        assert (await finished(runtime, execution)).status == "success"
        heard = server.speaker.heard(server.asked[0])
    assert heard.media == [("image/png", b"\x89PNG")]


def test_accounts_come_from_the_environment() -> None:
    found = from_environment(
        {
            "OPENAI_API_KEY": "sk-1",
            "OPENAI_BASE_URL": "http://x",
            "GOOGLE_API_KEY": "g",
            "ANTHROPIC_BASE_URL": "http://y",
        }
    )
    assert found["openai"]["api_key"] == "sk-1"
    assert found["openai"]["base_url"] == "http://x"
    assert found["google-ai"]["api_key"] == "g"
    assert set(found) == {"openai", "google-ai"}


def test_accounts_come_from_a_file_too_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment_with_file(tmp_path) == dict(os.environ)
    file = tmp_path / ".env"
    file.write_text(
        '# accounts\nexport OPENAI_API_KEY="sk-$HOME/of-the-file"\nANTHROPIC_API_KEY=sk-file\nEMPTY\n'
    )
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-environment")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = from_environment(environment_with_file(tmp_path))
    assert found["openai"]["api_key"] == "sk-$HOME/of-the-file"
    assert found["anthropic"]["api_key"] == "sk-environment"
    assert "OPENAI_API_KEY" not in os.environ
    file.write_bytes(b"\xff\xfe=")
    with pytest.raises(ConfigurationError, match=r"\.env cannot be read"):
        environment_with_file(tmp_path)
