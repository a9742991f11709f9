"""The Load Documents node."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from flowstudio.ai.documents import Document, Passage
from flowstudio.ai.reading import Format, read_file
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, ShowIf, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes.ai.collections import row_of

Known: TypeAlias = Literal["auto", "text", "markdown", "html", "csv", "json", "pdf", "docx"]


class LoadDocuments(ItemNode):
    """Gets the text out of files, so that it can be split, stored and asked about.

    Reads text, Markdown, HTML, CSV, JSON, PDF and Word files (DOCX). Each page of a PDF, each row of a table and each entry
    of a JSON list becomes an item of its own with its text, its source (the file's name) and its metadata, such as the
    page. Pictures are not read: a scanned PDF needs text recognition first.

    Follow it with **Split Text** and **Insert into Collection**.
    """

    type = "load-documents"
    label = "Load Documents"
    group = "AI"
    icon = "file-text"
    examples = (
        Example(
            "A text as a document",
            properties={"take": "text", "text": "={{ $json.note }}", "name": "note.txt"},
            given=[{"note": "The office opens at nine."}],
            gives=[
                {
                    "text": "The office opens at nine.",
                    "source": "note.txt",
                    "metadata": {"format": "text"},
                }
            ],
        ),
        Example(
            "A web page without its menu",
            properties={
                "take": "text",
                "text": "<nav>Home</nav><h1>Terms</h1><p>Refunds take thirty days.</p>",
                "name": "terms",
                "format": "html",
            },
            given=[{}],
            gives=[
                {
                    "text": "# Terms\n\nRefunds take thirty days.",
                    "source": "terms",
                    "metadata": {"format": "html"},
                }
            ],
        ),
    )

    take: Annotated[Literal["files", "text"], Choice({"files": "Files of the item", "text": "A text"})] = (
        "files"
    )
    """Where the documents come from."""
    files: Annotated[str, ShowIf("take", ("files",))] = ""
    """Names of the item's files, separated by commas, such as `data`. Empty: all of them."""
    text: Annotated[Any, Widget("multiline"), ShowIf("take", ("text",))] = ""
    """The text, or a list of texts."""
    name: Annotated[str, Field(title="Source"), ShowIf("take", ("text",))] = ""
    """What the text is called when it is cited."""
    format: Annotated[
        Known,
        Choice(
            {
                "auto": "Find out",
                "text": "Text",
                "markdown": "Markdown",
                "html": "HTML",
                "csv": "CSV",
                "json": "JSON",
                "pdf": "PDF",
                "docx": "Word (DOCX)",
            }
        ),
    ] = "auto"
    """How the content is read; by default its name and its type say it."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Read."""
        documents = await (self._of_files(item, ctx) if self.take == "files" else self._of_text())
        return {
            "main": [
                Item(row_of(Passage(each.text, each.source, each.metadata)), None, item.paired_item)
                for each in documents
            ]
        }

    @property
    def _form(self) -> Format | None:
        return None if self.format == "auto" else self.format

    async def _of_files(self, item: Item, ctx: Context) -> list[Document]:
        there = item.binary or {}
        names = [name.strip() for name in self.files.split(",") if name.strip()] or list(there)
        if not names:
            raise NodeError(
                "The item has no file; put a node before this one that gives files, or read a text."
            )
        documents: list[Document] = []
        for name in names:
            if name not in there:
                known = ", ".join(there) or "none"
                raise NodeError(f"The item has no file '{name}'; its files are: {known}.")
            file = there[name]
            documents += await read_file(
                await ctx.host.binaries.get(file),
                name=file.file_name or name,
                mime_type=file.mime_type,
                form=self._form,
            )
        return documents

    async def _of_text(self) -> list[Document]:
        texts = self.text if isinstance(self.text, list) else [self.text]
        documents: list[Document] = []
        for number, text in enumerate(texts, start=1):
            name = self.name or ("text" if len(texts) == 1 else f"text {number}")
            form = self._form or "text"
            if form in ("pdf", "docx"):
                raise NodeError("PDF and Word documents are files; read files instead of a text.")
            documents += await read_file(str(text).encode("utf-8", "replace"), name=name, form=form)
        return documents
