"""The Markdown node."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf, Widget
from flowstudio.nodes import paths
from flowstudio.nodes.markup import Marks, to_html, to_markdown

_TO_HTML = ShowIf("mode", ("to_html",))
_TO_MARKDOWN = ShowIf("mode", ("to_markdown",))


class Markdown(ItemNode):
    """Turns Markdown into HTML, for mails and pages, and HTML into Markdown, for language models."""

    type = "markdown"
    label = "Markdown"
    group = "Data"
    icon = "file-code"
    examples = (
        Example(
            "A mail out of Markdown",
            properties={"text": "={{ $json.note }}", "output_name": "html"},
            given=[{"note": "## News\n\nAll **well**."}],
            gives=[
                {
                    "note": "## News\n\nAll **well**.",
                    "html": '<h2 id="news">News</h2>\n<p>All <strong>well</strong>.</p>',
                }
            ],
        ),
        Example(
            "A page for a model",
            properties={"mode": "to_markdown", "text": "={{ $json.page }}", "output_name": "text"},
            given=[{"page": '<h1>Hi</h1><p>See <a href="https://x.example">this</a>.</p>'}],
            gives=[
                {
                    "page": '<h1>Hi</h1><p>See <a href="https://x.example">this</a>.</p>',
                    "text": "# Hi\n\nSee [this](https://x.example).",
                }
            ],
        ),
    )

    mode: Annotated[
        Literal["to_html", "to_markdown"],
        Choice({"to_html": "Markdown to HTML", "to_markdown": "HTML to Markdown"}),
    ] = "to_html"
    """Which way."""
    text: Annotated[str, Widget("multiline")] = ""
    """What to turn."""
    output_name: Annotated[str, Field(min_length=1, title="Name of the result")] = "data"
    """The field that the result goes into."""
    heading_ids: Annotated[bool, Field(title="Headings have ids"), _TO_HTML] = True
    """Whether links can lead to headings."""
    tables: Annotated[bool, _TO_HTML] = False
    """Whether tables are understood."""
    strikethrough: Annotated[bool, _TO_HTML] = False
    """Whether `~~text~~` is struck through."""
    breaks: Annotated[bool, Field(title="Keep line breaks"), _TO_HTML] = False
    """Whether a line break in the text is one in the result."""
    bullet: Annotated[str, Field(min_length=1, max_length=10, title="Mark of list entries"), _TO_MARKDOWN] = (
        "*"
    )
    """What stands before the entries of a list."""
    strong_mark: Annotated[
        str, Field(min_length=1, max_length=10, title="Mark of bold text"), _TO_MARKDOWN
    ] = "**"
    """What stands around bold text."""
    emphasis_mark: Annotated[
        str, Field(min_length=1, max_length=10, title="Mark of italic text"), _TO_MARKDOWN
    ] = "_"
    """What stands around italic text."""
    fence: Annotated[str, Field(min_length=1, max_length=10, title="Mark of code"), _TO_MARKDOWN] = "```"
    """What stands before and after lines of code."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Turn it."""
        if self.mode == "to_markdown":
            marks = Marks(self.bullet, self.strong_mark, self.emphasis_mark, self.fence)
            result = to_markdown(self.text, marks)
        else:
            result = to_html(
                self.text,
                heading_ids=self.heading_ids,
                tables=self.tables,
                strikethrough=self.strikethrough,
                breaks=self.breaks,
            )
        return {"main": [item.with_json(paths.put(item.json, self.output_name, result))]}
