"""Reads a file as documents. What strangers can make harmful, PDF and DOCX, is read in a process of its own with limits."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any, Final, Literal, TypeAlias, cast

from flowstudio.ai.documents import Document
from flowstudio.ai.reading.plain import read_csv, read_html, read_json, read_text
from flowstudio.errors import NodeError

Format: TypeAlias = Literal["text", "markdown", "html", "csv", "json", "pdf", "docx"]

MAX_FILE: Final = 64 * 1024 * 1024
"""Bytes of a file."""
MAX_TEXT: Final = 20_000_000
"""Characters of all its documents together."""
TIMEOUT: Final = 60.0
"""Seconds that a PDF or DOCX file may take."""
_AT_ONCE = 2
"""Files that are read at the same time in processes of their own, in one event loop."""

FORMATS: Final[Mapping[str, Format]] = {
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".htm": "html",
    ".html": "html",
    ".xhtml": "html",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".pdf": "pdf",
    ".docx": "docx",
}
_TYPES: Final[Mapping[str, Format]] = {
    "text/markdown": "markdown",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/json": "json",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
_PLAIN: Final[Mapping[Format, Callable[[bytes], list[Document]]]] = {
    "text": read_text,
    "markdown": read_text,
    "html": read_html,
    "csv": read_csv,
    "json": read_json,
}
_slots: dict[int, asyncio.Semaphore] = {}


def format_of(name: str, mime_type: str, data: bytes) -> Format | None:
    """The format of a file, by its first bytes, its name and its type. None for what cannot be read."""
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return "pdf"
    by_name = FORMATS.get(PurePath(name.lower()).suffix)
    mime = mime_type.partition(";")[0].strip().lower()
    found = by_name or _TYPES.get(mime) or ("text" if mime.startswith("text/") else None)
    return "docx" if found is None and data.startswith(b"PK\x03\x04") and b"word/" in data[:4096] else found


async def read_file(
    data: bytes, *, name: str, mime_type: str = "", form: Format | None = None
) -> list[Document]:
    """The documents of a file, their source its name: a page of a PDF and a row of a table are documents each.

    Raises `NodeError` for files that are of another format, broken, locked by a password or too large.
    """
    if len(data) > MAX_FILE:
        raise NodeError(
            f"'{name}' has {len(data) >> 20} MB; documents may have {MAX_FILE >> 20} MB. Split the file."
        )
    form = form or format_of(name, mime_type, data)
    if form is None:
        raise NodeError(
            f"'{name}' is of no format that can be read as a document: text, Markdown, HTML, CSV, JSON, PDF, DOCX."
        )
    plain = _PLAIN.get(form)
    try:
        documents = (
            await _read_apart(form, data, name) if plain is None else await asyncio.to_thread(plain, data)
        )
    except (ValueError, RecursionError) as error:
        raise NodeError(
            f"'{name}' cannot be read as {form}: {str(error) or 'it is nested too deeply'}."
        ) from error
    if sum(len(document.text) for document in documents) > MAX_TEXT:
        raise NodeError(f"'{name}' has more than {MAX_TEXT:,} characters of text; split the file.")
    return [
        Document(document.text, name, {**document.metadata, "format": form})
        for document in documents
        if document.text.strip()
    ]


async def _read_apart(form: Format, data: bytes, name: str) -> list[Document]:
    """Read in a process of its own, which is ended when it takes too long or nobody waits for it any more."""
    loop = id(asyncio.get_running_loop())
    slot = _slots.get(loop)
    if slot is None:
        _slots.clear()
        slot = _slots[loop] = asyncio.Semaphore(_AT_ONCE)
    async with slot:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import sys, json; sys.path[:] = json.loads(sys.argv[1]);"
            "from flowstudio.ai.reading.apart import main; main(sys.argv[2])",
            json.dumps(sys.path),
            form,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "SYSTEMROOT")},
        )
        try:
            async with asyncio.timeout(TIMEOUT):
                written, _ = await process.communicate(data)
        except TimeoutError as error:
            raise NodeError(
                f"'{name}' took longer than {TIMEOUT:.0f} seconds to read; split the file."
            ) from error
        finally:
            if process.returncode is None:
                process.kill()
                await asyncio.shield(process.wait())
    try:
        answer = cast("dict[str, Any]", json.loads(written))
    except ValueError as error:
        raise NodeError(
            f"'{name}' takes too much memory or time to read, or is broken; open it in its program and save it anew."
        ) from error
    if fault := answer.get("error"):
        raise NodeError(f"'{name}' {fault}")
    return [Document(row["text"], "", row["metadata"]) for row in answer["documents"]]
