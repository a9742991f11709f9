"""The agent loop: a model that may use tools, turn by turn, until it has an answer. The same for every vendor."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from flowstudio.ai.memory import Memory
from flowstudio.ai.message import Message, Text, ToolCall, ToolResult, user
from flowstudio.ai.model import (
    Answer,
    ChatModel,
    ReasoningDelta,
    Reply,
    Request,
    Schema,
    TextDelta,
    ToolSpec,
)
from flowstudio.ai.structured import check_schema, complaint, fault_of, instructed, malformed, read
from flowstudio.ai.tool import Tool
from flowstudio.ai.usage import NONE, Usage
from flowstudio.errors import ModelError, NodeError

FINAL_TOOL = "final_answer"
"""The tool by which a model that has other tools gives an answer of a given form."""
RESULT_LIMIT = 100_000
"""Characters of a tool's result that the model is told."""
NOT_FOR_ANOTHER = frozenset({"budget"})
"""Faults that another model would not mend."""

Said: TypeAlias = Callable[[str, Literal["text", "reasoning", "discard"]], None]
"""Hears words of the answer as they come; `discard`: those so far were not the answer."""


class NoteCall(Protocol):
    """Opens a note about the call of a tool; `output` of what the block gets is set to the result."""

    def __call__(self, tool: str, node: str, arguments: Mapping[str, Any]) -> AbstractContextManager[Any]:
        """The note, open until the block is left. `node` is the tool's; empty where there is no such tool."""


@dataclass(frozen=True, slots=True)
class Used:
    """A tool that was used."""

    tool: str
    input: Mapping[str, Any]
    output: Any
    failed: bool
    turn: int


