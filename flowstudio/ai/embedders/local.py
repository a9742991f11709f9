"""Embedding on this machine, with no key and no download.

The model is WordLlama's (MIT licence): token vectors distilled from Llama 2 whose mean is the vector of a text. The files come
inside the package `wordllama` and are read with the libraries that it is built on; its own code is not used, for it would set
up logging and look for the files elsewhere. Where the package is not built for the platform, words are compared by their letters.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import threading
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from flowstudio.ai.embedder import Embedded, Embedder, Purpose
from flowstudio.ai.tokens import estimate_tokens
from flowstudio.ai.usage import Usage

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

PROVIDER: Final = "local"
MEANING: Final = "wordllama-l2-supercat-256"
LETTERS: Final = "letters-512"

_AT_ONCE = 64
"""Texts for which memory is taken at a time."""
_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_VOCABULARY = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_WORD = re.compile(r"\w+")
_LETTER_DIMENSIONS = 512
_loading = threading.Lock()


class LocalEmbedder(Embedder):
    """Compares texts by meaning where the packaged model is there, else by their words and parts of words."""

    provider = PROVIDER

    def __init__(self) -> None:
        self.name = MEANING if _folder() is not None else LETTERS

    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Embedded:
        """Embed texts in a thread. The first call loads the model, which takes a moment."""
        vectors: list[list[float]] = []
        tokens = 0
        for begin in range(0, len(texts), _AT_ONCE):
            batch = [text.encode("utf-8", "replace").decode() for text in texts[begin : begin + _AT_ONCE]]
            embed = embed_by_meaning if self.name == MEANING else embed_by_letters
            more, count = await asyncio.to_thread(embed, batch)
            vectors += more
            tokens += count
        return Embedded(vectors, Usage(input=tokens))


def embed_by_meaning(texts: list[str]) -> tuple[list[list[float]], int]:
    """Unit vectors of 256 dimensions, and how many tokens were read."""
    import numpy as np

    tokenizer, table = _model()
    encodings: list[Any] = tokenizer.encode_batch(texts, add_special_tokens=False)
    rows = []
    tokens = 0
    for encoding in encodings:
        ids = np.asarray(encoding.ids or [0], dtype=np.int64)  # 0 stands for what is not known
        tokens += len(ids)
        rows.append(table[np.minimum(ids, len(table) - 1)].mean(axis=0, dtype=np.float32))
    matrix = np.stack(rows)
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    return matrix.tolist(), tokens


def embed_by_letters(texts: list[str]) -> tuple[list[list[float]], int]:
    """Unit vectors of 512 dimensions from words and parts of words, each counted at a place that its letters give."""
    vectors = []
    for text in texts:
        counts: Counter[str] = Counter()
        for word in _WORD.findall(text.casefold()):
            counts[word] += 2
            edged = f"<{word}>"
            counts.update(edged[at : at + 4] for at in range(max(1, len(edged) - 3)))
        row = [0.0] * _LETTER_DIMENSIONS
        for part, count in counts.items() or ((text, 1),):
            code = crc32(part.encode())
            row[code % _LETTER_DIMENSIONS] += (1 if code & 0x80000000 else -1) * (1 + math.log(count))
        length = math.sqrt(sum(value * value for value in row)) or 1.0
        vectors.append([value / length for value in row])
    return vectors, sum(map(estimate_tokens, texts))


@lru_cache(1)
def _folder() -> Path | None:
    """Where the packaged model is."""
    found = find_spec("wordllama")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(next(iter(found.submodule_search_locations)))
    return folder if (folder / _WEIGHTS).is_file() and (folder / _VOCABULARY).is_file() else None


_loaded: list[tuple[Tokenizer, np.ndarray[Any, Any]]] = []


def _model() -> tuple[Tokenizer, np.ndarray[Any, Any]]:
    with _loading:
        if not _loaded:
            os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not survive forks
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer

            folder = _folder()
            assert folder is not None, "the model is asked for only where it is"
            tokenizer = Tokenizer.from_file(str(folder / _VOCABULARY))
            tokenizer.no_padding()
            tokenizer.no_truncation()
            _loaded.append((tokenizer, load_file(folder / _WEIGHTS)["embedding.weight"]))
        return _loaded[0]
