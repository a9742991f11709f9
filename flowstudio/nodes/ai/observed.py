"""Models whose every call is noted in the run log, priced, and held to the budget."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from flowstudio.ai import budget
from flowstudio.ai.failures import Provider
from flowstudio.ai.message import Media, Message, Reasoning, ToolCall, ToolResult
from flowstudio.ai.model import ChatModel, Event, Reply, Request
from flowstudio.ai.prices import PriceTable
from flowstudio.ai.usage import Usage
from flowstudio.engine.context import Context


class ObservedModel(ChatModel):
    """A model as a node uses it. A refusal is a failure, like every other reason for having no answer."""

    def __init__(self, model: ChatModel, ctx: Context, node: str = "") -> None:
        """`node` is the sub-node that it belongs to; empty: the node itself."""
        self.provider, self.name, self.abilities = model.provider, model.name, model.abilities
        self._model, self._ctx, self._node = model, ctx, node

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Ask the model. Raises `ModelError` of the kind `budget` when a budget is used up, and where the model refuses."""
        budget.check()
        with self._ctx.steps.open("model", self.name, node=self._node, input=shown(request)) as step:
            async with aclosing(self._model.stream(request)) as events:
                async for event in events:
                    if isinstance(event, Reply):
                        break
                    yield event
                else:
                    raise AssertionError("the model's stream ended without a reply")
            step.usage.update(self._spend(event))
            step.output = message_json(event.message) | {"stop": event.stop, "model": event.model}
            if event.stop == "refused" or event.stop == "filtered":
                # Words there may be are an excuse or half an answer, never what was asked for.
                raise Provider(self.provider, "", self.name).failure(event.stop, event.message.text)
        yield event  # after the step: whoever takes it asks for nothing more

    def _spend(self, reply: Reply) -> dict[str, float]:
        cost = prices(self._ctx).cost(reply.usage, reply.model, self.name)
        used = spent(reply.usage, cost)
        budget.charge(reply.usage, cost or 0.0)
        self._ctx.spend(used)
        return used


def prices(ctx: Context) -> PriceTable:
    """The installation's prices."""
    found = ctx.host.services.get(PriceTable)
    return found if isinstance(found, PriceTable) else _SHIPPED


_SHIPPED = PriceTable()


def spent(usage: Usage, cost: float | None) -> dict[str, float]:
    """A usage under the names that the run log has for it; what is nothing is left out."""
    named = {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cached_tokens": usage.cached,
        "reasoning_tokens": usage.reasoning,
        "model_calls": usage.calls,
        "cost": cost or 0.0,
    }
    return {name: amount for name, amount in named.items() if amount}


def shown(request: Request) -> dict[str, Any]:
    """A request as the run log shows it."""
    found: dict[str, Any] = {"messages": [message_json(message) for message in request.messages]}
    if request.tools:
        found["tools"] = [tool.name for tool in request.tools]
    if request.answer is not None:
        found["schema"] = request.answer.schema
    return found


def message_json(message: Message) -> dict[str, Any]:
    """A message as the run log shows it."""
    found: dict[str, Any] = {"role": message.role}
    if message.text:
        found["text"] = message.text
    lists: Mapping[str, Sequence[Any]] = {
        "reasoning": [part.text for part in message.parts if isinstance(part, Reasoning)],
        "files": [
            {"name": part.name, "mime_type": part.mime_type, "size": len(part.data)}
            for part in message.parts
            if isinstance(part, Media)
        ],
        "calls": [
            {"id": part.id, "name": part.name, "arguments": part.arguments}
            for part in message.parts
            if isinstance(part, ToolCall)
        ],
        "results": [
            {"id": part.call, "name": part.name, "text": part.text, "failed": part.failed}
            for part in message.parts
            if isinstance(part, ToolResult)
        ],
    }
    return found | {name: entries for name, entries in lists.items() if entries}
