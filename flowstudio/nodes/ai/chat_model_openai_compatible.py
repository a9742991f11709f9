"""The OpenAI-compatible Chat Model sub-node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.ai.model import Abilities, ChatModel
from flowstudio.ai.openai import OpenAIModel, OpenAIOptions
from flowstudio.engine.context import Context
from flowstudio.engine.node import Credential, Widget
from flowstudio.nodes.ai.accounts import transport
from flowstudio.nodes.ai.credentials import OpenAICompatibleAccount
from flowstudio.nodes.ai.sampling import Sampling


class ChatModelOpenAICompatible(Sampling):
    """A chat model of any server that speaks OpenAI's interface: Ollama, vLLM, LM Studio, Mistral, Groq, OpenRouter and others.

    What such a server can do differs. Switch off below what yours cannot: forms are then asked for in words, and tools or
    pictures are refused with a clear message instead of failing somewhere inside of the server. Addresses of your own network
    have to be allowed by an administrator (`FLOWSTUDIO_ALLOW_HOSTS`).
    """

    type = "chat-model-openai-compatible"
    label = "Compatible Chat Model"
    group = "Models"
    icon = "server"
    subtitle = "{model}"

    account: Annotated[
        OpenAICompatibleAccount, Credential("OpenAI-compatible server", (OpenAICompatibleAccount.type,))
    ]
    """The server."""
    model: Annotated[str, Field(min_length=1, max_length=200), Widget("model")]
    """The model's name at the server, such as `llama3.3` or `mistral-large-latest`."""
    tools: Annotated[bool, Field(title="Can use tools")] = True
    """Whether the model can use tools."""
    images: Annotated[bool, Field(title="Can look at pictures")] = True
    """Whether the model can look at pictures."""
    structured: Annotated[bool, Field(title="Holds to JSON schemas")] = False
    """Whether the server holds the model to a JSON schema (`response_format`)."""

    def chat_model(self, ctx: Context) -> ChatModel:
        """The model at the server."""
        return OpenAIModel(
            self.model,
            key=self.account.api_key.get_secret_value(),
            base_url=self.account.base_url,
            options=OpenAIOptions(**self.common),
            abilities=Abilities(
                tools=self.tools, images=self.images, files=self.images, structured=self.structured
            ),
            compatible=True,
            transport=transport(ctx),
        )
