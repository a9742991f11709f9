"""What went wrong at a provider of chat models, in a sentence that says what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flowstudio.errors import FlowStudioError, ModelError, ModelFault

WORDS: Final = 1000
"""Characters of a provider's own words that are kept."""

_SENTENCES: Final[Mapping[ModelFault, str]] = {
    "no_key": "{provider} needs an account: choose a credential in the node.",
    "wrong_key": "{provider} does not accept the account's key. Check the key in the credential, and what it is allowed to do.",
    "no_quota": "The account at {provider} has no credit left. Top it up there, or raise its limit.",
    "rate_limited": "{provider} allows no more calls for now. Try again later, or let the node retry.",
    "unknown_model": "{provider} has no model '{model}' for this account. Choose another one, or check its name.",
    "too_long": "The conversation is too long for the model '{model}'. Give it less, or choose a model that takes more.",
    "bad_request": "{provider} did not understand the request: {words}",
    "refused": "The model '{model}' refused to answer. Ask in other words, or choose another model.",
    "filtered": "The content rules of the model '{model}' held the answer back. Ask in other words, or choose another model.",
    "timeout": "The model '{model}' did not answer in time. Try again later, or allow it more time.",
    "overloaded": "{provider} has trouble or too much to do. Try again later, or let the node retry.",
    "unreachable": "{provider} cannot be reached. Check the address in the credential and the network.",
    "cut_off": "{provider} broke off in the middle of the answer. Try again.",
    "malformed": "What {provider} answered cannot be understood: {words} Check that the address is that of a chat model.",
    "unsupported": "The model '{model}' cannot do that: {words}",
}
_RETRYABLE: Final[frozenset[ModelFault]] = frozenset(
    {"rate_limited", "overloaded", "timeout", "unreachable", "cut_off", "malformed"}
)
_TOO_LONG: Final = (
    "context length",
    "context window",
    "context_length",
    "maximum context",
    "prompt is too long",
    "too many tokens",
    "token count",
    "request_too_large",
)
_RATE: Final = re.compile(r"\bper[ -]?(second|minute|hour|day)")
"""Words of a limit that is not about credit, whatever else they say about quotas."""
_NO_QUOTA: Final = ("quota", "billing", "credit", "insufficient_funds")
_FILTERED: Final = ("content_filter", "content management policy", "content filtering policy")
_UNSUPPORTED: Final = ("does not support", "not supported", "unsupported")


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose failures these are."""

    slug: str
    """`openai`, `anthropic`, `google`, `compatible` or `alith`."""
    label: str
    model: str
    key: str = ""
    """Masked in whatever the provider says."""

    def failure(self, kind: ModelFault, words: str = "", *, status: int | None = None) -> ModelError:
        """The error of a kind; `words` are the provider's own."""
        said = self.masked(words)[:WORDS].strip()
        sentence = _SENTENCES[kind].format(provider=self.label, model=self.model, words=_sentence(said))
        detail: dict[str, Any] = {"provider": self.slug, "model": self.model}
        if status is not None:
            detail["status"] = status
        if said:
            detail["provider_message"] = said
        return ModelError(kind, sentence, retryable=kind in _RETRYABLE, detail=detail)

    def refused(self, status: int, words: str, code: str = "") -> ModelError:
        """The error for an answer with this status; `code` is the provider's own name for what is wrong."""
        return self.failure(_kind(status, f"{code} {words}".lower()), words, status=status)

    def broken(self, error: BaseException) -> ModelError | FlowStudioError:
        """The error for a failed connection: what refused it here, where something did."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, FlowStudioError):
                return cause
            cause = cause.__cause__ or cause.__context__
        words = str(error.__cause__ or error)
        return self.failure("unreachable", words)

    def masked(self, words: str) -> str:
        """Words without the key."""
        return words.replace(self.key, "•••") if len(self.key) > 3 else words


def _kind(status: int, said: str) -> ModelFault:
    """The kind of a failure by its status and, where that is not enough, by what was said."""
    match status:
        case 401 | 403:
            return "wrong_key"
        case 402:
            return "no_quota"
        case 404:
            return "unknown_model"
        case 408 | 504:
            return "timeout"
        case 413:
            return "too_long"
        case 429:
            return (
                "no_quota"
                if any(mark in said for mark in _NO_QUOTA) and not _RATE.search(said)
                else "rate_limited"
            )
    if status >= 500:
        return "overloaded"
    if "api key" in said or "api_key" in said or "x-api-key" in said:
        return "wrong_key"
    if any(mark in said for mark in _TOO_LONG):
        return "too_long"
    if "credit balance" in said:
        return "no_quota"
    if "model" in said and ("not exist" in said or "not found" in said or "not_found" in said):
        return "unknown_model"
    if any(mark in said for mark in _FILTERED):
        return "filtered"
    return "unsupported" if any(mark in said for mark in _UNSUPPORTED) else "bad_request"


def _sentence(words: str) -> str:
    """Words that end like a sentence."""
    return words if not words or words[-1] in ".!?…" else f"{words}."
