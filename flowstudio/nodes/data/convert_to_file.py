"""The Convert To File node."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Pair, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, ShowIf
from flowstudio.errors import NodeError
from flowstudio.nodes import paths, values
from flowstudio.nodes.csv_text import write_csv
from flowstudio.nodes.excel_file import flattened, write_excel

_MIMES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "json": "application/json",
    "text": "text/plain",
}
_ENDINGS = {"xlsx": "xlsx", "csv": "csv", "json": "json", "text": "txt", "base64": "bin"}
_FROM_FIELD = ShowIf("format", ("text", "base64"))


class ConvertToFile(BatchNode):
    """Makes files of items: one CSV, Excel or JSON file of all of them, or a file of a field of each.

    The file goes along with the item, ready to be uploaded, mailed or given to whoever called.
    """

    type = "convert-to-file"
    label = "Convert To File"
    group = "Data"
    icon = "file-input"
    subtitle = "{format}"
    examples = (
        Example(
            "A field that is missing",
            properties={"format": "text", "field": "letter"},
            given=[{"id": 1}],
            gives=[],
            fails="The item has no field 'letter'. Say which field becomes the file.",
        ),
        Example(
            "A field that is not Base64",
            properties={"format": "base64", "field": "picture"},
            given=[{"picture": "hello!"}],
            gives=[],
            fails="The field 'picture' holds no Base64. Check where the text comes from.",
        ),
    )

    format: Annotated[
        Literal["csv", "xlsx", "json", "text", "base64"],
        Choice(
            {
                "csv": "Table (CSV)",
                "xlsx": "Table (Excel)",
                "json": "JSON",
                "text": "Text of a field",
                "base64": "Any file, from Base64 in a field",
            }
        ),
    ] = "csv"
    """What kind of file to make."""
    each: Annotated[bool, Field(title="A file for each item"), ShowIf("format", ("json",))] = False
    """Whether each item becomes a file of its own. If not, all are one list."""
    field: Annotated[str, Field(min_length=1), _FROM_FIELD] = "data"
    """The field with the content."""
    file: Annotated[str, Field(min_length=1)] = "data"
    """The name that the item's file has in the workflow."""
    file_name: Annotated[str, Field(max_length=300)] = ""
    """The file's own name, such as `orders.csv`."""
    mime_type: Annotated[str, Field(max_length=200, title="MIME type")] = ""
    """Empty: as it fits the kind of file."""
    delimiter: Annotated[str, Field(min_length=1, max_length=2), ShowIf("format", ("csv",))] = ","
    """What stands between the cells."""
    sheet: Annotated[str, Field(max_length=100, title="Name of the sheet"), ShowIf("format", ("xlsx",))] = (
        "Sheet"
    )
    """What its tab says."""
    header: Annotated[bool, Field(title="First line has names"), ShowIf("format", ("csv", "xlsx"))] = True
    """Whether the first line names the columns."""

    keep: Annotated[
        Literal["none", "others", "all"],
        Field(title="Fields to keep"),
        Choice({"none": "None", "others": "All but the one with the content", "all": "All"}),
        ShowIf("format", ("json", "text", "base64")),
    ] = "none"
    """What the item of a file keeps of its fields, where each item becomes a file. It keeps its other files too, unless none."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Make the files."""
        items = list(inputs.get("main", ()))
        if self.format == "xlsx":
            rows = [flattened(item.json) for item in items]
            data = await asyncio.to_thread(write_excel, rows, sheet=self.sheet, header=self.header)
            return {"main": [await self._item(data, items, ctx)]}
        if self.format == "csv":
            delimiter = "\t" if self.delimiter == "\\t" else self.delimiter[0]
            text = write_csv(
                [flattened(item.json) for item in items], delimiter=delimiter, header=self.header
            )
            return {"main": [await self._item(text.encode(), items, ctx)]}
        if self.format == "json" and not self.each:
            text = values.json_text([item.json for item in items])
            return {"main": [await self._item(text.encode(), items, ctx)]}
        return {"main": [await self._item(self._content(item), [item], ctx) for item in items]}

    def _content(self, item: Item) -> bytes:
        if self.format == "json":
            return values.json_text(item.json).encode()
        value = paths.get(item.json, self.field)
        if value is paths.MISSING:
            raise NodeError(f"The item has no field '{self.field}'. Say which field becomes the file.")
        text = values.to_text(value)
        if self.format == "text":
            return text.encode()
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except binascii.Error as error:
            raise NodeError(
                f"The field '{self.field}' holds no Base64. Check where the text comes from."
            ) from error

    async def _item(self, data: bytes, items: Sequence[Item], ctx: Context) -> Item:
        mime = self.mime_type or _MIMES.get(self.format, "application/octet-stream")
        binary = await ctx.host.binaries.put(
            data, mime_type=mime, file_name=self.file_name or f"File.{_ENDINGS[self.format]}"
        )
        own = items[0] if self.keep != "none" and (self.each or self.format in ("text", "base64")) else None
        pairs = items[0].paired_item if len(items) == 1 else tuple(Pair(index) for index in range(len(items)))
        if own is None:
            return Item({}, {self.file: binary}, pairs)
        data_left = own.json if self.keep == "all" else {} if self.each else paths.drop(own.json, self.field)
        return Item(data_left, {**(own.binary or {}), self.file: binary}, pairs)
