"""The Anthropic Chat Model sub-node."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowstudio.ai.anthropic import AnthropicModel, AnthropicOptions
from flowstudio.ai.model import ChatModel
from flowstudio.engine.context import Context
from flowstudio.engine.node import Choice, Credential, Widget
from flowstudio.nodes.ai.accounts import transport
from flowstudio.nodes.ai.credentials import AnthropicAccount
from flowstudio.nodes.ai.sampling import Sampling


class ChatModelAnthropic(Sampling):
    """A Claude model of Anthropic, for agents, chains and everything else that asks a model.

    Streams its answers, uses tools, looks at pictures and PDF files, and holds to forms by itself. A model that thinks takes no
    temperature, and cannot be forced to use a tool.
    """

    type = "chat-model-anthropic"
    label = "Anthropic Chat Model"
    group = "Models"
    icon = "sparkle"
    subtitle = "{model}"

    account: Annotated[AnthropicAccount, Credential("Anthropic account", (AnthropicAccount.type,))]
    """The account that pays."""
    model: Annotated[str, Field(min_length=1, max_length=200), Widget("model")] = "claude-haiku-4-5"
    """The model's name. The list shows what the account may use; any other name can be typed."""
    effort: Annotated[
        Literal["", "low", "medium", "high", "xhigh", "max"],
        Choice(
            {
                "": "The model's own",
                "low": "Low",
                "medium": "Medium",
                "high": "High",
                "xhigh": "Extra high",
                "max": "Maximum",
            }
        ),
    ] = ""
    """How much the model thinks before it answers, for models that decide about that themselves."""
    thinking: Annotated[int | None, Field(ge=1024, le=200_000, title="Thinking tokens")] = None
    """Tokens that the model may think before it answers, for older models that want a number. Empty: it does not think."""
    cache: Annotated[bool, Field(title="Use the provider's cache")] = True
    """Lets Anthropic keep instructions, tools and the conversation for some minutes: the next turn costs about a tenth for them."""

    def chat_model(self, ctx: Context) -> ChatModel:
        """The model at Anthropic."""
        return AnthropicModel(
            self.model,
            key=self.account.api_key.get_secret_value(),
            base_url=self.account.base_url,
            options=AnthropicOptions(
                **self.common, thinking=self.thinking, effort=self.effort or None, cache=self.cache
            ),
            transport=transport(ctx),
        )
