"""The instances that a node run works with: parameters resolved, credentials opened, sub-nodes filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flowstudio.engine.binding import open_credentials
from flowstudio.engine.item import Json
from flowstudio.engine.late import LateNode
from flowstudio.engine.node import Node, SubNode
from flowstudio.engine.parameters import fields_of
from flowstudio.engine.plan import PlanNode
from flowstudio.engine.view import View, resolve
from flowstudio.errors import ExpressionError, NodeError, ParameterError


async def instances(view: View, *, first_only: bool) -> list[Node | Exception]:
    """An instance for each item, or why there is none; `first_only` for the first item alone.

    Raises `NodeError` for what concerns all items, such as a missing credential.
    """
    binding = view.node.binding
    if binding.instance is not None:
        return [binding.instance] * (1 if first_only else len(view.items))
    injected = await _injected(view.node, view)
    rows = await resolve(binding, view, first_only=first_only)
    made: list[Node | Exception] = []
    first: Node | None = None
    for row in rows:
        made.append(_make(view.node, row, injected, first))
        if first is None and isinstance(made[-1], Node):
            first = made[-1]
    return made


def _make(
    node: PlanNode,
    row: Sequence[Any] | ExpressionError,
    injected: Mapping[str, Any],
    first: Node | None = None,
) -> Node | Exception:
    if isinstance(row, ExpressionError):
        return row
    try:
        return node.binding.make(row, injected, first)
    except ParameterError as error:
        return error


async def _injected(node: PlanNode, view: View) -> dict[str, Any]:
    """Credentials and sub-nodes, by field."""
    values: dict[str, Any] = dict(await open_credentials(node.binding, view.host.vault, node.label))
    if values:
        view.host.secrets.learn_from(values)
    for name, ids in node.binding.slots.items():
        filled = [await _sub_node(view.plan.nodes[id_], view) for id_ in ids]
        values[name] = filled if fields_of(node.type).slots[name].many else filled[0]
    return values


async def _sub_node(node: PlanNode, view: View) -> Node | LateNode:
    """A sub-node; its parameters are resolved for the first item of the node that it belongs to.

    A node that could also stand in the flow is not run for that: it waits to be called.
    """
    if node.disabled:
        raise NodeError(f"'{node.label}', which '{view.node.label}' needs, is disabled; enable it.")
    if node.kind in ("item", "batch"):

        async def make(arguments: Json, index: int) -> Node:
            return await _filled(node, replace(view, asked=arguments), index)

        return LateNode(node, make)
    made = await _filled(node, view)
    if isinstance(made, SubNode):
        made.place(node.id, node.label)
    return made


async def _filled(node: PlanNode, view: View, index: int = 0) -> Node:
    """An instance for one item of the node that `view` belongs to. Raises `NodeError`."""
    if node.binding.instance is not None:
        return node.binding.instance
    injected = await _injected(node, view)
    row = (await resolve(node.binding, view, first_only=not index))[index]
    made = _make(node, row, injected)
    if isinstance(made, ParameterError | ExpressionError):
        raise type(made)(
            f"'{node.label}': {made.message}", parameter=made.parameter, item=made.item, node=node.id
        )
    if isinstance(made, Exception):
        raise made
    return made
