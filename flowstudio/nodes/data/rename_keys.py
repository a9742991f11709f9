"""The Rename Keys node."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Example, ItemNode
from flowstudio.nodes import paths
from flowstudio.nodes.entry import Entry


class Renaming(Entry):
    """A field and the name it gets."""

    current_name: Annotated[str, Field(min_length=1)]
    """The name of the field as it is; `address.city` is the city within the address."""
    new_name: Annotated[str, Field(min_length=1)]
    """The name it gets. A dot puts it into an object."""


class RenameKeys(ItemNode):
    """Gives fields other names. What an item does not have is left out silently.

    The field keeps its place in the item unless a dot moves it into or out of an object.
    """

    type = "rename-keys"
    label = "Rename Keys"
    group = "Data"
    icon = "text-cursor-input"
    examples = (
        Example(
            "Tidy up what a form sends",
            properties={
                "keys": [
                    {"current_name": "E-Mail", "new_name": "email"},
                    {"current_name": "address.zip", "new_name": "postcode"},
                ]
            },
            given=[{"E-Mail": "ada@example.com", "address": {"zip": "89073", "city": "Ulm"}}],
            gives=[{"email": "ada@example.com", "address": {"city": "Ulm"}, "postcode": "89073"}],
        ),
        Example(
            "Put a field into an object",
            properties={"keys": [{"current_name": "city", "new_name": "address.city"}]},
            given=[{"city": "Ulm"}, {"name": "Bo"}],
            gives=[{"address": {"city": "Ulm"}}, {"name": "Bo"}],
        ),
    )

    keys: Annotated[list[Renaming], Field(min_length=1)]
    """The fields to rename, in this order."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Rename."""
        data = item.json
        for key in self.keys:
            data = _renamed(data, key.current_name, key.new_name)
        return {"main": [item.with_json(data)]}


def _renamed(data: Json, old: str, new: str) -> Json:
    value: Any = paths.get(data, old)
    if value is paths.MISSING or old == new:
        return data
    if old in data and len(paths.split(new)) == 1:
        return {
            new if name == old else name: content
            for name, content in data.items()
            if name == old or name != new
        }
    return paths.put(paths.drop(data, old), new, value)
