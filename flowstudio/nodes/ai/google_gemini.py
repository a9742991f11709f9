"""The Google Gemini node."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flowstudio.ai.model import ChatModel
from flowstudio.engine.context import Context
from flowstudio.engine.node import Credential, Example, Widget
from flowstudio.nodes.ai.accounts import model_with
from flowstudio.nodes.ai.asking import Asking
from flowstudio.nodes.ai.credentials import GoogleAIAccount


class GoogleGemini(Asking):
    """Asks a Gemini model of Google: one message, one answer, for each item.

    For a conversation with tools and a memory, take an **AI Agent** with a **Google Gemini Chat Model**.
    """

    type = "google-gemini"
    label = "Google Gemini"
    group = "AI"
    icon = "gem"
    subtitle = "{model}"
    examples = (
        Example(
            "Write a sentence about each item",
            properties={"prompt": "Be brief.", "message": "=Describe {{ $json.product }} for a shop."},
            given=[{"product": "a lamp"}],
            gives=[{"product": "a lamp", "output": "A lamp for long evenings."}],
            model=("A lamp for long evenings.",),
        ),
        Example(
            "Ask for data, and see what it took",
            properties={
                "message": "=How many people are named in: {{ $json.text }}",
                "answer_as": "example",
                "example": {"people": 3},
                "details": True,
            },
            given=[{"text": "Ada met Grace."}],
            gives=[
                {
                    "text": "Ada met Grace.",
                    "output": {"people": 2},
                    "model": "gemini-2.5-flash-001",
                    "stop": "end",
                    "usage": {"input_tokens": 120, "output_tokens": 30, "cached_tokens": 100},
                }
            ],
            model=('{"people": 2}',),
        ),
    )

    account: Annotated[
        GoogleAIAccount, Credential("Google AI account", (GoogleAIAccount.type,), ambient=True)
    ]
    """The account that pays."""
    model: Annotated[str, Field(min_length=1, max_length=200), Widget("model")] = "gemini-2.5-flash"
    """The model's name. The list shows what the account may use; any other name can be typed."""

    def provider(self, ctx: Context, **common: Any) -> ChatModel:
        """The model at Google AI."""
        return model_with(self.account, self.model, ctx, **common)
