"""Chats: people say something to a workflow, and hear what it answers.

A chat is a thread of turns: a message, the execution that it started (or woke, where a node had asked and waited), and the
answers. What was said is kept here for people; what agents remember is theirs (`services.conversations`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from weakref import WeakValueDictionary

from flowstudio.engine.item import Binary, Item, Json
from flowstudio.engine.registry import Registry
from flowstudio.engine.store import Bus, Subscription
from flowstudio.engine.workflow import load_workflow
from flowstudio.errors import Conflict, InvalidRequest, InvalidWorkflow, NotFound, Problem
from flowstudio.nodes.ai.question import ANSWERED, first_text
from flowstudio.nodes.ai.respond_to_chat import FILES, carried, file_json, spoken
from flowstudio.nodes.triggers.chat import WhenChatReceived
from flowstudio.services.audit import Audit
from flowstudio.services.callers import Caller, require
from flowstudio.services.conversations import ConversationService, cursor_of, place_of
from flowstudio.services.dispatcher import Dispatcher
from flowstudio.services.executions import FINAL, ExecutionService
from flowstudio.services.live import error_json
from flowstudio.services.starting import StartRequest
from flowstudio.services.talk import Said, Talk
from flowstudio.services.turns import Message, Upload, asked_item, said_in, told, turn_json
from flowstudio.services.workflows import Workflow, WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import ChatThread, ChatTurn, NodeRun, ThreadKind, TurnStatus

log = logging.getLogger(__name__)

TURNS = 100
"""Turns of a chat that are read at once."""


class ChatService:
    """What people and programs do with chats. Methods that act for somebody check the caller first."""

    def __init__(
        self,
        storage: Storage,
        registry: Registry,
        workflows: WorkflowService,
        executions: ExecutionService,
        dispatcher: Dispatcher,
        bus: Bus,
    ) -> None:
        self._storage, self._audit = storage, Audit(storage)
        self._registry = registry
        self._workflows = workflows
        self._executions = executions
        self._dispatcher = dispatcher
        self._bus = bus
        self._conversations = ConversationService(storage)
        self._talks: dict[str, Talk] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By chat: messages are taken one after the other."""

    async def stop(self) -> None:
        """Follow nothing any more; who reads is told nothing more."""
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # For people who may run workflows

    async def send(
        self,
        caller: Caller,
        workflow_id: str,
        message: Message,
        *,
        draft: bool = False,
        node: str | None = None,
    ) -> tuple[ChatThread, ChatTurn]:
        """Say something to a workflow: to what is being built (`draft`), or to what is published.

        Raises `Conflict` while the last message is being answered.
        """
        require(caller, "run")
        load = self._workflows.load if draft else self._workflows.production
        workflow = await load(workflow_id)
        if draft:
            await self._workflows.sharing.demand(caller, workflow.document)
        said = await self.say(workflow, message, "panel" if draft else "api", caller.user_id, node=node)
        await self._audit.record(caller, "execution.started", workflow.record.name, said[1].execution_id)
        return said

    async def threads(
        self,
        caller: Caller,
        workflow_id: str,
        *,
        kind: ThreadKind | None = None,
        mine: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> tuple[list[ChatThread], str | None]:
        """Chats of a workflow, the last used first, and the cursor of the next page."""
        require(caller, "read")
        await self._workflows.load(workflow_id)
        found = await self._storage.chats.threads(
            workflow_id, kind, caller.user_id if mine else None, before=place_of(cursor), limit=limit + 1
        )
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], cursor_of(last.updated_at, last.id) if last is not None else None

    async def read(
        self, caller: Caller, workflow_id: str, session: str, *, before: int | None = None, limit: int = TURNS
    ) -> tuple[ChatThread, list[ChatTurn]]:
        """A chat and its last turns, oldest first; that a visitor's was read is noted. Raises `NotFound`."""
        require(caller, "read")
        found = await self.history(workflow_id, session, before=before, limit=limit)
        if found[0].kind == "public" and before is None:
            await self._audit.record(caller, "chat.read", subject_id=found[0].id, workflow=workflow_id)
        return found

    async def watch(self, caller: Caller, workflow_id: str, session: str) -> AsyncGenerator[Said]:
        """The last turn of a chat and how it is answered. Close the iterator to stop. Raises `NotFound`."""
        require(caller, "read")
        return self.listen(*await self._last(workflow_id, session))

    async def stop_answer(self, caller: Caller, workflow_id: str, session: str) -> ChatTurn:
        """Stop what answers the last message; nothing when it is answered. Raises `NotFound`."""
        require(caller, "run")
        return await self.hush(workflow_id, session)

    async def rate(self, caller: Caller, workflow_id: str, session: str, number: int, rating: int) -> None:
        """Note what somebody thinks of an answer. Raises `NotFound`."""
        require(caller, "run")
        await self.judge(workflow_id, session, number, rating)

    async def clear(self, caller: Caller, workflow_id: str, session: str) -> None:
        """Forget a chat, with what agents remember of it. Raises `NotFound`."""
        require(caller, "run")
        await self.forget(workflow_id, session)
        await self._audit.record(caller, "chat.deleted", subject_id=session, workflow=workflow_id)

    async def file(
        self, caller: Caller, workflow_id: str, session: str, number: int, index: int, *, said: bool
    ) -> Binary:
        """A file that came with a message, or with the answers to it. Raises `NotFound`."""
        require(caller, "read")
        return await self.attachment(workflow_id, session, number, index, said=said)

    # For whoever was let in

    async def say(
        self,
        workflow: Workflow,
        message: Message,
        kind: ThreadKind,
        owner: str,
        *,
        node: str | None = None,
    ) -> tuple[ChatThread, ChatTurn]:
        """Say something: wake the execution that waits for an answer, or start one."""
        id_ = workflow.record.id
        if not message.text.strip() and not message.files and not message.keep_files:
            raise InvalidRequest("The message is empty; write something, or add a file.")
        start = self._trigger(workflow, node)
        asked: Json = {"text": message.text}
        if message.files:
            asked[FILES] = [file_json(await self._keep(upload)) for upload in message.files]
        lock = self._changing.setdefault(f"{id_}/{message.session}", asyncio.Lock())
        async with lock:
            return await self._say(workflow, message, asked, kind, owner, start)

    async def _say(
        self, workflow: Workflow, message: Message, asked: Json, kind: ThreadKind, owner: str, start: str
    ) -> tuple[ChatThread, ChatTurn]:
        id_ = workflow.record.id
        thread = await self._storage.chats.thread(id_, message.session)
        waits: NodeRun | None = None
        last: ChatTurn | None = None
        if thread is not None:
            found = await self._storage.chats.turns(thread.id, limit=1)
            last = await self.settled(found[0]) if found else None
            if last is not None and last.status == "running":
                raise Conflict(
                    "The last message is still being answered. Wait for the answer, or stop it first."
                )
            if message.replaces is not None:
                before = await self._take_back(thread, message.replaces, last)
                if message.keep_files and (files := before.asked.get(FILES)):
                    asked[FILES] = [*files, *asked.get(FILES, ())]
            elif last is not None and last.status == "waiting":
                waits = await self._asking(last.execution_id)
        if waits is not None and last is not None:
            return await self._go_on(id_, message, asked, kind, owner, last, waits)
        execution = new_id()
        subscription = self._bus.subscribe(execution)
        try:
            thread, turn = await self._storage.chats.add(
                id_, message.session, kind, owner, asked, execution, replaces=message.replaces
            )
            try:
                await self._executions.start(
                    StartRequest(
                        workflow=workflow,
                        mode="manual" if kind == "panel" else "chat",
                        id=execution,
                        node=start,
                        items=[asked_item(asked, message.session)],
                        pinned=kind == "panel",
                    )
                )
            except BaseException:
                await self._storage.chats.remove_turn(thread.id, turn.number)
                raise
        except BaseException:
            subscription.close()
            raise
        self._follow(turn, workflow.document, subscription, begins=True)
        return thread, turn

    async def _go_on(
        self,
        workflow: str,
        message: Message,
        asked: Json,
        kind: ThreadKind,
        owner: str,
        last: ChatTurn,
        waits: NodeRun,
    ) -> tuple[ChatThread, ChatTurn]:
        """Give the answer to a node that asked and waits."""
        execution = last.execution_id
        stored = await self._storage.executions.load(execution)
        if stored is None:
            raise Conflict("What had asked is gone; send the message again.")
        skipped = len(said_in(await self._storage.executions.node_runs(execution)))
        subscription = self._bus.subscribe(execution)
        try:
            thread, turn = await self._storage.chats.add(
                workflow, message.session, kind, owner, asked, execution, skipped=skipped
            )
            written = {"chatInput": asked["text"], "sessionId": message.session, "action": "sendMessage"}
            if FILES in asked:
                written[FILES] = asked[FILES]
            if not await self._storage.executions.wake(execution, waits.node, waits.scope, written):
                await self._storage.chats.remove_turn(thread.id, turn.number)
                raise Conflict("The workflow has just gone on without the answer; send the message again.")
        except BaseException:
            subscription.close()
            raise
        await self._storage.chats.settle(last.thread_id, last.number, "success", last.said or {})
        self._follow(turn, load_workflow(stored.document), subscription)
        self._dispatcher.submit(execution)
        return thread, turn

    async def _take_back(self, thread: ChatThread, number: int, last: ChatTurn | None) -> ChatTurn:
        """Undo what was said from a turn on: agents forget it, and whoever waits for an answer is stopped. Gives the turn."""
        turn = await self._storage.chats.turn(thread.id, number)
        if turn is None:
            raise NotFound(f"The chat has no message {number} to replace.")
        if last is not None and last.status == "waiting":
            await self._executions.stop(last.execution_id)
        await self._conversations.forget_since(thread.workflow_id, thread.name, turn.created_at)
        return turn

    def _trigger(self, workflow: Workflow, node: str | None) -> str:
        """The chat trigger that is meant. Raises `InvalidWorkflow` when there is none."""
        found = [
            drawn.id
            for drawn in workflow.document.nodes
            if drawn.type == WhenChatReceived.type and not drawn.data.disabled and node in (None, drawn.id)
        ]
        if not found:
            raise InvalidWorkflow(
                [Problem("no_chat", "Nobody can talk to this workflow: add a When Chat Received trigger.")]
            )
        return found[0]

    async def _keep(self, upload: Upload) -> Binary:
        return await self._storage.binaries.put(
            upload.content, mime_type=upload.mime_type, file_name=upload.name
        )

    def _follow(
        self, turn: ChatTurn, document: Any, subscription: Subscription, *, begins: bool = False
    ) -> Talk:
        talk = Talk(turn.execution_id, document, self._registry, self._executions.live)
        self._talks[_key(turn)] = talk

        async def said() -> list[Json]:
            runs = await self._storage.executions.node_runs(turn.execution_id)
            messages = said_in(runs)[turn.skipped :]
            return [{"text": message["text"], FILES: told(message[FILES])} for message in messages]

        async def settle() -> Json | None:
            now = await self.settled(turn, talk.messages)
            return None if now.status == "running" else turn_json(now)

        async def follow() -> None:
            try:
                await talk.follow(subscription, said, settle, begins=begins)
            except Exception:
                log.exception("following a chat failed", extra={"execution": turn.execution_id})
            finally:
                if self._talks.get(_key(turn)) is talk:
                    del self._talks[_key(turn)]

        task = asyncio.create_task(follow())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return talk

    async def history(
        self, workflow: str, session: str, *, before: int | None = None, limit: int = TURNS
    ) -> tuple[ChatThread, list[ChatTurn]]:
        """A chat and its last turns. Raises `NotFound`."""
        thread = await self._thread(workflow, session)
        turns = await self._storage.chats.turns(thread.id, before=before, limit=limit)
        return thread, [await self.settled(turn) for turn in turns]

    async def listen(self, thread: ChatThread, turn: ChatTurn) -> AsyncGenerator[Said]:
        """A turn as it is now, then how it is answered."""
        talk = self._talks.get(_key(turn))
        if talk is None or talk.over.is_set() or turn.status != "running":
            turn = await self.settled(turn)
            talk = self._talks.get(_key(turn))
        if talk is None and turn.status == "running":
            subscription = self._bus.subscribe(turn.execution_id)
            stored = await self._storage.executions.load(turn.execution_id)
            if stored is None:
                subscription.close()
                turn = await self.settled(turn)
            else:
                talk = self._talks.get(_key(turn))
                if talk is None:
                    talk = self._follow(turn, load_workflow(stored.document), subscription)
                else:
                    subscription.close()
        if talk is None or turn.status != "running":
            yield Said("turn", {"session_id": thread.name, "turn": turn_json(turn)})
            yield Said("done", turn_json(turn))
            return
        reader = talk.join()
        try:
            present = turn_json(turn) | {"messages": list(talk.messages), "live": talk.live}
            yield Said("turn", {"session_id": thread.name, "turn": present})
            for activity in list(talk.activities.values()):
                yield Said("activity", activity)
            told = False
            async for said in reader.read():
                told = told or said.kind == "done"
                yield said
            if not told:  # it was over just before
                yield Said("done", turn_json(await self.settled(turn)))
        finally:
            talk.leave(reader)

    async def hush(self, workflow: str, session: str) -> ChatTurn:
        """Stop what answers the last message. Raises `NotFound`."""
        _, turn = await self._last(workflow, session)
        turn = await self.settled(turn)
        if turn.status not in ("running", "waiting"):
            return turn
        await self._executions.stop(turn.execution_id)
        await self._executions.wait(turn.execution_id, 5.0)
        talk = self._talks.get(_key(turn))
        if talk is not None:
            await talk.over.wait()
        fresh = await self._storage.chats.turn(turn.thread_id, turn.number)
        return await self.settled(fresh or turn)

    async def judge(self, workflow: str, session: str, number: int, rating: int) -> None:
        """Note what somebody thinks of an answer. Raises `NotFound`."""
        thread = await self._thread(workflow, session)
        if not await self._storage.chats.rate(thread.id, number, rating):
            raise NotFound(f"The chat has no message {number}.")

    async def forget(self, workflow: str, session: str) -> None:
        """Delete a chat, stop what answers in it, and let agents forget it. Raises `NotFound`."""
        thread, turn = await self._last(workflow, session)
        if (await self.settled(turn)).status in ("running", "waiting"):
            await self._executions.stop(turn.execution_id)
        await self._conversations.forget_since(workflow, session, thread.created_at)
        await self._storage.chats.clear(thread.id)

    async def attachment(self, workflow: str, session: str, number: int, index: int, *, said: bool) -> Binary:
        """A file of a message or of its answers. Raises `NotFound`."""
        thread = await self._thread(workflow, session)
        turn = await self._storage.chats.turn(thread.id, number)
        messages = [turn.asked] if turn is not None and not said else _messages(turn)
        files = [file for message in messages for file in message.get(FILES) or ()]
        if index >= len(files):
            raise NotFound("There is no such file in this chat.")
        return (carried([files[index]]) or {})["data"]

    async def settled(self, turn: ChatTurn, heard: Sequence[Json] = ()) -> ChatTurn:
        """A turn with its answers, once they are known; they are noted then.

        `heard` is what was heard while the execution ran, for those whose data is not kept.
        """
        if turn.status not in ("running", "waiting"):
            return turn
        execution = turn.execution_id
        summary = await self._storage.executions.get(execution)
        error: Json | None = None
        messages: list[Json] = []
        status: TurnStatus
        if summary is None:
            status = "error"
            error = {"code": "deleted", "message": "The run of this message was deleted.", "node": None}
        else:
            if summary.status not in FINAL and summary.status != "waiting":
                return turn
            runs = await self._storage.executions.node_runs(execution)
            if summary.status in FINAL:
                status = summary.status if summary.status in ("success", "cancelled") else "error"
            elif summary.status == "waiting" and await self._asking(execution, runs) is not None:
                status = "waiting"
            else:
                return turn
            if turn.status == status:
                return turn
            messages = said_in(runs)[turn.skipped :] or [
                {"text": message["text"], FILES: []} for message in heard
            ]
            if status == "success" and not messages and not turn.skipped:
                items = await self._executions.last_items(execution)
                public = await self._storage.chats.kind(turn.thread_id) == "public"
                messages = [
                    {"text": words, FILES: [file_json(file) for file in (item.binary or {}).values()]}
                    for item in items
                    if (words := _answered(item) if public else spoken(item)) or item.binary
                ]
            error = error_json(summary.error)
        await self._storage.chats.settle(
            turn.thread_id, turn.number, status, {"messages": messages, "error": error}
        )
        return await self._storage.chats.turn(turn.thread_id, turn.number) or turn

    async def response(self, execution: str) -> str | None:
        """What an execution that a chat message started has said, in words; None for others and for those that failed."""
        stored = await self._storage.executions.load(execution)
        if stored is None or stored.status != "success":
            return None
        document = load_workflow(stored.document)
        started = next((node for node in document.nodes if node.id == stored.start_node), None)
        if started is None or started.type != WhenChatReceived.type:
            return None
        messages = said_in(await self._storage.executions.node_runs(execution))
        if messages or stored.last_node is None:
            return "\n\n".join(message["text"] for message in messages)
        ports = await self._storage.executions.outputs(execution, stored.last_node)
        return "\n\n".join(words for items in ports.values() for item in items if (words := spoken(item)))

    async def _asking(self, execution: str, runs: Sequence[NodeRun] | None = None) -> NodeRun | None:
        """The run of a node that asked, and that nobody has answered yet."""
        if runs is None:
            runs = await self._storage.executions.node_runs(execution)
        answered = {(call.node, call.scope) for call in await self._storage.executions.resumptions(execution)}
        latest = {(run.node, run.scope): run for run in runs}
        return next(
            (
                run
                for place, run in latest.items()
                if run.status == "waiting"
                and place not in answered
                and any(step["kind"] == "message" for step in run.steps)
            ),
            None,
        )

    async def _thread(self, workflow: str, session: str) -> ChatThread:
        thread = await self._storage.chats.thread(workflow, session)
        if thread is None:
            raise NotFound("There is no such chat.")
        return thread

    async def _last(self, workflow: str, session: str) -> tuple[ChatThread, ChatTurn]:
        thread = await self._thread(workflow, session)
        turns = await self._storage.chats.turns(thread.id, limit=1)
        if not turns:
            raise NotFound("Nothing was said in this chat.")
        return thread, turns[0]


def _answered(item: Item) -> str:
    """The answer of an item, and nothing else of it: strangers must not see a workflow's data."""
    return first_text(item.json, ANSWERED) or ""


def _messages(turn: ChatTurn | None) -> list[Json]:
    return list((turn.said or {}).get("messages", ())) if turn is not None else []


def _key(turn: ChatTurn) -> str:
    return f"{turn.thread_id}/{turn.number}"
