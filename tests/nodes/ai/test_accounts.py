"""Which client and which address belong to an account."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from flowstudio.ai.alith import AlithModel, AlithPool
from flowstudio.engine.context import Context
from flowstudio.errors import NodeError
from flowstudio.nodes.ai.accounts import Account, alith_with
from flowstudio.nodes.ai.credentials import (
    AnthropicAccount,
    GoogleAIAccount,
    OpenAIAccount,
    OpenAICompatibleAccount,
)


class Alone:
    """A context with nothing but workers."""

    def __init__(self) -> None:
        self.host = self
        self.services: dict[type, Any] = {AlithPool: AlithPool()}

    use = Context.use


KEY: dict[str, Any] = {"api_key": SecretStr("k")}


@pytest.mark.parametrize(
    ("account", "address", "model"),
    [
        (OpenAIAccount(**KEY), "https://api.openai.com/v1", "gpt-5-mini"),
        (OpenAIAccount(**KEY, base_url="http://gate/v1/"), "http://gate/v1", "gpt-5-mini"),
        (AnthropicAccount(**KEY), "https://api.anthropic.com/v1", "claude-haiku-4-5"),
        (AnthropicAccount(**KEY, base_url="http://gate/"), "http://gate/v1", "claude-haiku-4-5"),
        (
            GoogleAIAccount(**KEY),
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "gemini-2.5-flash",
        ),
        (OpenAICompatibleAccount(base_url="http://ollama/v1"), "http://ollama/v1", "llama"),
    ],
)
def test_alith_asks_the_interface_that_is_compatible_with_openais(
    account: Account, address: str, model: str
) -> None:
    ctx: Any = Alone()
    made = alith_with(account, "llama" if isinstance(account, OpenAICompatibleAccount) else "", ctx)
    assert isinstance(made, AlithModel)
    assert (made._base_url, made.name) == (address, model)


def test_a_server_has_no_usual_model() -> None:
    ctx: Any = Alone()
    with pytest.raises(NodeError, match="has to be named"):
        alith_with(OpenAICompatibleAccount(base_url="http://ollama/v1"), "", ctx)
