"""The Merge node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import BatchNode, Choice, Code, Example, Inputs, Port, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes.entry import Entry
from flowstudio.nodes.joins import Blend, Match
from flowstudio.nodes.sql import joined_by_sql

MAX_INPUTS = 10
MAX_COMBINATIONS = 1_000_000

_COMBINE = ShowIf("mode", ("combine",))
_BY_FIELDS = ShowIf("combine_by", ("matching_fields",))


class FieldPair(Entry):
    """Fields whose values must be the same."""

    field_1: Annotated[str, Field(min_length=1, title="Field of input 1")]
    """The field in the items of input 1, such as `id` or `customer.id`."""
    field_2: Annotated[str, Field(title="Field of input 2")] = ""
    """The field in the items of input 2. Empty: it has the same name."""


class Merge(BatchNode):
    """Brings several branches together, once all of them are done.

    **Append** puts the items of all inputs one after the other. **Combine** makes one item of several: those whose fields
    match (as tables are joined), those at the same position, or every one with every other. **Choose branch** waits for all
    and goes on with the items of one. Inputs that get nothing, because their branch was not taken, count as empty.
    """

    type = "merge"
    label = "Merge"
    group = "Flow"
    icon = "merge"
    inputs: ClassVar[tuple[Port, ...]] = (Port("input1", "Input 1"), Port("input2", "Input 2"))
    examples = (
        Example(
            "One list of two",
            properties={"mode": "append"},
            given={"input1": [{"name": "Ada"}], "input2": [{"name": "Bruno"}]},
            gives=[{"name": "Ada"}, {"name": "Bruno"}],
        ),
        Example(
            "Add the stock to each product",
            properties={
                "mode": "combine",
                "combine_by": "matching_fields",
                "join_mode": "enrich_input_1",
                "fields_to_match": [{"field_1": "sku", "field_2": "article"}],
            },
            given={
                "input1": [{"sku": "A", "name": "Lamp"}, {"sku": "B", "name": "Chair"}],
                "input2": [{"article": "A", "on_hand": 3}],
            },
            gives=[{"sku": "A", "name": "Lamp", "article": "A", "on_hand": 3}, {"sku": "B", "name": "Chair"}],
        ),
        Example(
            "Side by side",
            properties={"mode": "combine", "combine_by": "position"},
            given={
                "input1": [{"question": "Why?"}, {"question": "How?"}],
                "input2": [{"answer": "Because."}],
            },
            gives=[{"question": "Why?", "answer": "Because."}],
        ),
    )

    mode: Annotated[
        Literal["append", "combine", "choose_branch", "sql"],
        Choice(
            {"append": "Append", "combine": "Combine", "choose_branch": "Choose branch", "sql": "SQL query"}
        ),
    ] = "append"
    """What to do with the items of the inputs."""
    inputs_count: Annotated[int, Field(ge=2, le=MAX_INPUTS, title="Number of inputs")] = 2
    """How many inputs there are. Combining by fields and combining all takes two."""
    combine_by: Annotated[
        Literal["matching_fields", "position", "all"],
        Choice(
            {"matching_fields": "Matching fields", "position": "Position", "all": "All possible combinations"}
        ),
        _COMBINE,
    ] = "matching_fields"
    """Which items become one."""
    fields_to_match: Annotated[list[FieldPair], _COMBINE, _BY_FIELDS] = Field(default_factory=list)
    """Items whose values in these fields are the same belong together."""
    join_mode: Annotated[
        Literal["keep_matches", "keep_non_matches", "keep_everything", "enrich_input_1", "enrich_input_2"],
        Field(title="Output"),
        Choice(
            {
                "keep_matches": "Keep matches",
                "keep_non_matches": "Keep non-matches",
                "keep_everything": "Keep everything",
                "enrich_input_1": "Enrich input 1",
                "enrich_input_2": "Enrich input 2",
            }
        ),
        _COMBINE,
        _BY_FIELDS,
    ] = "keep_matches"
    """Which items go on: those with a partner, those without, all, or all of one input with what the other adds."""
    output_data: Annotated[
        Literal["both", "input_1", "input_2"],
        Field(title="Output data from"),
        Choice({"both": "Both inputs, combined", "input_1": "Input 1", "input_2": "Input 2"}),
        _COMBINE,
        _BY_FIELDS,
        ShowIf("join_mode", ("keep_matches", "keep_non_matches")),
    ] = "both"
    """Whose data goes on."""
    include_unpaired: Annotated[
        bool, Field(title="Include items without partner"), _COMBINE, ShowIf("combine_by", ("position",))
    ] = False
    """Whether the surplus items of a longer input go on too."""
    clash: Annotated[
        Literal["auto", "prefer_input", "add_suffix"],
        Field(title="When field names clash"),
        Choice(
            {
                "auto": "The data that is added wins",
                "prefer_input": "One input always wins",
                "add_suffix": "Add the input's number to all names",
            }
        ),
        _COMBINE,
    ] = "auto"
    """Whose value is taken when several items have a field of the same name."""
    preferred_input: Annotated[
        int, Field(ge=1, le=MAX_INPUTS), _COMBINE, ShowIf("clash", ("prefer_input",))
    ] = 1
    """The number of the input that wins."""
    merge_depth: Annotated[
        Literal["deep", "shallow"],
        Field(title="Objects within"),
        Choice({"deep": "Are combined too", "shallow": "Are replaced as a whole"}),
        _COMBINE,
    ] = "deep"
    """What happens with objects and lists that both items have under the same name."""
    override_empty: Annotated[bool, Field(title="Minimise empty fields"), _COMBINE] = False
    """Whether a value always wins over an empty one."""
    multiple_matches: Annotated[
        Literal["all", "first"],
        Choice({"all": "Make an item for each", "first": "Take only the first"}),
        _COMBINE,
        _BY_FIELDS,
    ] = "all"
    """What happens when an item of input 1 has several partners."""
    fuzzy_compare: Annotated[bool, _COMBINE, _BY_FIELDS] = False
    """Whether small differences of types are tolerated: 3 matches "3", and empty matches missing."""
    dot_notation: Annotated[bool, _COMBINE, _BY_FIELDS] = True
    """Whether `customer.id` means the id within the customer. If not, it is a name like any other."""
    query: Annotated[str, Code("sql"), Field(max_length=100_000, title="Query"), ShowIf("mode", ("sql",))] = (
        "SELECT * FROM input1 LEFT JOIN input2 ON input1.id = input2.id"
    )
    """SQL as SQLite understands it. Each input is a table, `input1` and so on, with a column for each field."""
    branch_output: Annotated[
        Literal["input", "empty"],
        Field(title="Output"),
        Choice({"input": "The items of an input", "empty": "A single, empty item"}),
        ShowIf("mode", ("choose_branch",)),
    ] = "input"
    """What goes on when all branches are done."""
    use_input: Annotated[
        int,
        Field(ge=1, le=MAX_INPUTS, title="Input to use"),
        ShowIf("mode", ("choose_branch",)),
        ShowIf("branch_output", ("input",)),
    ] = 1
    """The number of the input whose items go on."""

    @classmethod
    def input_ports(cls, properties: Json) -> tuple[Port, ...]:
        """As many inputs as were asked for, where there may be more than two."""
        count = properties.get("inputs_count", 2)
        by_two = properties.get("mode") == "combine" and properties.get("combine_by") != "position"
        if by_two or not isinstance(count, int) or isinstance(count, bool):
            count = 2
        return tuple(Port(f"input{i}", f"Input {i}") for i in range(1, max(2, min(count, MAX_INPUTS)) + 1))

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Bring the inputs together."""
        pairwise = self.mode == "combine" and self.combine_by != "position"
        count = 2 if pairwise else self.inputs_count
        lists = [list(inputs.get(f"input{i}", ())) for i in range(1, count + 1)]
        match self.mode:
            case "append":
                return {"main": [item for items in lists for item in items]}
            case "sql":
                return {"main": await joined_by_sql(self.query, lists, ctx)}
            case "choose_branch":
                return {"main": [Item({})] if self.branch_output == "empty" else self._chosen(lists)}
        match self.combine_by:
            case "position":
                return {"main": self._by_position(lists)}
            case "all":
                return {"main": self._all(*lists)}
        return {"main": self._by_fields(*lists)}

    def _chosen(self, lists: Sequence[list[Item]]) -> list[Item]:
        if self.use_input > len(lists):
            raise NodeError(f"There is no input {self.use_input}; this Merge has {len(lists)} inputs.")
        return lists[self.use_input - 1]

    @property
    def _blend(self) -> Blend:
        return Blend(self.merge_depth == "deep", self.clash == "add_suffix", self.override_empty)

    def _ranked(self, items: Sequence[Item | None], preferred: int = 0) -> Item:
        """One item of those at the same place of several inputs. The preferred input wins, else the last."""
        ranked = [(number, item) for number, item in enumerate(items, 1) if item is not None]
        if self.clash == "prefer_input":
            preferred = self.preferred_input
        if self.clash != "add_suffix":
            ranked.sort(key=lambda entry: entry[0] == preferred)
        return self._blend.of(ranked)

    def _by_position(self, lists: Sequence[list[Item]]) -> list[Item]:
        lengths = [len(items) for items in lists]
        rows = range(max(lengths) if self.include_unpaired else min(lengths))
        return [self._ranked([items[row] if row < len(items) else None for items in lists]) for row in rows]

    def _all(self, first: Sequence[Item], second: Sequence[Item]) -> list[Item]:
        if len(first) * len(second) > MAX_COMBINATIONS:
            raise NodeError(
                f"{len(first)} times {len(second)} items are more than {MAX_COMBINATIONS} combinations; "
                "filter the inputs first, or match by fields."
            )
        return [self._ranked([a, b]) for a in first for b in second]

    def _by_fields(self, first: Sequence[Item], second: Sequence[Item]) -> list[Item]:
        if not self.fields_to_match:
            raise NodeError("Say in which fields the items must match: “Fields to match” is empty.")
        found = Match(
            tuple(
                (pair.field_1.strip(), (pair.field_2 or pair.field_1).strip())
                for pair in self.fields_to_match
            ),
            first_only=self.multiple_matches == "first",
            fuzzy=self.fuzzy_compare,
            dots=self.dot_notation,
        ).between(first, second)
        if self.join_mode == "keep_non_matches":
            return {
                "both": [*_sourced(found.alone_1, 1), *_sourced(found.alone_2, 2)],
                "input_1": found.alone_1,
                "input_2": found.alone_2,
            }[self.output_data]
        if self.join_mode == "keep_matches" and self.output_data != "both":
            return found.matched_1 if self.output_data == "input_1" else found.matched_2
        combined = [
            self._ranked(pair, 1 if self.join_mode == "enrich_input_2" else 0) for pair in found.pairs
        ]
        if self.join_mode in ("keep_everything", "enrich_input_1"):
            combined += [self._blend.alone(item, 1) for item in found.alone_1]
        if self.join_mode in ("keep_everything", "enrich_input_2"):
            combined += [self._blend.alone(item, 2) for item in found.alone_2]
        return combined


def _sourced(items: Sequence[Item], number: int) -> list[Item]:
    """Items that say which input they came from."""
    return [item.with_json({**item.json, "_source": f"input{number}"}) for item in items]
