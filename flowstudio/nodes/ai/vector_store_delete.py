"""The Delete from Collection node."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flowstudio.ai.vectors import VectorStore, checked_name, no_collection
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf
from flowstudio.nodes.ai.collections import Conditions, filter_of


class VectorStoreDelete(ItemNode):
    """Deletes passages from a collection, by their source or metadata, or the whole collection.

    Deleted passages are not found any more. There is no way back: insert the documents again if you need them.
    """

    type = "vector-store-delete"
    label = "Delete from Collection"
    group = "AI"
    icon = "trash-2"
    subtitle = "{collection}"
    examples = (
        Example(
            "A collection that is not there",
            properties={"collection": "example gone", "where": [{"name": "source", "value": "old.pdf"}]},
            given=[{}],
            gives=[],
            fails="There is no collection 'example gone'; insert documents into it first, or check its name.",
        ),
        Example(
            "Make sure that a collection is gone",
            properties={"collection": "example gone", "what": "collection"},
            given=[{}],
            gives=[{"collection": "example gone", "deleted": 0}],
        ),
    )

    collection: Annotated[str, Field(min_length=1)] = "documents"
    """The collection's name."""
    what: Annotated[
        Literal["matching", "all", "collection"],
        Choice(
            {"matching": "Matching passages", "all": "All passages", "collection": "The collection itself"}
        ),
    ] = "matching"
    """What to delete. An emptied collection keeps its embedder; a deleted one can be made anew with another."""
    where: Annotated[Conditions, Field(title="Passages with"), ShowIf("what", ("matching",))] = Field(
        default_factory=list
    )
    """What the passages have, such as `source` with a file's name; all of it."""

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.what == "matching" and not self.where:
            raise ValueError("say which passages to delete, or choose to delete all")
        return self

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Delete."""
        store = ctx.use(VectorStore)  # type: ignore[type-abstract]  # asked for by its interface
        name = checked_name(self.collection)
        if self.what == "collection":
            there = await store.collection(name)
            deleted = there.passages if there is not None else 0
            await store.drop(name)
        else:
            if await store.collection(name) is None:
                raise no_collection(name)
            deleted = await store.delete(name, filter_of(self.where) if self.what == "matching" else {})
        return {"main": [item.with_json({"collection": name, "deleted": deleted})]}
