"""The Rename Keys node."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Example, ItemNode
from flowstudio.errors import NodeError, SandboxError
from flowstudio.nodes import paths
from flowstudio.nodes.entry import Entry


class Renaming(Entry):
    """A field and the name it gets."""

    current_name: Annotated[str, Field(min_length=1)]
    """The name of the field as it is; `address.city` is the city within the address."""
    new_name: Annotated[str, Field(min_length=1)]
    """The name it gets. A dot puts it into an object."""


class Pattern(Entry):
    """A regular expression that renames whatever it is found in; of several finds in a name, the first is replaced."""

    pattern: Annotated[str, Field(min_length=1, max_length=1000, title="Regular expression")]
    """What is looked for in names, as JavaScript writes it: `^order_` or `(\\w+)_id`."""
    replacement: Annotated[str, Field(max_length=1000)] = ""
    """What stands there instead; `$1` is what the first brackets found."""
    ignore_case: bool = False
    """Whether large and small letters count as the same."""
    depth: Annotated[int, Field(ge=-1, le=200)] = -1
    """How deep objects and lists within are gone into; 0 is the item's own fields only, -1 all."""


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

    keys: list[Renaming] = Field(default_factory=list)
    """The fields to rename, in this order."""
    patterns: Annotated[list[Pattern], Field(max_length=20)] = Field(default_factory=list)
    """Regular expressions that rename many fields at once, after that."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Rename."""
        data = item.json
        for key in self.keys:
            data = _renamed(data, key.current_name, key.new_name)
        for pattern in self.patterns:
            data = _by_names(data, await _new_names(data, pattern, ctx), pattern.depth)
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


_TEMPLATE = (
    "{{ $json.names.map((name) => name.replace(new RegExp($json.pattern, $json.flags), $json.replacement)) }}"
)
_TIMEOUT = 5.0


async def _new_names(data: Json, pattern: Pattern, ctx: Context) -> dict[str, str]:
    """What each name becomes. Regular expressions are JavaScript's, and run in its cage."""
    names = sorted(_names(data, pattern.depth))
    row = {
        "names": names,
        "pattern": pattern.pattern,
        "flags": "i" if pattern.ignore_case else "",
        "replacement": pattern.replacement,
    }
    owner = ctx.execution.workflow_id or ctx.execution.id
    try:
        ((found,),) = await ctx.host.evaluator.evaluate(
            [_TEMPLATE], [row], {}, {}, owner=owner, timeout=_TIMEOUT
        )
    except SandboxError as error:
        raise NodeError(
            f"The regular expression '{pattern.pattern}' takes too long. ({error.message})"
        ) from error
    if not isinstance(found, list):
        reason = getattr(found, "message", "it cannot be read")
        raise NodeError(f"'{pattern.pattern}' is not a valid regular expression: {reason}")
    return dict(zip(names, found, strict=True))


def _names(value: Any, depth: int) -> set[str]:
    if not isinstance(value, dict | list):
        return set()
    entries = value.values() if isinstance(value, dict) else value
    inner = set() if depth == 0 else {n for entry in entries for n in _names(entry, depth - 1)}
    return inner | set(value) if isinstance(value, dict) else inner


def _by_names(value: Any, names: dict[str, str], depth: int) -> Any:
    if isinstance(value, list):
        return value if depth == 0 else [_by_names(entry, names, depth - 1) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        names.get(name, name): entry if depth == 0 else _by_names(entry, names, depth - 1)
        for name, entry in value.items()
    }
