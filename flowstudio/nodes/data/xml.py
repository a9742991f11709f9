"""The XML node."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import paths
from flowstudio.nodes.xml_tree import Reading, Writing, read_xml, write_xml

_READ = ShowIf("mode", ("read",))
_WRITE = ShowIf("mode", ("write",))


class Xml(ItemNode):
    """Turns XML into fields, and fields into XML.

    An element becomes a field of its name, several of the same name become a list. Attributes become fields too.
    """

    type = "xml"
    label = "XML"
    group = "Data"
    icon = "code-xml"
    examples = (
        Example(
            "Read an answer in XML",
            properties={},
            given=[{"data": '<order id="7"><line>Lamp</line><line>Chair</line></order>'}],
            gives=[{"order": {"id": "7", "line": ["Lamp", "Chair"]}}],
        ),
        Example(
            "Write XML",
            properties={"mode": "write", "headless": True, "field": "body"},
            given=[{"order": {"line": ["Lamp", "Chair"]}}],
            gives=[{"body": "<order>\n  <line>Lamp</line>\n  <line>Chair</line>\n</order>"}],
        ),
    )

    mode: Annotated[Literal["read", "write"], Choice({"read": "XML to fields", "write": "Fields to XML"})] = (
        "read"
    )
    """Which way."""
    field: Annotated[str, Field(min_length=1)] = "data"
    """The field with the XML, or the one that it goes into."""
    with_root: Annotated[bool, Field(title="Keep the outermost element"), _READ] = True
    """Whether the outermost element is a field too. If not, only what it holds."""
    always_lists: Annotated[bool, _READ] = False
    """Whether an element is a list even where it comes once."""
    skip_attributes: Annotated[bool, _READ] = False
    """Whether attributes are left out."""
    merge_attributes: Annotated[bool, _READ] = True
    """Whether attributes stand among the elements. If not, they are together in a field of their own."""
    trim: Annotated[bool, _READ] = False
    """Whether spaces around texts are removed."""
    normalize: Annotated[bool, Field(title="Tidy up spaces"), _READ] = False
    """Whether several spaces and line breaks become one space."""
    lower_names: Annotated[bool, Field(title="Names in small letters"), _READ] = False
    """Whether all names are written in small letters."""
    attribute_key: Annotated[str, Field(min_length=1, title="Field of attributes")] = "$"
    """The field that holds attributes, where they are not among the elements."""
    text_key: Annotated[str, Field(min_length=1, title="Field of texts")] = "_"
    """The field that holds the text of an element that has attributes or elements too."""
    root_name: Annotated[str, Field(min_length=1, title="Name of the outermost element"), _WRITE] = "root"
    """What the outermost element is called, where the item has several fields."""
    headless: Annotated[bool, Field(title="Without a first line"), _WRITE] = False
    """Whether the line that says `<?xml …` is left out."""
    cdata: Annotated[bool, Field(title="Wrap texts in CDATA"), _WRITE] = False
    """Whether texts with special characters are wrapped instead of spelled out."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Turn it."""
        try:
            if self.mode == "write":
                how = Writing(self.attribute_key, self.text_key, self.root_name, self.headless, self.cdata)
                return {"main": [item.with_json({self.field: write_xml(item.json, how)})]}
            text = paths.get(item.json, self.field)
            if not isinstance(text, str):
                raise NodeError(
                    f"The item has no text in the field '{self.field}'. Say which field holds the XML."
                )
            return {"main": [item.with_json(read_xml(text, self._reading))]}
        except ValueError as error:
            which = "be written as" if self.mode == "write" else "be read as"
            raise NodeError(f"The field '{self.field}' cannot {which} XML: {error}.") from error

    @property
    def _reading(self) -> Reading:
        return Reading(
            self.attribute_key,
            self.text_key,
            self.always_lists,
            self.with_root,
            self.skip_attributes,
            self.merge_attributes,
            self.normalize,
            self.lower_names,
            self.trim,
        )
