"""The HTML node."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import paths, values
from flowstudio.nodes.entry import Entry
from flowstudio.nodes.markup import Element, inner_html, parse_html, plain_text, select, shown_text

_EXTRACT = ShowIf("action", ("extract",))


class Extraction(Entry):
    """Something to take out of a page."""

    name: Annotated[str, Field(min_length=1)]
    """The field that it goes into."""
    selector: Annotated[str, Field(min_length=1, title="CSS selector")]
    """Which elements: `h1`, `.price`, `a[href]`."""
    take: Annotated[
        Literal["text", "html", "attribute", "value"],
        Choice(
            {"text": "Text", "html": "HTML", "attribute": "Attribute", "value": "Value of a field of a form"}
        ),
    ] = "text"
    """What to take of them."""
    attribute: Annotated[str, ShowIf("take", ("attribute",))] = ""
    """The name of the attribute, such as `href`."""
    skip: Annotated[str, Field(title="Leave out"), ShowIf("take", ("text",))] = ""
    """A CSS selector of what is left out of the text."""
    as_list: bool = False
    """Whether all elements are given, as a list. If not, texts of several are put together."""


class Html(ItemNode):
    """Takes data out of HTML by CSS selectors, or fills a template. For a table of items, use **HTML Table**."""

    type = "html"
    label = "HTML"
    group = "Data"
    icon = "code"
    subtitle = "{action}"
    examples = (
        Example(
            "Title and links of a page",
            properties={
                "fields": [
                    {"name": "title", "selector": "h1"},
                    {
                        "name": "links",
                        "selector": "a",
                        "take": "attribute",
                        "attribute": "href",
                        "as_list": True,
                    },
                ]
            },
            given=[{"data": '<h1>News</h1><a href="/a">A</a><a href="/b">B</a>'}],
            gives=[{"title": "News", "links": ["/a", "/b"]}],
        ),
        Example(
            "A page of an item",
            properties={"action": "template", "template": "=<h1>{{ $json.name }}</h1>"},
            given=[{"name": "Ada"}],
            gives=[{"html": "<h1>Ada</h1>"}],
        ),
    )

    action: Annotated[
        Literal["extract", "template"], Choice({"extract": "Take data out", "template": "Fill a template"})
    ] = "extract"
    """What to do."""
    take_from: Annotated[
        Literal["field", "file"], Choice({"field": "A field", "file": "A file"}), _EXTRACT
    ] = "field"
    """Where the HTML is."""
    field: Annotated[str, Field(min_length=1), _EXTRACT] = "data"
    """The field, or the name of the file, with the HTML. A field may hold a list of HTML texts."""
    fields: Annotated[list[Extraction], Field(title="Values"), _EXTRACT] = Field(default_factory=list)
    """What to take out."""
    trim: Annotated[bool, Field(title="Trim values"), _EXTRACT] = True
    """Whether spaces and line breaks at the beginning and end are removed."""
    tidy: Annotated[bool, Field(title="Tidy up texts"), _EXTRACT] = True
    """Whether line breaks and several spaces within become one space."""
    texts: Annotated[
        Literal["together", "first", "raw"],
        Choice(
            {
                "together": "As they are seen; several are put together",
                "first": "As in a mail without formats, of the first element only",
                "raw": "As they stand in the file; several are put together",
            }
        ),
        _EXTRACT,
    ] = "together"
    """How texts are read. As they are seen, every block is on a line of its own."""
    template: Annotated[str, Widget("multiline"), ShowIf("action", ("template",))] = ""
    """HTML with expressions in it."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Do it."""
        if self.action == "template":
            return {"main": [item.with_json({"html": self.template})]}
        return {"main": await self._extracted(item, ctx)}

    async def _extracted(self, item: Item, ctx: Context) -> list[Item]:
        if self.take_from == "file":
            file = (item.binary or {}).get(self.field)
            if file is None:
                raise NodeError(f"The item has no file '{self.field}'. Check the name.")
            texts: Any = (await ctx.host.binaries.get(file)).decode("utf-8", "replace")
        else:
            texts = paths.get(item.json, self.field)
            if texts is paths.MISSING:
                raise NodeError(f"The item has no field '{self.field}'. Say which field holds the HTML.")
        made = []
        for text in texts if isinstance(texts, list) else [texts]:
            root = parse_html(values.to_text(text))
            data: Json = {}
            for wanted in self.fields:
                value = self._value(root, wanted)
                if value is not None:
                    data[wanted.name] = value
            made.append(Item(data, None, item.paired_item))
        return made

    def _value(self, root: Element, wanted: Extraction) -> Any:
        found = select(root, wanted.selector)
        taken = [self._taken(element, wanted) for element in found]
        if wanted.as_list:
            return taken
        if wanted.take == "text" and self.texts != "first":
            if not taken:
                return None
            text = self._tidied("".join(values.to_text(value) for value in taken))
            return (text or None) if self.texts == "raw" else text
        return taken[0] if taken else None

    def _taken(self, element: Element, wanted: Extraction) -> Any:
        match wanted.take:
            case "text" if self.texts == "raw":
                return self._tidied(element.text_content())
            case "text" if self.texts == "first":
                return self._tidied(shown_text(element, wanted.skip))
            case "text":
                return self._tidied(plain_text(element, wanted.skip))
            case "html":
                return self._tidied(inner_html(element))
            case "attribute":
                value = element.get(wanted.attribute)
                return value if value is None else self._tidied(value)
            case _:
                return _form_value(element)

    def _tidied(self, text: str) -> str:
        if self.trim:
            text = text.strip()
        return " ".join(text.split()) if self.tidy else text


def _form_value(element: Element) -> Any:
    if element.tag == "select":
        chosen = select(element, "option[selected]") or select(element, "option")
        return chosen[0].get("value", chosen[0].text_content()) if chosen else None
    return element.text_content() if element.tag == "textarea" else element.get("value")
