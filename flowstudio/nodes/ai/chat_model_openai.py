"""The OpenAI Chat Model sub-node."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowstudio.ai.model import ChatModel
from flowstudio.ai.openai import OpenAIModel, OpenAIOptions
from flowstudio.engine.context import Context
from flowstudio.engine.node import Choice, Credential, Widget
from flowstudio.nodes.ai.accounts import transport
from flowstudio.nodes.ai.credentials import OpenAIAccount
from flowstudio.nodes.ai.sampling import Sampling


class ChatModelOpenAI(Sampling):
    """A chat model of OpenAI, for agents, chains and everything else that asks a model.

    Streams its answers, uses tools, looks at pictures and PDF files, and holds to forms by itself. OpenAI keeps the beginning
    of long conversations by itself, which makes them cheaper.
    """

    type = "chat-model-openai"
    label = "OpenAI Chat Model"
    group = "Models"
    icon = "sparkles"
    subtitle = "{model}"

    account: Annotated[OpenAIAccount, Credential("OpenAI account", (OpenAIAccount.type,))]
    """The account that pays."""
    model: Annotated[str, Field(min_length=1, max_length=200), Widget("model")] = "gpt-5-mini"
    """The model's name. The list shows what the account may use; any other name can be typed."""
    reasoning: Annotated[
        Literal["", "none", "minimal", "low", "medium", "high", "xhigh"],
        Choice(
            {
                "": "The model's own",
                "none": "None",
                "minimal": "Minimal",
                "low": "Low",
                "medium": "Medium",
                "high": "High",
                "xhigh": "Extra high",
            }
        ),
    ] = ""
    """How much the model thinks before it answers, for models that think. More is slower and costs more."""

    def chat_model(self, ctx: Context) -> ChatModel:
        """The model at OpenAI."""
        return OpenAIModel(
            self.model,
            key=self.account.api_key.get_secret_value(),
            base_url=self.account.base_url,
            organization=self.account.organization,
            options=OpenAIOptions(**self.common, reasoning=self.reasoning or None),
            transport=transport(ctx),
        )
