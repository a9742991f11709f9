"""What went wrong at a provider of embedders, in a sentence that says what to do."""

from __future__ import annotations

from typing import Final

from flowstudio.errors import ModelError, ModelFault

_TOO_LONG: Final = (
    "maximum context",
    "too long",
    "max_tokens",
    "token limit",
    "too many tokens",
    "exceeds the",
)
_WORDS: Final = 500


def refused(
    status: int, words: str, *, provider: str, model: str, key: str = "", retryable: bool = False
) -> ModelError:
    """The error for an answer with this status; `words` are the provider's own, the key in them is masked."""
    said = (words.replace(key, "•••") if key else words)[:_WORDS]
    low = said.lower()
    kind: ModelFault
    match status:
        case 401 | 403:
            kind, sentence = (
                "wrong_key",
                "The account's key is not accepted; check the key in the credential.",
            )
        case 404:
            kind, sentence = "unknown_model", f"There is no embedding model '{model}' there; check its name."
        case 413:
            kind, sentence = (
                "too_long",
                "The texts are too long for the model; split them into smaller passages.",
            )
        case 429 if "quota" in low or "billing" in low or "credit" in low:
            kind, sentence = "no_quota", "The account has no credit left; top it up at the provider."
        case 429:
            kind, sentence = "rate_limited", "The provider allows no more calls for now; try again later."
        case 400 if "api key" in low or "api_key" in low:
            kind, sentence = (
                "wrong_key",
                "The account's key is not accepted; check the key in the credential.",
            )
        case 400 if any(mark in low for mark in _TOO_LONG):
            kind, sentence = (
                "too_long",
                "The texts are too long for the model; split them into smaller passages.",
            )
        case _ if status >= 500:
            kind, sentence = "overloaded", "The provider has trouble or too much to do; try again later."
        case _:
            kind, sentence = "bad_request", f"The provider did not understand the request: {said}"
    return ModelError(
        kind,
        sentence,
        retryable=kind in ("rate_limited", "overloaded"),
        detail={"status": status, "provider": provider, "model": model, "provider_message": said},
    )


def unreachable(words: str, *, provider: str, model: str, timeout: bool) -> ModelError:
    """The error for no answer."""
    sentence = (
        "The provider did not answer in time; try again later."
        if timeout
        else "The provider cannot be reached; check the address in the credential and the network."
    )
    return ModelError(
        "timeout" if timeout else "unreachable",
        sentence,
        retryable=True,
        detail={"provider": provider, "model": model, "provider_message": words[:_WORDS]},
    )


def malformed(provider: str, model: str, why: str) -> ModelError:
    """The error for an answer that holds no vectors."""
    return ModelError(
        "malformed",
        f"The provider's answer cannot be used: {why}. Check that the address is that of an embedding service.",
        detail={"provider": provider, "model": model},
    )
