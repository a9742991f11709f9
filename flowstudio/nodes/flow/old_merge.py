"""The Merge node as its first version was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, Port, ShowIf
from flowstudio.nodes import paths, values
from flowstudio.nodes.data.remove_duplicates import frozen

_BY_KEY = ("by_key", "keep_matches", "remove_matches")


class OldMerge(BatchNode):
    """Brings two branches together, as the first Merge of n8n did. Comes with imported workflows; use **Merge** for new ones."""

    type = "old-merge"
    label = "Merge (old)"
    group = "Flow"
    icon = "merge"
    offered = False
    inputs: ClassVar[tuple[Port, ...]] = (Port("input1", "Input 1"), Port("input2", "Input 2"))
    examples = (
        Example(
            "Add the fields of the partner",
            properties={"mode": "by_key", "field_1": "sku", "field_2": "article"},
            given={
                "input1": [{"sku": "A", "name": "Lamp"}, {"sku": "B", "name": "Chair"}],
                "input2": [{"article": "A", "on_hand": 3}],
            },
            gives=[{"sku": "A", "name": "Lamp", "on_hand": 3}, {"sku": "B", "name": "Chair"}],
        ),
        Example(
            "Side by side",
            properties={"mode": "by_index"},
            given={"input1": [{"a": 1}, {"a": 2}], "input2": [{"b": 1}]},
            gives=[{"a": 1, "b": 1}, {"a": 2}],
        ),
    )

    mode: Annotated[
        Literal["by_key", "by_index", "keep_matches", "remove_matches", "multiplex"],
        Choice(
            {
                "by_key": "Add the fields of the partner",
                "by_index": "By position",
                "keep_matches": "Keep items with a partner",
                "remove_matches": "Keep items without a partner",
                "multiplex": "Every one with every other",
            }
        ),
    ] = "by_key"
    """How the items come together."""
    field_1: Annotated[str, ShowIf("mode", _BY_KEY)] = ""
    """The field of input 1 whose value is the same as that of its partner."""
    field_2: Annotated[str, ShowIf("mode", _BY_KEY)] = ""
    """The field of input 2."""
    overwrite: Annotated[
        Literal["always", "blank", "undefined"],
        Choice({"always": "Always", "blank": "If blank", "undefined": "If missing"}),
        ShowIf("mode", ("by_key",)),
    ] = "always"
    """When the partner's value replaces the item's own."""
    join: Annotated[
        Literal["inner", "left", "outer"],
        Choice(
            {
                "inner": "As many as the shorter input",
                "left": "As many as input 1",
                "outer": "As many as the longer input",
            }
        ),
        ShowIf("mode", ("by_index",)),
    ] = "left"
    """How many items leave."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Bring the inputs together."""
        first, second = list(inputs.get("input1", ())), list(inputs.get("input2", ()))
        match self.mode:
            case "by_index":
                return {"main": self._by_index(first, second)}
            case "multiplex":
                return {"main": [_joined(a, b) for a in first for b in second]}
        partners: dict[Any, Item] = {}
        for item in second:
            value = paths.get(item.json, self.field_2)
            if value is not paths.MISSING:
                partners[frozen(value)] = item
        if self.mode == "by_key":
            return {"main": [self._enriched(item, partners) for item in first]}
        kept = self.mode == "keep_matches"
        return {"main": [item for item in first if (self._partner(item, partners) is not None) is kept]}

    def _by_index(self, first: Sequence[Item], second: Sequence[Item]) -> list[Item]:
        lengths = {
            "inner": min(len(first), len(second)),
            "left": len(first),
            "outer": max(len(first), len(second)),
        }
        made = []
        for index in range(lengths[self.join]):
            both = [items[index] for items in (first, second) if index < len(items)]
            made.append(both[0] if len(both) == 1 else _joined(*both))
        return made

    def _partner(self, item: Item, partners: dict[Any, Item]) -> Item | None:
        value = paths.get(item.json, self.field_1)
        return None if value is paths.MISSING else partners.get(frozen(value))

    def _enriched(self, item: Item, partners: dict[Any, Item]) -> Item:
        partner = self._partner(item, partners)
        if partner is None:
            return item
        data = dict(item.json)
        for name, value in partner.json.items():
            own = data.get(name, paths.MISSING)
            free = own is paths.MISSING or (self.overwrite == "blank" and values.to_text(own) == "")
            if name != self.field_2 and (free or self.overwrite == "always"):
                data[name] = value
        return Item(data, item.binary or partner.binary, (*item.paired_item, *partner.paired_item))


def _joined(one: Item, two: Item) -> Item:
    binary = {**(one.binary or {}), **(two.binary or {})}
    return Item({**one.json, **two.json}, binary or None, (*one.paired_item, *two.paired_item))