@dataclass(slots=True)
class Answered:
    """What an agent came to."""

    text: str
    value: Any
    """Of the form that was asked for; the text where none was."""
    used: list[Used]
    usage: Usage
    turns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A model with tools, a memory, and rules for when it is over. Immutable: a run keeps its state to itself."""

    model: ChatModel
    fallback: ChatModel | None = None
    """Goes on when the model fails."""
    tools: Sequence[Tool] = ()
    memory: Memory | None = None
    max_turns: int = 10
    """Calls of the model; in the last one it may use no tools."""
    answer: Schema | None = None
    """The form that the answer must have."""
    said: Said = lambda text, kind: None
    note: NoteCall = lambda tool, node, arguments: nullcontext()

    async def run(self, system: Sequence[Message], question: Message) -> Answered:
        """Answer a question. Raises `ModelError`, and `NodeError` for tools that cannot be told apart."""
        if self.answer is not None:
            check_schema(self.answer)
        by_name = _by_name(self.tools)
        needs_tools = [
            model for model in (self.model, self.fallback) if model and by_name and not model.abilities.tools
        ]
        if needs_tools:
            raise ModelError(
                "unsupported", f"The model '{needs_tools[0].name}' cannot use tools; choose another one."
            )
        earlier = list(await self.memory.recall(question.text)) if self.memory is not None else []
        run = _Run(self, by_name, [*system, *earlier, question])
        answered = await run.answer()
        if self.memory is not None:
            await self.memory.remember([question, Message("assistant", (Text(answered.text),))])
        return answered


@dataclass(slots=True)
class _Run:
    """One answer in the making."""

    agent: Agent
    tools: Mapping[str, Tool]
    conversation: list[Message]
    model: ChatModel = field(init=False)
    usage: Usage = NONE
    used: list[Used] = field(default_factory=list)
    """In the order of the calls, whichever was quicker."""
    turn: int = 0
    complained: bool = False

    def __post_init__(self) -> None:
        self.model = self.agent.model

    async def answer(self) -> Answered:
        while self.turn < self.agent.max_turns:
            self.turn += 1
            reply = await self._ask()
            self.conversation.append(reply.message)
            given = self._given(reply)
            if given is not None:
                return given
            if reply.message.calls:
                await self._use_tools(reply)
        raise NodeError(
            f"The agent did not come to an answer within {self.agent.max_turns} turns. Allow more, or give it a smaller task."
        )

    # Asking

    async def _ask(self) -> Reply:
        """The model's next turn; that of the fallback model from the first failure on."""
        try:
            return await self._stream()
        except ModelError as error:
            fallback = self.agent.fallback
            if fallback is None or self.model is fallback or error.kind in NOT_FOR_ANOTHER:
                raise
            self.model = fallback
            self.agent.said("", "discard")
            return await self._stream()

    async def _stream(self) -> Reply:
        quiet = self.agent.answer is not None
        async with aclosing(self.model.stream(self._request())) as events:
            async for event in events:
                match event:
                    case TextDelta() if not quiet:
                        self.agent.said(event.text, "text")
                    case ReasoningDelta():
                        self.agent.said(event.text, "reasoning")
                    case Reply():
                        self.usage += event.usage
                        if event.message.calls and event.message.text and not quiet:
                            self.agent.said("", "discard")
                        return event
        raise AssertionError(f"{type(self.model).__name__}.stream ended without a reply")

    def _request(self) -> Request:
        form, specs = self.agent.answer, [tool.spec for tool in self.tools.values()]
        last = self.turn == self.agent.max_turns
        if form is None:
            return Request(
                messages=tuple(self.conversation),
                tools=tuple(specs),
                tool_choice="none" if last and specs else "auto",
            )
        if specs and not (last and self._by_itself()):
            final = ToolSpec(
                FINAL_TOOL, "Gives the final answer. Call it once, when everything is known.", _object(form)
            )
            return Request(
                messages=tuple(self.conversation),
                tools=(final,) if last else (*specs, final),
                tool_choice="required",
            )
        if self._by_itself():
            return Request(messages=tuple(self.conversation), answer=Answer(_object(form)))
        return Request(messages=instructed(self.conversation, _object(form)))

    def _by_itself(self) -> bool:
        """Whether the form needs no tool: there are no others, and the model holds to it anyway."""
        return self.model.abilities.structured and not self.tools

    # Understanding

    def _given(self, reply: Reply) -> Answered | None:
        """The answer, if the reply has it."""
        text, form = reply.message.text, self.agent.answer
        if form is None:
            return None if reply.message.calls else self._answered(text, text)
        final = next((call for call in reply.message.calls if call.name == FINAL_TOOL), None)
        if final is not None:
            value, fault = dict(final.arguments), final.fault
            fault = fault or fault_of(value, _object(form))
            if not fault:
                return self._answered(
                    json.dumps(_unwrapped(value, form), ensure_ascii=False), _unwrapped(value, form)
                )
            self._complain(reply, fault, final)
            return None
        if reply.message.calls:
            return None
        value, fault = read(text, _object(form))
        if not fault:
            return self._answered(text, _unwrapped(value, form))
        self._complain(reply, fault, None)
        return None

    def _complain(self, reply: Reply, fault: str, call: ToolCall | None) -> None:
        """Send a wrong answer back, once."""
        if self.complained:
            raise malformed(reply, fault)
        self.complained = True
        if call is None:
            self.conversation.append(user(complaint(fault)))

    def _answered(self, text: str, value: Any) -> Answered:
        return Answered(text, value, self.used, self.usage, self.turn)

    # Tools

    async def _use_tools(self, reply: Reply) -> None:
        """Call what the model asks for, all at the same time; the results follow in the order of the calls."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._use(call)) for call in reply.message.calls]
        done = [task.result() for task in tasks]
        self.used += [used for _, used in done if used is not None]
        self.conversation.append(Message("tool", tuple(result for result, _ in done)))

    async def _use(self, call: ToolCall) -> tuple[ToolResult, Used | None]:
        """The result for the model, and a note of the use where it came to one."""
        tool = self.tools.get(call.name)
        if call.name == FINAL_TOOL and self.agent.answer is not None:
            fault = call.fault or fault_of(dict(call.arguments), _object(self.agent.answer))
            told = f"{fault} Call {FINAL_TOOL} again, corrected."
            return ToolResult(call.id, call.name, told, failed=True), None
        try:
            with self.agent.note(call.name, tool.node if tool is not None else "", call.arguments) as step:
                output = await self._called(tool, call)
                if step is not None:
                    step.output = output
        except _Misused as error:
            used = Used(call.name, call.arguments, error.message, True, self.turn)
            return ToolResult(call.id, call.name, error.message, failed=True), used
        except NodeError as error:
            if isinstance(error, ModelError) and error.kind == "budget":
                raise
            used = Used(call.name, call.arguments, error.message, True, self.turn)
            return ToolResult(call.id, call.name, f"Error: {error.message}", failed=True), used
        used = Used(call.name, call.arguments, output, False, self.turn)
        return ToolResult(call.id, call.name, _told(output)), used

    async def _called(self, tool: Tool | None, call: ToolCall) -> Any:
        """What the tool gives. Raises `_Misused` where there is no such tool, or where it does not take these arguments."""
        if tool is None:
            raise _Misused(f"There is no tool '{call.name}'. There are: {', '.join(self.tools) or 'none'}.")
        fault = call.fault or fault_of(dict(call.arguments), tool.spec.parameters)
        if fault:
            raise _Misused(f"The arguments do not fit. {fault}")
        return await tool.call(call.arguments)


class _Misused(NodeError):
    """A model asked for what there is not."""


def _by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    """Tools by name. Raises `NodeError` when two have the same one."""
    found: dict[str, Tool] = {}
    for tool in tools:
        if tool.spec.name in found or tool.spec.name == FINAL_TOOL:
            raise NodeError(
                f"Several tools of the agent are called '{tool.spec.name}'; give each a name of its own."
            )
        found[tool.spec.name] = tool
    return found


def _told(output: Any) -> str:
    text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False, default=str)
    return text if len(text) <= RESULT_LIMIT else text[:RESULT_LIMIT] + "… (cut off)"


def _object(schema: Schema) -> Schema:
    """A schema whose top level is an object, as tools and structured output need it."""
    if schema.get("type") == "object":
        return schema
    if "properties" in schema:
        return {"type": "object", **schema}
    return {
        "type": "object",
        "properties": {"value": schema},
        "required": ["value"],
        "additionalProperties": False,
    }


def _unwrapped(value: Any, schema: Schema) -> Any:
    plain = schema.get("type") == "object" or "properties" in schema
    return value if plain else value["value"]
