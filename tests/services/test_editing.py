"""Live editing: everybody ends with the document of the server, whatever happens on the way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flowstudio.engine.item import Json
from flowstudio.engine.operations import apply
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import Conflict, InvalidWorkflow, NotFound, TooLarge
from flowstudio.runtime import Runtime
from flowstudio.services import editing, watching
from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.editing import EditingService, Message
from flowstudio.services.workflows import WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.edits import Outdated
from tests.services.conftest import chain, edit, node, start_runtime


def batch(id_: str, *operations: Json) -> Json:
    return {"id": id_, "operations": list(operations)}


def label(id_: str, text: str) -> Json:
    return {"kind": "set", "node": id_, "path": ["label"], "value": text}


async def made(runtime: Runtime) -> str:
    document = chain(node("start", "manual-trigger"), edit("a", v="1"), edit("b", v="2"))
    return (await runtime.workflows.create(COMMAND_LINE, document)).record.id


async def document_of(runtime: Runtime, id_: str) -> Json:
    return (await runtime.workflows.get(COMMAND_LINE, id_)).record.document


class Browser:
    """Somebody who has the workflow open: applies what comes, in its order, to the document they had."""

    def __init__(self, runtime: Runtime, id_: str, name: str, document: Json, version: int) -> None:
        self.runtime, self.id, self.name = runtime, id_, name
        self.document, self.version = document, version
        self.seen: list[tuple[str, int]] = []

    async def follow(self, until: int) -> None:
        """Listen from the version that is known to another."""
        messages = self.runtime.editing.watch(COMMAND_LINE, self.id, since=self.version, client=self.name)
        try:
            async for message in messages:
                await self._take(message)
                if self.version >= until:
                    return
        finally:
            await messages.aclose()

    async def _take(self, message: Message) -> None:
        if message.kind == "batch":
            assert message.version == self.version + 1
            self.document = apply(self.document, message.data["operations"])
            self.version = message.data["version"]
            self.seen.append((message.data["id"], self.version))
        elif message.kind == "reset":
            workflow = await self.runtime.workflows.get(COMMAND_LINE, self.id)
            self.document, self.version = workflow.record.document, workflow.record.version
            self.seen.append(("reset", self.version))


async def opened(runtime: Runtime, id_: str, name: str) -> Browser:
    workflow = await runtime.workflows.get(COMMAND_LINE, id_)
    return Browser(runtime, id_, name, workflow.record.document, workflow.record.version)


def some_operation(choice: random.Random, name: str, number: int) -> Json:
    """An edit as a person makes it, of nodes that another person may just have deleted."""
    nodes = ["start", "a", "b", *(f"{who}{n}" for who in ("ada", "bob") for n in range(number))]
    target, other = choice.choice(nodes), choice.choice(nodes)
    new = {"id": f"{name}{number}", "type": "edit-fields", "position": {"x": number, "y": 0}}
    edge = {"id": f"{name}-e{number}", "source": target, "target": other}
    return choice.choice(
        [
            {"kind": "add_nodes", "nodes": [new]},
            {"kind": "add_edges", "edges": [edge]},
            {"kind": "del_nodes", "ids": [target]},
            {
                "kind": "del_edges",
                "ids": [f"{choice.choice(['ada', 'bob'])}-e{choice.randrange(number + 1)}"],
            },
            {"kind": "move", "to": {target: {"x": number, "y": number}}},
            label(target, f"{name} {number}"),
            {"kind": "set", "node": target, "path": ["properties", "note"], "value": {"by": [name, number]}},
        ]
    )


@pytest.mark.parametrize("seed", range(4))
async def test_two_people_who_edit_at_once_end_with_the_same_document(runtime: Runtime, seed: int) -> None:
    id_ = await made(runtime)
    ada, bob = await opened(runtime, id_, "ada"), await opened(runtime, id_, "bob")
    choice = random.Random(seed)

    async def work(name: str) -> None:
        for number in range(20):
            operations = [some_operation(choice, name, number) for _ in range(choice.randint(1, 3))]
            await runtime.editing.apply(COMMAND_LINE, id_, name, [batch(f"{name}{number}", *operations)])

    following = [asyncio.create_task(browser.follow(41)) for browser in (ada, bob)]
    await asyncio.gather(work("ada"), work("bob"))
    await asyncio.gather(*following)
    final = await document_of(runtime, id_)
    assert ada.document == bob.document
    assert load_workflow(ada.document) == load_workflow(final)  # the server leaves out what is default
    assert [version for _, version in ada.seen] == list(range(2, 42))
    stored = await runtime.storage.workflows.get(id_)
    assert stored is not None
    assert stored.document == final


async def test_a_batch_whose_answer_was_lost_is_applied_once(runtime: Runtime) -> None:
    id_ = await made(runtime)
    mine = batch("mine", label("a", "Mine"))
    await runtime.editing.apply(COMMAND_LINE, id_, "ada", [mine])
    await runtime.editing.apply(COMMAND_LINE, id_, "bob", [batch("theirs", label("a", "Theirs"))])
    again = await runtime.editing.apply(COMMAND_LINE, id_, "ada", [mine])
    assert (list(again.versions), again.workflow.record.version) == ([("mine", 2)], 3)
    assert (await document_of(runtime, id_))["nodes"][1]["data"]["label"] == "Theirs"


async def test_all_batches_of_a_request_are_applied_or_none(runtime: Runtime) -> None:
    id_ = await made(runtime)
    before = await document_of(runtime, id_)
    nul = {"kind": "set", "node": "b", "path": ["notes"], "value": "a\0b"}
    for bad in ({"kind": "unknown"}, nul):
        with pytest.raises(InvalidWorkflow):
            await runtime.editing.apply(
                COMMAND_LINE, id_, "ada", [batch("good", label("a", "Good")), batch("bad", bad)]
            )
    assert await document_of(runtime, id_) == before
    assert await runtime.storage.edits.since(id_, 0) == []


async def test_a_document_does_not_outgrow_what_can_be_sent(tmp_path: Path) -> None:
    runtime = await start_runtime(tmp_path, max_body=2000)
    id_ = await made(runtime)
    large = {"kind": "set", "node": "a", "path": ["notes"], "value": "x" * 2000}
    with pytest.raises(TooLarge, match="larger than 2,000 bytes"):
        await runtime.editing.apply(COMMAND_LINE, id_, "ada", [batch("large", large)])
    await runtime.stop()


@pytest.fixture
async def elsewhere(runtime: Runtime) -> AsyncIterator[EditingService]:
    """Editing in another process on the same database."""
    async with await Storage.open(runtime.settings) as storage:
        workflows = WorkflowService(storage, runtime.registry)
        yield EditingService(storage, workflows, max_document=lambda: 2**20)


async def test_edits_through_two_processes_become_one_history(
    runtime: Runtime, elsewhere: EditingService
) -> None:
    id_ = await made(runtime)
    for number in range(3):
        for service, name in ((runtime.editing, "here"), (elsewhere, "there")):
            operation = {"kind": "set", "node": "a", "path": ["properties", f"{name}{number}"], "value": 1}
            await service.apply(COMMAND_LINE, id_, name, [batch(f"{name}{number}", operation)])
    last = await runtime.editing.apply(COMMAND_LINE, id_, "here", [batch("last", label("a", "Last"))])
    assert last.workflow.record.version == 8
    [_, a, _] = (await document_of(runtime, id_))["nodes"]
    assert {key for key in a["data"]["properties"] if key[-1].isdigit()} == {
        f"{name}{number}" for name in ("here", "there") for number in range(3)
    }


async def test_a_watcher_is_told_of_edits_of_another_process_with_the_next_one_here(
    runtime: Runtime, elsewhere: EditingService
) -> None:
    id_ = await made(runtime)
    browser = await opened(runtime, id_, "ada")
    following = asyncio.create_task(browser.follow(4))
    await elsewhere.apply(COMMAND_LINE, id_, "there", [batch("there1", label("a", "1"))])
    await elsewhere.apply(COMMAND_LINE, id_, "there", [batch("there2", label("a", "2"))])
    await runtime.editing.apply(COMMAND_LINE, id_, "here", [batch("here", label("b", "3"))])
    await following
    assert browser.seen == [("there1", 2), ("there2", 3), ("here", 4)]
    assert browser.document == await document_of(runtime, id_)


async def test_when_another_process_is_always_quicker_the_edit_is_refused(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await made(runtime)
    tries = 0

    async def outdated(*_: Any, **__: Any) -> None:
        nonlocal tries
        tries += 1
        raise Outdated("The workflow has another version by now.")

    monkeypatch.setattr(runtime.storage.edits, "append", outdated)
    with pytest.raises(Conflict, match="try again"):
        await runtime.editing.apply(COMMAND_LINE, id_, "ada", [batch("x", label("a", "1"))])
    assert tries == editing.TRIES


async def test_a_slow_watcher_reads_from_the_log_what_did_not_wait_for_it(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "QUEUED", 2)
    id_ = await made(runtime)
    messages = runtime.editing.watch(COMMAND_LINE, id_, since=1)
    assert (await anext(messages)).kind == "state"
    for number in range(10):
        await runtime.editing.apply(COMMAND_LINE, id_, "x", [batch(f"b{number}", label("a", str(number)))])
    seen = []
    async for message in messages:
        if message.kind == "batch":
            seen.append(message.data["version"])
            if message.data["version"] == 11:
                break
    await messages.aclose()
    assert seen == list(range(2, 12))


async def test_a_whole_new_document_is_a_reset_and_edits_after_it_follow(runtime: Runtime) -> None:
    id_ = await made(runtime)
    browser = await opened(runtime, id_, "ada")
    await runtime.editing.apply(COMMAND_LINE, id_, "x", [batch("one", label("a", "One"))])
    following = asyncio.create_task(browser.follow(5))
    await runtime.workflows.update(
        COMMAND_LINE, id_, chain(node("start", "manual-trigger"), edit("a", v="9"))
    )
    await runtime.editing.apply(COMMAND_LINE, id_, "x", [batch("two", label("a", "Two"))])
    await runtime.versions.restore(COMMAND_LINE, id_, 1)
    await following
    assert browser.seen[-1] == ("reset", 5)
    assert browser.document == await document_of(runtime, id_)


async def test_state_is_told_on_publishing_and_switching(runtime: Runtime) -> None:
    hook = node("in", "webhook", path="orders", method="POST")
    id_ = (await runtime.workflows.create(COMMAND_LINE, chain(hook, edit("a", v="1")))).record.id
    messages = runtime.editing.watch(COMMAND_LINE, id_)

    async def state() -> tuple[bool, int | None, bool, bool]:
        async for message in messages:
            if message.kind == "state":
                told = message.data
                return told["active"], told["published_version"], told["has_unpublished"], told["deleted"]
        raise AssertionError("it ended")

    assert await state() == (False, None, True, False)
    await runtime.workflows.activate(COMMAND_LINE, id_)
    assert await state() == (True, 1, False, False)
    await runtime.editing.apply(COMMAND_LINE, id_, "x", [batch("one", label("a", "One"))])
    await runtime.workflows.publish(COMMAND_LINE, id_)
    assert await state() == (True, 2, False, False)
    await runtime.workflows.unpublish(COMMAND_LINE, id_)
    assert await state() == (False, None, True, False)
    await runtime.workflows.delete(COMMAND_LINE, id_)
    assert await state() == (False, None, True, True)
    with pytest.raises(StopAsyncIteration):
        await anext(messages)
    with pytest.raises(NotFound):
        await anext(runtime.editing.watch(COMMAND_LINE, id_))
