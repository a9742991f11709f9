"""The Alith Chat Model sub-node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.ai.model import ChatModel
from flowstudio.engine.context import Context
from flowstudio.engine.node import Credential, Widget
from flowstudio.nodes.ai.accounts import TYPES, Account, alith_with
from flowstudio.nodes.ai.sampling import Sampling


class ChatModelAlith(Sampling):
    """A chat model that Alith asks, an agent framework written in Rust, at any provider with an OpenAI-compatible interface.

    Works with accounts of OpenAI, Anthropic, Google and every compatible server. Agents on it use tools, remember conversations
    and give data in a form, as on every other model, and tokens and cost are counted.

    **What it cannot do:** answers come in one piece instead of word by word; pictures and files are refused; a conversation may
    have about 8,000 tokens, whatever the model could take. Each call runs in a process of its own that ends when the call is
    given up. Where one of this matters, attach the provider's own chat model.
    """

    type = "chat-model-alith"
    label = "Alith Chat Model"
    group = "Models"
    icon = "boxes"
    subtitle = "{model}"

    account: Annotated[Account, Credential("Account", TYPES)]
    """The account that pays: OpenAI, Anthropic, Google or a compatible server."""
    model: Annotated[str, Field(max_length=200), Widget("model")] = ""
    """The model's name. The list shows what the account may use; any other name can be typed. Empty: a usual one of the provider."""

    def chat_model(self, ctx: Context) -> ChatModel:
        """The model, asked by Alith."""
        return alith_with(self.account, self.model, ctx, **self.common)
