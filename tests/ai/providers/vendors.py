"""Every chat model under test, with the server that speaks its provider's wire format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowstudio.ai.alith import AlithModel, AlithOptions, AlithPool
from flowstudio.ai.anthropic import AnthropicModel, AnthropicOptions
from flowstudio.ai.google import GoogleModel, GoogleOptions
from flowstudio.ai.message import system, user
from flowstudio.ai.model import ChatModel, Request, ToolSpec
from flowstudio.ai.openai import OpenAIModel, OpenAIOptions
from tests.ai.providers.alith import AlithSpeaker
from tests.ai.providers.anthropic import AnthropicSpeaker
from tests.ai.providers.google import GoogleSpeaker
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Behaviour, Heard, Speaker, Wire

KEY = "sk-very-secret-key"
WEATHER = ToolSpec(
    "weather",
    "Tells the weather.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True)
class Vendor:
    """A provider under test."""

    name: str
    speaker: Callable[[], Speaker]
    make: Callable[..., ChatModel]
    """`make(url, retries=0, timeout=5.0, transport=None, **options)`"""


POOL: list[AlithPool] = []
"""Alith's workers; filled by the fixture `vendor`."""


def openai(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    return OpenAIModel(
        "model-a",
        key=key,
        base_url=f"{url}/v1",
        options=OpenAIOptions(retries=retries, timeout=timeout, **options),
        transport=transport,
    )


def compatible(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    return OpenAIModel(
        "model-a",
        key=key,
        base_url=f"{url}/v1",
        compatible=True,
        options=OpenAIOptions(retries=retries, timeout=timeout, **options),
        transport=transport,
    )


def anthropic(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    given = AnthropicOptions(retries=retries, timeout=timeout, **options)
    return AnthropicModel("model-a", key=key, base_url=url, options=given, transport=transport)


def google(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    given = GoogleOptions(retries=retries, timeout=timeout, **options)
    return GoogleModel("model-a", key=key, base_url=url, options=given, transport=transport)


def alith(
    url: str, *, retries: int = 0, timeout: float = 5.0, transport: Any = None, key: str = KEY, **options: Any
) -> ChatModel:
    return AlithModel(
        "model-a",
        pool=POOL[0],
        base_url=f"{url}/v1",
        key=key,
        options=AlithOptions(retries=retries, timeout=timeout, **options),
        transport=transport,
    )


VENDORS = [
    Vendor("openai", OpenAISpeaker, openai),
    Vendor("compatible", OpenAISpeaker, compatible),
    Vendor("anthropic", AnthropicSpeaker, anthropic),
    Vendor("google", GoogleSpeaker, google),
    Vendor("alith", AlithSpeaker, alith),
]


def wire(vendor: Vendor, *behaviours: Behaviour, **options: Any) -> Wire:
    return Wire(vendor.speaker(), list(behaviours), **options)


def heard(server: Wire) -> Heard:
    """The last request."""
    return server.speaker.heard(server.asked[-1])


HELLO = Request(messages=(system("Be brief."), user("Hi!")))
