"""The Google Embedder sub-node."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.ai.embedder import Embedder
from flowstudio.ai.embedders.google import GoogleEmbedder
from flowstudio.engine.context import Context
from flowstudio.engine.node import Credential, Widget
from flowstudio.nodes.ai.accounts import transport
from flowstudio.nodes.ai.credentials import GoogleAIAccount
from flowstudio.nodes.ai.parts import EmbedderNode


class EmbedderGoogle(EmbedderNode):
    """Compares texts with a model of Google, in many languages. The texts are sent to Google.

    A collection belongs to the model that it was made with: search it with the same one.
    """

    type = "embedder-google"
    label = "Google Embedder"
    icon = "gem"
    subtitle = "{model}"

    account: Annotated[GoogleAIAccount, Credential("Google AI account", ("google-ai",))]
    """The account that pays."""
    model: Annotated[str, Field(min_length=1), Widget("model")] = "gemini-embedding-001"
    """The model's name, such as `gemini-embedding-001`."""
    dimensions: Annotated[int | None, Field(ge=1, le=4096)] = None
    """Numbers for each text; fewer take less space and find a little less well. Empty: as many as the model gives."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60
    """Seconds that the provider may take for a call."""

    def embedder(self, ctx: Context) -> Embedder:
        """The model at Google."""
        return GoogleEmbedder(
            self.model,
            key=self.account.api_key.get_secret_value(),
            base_url=self.account.base_url,
            dimensions=self.dimensions,
            timeout=self.timeout,
            transport=transport(ctx),
        )
