"""The help on nodes, generated from their classes."""

from __future__ import annotations

import reflex as rx

from flowstudio.components.modules import BrowserComponent


class NodeIndex(BrowserComponent):
    """All node types, searchable."""

    library = "$/flowstudio/help/help.jsx"
    tag = "NodeIndex"


class NodeHelp(BrowserComponent):
    """The page of one node type."""

    library = "$/flowstudio/help/help.jsx"
    tag = "NodeHelp"
    type: rx.Var[str]


node_index = NodeIndex.create
node_help = NodeHelp.create
