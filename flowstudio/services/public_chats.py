"""Chats of strangers: a workflow's public page, with its own rules of who may write, and how much.

Nothing of a workflow's inside leaves here: no names of nodes, no executions, no reasons of failures.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, TypeAlias

from pydantic import ValidationError

from flowstudio.engine.item import Binary, Json
from flowstudio.errors import FlowStudioError, Forbidden, InvalidRequest, NotFound, RateLimited, Unauthorized
from flowstudio.nodes.credentials import ChatPassword
from flowstudio.nodes.triggers.chat import WhenChatReceived
from flowstudio.services.callers import Caller
from flowstudio.services.chats import ChatService
from flowstudio.services.talk import Said
from flowstudio.services.throttle import Throttle, throttle
from flowstudio.services.turns import Message, turn_json
from flowstudio.services.workflows import Workflow, WorkflowService
from flowstudio.storage import Storage
from flowstudio.storage.ids import new_id
from flowstudio.storage.records import ChatThread, ChatTurn

MINUTE = 60.0
GUESSES = 10
"""Passwords that one address may try within a minute."""
SHARED = 5
"""Visitors at one address, such as those of an office, may send so many times what one of them may."""
FAILED = "Something went wrong. Please try again."

Entry: TypeAlias = Literal["password", "sign_in"]
"""What a visitor has to do before they may write."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who visits a public chat."""

    token: str = field(repr=False)
    """The secret of their browser."""
    grant: str = field(repr=False)
    """What their browser got for the right password."""
    address: str
    caller: Caller | None = None
    """The person, when they are signed in."""


@dataclass(frozen=True, slots=True)
class _Door:
    workflow: Workflow
    node: str
    chat: WhenChatReceived
    password: str = field(repr=False)


