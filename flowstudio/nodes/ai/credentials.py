"""Credential types of AI providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr

from flowstudio.engine.credential import CredentialType


class OpenAIAccount(CredentialType):
    """An API key of OpenAI, from platform.openai.com."""

    type: ClassVar[str] = "openai"
    label: ClassVar[str] = "OpenAI"

    api_key: Annotated[SecretStr, Field(min_length=1, title="API key")]
    """The key, which begins with `sk-`."""
    base_url: Annotated[str, Field(title="Base URL")] = ""
    """Another address of the service, such as that of a gateway. Empty: OpenAI's own."""
    organization: Annotated[str, Field(title="Organization")] = ""
    """The organization that pays, if the account belongs to several."""


class AnthropicAccount(CredentialType):
    """An API key of Anthropic, from console.anthropic.com."""

    type: ClassVar[str] = "anthropic"
    label: ClassVar[str] = "Anthropic"

    api_key: Annotated[SecretStr, Field(min_length=1, title="API key")]
    """The key, which begins with `sk-ant-`."""
    base_url: Annotated[str, Field(title="Base URL")] = ""
    """Another address of the service, such as that of a gateway. Empty: Anthropic's own."""


class GoogleAIAccount(CredentialType):
    """An API key of Google's Gemini, from aistudio.google.com."""

    type: ClassVar[str] = "google-ai"
    label: ClassVar[str] = "Google AI"

    api_key: Annotated[SecretStr, Field(min_length=1, title="API key")]
    """The key, as Google AI Studio shows it."""
    base_url: Annotated[str, Field(title="Base URL")] = ""
    """Another address of the service, such as that of a gateway. Empty: Google's own."""


class OpenAICompatibleAccount(CredentialType):
    """A server that speaks OpenAI's interface: Ollama, vLLM, LM Studio, Mistral, Groq, OpenRouter, …"""

    type: ClassVar[str] = "openai-compatible"
    label: ClassVar[str] = "OpenAI-compatible server"

    base_url: Annotated[str, Field(min_length=1, title="Base URL")]
    """The address that `/embeddings` or `/chat/completions` is added to, such as `http://localhost:11434/v1`."""
    api_key: Annotated[SecretStr, Field(title="API key")] = SecretStr("")
    """The key, if the server wants one."""


class BraveAccount(CredentialType):
    """A key of Brave's search API, from api-dashboard.search.brave.com."""

    type: ClassVar[str] = "brave-search"
    label: ClassVar[str] = "Brave Search"

    api_key: Annotated[SecretStr, Field(min_length=1, title="API key")]
    """The key."""
    base_url: Annotated[str, Field(title="Base URL")] = ""
    """Another address of the service, such as that of a gateway. Empty: Brave's own."""


class TavilyAccount(CredentialType):
    """A key of Tavily's search API, from app.tavily.com."""

    type: ClassVar[str] = "tavily"
    label: ClassVar[str] = "Tavily"

    api_key: Annotated[SecretStr, Field(min_length=1, title="API key")]
    """The key, which begins with `tvly-`."""
    base_url: Annotated[str, Field(title="Base URL")] = ""
    """Another address of the service, such as that of a gateway. Empty: Tavily's own."""


AI_CREDENTIAL_TYPES: Mapping[str, type[CredentialType]] = {
    cls.type: cls
    for cls in (
        OpenAIAccount,
        AnthropicAccount,
        GoogleAIAccount,
        OpenAICompatibleAccount,
        BraveAccount,
        TavilyAccount,
    )
}
"""Every credential type of AI providers and of what their agents use, by its slug."""
