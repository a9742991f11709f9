"""Settings that chat models of all providers share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flowstudio.nodes.ai.parts import ModelNode


class Sampling(ModelNode):
    """How a model answers."""

    shown_first = ("model",)

    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    """How free the answers are: 0 is the most predictable. Empty: the provider's choice. Newer models that think take none."""
    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000, title="Longest answer")] = None
    """Tokens that an answer may have; a token is about three quarters of a word. Empty: the provider's choice."""
    top_p: Annotated[float | None, Field(ge=0, le=1, title="Top P")] = None
    """Another way to limit how free the answers are: only the most likely words that make up this share. Leave it empty if you set the temperature."""
    stop: Annotated[list[str], Field(max_length=4, title="Stop texts")] = Field(default_factory=list)
    """The answer ends before any of these texts."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120
    """Seconds that the provider may be silent before the call is given up."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a call is repeated when the provider has too much to do."""

    @property
    def common(self) -> dict[str, Any]:
        """Under the names that all vendors' options have."""
        return {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "top_p": self.top_p,
            "stop": tuple(text for text in self.stop if text),
            "timeout": self.timeout,
            "retries": self.retries,
        }
