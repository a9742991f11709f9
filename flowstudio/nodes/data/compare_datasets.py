"""The Compare Datasets node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, Port, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import paths, values
from flowstudio.nodes.entry import Entry
from flowstudio.nodes.joins import Match, alike


class Key(Entry):
    """Fields by which items are recognised."""

    field_1: Annotated[str, Field(min_length=1, title="Field of input A")]
    """The field in the items of input A, such as `id`."""
    field_2: Annotated[str, Field(title="Field of input B")] = ""
    """The field in the items of input B. Empty: it has the same name."""


class CompareDatasets(BatchNode):
    """Compares two lists: what is only in the first, only in the second, the same in both, or different.

    Items belong together when their key fields have the same values. Use it to keep two systems in step: add what is only in A
    to B, update what differs.
    """

    type = "compare-datasets"
    label = "Compare Datasets"
    group = "Data"
    icon = "git-compare"
    inputs: ClassVar[tuple[Port, ...]] = (Port("input1", "Input A"), Port("input2", "Input B"))
    outputs = (
        Port("only_a", "In A only"),
        Port("same", "Same"),
        Port("different", "Different"),
        Port("only_b", "In B only"),
    )
    examples = (
        Example(
            "What has to be added, and what changed",
            properties={"keys": [{"field_1": "sku"}]},
            given={
                "input1": [{"sku": "A", "price": 5}, {"sku": "B", "price": 7}, {"sku": "C", "price": 1}],
                "input2": [{"sku": "B", "price": 8}, {"sku": "C", "price": 1}, {"sku": "D", "price": 2}],
            },
            gives={
                "only_a": [{"sku": "A", "price": 5}],
                "same": [{"sku": "C", "price": 1}],
                "different": [
                    {
                        "keys": {"sku": "B"},
                        "same": {"sku": "B"},
                        "different": {"price": {"inputA": 7, "inputB": 8}},
                    }
                ],
                "only_b": [{"sku": "D", "price": 2}],
            },
        ),
        Example(
            "Take the newer data of B",
            properties={"keys": [{"field_1": "sku", "field_2": "article"}], "resolve": "input_2"},
            given={
                "input1": [{"sku": "B", "price": 7}],
                "input2": [{"article": "B", "price": 8}],
            },
            gives={"different": [{"article": "B", "price": 8}]},
        ),
    )

    keys: Annotated[list[Key], Field(min_length=1, title="Fields to match")]
    """Items whose values in these fields are the same belong together."""
    resolve: Annotated[
        Literal["both", "input_1", "input_2", "mix"],
        Field(title="When there are differences"),
        Choice(
            {
                "both": "Tell what is the same and what differs",
                "input_1": "Use input A",
                "input_2": "Use input B",
                "mix": "Use a mix",
            }
        ),
    ] = "both"
    """What leaves by Different."""
    prefer: Annotated[
        Literal["input_1", "input_2"],
        Choice({"input_1": "Input A", "input_2": "Input B"}),
        ShowIf("resolve", ("mix",)),
    ] = "input_1"
    """The input whose values are taken."""
    prefer_except: Annotated[list[str], Field(title="For all fields except"), ShowIf("resolve", ("mix",))] = (
        Field(default_factory=list)
    )
    """Fields whose values are taken from the other input."""
    skip_fields: Annotated[list[str], Field(title="Fields to skip")] = Field(default_factory=list)
    """Fields that are not compared."""
    old_names: Annotated[bool, Field(title="Names of old workflows"), ShowIf("resolve", ("both",))] = False
    """Whether the two values are called `input1` and `input2`, not `inputA` and `inputB`."""
    fuzzy_compare: bool = False
    """Whether small differences of types are tolerated: 3 matches "3", and empty matches missing."""
    dot_notation: bool = True
    """Whether `customer.id` means the id within the customer. If not, it is a name like any other."""
    multiple_matches: Annotated[
        Literal["first", "all"], Choice({"first": "Take only the first", "all": "Take all"})
    ] = "first"
    """What happens when an item of input A has several partners."""

    @field_validator("skip_fields", "prefer_except", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return (
            [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        )

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Compare."""
        first, second = list(inputs.get("input1", ())), list(inputs.get("input2", ()))
        pairs = tuple((key.field_1.strip(), (key.field_2 or key.field_1).strip()) for key in self.keys)
        for number, items in enumerate((first, second)):
            for pair in pairs:
                if items and all(self._get(item.json, pair[number]) is paths.MISSING for item in items):
                    raise NodeError(
                        f"No item of input {'AB'[number]} has a field '{pair[number]}' to match by. Check its spelling."
                    )
        found = Match(
            pairs,
            first_only=self.multiple_matches == "first",
            fuzzy=self.fuzzy_compare,
            dots=self.dot_notation,
        ).between(first, second)
        same: list[Item] = []
        different: list[Item] = []
        for one, two in found.pairs:
            if self._differing(one.json, two.json, pairs):
                different.append(self._resolved(one, two, pairs))
            else:
                same.append(one)
        return {"only_a": found.alone_1, "same": same, "different": different, "only_b": found.alone_2}

    def _get(self, data: Json, path: str) -> Any:
        return paths.get(data, path, dots=self.dot_notation)

    def _names_of(self, one: Json, two: Json, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """The fields that are compared, top level, in the order in which they come."""
        keys = {name for pair in pairs for name in pair}
        return [name for name in {**one, **two} if name not in keys and name not in self.skip_fields]

    def _differing(self, one: Json, two: Json, pairs: Sequence[tuple[str, str]]) -> list[str]:
        one, two = self._without_skipped(one), self._without_skipped(two)
        return [
            name
            for name in self._names_of(one, two, pairs)
            if not self._equal(one.get(name, paths.MISSING), two.get(name, paths.MISSING))
        ]

    def _without_skipped(self, data: Json) -> Json:
        for name in self.skip_fields:
            data = paths.drop(data, name, dots=self.dot_notation)
        return data

    def _equal(self, one: Any, two: Any) -> bool:
        if self.fuzzy_compare:
            return alike(None if one is paths.MISSING else one, None if two is paths.MISSING else two)
        if one is paths.MISSING or two is paths.MISSING:
            return one is two
        return values.same(one, two)

    def _resolved(self, one: Item, two: Item, pairs: Sequence[tuple[str, str]]) -> Item:
        pairing = (*one.paired_item, *two.paired_item)
        match self.resolve:
            case "input_1":
                return Item(one.json, one.binary, pairing)
            case "input_2":
                return Item(two.json, two.binary, pairing)
            case "mix":
                return Item(self._mixed(one.json, two.json), one.binary or two.binary, pairing)
        differing = set(self._differing(one.json, two.json, pairs))
        told: Json = {
            "keys": {pair[0]: self._get(one.json, pair[0]) for pair in pairs},
            "same": {},
            "different": {},
        }
        first, second = ("input1", "input2") if self.old_names else ("inputA", "inputB")
        skipped: Json = {}
        for name in {**one.json, **two.json}:
            a, b = one.json.get(name, paths.MISSING), two.json.get(name, paths.MISSING)
            if name in differing:
                told["different"][name] = {first: _shown(a), second: _shown(b)}
            elif self._equal(a, b):
                told["same"][name] = two.json[name] if a is paths.MISSING else a
            elif name in self.skip_fields:
                skipped[name] = {first: _shown(a), second: _shown(b)}
        if skipped:
            told["skipped"] = skipped
        return Item(told, None, pairing)

    def _mixed(self, one: Json, two: Json) -> Json:
        under, over = (two, one) if self.prefer == "input_1" else (one, two)
        mixed = {**under, **over}
        for name in self.prefer_except:
            value = self._get(under, name)
            if value is not paths.MISSING:
                mixed = paths.put(mixed, name, value, dots=self.dot_notation)
        return mixed


def _shown(value: Any) -> Any:
    return None if value is paths.MISSING else value
