"""Embedding by Google's Gemini API."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any, Final

import httpx

from flowstudio.ai.embedder import Embedded, Embedder, Purpose
from flowstudio.ai.embedders.batches import batches, unit
from flowstudio.ai.embedders.failures import malformed, refused, unreachable
from flowstudio.ai.sdk import authorities
from flowstudio.ai.tokens import estimate_tokens
from flowstudio.ai.usage import NONE, Usage

RETRIES: Final[dict[str, Any]] = {"attempts": 3, "initial_delay": 0.4}
"""When the SDK tries again."""
_MOST: Final = 100
_TOKENS: Final = 18_000
_TASKS: Final = {"passage": "RETRIEVAL_DOCUMENT", "query": "RETRIEVAL_QUERY"}


class GoogleEmbedder(Embedder):
    """A model at Google. What is searched and what is searched for are embedded differently."""

    provider = "google"

    def __init__(
        self,
        model: str,
        *,
        key: str,
        base_url: str = "",
        dimensions: int | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` is the way out; None: the SDK's own."""
        self.name = model if dimensions is None else f"{model}:{dimensions}"
        self._model = model
        self._key = key
        self._base_url = base_url
        self._dimensions = dimensions
        self._timeout = timeout
        self._transport = transport

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Embedded:
        """Embed texts. Google tells no usage, so tokens are estimated."""
        genai: Any = await asyncio.to_thread(importlib.import_module, "google.genai")
        types = genai.types
        http = httpx.AsyncClient(
            timeout=self._timeout, transport=self._transport, trust_env=False, verify=authorities()
        )
        client = genai.Client(
            api_key=self._key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=self._base_url or None,
                timeout=round(self._timeout * 1000),
                httpx_async_client=http,
                client_args={"verify": authorities()},
                async_client_args={"ssl": authorities()},
                retry_options=types.HttpRetryOptions(**RETRIES),
            ),
        )
        config = types.EmbedContentConfig(task_type=_TASKS[purpose], output_dimensionality=self._dimensions)
        vectors: list[list[float]] = []
        usage = NONE
        try:
            for batch in batches(texts, most=_MOST, tokens=_TOKENS):
                contents = [types.Content(parts=[types.Part(text=text)]) for text in batch]
                answer = await client.aio.models.embed_content(
                    model=self._model, contents=contents, config=config
                )
                rows = [list(row.values or ()) for row in answer.embeddings or ()]
                if len(rows) != len(batch) or not all(rows):
                    raise malformed(self.provider, self._model, f"{len(rows)} vectors for {len(batch)} texts")
                vectors += map(unit, rows)
                usage += Usage(input=sum(map(estimate_tokens, batch)))
        except genai.errors.APIError as error:
            raise refused(
                int(error.code or 0),
                str(error.message or error),
                provider=self.provider,
                model=self._model,
                key=self._key,
            ) from error
        except httpx.TransportError as error:
            raise unreachable(
                str(error),
                provider=self.provider,
                model=self._model,
                timeout=isinstance(error, httpx.TimeoutException),
            ) from error
        except ValueError as error:
            raise malformed(self.provider, self._model, "it is no JSON") from error
        finally:
            await client.aio.aclose()
            await http.aclose()
        return Embedded(vectors, usage)
