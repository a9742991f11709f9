"""The Compatible Embedder sub-node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.ai.embedder import Embedder
from flowstudio.ai.embedders.openai import OpenAIEmbedder
from flowstudio.engine.context import Context
from flowstudio.engine.node import Credential, Widget
from flowstudio.nodes.ai.accounts import transport
from flowstudio.nodes.ai.credentials import OpenAICompatibleAccount
from flowstudio.nodes.ai.parts import EmbedderNode


class EmbedderOpenAICompatible(EmbedderNode):
    """Compares texts with a model on a server that speaks OpenAI's interface, such as Ollama, vLLM or Mistral.

    A collection belongs to the model that it was made with: search it with the same one.
    """

    type = "embedder-openai-compatible"
    label = "Compatible Embedder"
    icon = "server"
    subtitle = "{model}"

    account: Annotated[OpenAICompatibleAccount, Credential("Server", ("openai-compatible",))]
    """The server's address, and its key if it wants one."""
    model: Annotated[str, Field(min_length=1), Widget("model")]
    """The model's name on the server, such as `nomic-embed-text`."""
    dimensions: Annotated[int | None, Field(ge=1, le=4096)] = None
    """Numbers for each text, where the model can give fewer. Empty: as many as the model gives."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60
    """Seconds that the server may take for a call."""

    def embedder(self, ctx: Context) -> Embedder:
        """The model on the server."""
        return OpenAIEmbedder(
            self.model,
            key=self.account.api_key.get_secret_value(),
            base_url=self.account.base_url.rstrip("/"),
            dimensions=self.dimensions,
            timeout=self.timeout,
            transport=transport(ctx),
            provider="compatible",
        )
