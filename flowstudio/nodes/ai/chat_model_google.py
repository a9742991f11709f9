"""The Google Gemini Chat Model sub-node."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowstudio.ai.google import GoogleModel, GoogleOptions
from flowstudio.ai.model import ChatModel
from flowstudio.engine.context import Context
from flowstudio.engine.node import Choice, Credential, Widget
from flowstudio.nodes.ai.accounts import transport
from flowstudio.nodes.ai.credentials import GoogleAIAccount
from flowstudio.nodes.ai.sampling import Sampling


class ChatModelGoogle(Sampling):
    """A Gemini model of Google, for agents, chains and everything else that asks a model.

    Streams its answers, uses tools, looks at pictures, sounds and PDF files, and holds to forms by itself. Google keeps the
    beginning of long conversations by itself, which makes them cheaper.
    """

    type = "chat-model-google"
    label = "Google Gemini Chat Model"
    group = "Models"
    icon = "gem"
    subtitle = "{model}"

    account: Annotated[GoogleAIAccount, Credential("Google AI account", (GoogleAIAccount.type,))]
    """The account that pays."""
    model: Annotated[str, Field(min_length=1, max_length=200), Widget("model")] = "gemini-2.5-flash"
    """The model's name. The list shows what the account may use; any other name can be typed."""
    level: Annotated[
        Literal["", "minimal", "low", "medium", "high"],
        Choice(
            {"": "The model's own", "minimal": "Minimal", "low": "Low", "medium": "Medium", "high": "High"}
        ),
    ] = ""
    """How much the model thinks before it answers, for models that take a level."""
    thinking: Annotated[int | None, Field(ge=-1, le=100_000, title="Thinking tokens")] = None
    """Tokens that the model may think, for models that want a number: 0 for none, -1 for as many as it wants. Empty: its own choice."""

    def chat_model(self, ctx: Context) -> ChatModel:
        """The model at Google."""
        return GoogleModel(
            self.model,
            key=self.account.api_key.get_secret_value(),
            base_url=self.account.base_url,
            options=GoogleOptions(**self.common, thinking=self.thinking, level=self.level or None),
            transport=transport(ctx),
        )
