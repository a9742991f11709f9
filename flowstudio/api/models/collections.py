"""Shapes of collections."""

from __future__ import annotations

from flowstudio.api.models.common import View


class EmbedderView(View):
    """What the vectors of a collection were made with."""

    provider: str
    model: str
    dimensions: int


class CollectionView(View):
    """A collection of passages."""

    name: str
    embedder: EmbedderView
    passages: int
    sources: int
    """How many different sources they come from."""
    size: int
    """Bytes of texts and vectors."""


class CollectionList(View):
    """All collections."""

    items: list[CollectionView]
