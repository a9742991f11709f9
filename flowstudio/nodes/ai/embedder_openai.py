"""The OpenAI Embedder sub-node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.ai.embedder import Embedder
from flowstudio.ai.embedders.openai import OpenAIEmbedder
from flowstudio.engine.context import Context
from flowstudio.engine.node import Credential, Widget
from flowstudio.nodes.ai.accounts import transport
from flowstudio.nodes.ai.credentials import OpenAIAccount
from flowstudio.nodes.ai.parts import EmbedderNode


class EmbedderOpenAI(EmbedderNode):
    """Compares texts with a model of OpenAI, in many languages. The texts are sent to OpenAI.

    A collection belongs to the model that it was made with: search it with the same one.
    """

    type = "embedder-openai"
    label = "OpenAI Embedder"
    icon = "sparkles"
    subtitle = "{model}"

    account: Annotated[OpenAIAccount, Credential("OpenAI account", ("openai",))]
    """The account that pays."""
    model: Annotated[str, Field(min_length=1), Widget("model")] = "text-embedding-3-small"
    """The model's name, such as `text-embedding-3-small` or `text-embedding-3-large`."""
    dimensions: Annotated[int | None, Field(ge=1, le=4096)] = None
    """Numbers for each text; fewer take less space and find a little less well. Empty: as many as the model gives."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60
    """Seconds that the provider may take for a call."""

    def embedder(self, ctx: Context) -> Embedder:
        """The model at OpenAI."""
        return OpenAIEmbedder(
            self.model,
            key=self.account.api_key.get_secret_value(),
            base_url=self.account.base_url,
            organization=self.account.organization,
            dimensions=self.dimensions,
            timeout=self.timeout,
            transport=transport(ctx),
        )
