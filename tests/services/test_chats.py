"""Chats with workflows: a real engine, a real SDK, a model on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import Conflict, InvalidRequest, InvalidWorkflow, NotFound
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.talk import Said, speakers
from flowstudio.services.turns import Message, Upload, turn_json
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Hang, Turn, Wire
from tests.services.conftest import chain, edit, node, start_runtime

Document = dict[str, Any]


@pytest.fixture
async def runtime(tmp_path: Path, database: dict[str, str]) -> AsyncIterator[Runtime]:
    """A runtime that may call this machine."""
    started = await start_runtime(tmp_path / "data", allow_hosts="127.0.0.1", **database)
    yield started
    await started.stop()


async def assistant(runtime: Runtime, server: Wire, memory: dict[str, Any] | None = None) -> str:
    """A stored workflow with an agent that asks the server: its id."""
    account = await runtime.credentials.create(
        COMMAND_LINE, "loopback", "openai", {"api_key": "sk-1", "base_url": f"{server.url}/v1"}
    )
    document = chain(node("in", "when-chat-received"), node("ai", "ai-agent"), node("out", "respond-to-chat"))
    document["nodes"][1]["data"]["credentials"] = {"account": account["id"]}
    if memory:
        document["nodes"].append(memory)
        document["edges"].append({"source": "m", "target": "ai", "targetHandle": "memory"})
    return (await runtime.workflows.create(COMMAND_LINE, document)).record.id


async def say(runtime: Runtime, workflow: str, text: str, session: str = "s", **more: Any) -> list[Said]:
    """Say something; everything that is told until it is answered."""
    thread, turn = await runtime.chats.send(
        COMMAND_LINE, workflow, Message(text=text, session=session, **more), draft=True
    )
    async with asyncio.timeout(20), aclosing(runtime.chats.listen(thread, turn)) as told:
        return [said async for said in told]


def answers(told: list[Said]) -> list[str]:
    assert told[-1].kind == "done"
    return [message["text"] for message in told[-1].data["messages"]]


async def test_words_come_as_the_model_writes_them_and_are_kept(runtime: Runtime) -> None:
    async with Wire(OpenAISpeaker(), [Turn(("It ", "will ", "rain."))], delay=0.05) as server:
        workflow = await assistant(runtime, server)
        told = await say(runtime, workflow, "Weather?")
    words = [said.data["text"] for said in told if said.kind == "text"]
    assert "".join(words) == "It will rain."
    assert len(words) > 1
    assert answers(told) == ["It will rain."]
    kinds = [said.data["kind"] for said in told if said.kind == "activity" and said.data["node"] == "ai"]
    assert {"node", "model"} <= set(kinds)
    thread, turns = await runtime.chats.read(COMMAND_LINE, workflow, "s")
    assert (thread.kind, thread.title, thread.turns) == ("panel", "Weather?", 1)
    assert (turns[0].status, turns[0].execution_id) == ("success", told[-1].data["execution_id"])


async def test_whoever_comes_later_reads_what_was_written_before(runtime: Runtime) -> None:
    async with Wire(OpenAISpeaker(), [Hang(Turn(("Once ", "upon ", "a time")), pieces=3)]) as server:
        workflow = await assistant(runtime, server)
        thread, turn = await runtime.chats.send(
            COMMAND_LINE, workflow, Message(text="A tale", session="s"), draft=True
        )
        async with asyncio.timeout(20), aclosing(runtime.chats.listen(thread, turn)) as first:
            heard = ""
            async for said in first:
                heard += said.data["turn"]["live"] if said.kind == "turn" else said.data.get("text", "")
                if heard == "Once upon ":
                    break
        again = await runtime.chats.watch(COMMAND_LINE, workflow, "s")
        async with aclosing(again):
            assert (await anext(again)).data["turn"]["live"] == "Once upon "
            with pytest.raises(Conflict, match="still being answered"):
                await say(runtime, workflow, "Hurry up")
            stopped = await runtime.chats.stop_answer(COMMAND_LINE, workflow, "s")
            rest = [said async for said in again]
    assert stopped.status == "cancelled"
    assert rest[-1].kind == "done"
    async with asyncio.timeout(30):
        await server.left.wait()


async def test_a_message_that_is_said_anew_makes_agents_forget_what_it_replaces(runtime: Runtime) -> None:
    turns = [Turn(("One",)), Turn(("Two",)), Turn(("Three",))]
    async with Wire(OpenAISpeaker(), list(turns)) as server:
        workflow = await assistant(runtime, server, memory=node("m", "memory-simple"))
        await say(runtime, workflow, "first")
        await say(runtime, workflow, "second")
        told = await say(runtime, workflow, "second, better", replaces=2)
        heard = server.speaker.heard(server.asked[2])
    assert answers(told) == ["Three"]
    assert heard.said == [("user", "first"), ("assistant", "One"), ("user", "second, better")]
    _, kept = await runtime.chats.read(COMMAND_LINE, workflow, "s")
    assert [(turn.number, turn.asked["text"]) for turn in kept] == [(1, "first"), (2, "second, better")]
    await runtime.chats.rate(COMMAND_LINE, workflow, "s", 2, -1)
    _, kept = await runtime.chats.read(COMMAND_LINE, workflow, "s")
    assert [turn.rating for turn in kept] == [0, -1]
    await runtime.chats.clear(COMMAND_LINE, workflow, "s")
    with pytest.raises(NotFound):
        await runtime.chats.read(COMMAND_LINE, workflow, "s")
    assert await runtime.storage.conversations.last(workflow, "s", 10) == []


async def test_what_was_taken_back_is_not_recalled_by_its_meaning_either(runtime: Runtime) -> None:
    turns = [Turn(("Nice.",)), Turn(("Noted.",)), Turn(("Minka.",))]
    async with Wire(OpenAISpeaker(), list(turns)) as server:
        memory = node("m", "memory-vector", messages=0, recalled=5, threshold=-1)
        workflow = await assistant(runtime, server, memory)
        await say(runtime, workflow, "My cat is called Minka.")
        await say(runtime, workflow, "My dog is called Rex.")
        await say(runtime, workflow, "What is my cat called?", replaces=2)
        heard = server.speaker.heard(server.asked[2])
    assert "Minka" in heard.system
    assert "Rex" not in heard.system
    await runtime.chats.clear(COMMAND_LINE, workflow, "s")
    left = await runtime.storage.vectors.page("memories", "", 10)
    assert left == []


QUESTIONS = chain(
    node("in", "when-chat-received"),
    node("hello", "respond-to-chat", message="=Hello {{ $json.chatInput }}!"),
    node("ask", "respond-to-chat", message="Which colour?", wait=True),
    node("end", "respond-to-chat", message="={{ $json.chatInput }} it is.", files=True),
)


async def test_a_workflow_asks_and_waits_even_through_a_restart(
    tmp_path: Path, database: dict[str, str]
) -> None:
    runtime = await start_runtime(tmp_path / "data", **database)
    workflow = (await runtime.workflows.create(COMMAND_LINE, QUESTIONS)).record.id
    told = await say(runtime, workflow, "Ada")
    assert answers(told) == ["Hello Ada!", "Which colour?"]
    assert told[-1].data["status"] == "waiting"
    await runtime.stop()

    runtime = await start_runtime(tmp_path / "data", **database)
    try:
        picture = Upload("red.png", "image/png", b"\x89PNG")
        told = await say(runtime, workflow, "Red", files=[picture])
        assert answers(told) == ["Red it is."]
        assert told[-1].data["status"] == "success"
        assert [file["name"] for file in told[-1].data["messages"][0]["files"]] == ["red.png"]
        _, turns = await runtime.chats.read(COMMAND_LINE, workflow, "s")
        assert len({turn.execution_id for turn in turns}) == 1
        assert [turn.status for turn in turns] == ["success", "success"]
        assert [len(turn_json(turn)["messages"]) for turn in turns] == [2, 1]
        file = await runtime.chats.file(COMMAND_LINE, workflow, "s", 2, 0, said=True)
        assert await runtime.storage.binaries.get(file) == b"\x89PNG"
        assert answers(await say(runtime, workflow, "Bob")) == ["Hello Bob!", "Which colour?"]
    finally:
        await runtime.stop()


async def test_what_waits_for_an_answer_is_stopped(runtime: Runtime) -> None:
    workflow = (await runtime.workflows.create(COMMAND_LINE, QUESTIONS)).record.id
    await say(runtime, workflow, "Ada")
    assert (await runtime.chats.stop_answer(COMMAND_LINE, workflow, "s")).status == "cancelled"
    assert answers(await say(runtime, workflow, "Bob")) == ["Hello Bob!", "Which colour?"]


async def test_an_answer_is_kept_where_the_data_of_runs_is_not(runtime: Runtime) -> None:
    document = chain(
        node("in", "when-chat-received"), edit("e", output="=You said {{ $json.chatInput }}")
    ) | {"settings": {"save_success": "none"}}
    workflow = (await runtime.workflows.create(COMMAND_LINE, document)).record.id
    assert answers(await say(runtime, workflow, "Hi")) == ["You said Hi"]
    _, (turn,) = await runtime.chats.read(COMMAND_LINE, workflow, "s")
    assert turn_json(turn)["messages"] == [{"text": "You said Hi", "files": []}]


async def test_programs_talk_to_what_is_published(runtime: Runtime) -> None:
    document = chain(node("in", "when-chat-received"), edit("e", output="old"))
    workflow = (await runtime.workflows.create(COMMAND_LINE, document)).record.id
    await runtime.workflows.publish(COMMAND_LINE, workflow)
    newer = chain(node("in", "when-chat-received"), edit("e", output="new"))
    await runtime.workflows.update(COMMAND_LINE, workflow, newer)
    assert answers(await say(runtime, workflow, "Hi")) == ["new"]
    thread, turn = await runtime.chats.send(COMMAND_LINE, workflow, Message(text="Hi", session="p"))
    async with aclosing(runtime.chats.listen(thread, turn)) as told:
        assert answers([said async for said in told]) == ["old"]
    stored = await runtime.storage.executions.get(turn.execution_id)
    assert stored is not None
    assert stored.mode == "chat"


async def test_a_failure_is_told_and_the_chat_goes_on(runtime: Runtime) -> None:
    document = chain(node("in", "when-chat-received"), node("x", "stop-and-error", message="Closed today"))
    workflow = (await runtime.workflows.create(COMMAND_LINE, document)).record.id
    told = await say(runtime, workflow, "Hi")
    assert (told[-1].data["status"], told[-1].data["error"]["message"]) == ("error", "Closed today")
    assert (await say(runtime, workflow, "Hi again"))[-1].data["number"] == 2


async def test_what_cannot_be_said_is_refused(runtime: Runtime) -> None:
    silent = (
        await runtime.workflows.create(COMMAND_LINE, chain(node("in", "manual-trigger"), edit("e", a="b")))
    ).record.id
    with pytest.raises(InvalidWorkflow, match="add a When Chat Received trigger"):
        await say(runtime, silent, "Hi")
    workflow = (await runtime.workflows.create(COMMAND_LINE, QUESTIONS)).record.id
    with pytest.raises(InvalidRequest, match="empty"):
        await say(runtime, workflow, "  ")
    assert await runtime.chats.threads(COMMAND_LINE, workflow) == ([], None)


def test_only_what_becomes_the_answer_is_heard_while_it_is_written() -> None:
    # in → inner → outer → say (its output), and beside it: inner → told (a message of its own)
    document = {
        "nodes": [
            node("in", "when-chat-received"),
            node("inner", "ai-agent"),
            node("outer", "ai-agent"),
            node("say", "respond-to-chat", message="={{ $json.output }}"),
            node("told", "respond-to-chat", message="=So: {{ $json.output }}"),
        ],
        "edges": [
            {"source": a, "target": b}
            for a, b in (("in", "inner"), ("inner", "outer"), ("outer", "say"), ("inner", "told"))
        ],
    }
    assert speakers(load_workflow(document)) == {"outer"}
    silent = chain(node("in", "when-chat-received"), node("inner", "ai-agent"), node("last", "ai-agent"))
    assert speakers(load_workflow(silent)) == {"last"}
