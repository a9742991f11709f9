"""Embedding by OpenAI, and by every server that speaks its wire format."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import httpx

from flowstudio.ai.embedder import Embedded, Embedder, Purpose
from flowstudio.ai.embedders.batches import batches, unit
from flowstudio.ai.embedders.failures import malformed, refused, unreachable
from flowstudio.ai.sdk import http_client
from flowstudio.ai.tokens import estimate_tokens
from flowstudio.ai.usage import NONE, Usage
from flowstudio.errors import NodeError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_MOST: Final = 128
_TOKENS: Final = 100_000
"""Of one call; OpenAI takes 300,000."""


class OpenAIEmbedder(Embedder):
    """A model at OpenAI or, with a `base_url`, at a compatible server."""

    def __init__(
        self,
        model: str,
        *,
        key: str = "",
        base_url: str = "",
        organization: str = "",
        dimensions: int | None = None,
        timeout: float = 60.0,
        provider: str = "openai",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` is the way out; None: the SDK's own."""
        self.provider = provider
        self.name = model if dimensions is None else f"{model}:{dimensions}"
        self._model = model
        self._key = key
        self._base_url = base_url
        self._organization = organization
        self._dimensions = dimensions
        self._timeout = timeout
        self._transport = transport

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Embedded:
        """Embed texts; the SDK tries again twice where that may help."""
        openai: Any = await asyncio.to_thread(importlib.import_module, "openai")
        vectors: list[list[float]] = []
        usage = NONE
        client: AsyncOpenAI = openai.AsyncOpenAI(
            api_key=self._key or "none",
            base_url=self._base_url or "https://api.openai.com/v1",
            organization=self._organization or None,
            timeout=self._timeout,
            http_client=await http_client(self._transport, self._timeout),
        )
        async with client:
            for batch in batches(texts, most=_MOST, tokens=_TOKENS):
                try:
                    more, spent = await self._call(client, batch)
                except openai.APITimeoutError as error:
                    raise unreachable(
                        str(error), provider=self.provider, model=self._model, timeout=True
                    ) from error
                except openai.APIConnectionError as error:
                    if isinstance(error.__cause__, NodeError):  # the way out says why
                        raise error.__cause__ from None
                    raise unreachable(
                        str(error.__cause__ or error),
                        provider=self.provider,
                        model=self._model,
                        timeout=False,
                    ) from error
                except openai.APIStatusError as error:
                    raise refused(
                        error.status_code,
                        error.message,
                        provider=self.provider,
                        model=self._model,
                        key=self._key,
                    ) from error
                except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
                    raise malformed(self.provider, self._model, "it holds no vectors") from error
                vectors += more
                usage += spent
        return Embedded(vectors, usage)

    async def _call(self, client: AsyncOpenAI, batch: list[str]) -> tuple[list[list[float]], Usage]:
        more: dict[str, Any] = {} if self._dimensions is None else {"dimensions": self._dimensions}
        answer = await client.embeddings.create(
            model=self._model, input=batch, encoding_format="float", **more
        )
        rows = sorted(answer.data, key=lambda row: row.index)
        vectors = [unit(row.embedding) for row in rows]
        if len(vectors) != len(batch) or len({len(vector) for vector in vectors}) != 1 or not vectors[0]:
            raise malformed(self.provider, self._model, f"{len(vectors)} vectors for {len(batch)} texts")
        told: Any = answer.usage  # some compatible servers leave it out
        tokens = told.prompt_tokens if told is not None else sum(map(estimate_tokens, batch))
        return vectors, Usage(input=tokens)
