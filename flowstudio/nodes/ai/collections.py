"""What the nodes that work with collections share: their fields, their filter, the embedder that they use."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from flowstudio.ai.documents import Passage
from flowstudio.ai.embedder import Embedder
from flowstudio.ai.embedders.local import LocalEmbedder
from flowstudio.ai.usage import Usage
from flowstudio.ai.vectors import Filter
from flowstudio.engine.context import Context
from flowstudio.engine.item import Json
from flowstudio.engine.node import Widget
from flowstudio.nodes.ai.parts import EmbedderNode
from flowstudio.nodes.entry import Entry


class Condition(Entry):
    """One thing that a passage must have."""

    name: Annotated[str, Field(min_length=1)]
    """A name from the metadata, such as `page`; `source` means where the passage comes from."""
    value: Annotated[Any, Widget("text")] = ""
    """The value; a list of values accepts each of them."""


def _as_rows(value: Any) -> Any:
    return [{"name": key, "value": each} for key, each in value.items()] if isinstance(value, dict) else value


Conditions: TypeAlias = Annotated[list[Condition], BeforeValidator(_as_rows)]


def filter_of(conditions: list[Condition]) -> Filter:
    """The filter of a form; a name that comes twice accepts the values of both."""
    found: dict[str, list[Any]] = {}
    for condition in conditions:
        values = condition.value if isinstance(condition.value, list) else [condition.value]
        known = [value for value in values if isinstance(value, (str, int, float, bool))]
        found.setdefault(condition.name.strip(), []).extend(known)
    return found


def embedder_of(node: EmbedderNode | None, ctx: Context) -> Embedder:
    """The embedder that is attached, else the one of this machine."""
    return LocalEmbedder() if node is None else node.embedder(ctx)


def spend(ctx: Context, usage: Usage) -> None:
    """Put what embedding took into the log of the run."""
    if usage.input:
        ctx.spend({"input_tokens": usage.input})


def row_of(passage: Passage) -> Json:
    """A passage as the json of an item."""
    score = {} if passage.score is None else {"score": passage.score}
    return {"text": passage.text, "source": passage.source, **score, "metadata": dict(passage.metadata)}
