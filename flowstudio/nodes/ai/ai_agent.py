"""The AI Agent node."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from flowstudio.ai.agent import Agent, Answered
from flowstudio.ai.budget import Budget
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.late import LateNode
from flowstudio.engine.node import Example, ItemNode, Pace, Slot, Widget
from flowstudio.engine.step import Step
from flowstudio.nodes import paths
from flowstudio.nodes.ai.answer_form import AnswerForm
from flowstudio.nodes.ai.choice import ModelUser, observed
from flowstudio.nodes.ai.parts import MemoryNode, ModelNode, ToolNode
from flowstudio.nodes.ai.question import instructions, question_of, session_of
from flowstudio.nodes.ai.toolbox import tools_of


class AiAgent(ModelUser, AnswerForm, ItemNode):
    """Lets a model work on a task: it may use tools, as often as it needs, and remembers the conversation.

    Attach a chat model, a memory and any number of tools below the node. Any node can be a tool: write into its notes what it is
    for, and let the model fill its parameters with `{{ $fromAI('name', 'what it is', 'string') }}`. An agent can be the tool
    of another agent.

    What the model does can be seen while it runs, and afterwards in the run log: each turn, each call of a tool, the tokens and
    the cost. Set a budget so that a run cannot cost more than you like.
    """

    type = "ai-agent"
    label = "AI Agent"
    group = "AI"
    icon = "bot"
    subtitle = "{prompt}"
    shown_first = ("model_name", "prompt", "message")
    asked_by = "message"
    examples = (
        Example(
            "Answer a chat message",
            properties={"prompt": "You are a helpful assistant."},
            given=[{"chatInput": "What is the capital of Norway?"}],
            gives=[{"output": "Oslo."}],
            model=("Oslo.",),
        ),
        Example(
            "Give data instead of words",
            properties={
                "message": "=Which city and which country is this about? {{ $json.text }}",
                "answer_as": "example",
                "example": {"city": "Paris", "country": "France"},
            },
            given=[{"text": "The trams of Lisbon are yellow."}],
            gives=[{"output": {"city": "Lisbon", "country": "Portugal"}}],
            model=('{"city": "Lisbon", "country": "Portugal"}',),
        ),
    )

    fallback: Annotated[ModelNode | None, Slot("Fallback model")] = None
    """Goes on where the model fails."""
    memory: Annotated[MemoryNode | None, Slot("Memory")] = None
    """Where the conversation is kept."""
    tools: Annotated[list[ToolNode | LateNode], Slot("Tool", many=True)] = Field(default_factory=list)
    """What the model may use. Any node can be a tool."""

    prompt: Annotated[str, Widget("multiline"), Field(title="Instructions")] = ""
    """Who the agent is, what it should do and what not. Given to the model before the conversation."""
    message: Annotated[str, Widget("multiline")] = ""
    """The task. Empty: what was said in the chat, or the item's `message`, `question`, `query`, `input` or `text`."""
    max_turns: Annotated[int, Field(ge=1, le=200, title="Most turns")] = 10
    """How often the model may be asked for one item; in the last turn it may use no tool any more."""
    files: Annotated[bool, Field(title="Send files along")] = True
    """Whether the model sees the item's pictures and files."""
    steps: Annotated[bool, Field(title="Give the steps, too")] = False
    """Adds a list `steps` of the tools that were used, with what went in and came out."""
    stream: Annotated[bool, Field(title="Show words as they come")] = True
    """Whether a chat shows the answer while it is being written."""
    token_budget: Annotated[int | None, Field(ge=1)] = None
    """Tokens that one item may use up in all calls together, those of sub-agents included. Empty: no limit."""
    cost_budget: Annotated[float | None, Field(gt=0, title="Cost budget (US dollars)")] = None
    """US dollars that one item may cost in all calls together, where the models' prices are known. Empty: no limit."""
    answer_name: Annotated[str, Field(min_length=1, max_length=200, title="Name of the answer")] = "output"
    """The field that the answer goes into; a dot reaches into objects."""
    at_once: Annotated[int, Field(ge=1, le=50, title="Items at once")] = 1
    """How many items are worked on at the same time."""

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """As many as the person allows."""
        return Pace(first.at_once)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Work on one item."""
        index = item.paired_item[0].index if item.paired_item else 0

        def said(text: str, kind: Literal["text", "reasoning", "discard"]) -> None:
            if self.stream:
                ctx.stream(text, kind, index)

        def note(tool: str, node: str, arguments: Mapping[str, Any]) -> AbstractContextManager[Step]:
            return ctx.steps.open("tool", tool, node=node, input=dict(arguments))

        agent = Agent(
            model=self.chat_model(ctx),
            fallback=observed(self.fallback, ctx) if self.fallback is not None else None,
            tools=await tools_of(self.tools, item, index, ctx),
            memory=await self.memory.memory(session_of(item, ctx), ctx) if self.memory is not None else None,
            max_turns=self.max_turns,
            answer=self.wanted(),
            said=said,
            note=note,
        )
        question = await question_of(self.message, item, ctx, files=self.files)
        with Budget(self.token_budget, self.cost_budget).in_force():
            answered = await agent.run(instructions(self.prompt), question)
        return {"main": [Item(self._given(answered), None, item.paired_item)]}

    def _given(self, answered: Answered) -> Json:
        found: Json = paths.put({}, self.answer_name, answered.value)
        if self.steps:
            found["steps"] = [
                {"tool": used.tool, "input": dict(used.input), "output": used.output, "failed": used.failed}
                for used in answered.used
            ]
        return found
