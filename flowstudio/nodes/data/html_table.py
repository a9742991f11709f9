"""The HTML Table node."""

from __future__ import annotations

import html as escaping
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Pair, Ports
from flowstudio.engine.node import BatchNode, Example, Inputs
from flowstudio.nodes import values


class HtmlTable(BatchNode):
    """Makes one HTML table of all items, for a mail or a page: a row for each item, a column for each field."""

    type = "html-table"
    label = "HTML Table"
    group = "Data"
    icon = "table"
    examples = (
        Example(
            "Two rows",
            properties={"capitalize": True},
            given=[{"first_name": "Ada"}, {"first_name": "Bo"}],
            gives=[
                {
                    "table": "<table><thead><tr><th>First Name</th></tr></thead><tbody><tr><td>Ada</td></tr>"
                    "<tr><td>Bo</td></tr></tbody></table>"
                }
            ],
        ),
        Example(
            "With a caption",
            properties={"caption": "Totals"},
            given=[{"total": 5}],
            gives=[
                {
                    "table": "<table><caption>Totals</caption><thead><tr><th>total</th></tr></thead><tbody><tr><td>5</td></tr>"
                    "</tbody></table>"
                }
            ],
        ),
    )

    capitalize: Annotated[bool, Field(title="Capitalise headers")] = False
    """Whether names such as `first_name` are shown as `First Name`."""
    table_style: str = ""
    """The `style` attribute of the table."""
    caption: str = ""
    """What stands above the table."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Make the table."""
        items = list(inputs.get("main", ()))
        pairs = tuple(Pair(index) for index in range(len(items)))
        return {"main": [Item({"table": self._table([item.json for item in items])}, None, pairs)]}

    def _table(self, rows: Sequence[Json]) -> str:
        names = list(dict.fromkeys(name for row in rows for name in row))
        shown = [_capitalized(name) if self.capitalize else name for name in names]
        style = f' style="{escaping.escape(self.table_style)}"' if self.table_style else ""
        caption = f"<caption>{escaping.escape(self.caption)}</caption>" if self.caption else ""
        head = "".join(f"<th>{escaping.escape(name)}</th>" for name in shown)
        body = "".join(
            f"<tr>{''.join(f'<td>{_cell(row.get(name))}</td>' for name in names)}</tr>" for row in rows
        )
        return f"<table{style}>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _capitalized(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in name.replace("_", " ").split())


def _cell(value: Any) -> str:
    return escaping.escape(values.to_text(value))
