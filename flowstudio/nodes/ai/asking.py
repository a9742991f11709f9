"""What the nodes of single providers have in common: one message, one answer."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import aclosing
from typing import Annotated, Any, Self

from pydantic import Field

from flowstudio.ai.model import ChatModel, ReasoningDelta, Reply, Request, TextDelta
from flowstudio.ai.structured import answer
from flowstudio.ai.usage import Usage
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import ItemNode, Pace, Widget
from flowstudio.nodes.ai.answer_form import AnswerForm
from flowstudio.nodes.ai.observed import ObservedModel
from flowstudio.nodes.ai.question import instructions, question_of


class Asking(AnswerForm, ItemNode):
    """Asks a model of a provider once for each item."""

    shown_first = ("model", "prompt", "message")

    prompt: Annotated[str, Widget("multiline"), Field(title="Instructions")] = ""
    """Who the model is, what it should do and what not."""
    message: Annotated[str, Widget("multiline")] = ""
    """What the model is asked. Empty: what was said in the chat, or the item's `message`, `question`, `query`, `input` or `text`."""
    files: Annotated[bool, Field(title="Send files along")] = True
    """Whether the model sees the item's pictures and files."""
    details: bool = False
    """Adds the model that answered, why it ended, and the tokens."""
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    """How free the answers are: 0 is the most predictable. Empty: the provider's choice. Newer models that think take none."""
    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000, title="Longest answer")] = None
    """Tokens that an answer may have; a token is about three quarters of a word. Empty: the provider's choice."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120
    """Seconds that the provider may be silent before the call is given up."""
    at_once: Annotated[int, Field(ge=1, le=50, title="Items at once")] = 1
    """How many items are asked about at the same time."""

    @abstractmethod
    def provider(self, ctx: Context, **common: Any) -> ChatModel:
        """The model that is asked; `common` are settings that all providers have."""

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """As many as the person allows."""
        return Pace(first.at_once)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Ask about one item."""
        common = {"temperature": self.temperature, "max_tokens": self.max_tokens, "timeout": self.timeout}
        model = ObservedModel(self.provider(ctx, **common), ctx)
        question = await question_of(self.message, item, ctx, files=self.files)
        messages = (*instructions(self.prompt), question)
        schema = self.wanted()
        if schema is not None:
            found = await answer(model, messages, schema)
            return {
                "main": [
                    item.with_json({**item.json, **self._given(found.value, found.replies[-1], found.usage)})
                ]
            }
        reply = await self._streamed(model, Request(messages=messages), item, ctx)
        return {
            "main": [item.with_json({**item.json, **self._given(reply.message.text, reply, reply.usage)})]
        }

    async def _streamed(self, model: ChatModel, request: Request, item: Item, ctx: Context) -> Reply:
        index = item.paired_item[0].index if item.paired_item else 0
        async with aclosing(model.stream(request)) as events:
            async for event in events:
                match event:
                    case TextDelta():
                        ctx.stream(event.text, "text", index)
                    case ReasoningDelta():
                        ctx.stream(event.text, "reasoning", index)
                    case Reply():
                        return event
        raise AssertionError("the model's stream ended without a reply")

    def _given(self, value: Any, reply: Reply, usage: Usage) -> Json:
        found: Json = {"output": value}
        if self.details:
            found |= {
                "model": reply.model,
                "stop": reply.stop,
                "usage": {
                    "input_tokens": usage.input,
                    "output_tokens": usage.output,
                    "cached_tokens": usage.cached,
                },
            }
        return found
