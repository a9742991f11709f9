"""The tools of an agent: what its tool sub-nodes offer, and any other node that fills the slot."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flowstudio.ai.model import ToolSpec
from flowstudio.ai.tool import Tool
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.late import LateNode, schema_of
from flowstudio.nodes.ai.parts import ToolNode

NAME_LIMIT = 64
DESCRIPTION_LIMIT = 1000


async def tools_of(nodes: Sequence[ToolNode | LateNode], item: Item, index: int, ctx: Context) -> list[Tool]:
    """The tools of all nodes, for the owner's item at `index`; names that are taken get a number."""
    found: list[Tool] = []
    for node in nodes:
        if isinstance(node, LateNode):
            found.append(_late(node, item, index, ctx))
        else:
            found += [replace(tool, node=tool.node or node.node_id) for tool in await node.tools(ctx)]
    taken: set[str] = set()
    return [replace(tool, spec=replace(tool.spec, name=_free(tool.spec.name, taken))) for tool in found]


def tool_name(text: str) -> str:
    """A name as models take it: letters, digits, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:NAME_LIMIT] or "tool"


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name[: NAME_LIMIT - 4]}_{number}", number + 1
    taken.add(free)
    return free


def _late(node: LateNode, item: Item, index: int, ctx: Context) -> Tool:
    """A node that runs when the model calls it. Its notes tell the model what it is for; else its type's help does."""
    calls = 0

    async def call(arguments: Mapping[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        return _rows(await node.call(dict(arguments), item, index, f"call {calls} of item {index}", ctx))

    about = (
        node.notes.strip()
        or f"{node.label}: {inspect.cleandoc(node.type.__doc__ or '').partition(chr(10) * 2)[0]}"
    )
    return Tool(
        ToolSpec(tool_name(node.label), about[:DESCRIPTION_LIMIT], schema_of(node.asks)), call, node.id
    )


def _rows(ports: Ports) -> Any:
    """What a node gave, as JSON: the only item's, or all of them."""
    rows = [item.json for items in ports.values() for item in items]
    if not rows:
        return "It gave nothing."
    return rows[0] if len(rows) == 1 else rows
