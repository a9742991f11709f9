"""The vendors' SDKs against servers that speak their wire formats."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from flowstudio.ai.embedder import Embedder
from flowstudio.ai.embedders import google
from flowstudio.ai.embedders.google import GoogleEmbedder
from flowstudio.ai.embedders.openai import OpenAIEmbedder
from flowstudio.errors import ModelError
from tests.ai.embedders import wire
from tests.ai.embedders.wire import Wire

KEY = "sk-secret-4711"
VENDORS = pytest.mark.parametrize("vendor", ["openai", "google"])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried again at once."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr(google, "RETRIES", google.RETRIES | {"initial_delay": 0.01, "jitter": 0.01})


def embedder(vendor: str, url: str, timeout: float = 30) -> Embedder:
    if vendor == "openai":
        return OpenAIEmbedder("text-embedding-3-small", key=KEY, base_url=f"{url}/v1", timeout=timeout)
    return GoogleEmbedder("gemini-embedding-001", key=KEY, base_url=url, timeout=timeout)


def error_of(vendor: str, status: int, words: str) -> Any:
    if vendor == "openai":
        return {"error": {"message": words, "type": "x", "code": None}}
    return {"error": {"code": status, "message": words, "status": "X"}}


@VENDORS
async def test_many_texts_are_embedded_in_batches_and_in_order(vendor: str) -> None:
    texts = ["x" * (1 + number % 7) for number in range(250)]
    async with Wire(getattr(wire, vendor)) as server:
        embedded = await embedder(vendor, server.url).embed(texts, "passage")
    assert embedded.vectors == [pytest.approx([0.6, 0.8, 0.0])] * 250
    sent = [len(body.get("input") or body["requests"]) for _, _, body in server.requests]
    assert sum(sent) == 250
    assert 2 <= len(sent) <= 3
    assert embedded.usage.calls == len(sent)
    assert embedded.usage.input >= 250


async def test_openai_is_told_the_model_the_key_and_the_dimensions() -> None:
    async with Wire(wire.openai) as server:
        made = OpenAIEmbedder("m", key=KEY, base_url=f"{server.url}/v1", dimensions=3, organization="org-1")
        await made.embed(["a", ""], "query")
    ((path, headers, body),) = server.requests
    assert path == "/v1/embeddings"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["openai-organization"] == "org-1"
    assert body == {"model": "m", "input": ["a", "-"], "dimensions": 3, "encoding_format": "float"}
    assert made.name == "m:3"


async def test_google_is_told_what_a_text_is_for() -> None:
    async with Wire(wire.google) as server:
        await embedder("google", server.url).embed(["a", "b"], "query")
        await embedder("google", server.url).embed(["a"], "passage")
    assert [body["requests"][0]["taskType"] for _, _, body in server.requests] == [
        "RETRIEVAL_QUERY",
        "RETRIEVAL_DOCUMENT",
    ]
    assert len(server.requests[0][2]["requests"]) == 2
    assert server.requests[0][1]["x-goog-api-key"] == KEY


@VENDORS
@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "This model's maximum context length is 8192 tokens", "too_long"),
        (400, "unknown field", "bad_request"),
        (401, f"Incorrect API key provided: {KEY}", "wrong_key"),
        (404, "no such model", "unknown_model"),
        (429, "You exceeded your current quota", "no_quota"),
        (429, "slow down", "rate_limited"),
        (503, "busy", "overloaded"),
    ],
)
async def test_refusals_say_what_to_do_and_hide_the_key(
    vendor: str, status: int, words: str, kind: str
) -> None:
    async with Wire(lambda path, body: (status, error_of(vendor, status, words))) as server:
        with pytest.raises(ModelError) as caught:
            await embedder(vendor, server.url).embed(["a"], "passage")
    error = caught.value
    assert error.kind == kind
    assert error.retryable == (kind in ("rate_limited", "overloaded"))
    assert error.detail["status"] == status
    assert error.detail["provider_message"]
    assert KEY not in f"{error.message} {error.detail}"


@VENDORS
@pytest.mark.parametrize("body", [b"<html>", {"data": [], "embeddings": []}])
async def test_an_answer_without_vectors_is_refused(vendor: str, body: Any) -> None:
    async with Wire(lambda path, request: (200, body)) as server:
        with pytest.raises(ModelError) as caught:
            await embedder(vendor, server.url).embed(["a"], "passage")
    assert caught.value.kind == "malformed"


@VENDORS
async def test_a_server_that_does_not_answer_is_given_up(vendor: str) -> None:
    async with Wire(lambda path, body: (200, None)) as server:
        with pytest.raises(ModelError) as caught:
            await embedder(vendor, server.url, timeout=0.2).embed(["a"], "passage")
    assert caught.value.kind == "timeout"


@VENDORS
async def test_a_server_that_is_not_there_is_named_unreachable(vendor: str) -> None:
    async with Wire(wire.openai) as server:
        url = server.url
    with pytest.raises(ModelError) as caught:
        await embedder(vendor, url).embed(["a"], "passage")
    assert caught.value.kind == "unreachable"


async def test_the_authorities_are_read_for_the_first_client_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them holds up everything else for 50 ms."""
    async with Wire(wire.google) as server:
        await embedder("google", server.url).embed(["a"], "passage")
        monkeypatch.setattr(ssl, "create_default_context", None)
        await embedder("google", server.url).embed(["a"], "passage")