class PublicChatService:
    """What visitors do. Every method checks whether the chat is public and lets the visitor in."""

    def __init__(self, storage: Storage, workflows: WorkflowService, chats: ChatService) -> None:
        self._storage = storage
        self._workflows = workflows
        self._chats = chats
        self._guesses = throttle(storage, "chat password", GUESSES, MINUTE)
        self._paces: dict[int, Throttle] = {}

    async def look(self, workflow_id: str) -> Json:
        """How a chat's page looks. Raises `NotFound`."""
        door = await self._door(workflow_id)
        return _look(door)

    async def arrive(self, workflow_id: str, visitor: Visitor) -> Json:
        """The page's look, and what was said with this visitor, or what they have to do first. Raises `NotFound`."""
        door = await self._door(workflow_id)
        entry = await self._entry(door, visitor)
        look = _look(door)
        if entry is not None:
            return look | {"welcome": "", "suggestions": [], "entry": entry, "turns": []}
        thread = await self._thread(door, visitor)
        turns: list[ChatTurn] = []
        if thread is not None:
            _, turns = await self._chats.history(door.workflow.record.id, thread.name)
        return look | {"entry": None, "turns": [public_turn(turn_json(turn)) for turn in turns]}

    async def enter(self, workflow_id: str, visitor: Visitor, password: str) -> str:
        """Check a password; gives what the browser shows from then on. Raises `Forbidden`, `RateLimited`."""
        door = await self._door(workflow_id)
        subject = f"{workflow_id}/{visitor.address}"
        await self._guesses.attempt(subject)
        if not door.password or not hmac.compare_digest(door.password.encode(), password.encode()):
            raise Forbidden("This is not the password.")
        await self._guesses.undo(subject)
        return _grant(door, visitor)

    async def say(
        self, workflow_id: str, visitor: Visitor, message: Message, *, fresh: bool = False
    ) -> AsyncGenerator[Said]:
        """Say something, in a new chat when it is `fresh`; how it is answered. Raises `RateLimited`, `Conflict` and the like."""
        door = await self._admit(workflow_id, visitor)
        if message.files and not door.chat.send_files:
            raise InvalidRequest("This chat takes no files.")
        if not message.text.strip() and not message.files and not message.keep_files:
            raise InvalidRequest("The message is empty; write something, or add a file.")
        await self._pace(door, visitor)
        thread = None if fresh else await self._thread(door, visitor)
        session = thread.name if thread is not None else new_id()
        meant = Message(
            text=message.text,
            files=message.files,
            session=session,
            replaces=message.replaces,
            keep_files=message.keep_files,
        )
        try:
            said = await self._chats.say(
                door.workflow, meant, "public", _owner(visitor, door), node=door.node
            )
        except (InvalidRequest, NotFound, RateLimited):
            raise
        except FlowStudioError as error:
            if error.code == "conflict":
                raise
            raise InvalidRequest(FAILED) from error  # why a workflow cannot run is no business of strangers
        return _told(self._chats.listen(*said))

    async def watch(self, workflow_id: str, visitor: Visitor) -> AsyncGenerator[Said]:
        """The last turn and how it is answered. Raises `NotFound`."""
        _, thread = await self._present(workflow_id, visitor)
        turns = await self._storage.chats.turns(thread.id, limit=1)
        if not turns:
            raise NotFound("Nothing was said yet.")
        return _told(self._chats.listen(thread, turns[0]))

    async def stop(self, workflow_id: str, visitor: Visitor) -> None:
        """Stop the answer. Raises `NotFound`."""
        door, thread = await self._present(workflow_id, visitor)
        await self._chats.hush(door.workflow.record.id, thread.name)

    async def rate(self, workflow_id: str, visitor: Visitor, number: int, rating: int) -> None:
        """Note what the visitor thinks of an answer. Raises `NotFound`."""
        door, thread = await self._present(workflow_id, visitor)
        await self._chats.judge(door.workflow.record.id, thread.name, number, rating)

    async def forget(self, workflow_id: str, visitor: Visitor) -> None:
        """Delete the visitor's present chat. Raises `NotFound`."""
        door, thread = await self._present(workflow_id, visitor)
        await self._chats.forget(door.workflow.record.id, thread.name)

    async def file(
        self, workflow_id: str, visitor: Visitor, number: int, index: int, *, said: bool
    ) -> Binary:
        """A file of the visitor's chat. Raises `NotFound`."""
        door, thread = await self._present(workflow_id, visitor)
        return await self._chats.attachment(door.workflow.record.id, thread.name, number, index, said=said)

    async def _door(self, workflow_id: str) -> _Door:
        """What is published, with its chat. Raises the same `NotFound` whatever the reason."""
        missing = NotFound("There is no chat here.")
        try:
            workflow = await self._workflows.production(workflow_id)
        except FlowStudioError as error:
            raise missing from error
        if not workflow.active:
            raise missing
        for drawn in workflow.document.nodes:
            if drawn.type != WhenChatReceived.type or drawn.data.disabled:
                continue
            try:
                chat = WhenChatReceived.model_validate(drawn.data.properties)
            except ValidationError:
                continue
            if not chat.public:
                continue
            password = ""
            if chat.access == "password" and (credential := drawn.data.credentials.get("account")):
                try:
                    opened = await self._storage.credentials.open(credential, (ChatPassword.type,))
                except FlowStudioError as error:
                    raise missing from error
                password = str(opened.get("password", ""))
            return _Door(workflow, drawn.id, chat, password)
        raise missing

    async def _entry(self, door: _Door, visitor: Visitor) -> Entry | None:
        match door.chat.access:
            case "signed_in":
                return None if visitor.caller is not None and visitor.caller.may("read") else "sign_in"
            case "password":
                if visitor.grant and door.password:
                    subject = f"{door.workflow.record.id}/{visitor.address}"
                    await self._guesses.attempt(subject)
                    if hmac.compare_digest(visitor.grant.encode(), _grant(door, visitor).encode()):
                        await self._guesses.undo(subject)
                        return None
                return "password"
        return None

    async def _admit(self, workflow_id: str, visitor: Visitor) -> _Door:
        door = await self._door(workflow_id)
        if await self._entry(door, visitor) is not None:
            raise Unauthorized("This chat is not open to everybody: enter first.")
        return door

    async def _present(self, workflow_id: str, visitor: Visitor) -> tuple[_Door, ChatThread]:
        door = await self._admit(workflow_id, visitor)
        thread = await self._thread(door, visitor)
        if thread is None:
            raise NotFound("Nothing was said yet.")
        return door, thread

    async def _thread(self, door: _Door, visitor: Visitor) -> ChatThread | None:
        """The chat that the visitor used last."""
        found = await self._storage.chats.threads(
            door.workflow.record.id, "public", _owner(visitor, door), limit=1
        )
        return found[0] if found else None

    async def _pace(self, door: _Door, visitor: Visitor) -> None:
        limit = door.chat.per_minute
        id_ = door.workflow.record.id
        subjects = ((limit, _owner(visitor, door)), (limit * SHARED, visitor.address))
        for allowed, subject in subjects:
            pace = self._paces.get(allowed)
            if pace is None:
                pace = self._paces[allowed] = throttle(self._storage, "chat message", allowed, MINUTE)
            try:
                await pace.attempt(f"{id_}/{subject}")
            except RateLimited as error:
                wait = error.retry_after
                raise RateLimited(
                    f"Too many messages. Try again in {wait:.0f} seconds.", retry_after=wait
                ) from error


def _look(door: _Door) -> Json:
    chat = door.chat
    return {
        "title": chat.title.strip() or door.workflow.document.name,
        "welcome": chat.welcome,
        "suggestions": [text for text in chat.suggestions if text.strip()],
        "color": chat.color,
        "theme": chat.theme,
        "files": chat.send_files,
    }


def _owner(visitor: Visitor, door: _Door) -> str:
    if door.chat.access == "signed_in" and visitor.caller is not None:
        return visitor.caller.user_id
    return "visitor:" + sha256(visitor.token.encode()).hexdigest()


def _grant(door: _Door, visitor: Visitor) -> str:
    """What a browser shows that knew the password: bound to it, to the chat and to the browser."""
    return hmac.new(
        door.password.encode(), f"{door.workflow.record.id}/{visitor.token}".encode(), sha256
    ).hexdigest()


def public_turn(turn: Json) -> Json:
    """A turn as visitors see it."""
    shown = {key: value for key, value in turn.items() if key not in ("execution_id", "error")}
    failed = turn["error"] is not None or turn["status"] == "error"
    return shown | {"error": {"code": "failed", "message": FAILED} if failed else None}


async def _told(told: AsyncGenerator[Said]) -> AsyncGenerator[Said]:
    """What visitors are told."""
    async with aclosing(told):
        async for said in told:
            match said.kind:
                case "turn":
                    yield Said("turn", {"turn": public_turn(said.data["turn"])})
                case "done":
                    yield Said("done", public_turn(said.data) if said.data else {})
                case "activity":
                    continue
                case _:
                    yield said
