"""Collections of passages that workflows search."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from flowstudio.ai.vectors import Collection
from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.models.collections import CollectionList, CollectionView, EmbedderView
from flowstudio.api.routes import needs, refusals, router

resource = router("Collections")

Name = Annotated[str, Path(max_length=100, description="The collection.", examples=["documents"])]


@resource.get(
    "/collections",
    summary="List collections",
    responses=refusals(401),
    openapi_extra=needs("read"),
)
async def list_collections(caller: SignedIn, studio: Studio) -> CollectionList:
    """Collections of passages by name, with their embedder and how much is in them."""
    return CollectionList(items=[_view(each) for each in await studio.collections.all(caller)])


@resource.get(
    "/collections/{name}",
    summary="Read a collection",
    responses=refusals(401, 404),
    openapi_extra=needs("read"),
)
async def read_collection(name: Name, caller: SignedIn, studio: Studio) -> CollectionView:
    """One of them."""
    return _view(await studio.collections.get(caller, name))


@resource.delete(
    "/collections/{name}",
    summary="Delete a collection",
    status_code=204,
    responses=refusals(401, 403, 404),
    openapi_extra=needs("edit"),
)
async def delete_collection(name: Name, caller: SignedIn, studio: Studio) -> Response:
    """Its passages are not found any more; there is no way back."""
    await studio.collections.delete(caller, name)
    return Response(status_code=204)


def _view(collection: Collection) -> CollectionView:
    space = collection.space
    return CollectionView(
        name=collection.name,
        embedder=EmbedderView(provider=space.provider, model=space.model, dimensions=space.dimensions),
        passages=collection.passages,
        sources=collection.sources,
        size=collection.size,
    )
