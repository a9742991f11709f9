"""The process that reads one PDF or DOCX file from its standard input and writes its documents as JSON."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

MEMORY = 1 << 30
"""Bytes of address space."""
SECONDS = 50
"""Of processor time."""
UNPACKED = 256 << 20
"""Bytes that the parts of a DOCX file may have together when unpacked."""
PAGES = 5_000
CHARACTERS = 25_000_000


class Unreadable(Exception):
    """Why the file cannot be read; words that follow its name."""


def main(form: str) -> None:
    """Read, answer, end."""
    _limit()
    logging.disable(logging.CRITICAL)
    data = sys.stdin.buffer.read()
    try:
        rows = list(_bounded(read_pdf(data) if form == "pdf" else read_docx(data)))
        answer: dict[str, Any] = {"documents": rows}
    except Unreadable as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "takes too much memory to read; split the file."}
    except Exception:
        answer = {
            "error": f"is no {form.upper()} file or is broken; open it in its program and save it anew."
        }
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=True).encode())


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit of the parent holds there
        return
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def _bounded(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    size = 0
    for row in rows:
        size += len(row["text"])
        if size > CHARACTERS:
            raise Unreadable("has too much text; split the file.")
        yield row


def read_pdf(data: bytes) -> Iterator[dict[str, Any]]:
    """A row for each page."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("is locked by a password; save it without one.")
        count = len(reader.pages)
    except (FileNotDecryptedError, DependencyError) as error:
        raise Unreadable("is locked in a way that cannot be read; save it without a password.") from error
    if count > PAGES:
        raise Unreadable(f"has {count:,} pages; split it into files of at most {PAGES:,}.")
    title = (reader.metadata.title or "").strip() if reader.metadata is not None else ""
    empty = True
    for number, page in enumerate(reader.pages, start=1):
        text = re.sub(r"[^\S\n]+\n", "\n", page.extract_text() or "").strip()
        if text:
            empty = False
            metadata = {"page": number, "pages": count, **({"title": title} if title else {})}
            yield {"text": text, "metadata": metadata}
    if empty:
        raise Unreadable(
            "has no text, only pictures of it perhaps; run text recognition (OCR) over it first."
        )


def read_docx(data: bytes) -> Iterator[dict[str, Any]]:
    """One row; headings begin with `#`, the cells of tables are divided by `|`."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            "is locked by a password, or is an old DOC file; save it as DOCX without a password."
        )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > 10_000 or sum(part.file_size for part in parts) > UNPACKED:
            raise Unreadable(f"is larger than {UNPACKED >> 20} MB when unpacked; split the file.")
    import docx
    from docx.table import Table

    document = docx.Document(io.BytesIO(data))
    lines: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                lines.append(" | ".join(cell.text.strip().replace("\n", " ") for cell in row.cells))
            lines.append("")
            continue
        style = (block.style.name if block.style is not None else "") or ""
        level = re.fullmatch(r"Heading ([1-6])", style)
        text = block.text.strip()
        if text:
            mark = "# " if style == "Title" else "#" * int(level[1]) + " " if level else ""
            lines += [mark + text, ""]
    title = (document.core_properties.title or "").strip()
    yield {"text": "\n".join(lines).strip(), "metadata": {"title": title} if title else {}}
