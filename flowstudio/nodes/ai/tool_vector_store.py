"""The Collection Tool sub-node."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from flowstudio.ai.model import ToolSpec
from flowstudio.ai.tool import Tool
from flowstudio.engine.context import Context
from flowstudio.engine.node import Slot, Widget
from flowstudio.nodes.ai.collections import row_of
from flowstudio.nodes.ai.parts import RetrieverNode, ToolNode

_PARAMETERS = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "description": "What to look for, as a question or in some words."}
    },
    "required": ["query"],
    "additionalProperties": False,
}


class ToolVectorStore(ToolNode):
    """Lets an agent look things up in a collection whenever it needs to know something.

    Attach a **Collection Retriever**: it says which collection, and how many passages are given. The agent decides what
    to look for, as often as it wants, and gets the passages with their sources.
    """

    type = "tool-vector-store"
    label = "Collection Tool"
    group = "Tools"
    icon = "book-marked"
    subtitle = "{name}"

    source: Annotated[RetrieverNode, Slot("Retriever")]
    """Where passages are looked up."""
    name: Annotated[str, Field(min_length=1, max_length=64)] = "search_documents"
    """What the agent calls the tool: letters, digits and `_`."""
    description: Annotated[str, Field(min_length=1), Widget("multiline")] = (
        "Finds passages in the company's documents. Use it before answering questions about them."
    )
    """Tells the agent what is in the collection and when to look there. Be specific: the agent decides by this text."""

    async def tools(self, ctx: Context) -> Sequence[Tool]:
        """The one tool."""
        retriever = self.source.retriever(ctx)

        async def call(arguments: Mapping[str, Any]) -> Any:
            passages = await retriever.retrieve(str(arguments.get("query", "")))
            return [row_of(passage) for passage in passages] or "No passage has to do with that."

        name = re.sub(r"[^A-Za-z0-9_-]+", "_", self.name)
        return [Tool(ToolSpec(name, self.description, _PARAMETERS), call)]
