"""Chat models by the account that pays for them: the one place that knows which client belongs to which credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import httpx

from flowstudio.ai import anthropic, google, openai
from flowstudio.ai.alith import AlithModel, AlithOptions, AlithPool
from flowstudio.ai.anthropic import AnthropicModel, AnthropicOptions
from flowstudio.ai.google import GoogleModel, GoogleOptions
from flowstudio.ai.model import ChatModel
from flowstudio.ai.openai import OpenAIModel, OpenAIOptions
from flowstudio.engine.context import Context
from flowstudio.engine.node import Credential
from flowstudio.errors import NodeError
from flowstudio.nodes.ai.credentials import (
    AnthropicAccount,
    GoogleAIAccount,
    OpenAIAccount,
    OpenAICompatibleAccount,
)
from flowstudio.outbound import Outbound

Account: TypeAlias = OpenAIAccount | AnthropicAccount | GoogleAIAccount | OpenAICompatibleAccount
TYPES: Final = (OpenAIAccount.type, AnthropicAccount.type, GoogleAIAccount.type, OpenAICompatibleAccount.type)

AnyAccount: TypeAlias = Annotated[Account | None, Credential("Account", TYPES, ambient=True)]
"""A field for an account of any provider."""

USUAL: Final[Mapping[str, str]] = {
    OpenAIAccount.type: "gpt-5-mini",
    AnthropicAccount.type: "claude-haiku-4-5",
    GoogleAIAccount.type: "gemini-2.5-flash",
}
"""The model that is taken where nobody names one."""


def transport(ctx: Context) -> httpx.AsyncBaseTransport | None:
    """The installation's way out, which keeps its rules about addresses."""
    found = ctx.host.services.get(Outbound)
    return found.transport() if isinstance(found, Outbound) else None


def model_with(account: Account, name: str, ctx: Context, **common: Any) -> ChatModel:
    """A model of the account's provider; `common` are settings that all of them have. Makes no call."""
    name = name or USUAL.get(account.type, "")
    if not name:
        raise NodeError(f"A model has to be named for an account of the type '{account.label}'.")
    out = transport(ctx)
    key = account.api_key.get_secret_value()
    match account:
        case AnthropicAccount():
            return AnthropicModel(
                name, key=key, base_url=account.base_url, options=AnthropicOptions(**common), transport=out
            )
        case GoogleAIAccount():
            return GoogleModel(
                name, key=key, base_url=account.base_url, options=GoogleOptions(**common), transport=out
            )
        case OpenAIAccount():
            return OpenAIModel(
                name,
                key=key,
                base_url=account.base_url,
                organization=account.organization,
                options=OpenAIOptions(**common),
                transport=out,
            )
        case _:
            return OpenAIModel(
                name,
                key=key,
                base_url=account.base_url,
                options=OpenAIOptions(**common),
                compatible=True,
                transport=out,
            )


_ALITH_TAILS: Final[Mapping[str, str]] = {
    AnthropicAccount.type: "/v1",
    GoogleAIAccount.type: "/v1beta/openai",
}
"""Where providers have their OpenAI-compatible interface, below the address of their own one."""
_ALITH_HOMES: Final[Mapping[str, str]] = {
    OpenAIAccount.type: "https://api.openai.com/v1",
    AnthropicAccount.type: "https://api.anthropic.com",
    GoogleAIAccount.type: "https://generativelanguage.googleapis.com",
}
_ALITH_LABELS: Final[Mapping[str, str]] = {
    OpenAIAccount.type: "OpenAI",
    AnthropicAccount.type: "Anthropic",
    GoogleAIAccount.type: "Google",
}


def alith_with(account: Account, name: str, ctx: Context, **common: Any) -> ChatModel:
    """A model of the account's provider, asked by Alith. Makes no call."""
    name = name or USUAL.get(account.type, "")
    if not name:
        raise NodeError(f"A model has to be named for an account of the type '{account.label}'.")
    home = (account.base_url or _ALITH_HOMES.get(account.type, "")).rstrip("/")
    return AlithModel(
        name,
        pool=ctx.use(AlithPool),
        base_url=home.removesuffix("/v1") + _ALITH_TAILS[account.type]
        if account.type in _ALITH_TAILS
        else home,
        key=account.api_key.get_secret_value(),
        label=_ALITH_LABELS.get(account.type, "The server"),
        options=AlithOptions(**common),
        newer=account.type == OpenAIAccount.type,
        needs_key=account.type != OpenAICompatibleAccount.type,
        transport=transport(ctx),
    )


async def list_models(account: Account, out: httpx.AsyncBaseTransport | None) -> list[str]:
    """The names of the models that an account may use, sorted. Raises `ModelError`."""
    key = account.api_key.get_secret_value()
    match account:
        case AnthropicAccount():
            return await anthropic.models_of(key=key, base_url=account.base_url, transport=out)
        case GoogleAIAccount():
            return await google.models_of(key=key, base_url=account.base_url, transport=out)
        case OpenAIAccount():
            return await openai.models_of(
                key=key, base_url=account.base_url, organization=account.organization, transport=out
            )
        case _:
            return await openai.models_of(key=key, base_url=account.base_url, transport=out)
