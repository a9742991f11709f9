"""The interface of embedders: texts to vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flowstudio.ai.usage import Usage

Purpose: TypeAlias = Literal["passage", "query"]
"""Some models embed what is searched and what is searched for differently."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors (unit length, one for each text, in order) and what they cost."""

    vectors: list[list[float]]
    usage: Usage


class Embedder(ABC):
    """An embedding model with its settings. Immutable, safe to use concurrently. Raises `ModelError`."""

    provider: str
    name: str
    """Provider and model together identify a vector space: vectors of different ones must not be mixed."""

    @abstractmethod
    async def embed(self, texts: Sequence[str], purpose: Purpose) -> Embedded:
        """Embed texts; splits them into as many calls as the provider needs."""
