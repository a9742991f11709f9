"""Finding workflows in a text: a file of FlowStudio or n8n, what either puts on the clipboard, or several in a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from flowstudio.engine.registry import Registry
from flowstudio.errors import InvalidRequest, InvalidWorkflow, Problem, TooLarge
from flowstudio.interop.found import Found
from flowstudio.interop.n8n import is_n8n, read_n8n
from flowstudio.interop.native import read_native

TEXT_LIMIT = 8 * 1024 * 1024
"""Bytes that a text may have."""
MOST = 100
"""Workflows in one text."""
_WRAPPERS = ("workflow", "document", "data", "workflows", "items", "documents")
"""Where the answers of programs that hand out workflows keep them."""
_DEPTH = 4


def read_documents(text: str | bytes, registry: Registry) -> list[Found]:
    """All workflows in a text. Raises `InvalidRequest`, `TooLarge`, or `InvalidWorkflow` with every culprit."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > TEXT_LIMIT:
        raise TooLarge(
            f"This is {len(data) / 1024 / 1024:.1f} MiB of text; {TEXT_LIMIT // 1024 // 1024} MiB are the limit for one import."
        )
    raw = parse(data)
    found = list(_documents(raw, _DEPTH))
    if not found:
        raise InvalidRequest(
            "There is no workflow in this text. It should be a workflow that was exported from FlowStudio or n8n, "
            "or steps that were copied there."
        )
    if len(found) > MOST:
        raise InvalidRequest(
            f"There are {len(found)} workflows in this text; at most {MOST} are read at once."
        )
    if len(found) == 1:
        return [_read(found[0], registry)]
    return [_numbered(number, entry, registry) for number, entry in enumerate(found, 1)]


def is_foreign(raw: Any) -> bool:
    """Whether this is a workflow in another program's form."""
    return isinstance(raw, dict) and isinstance(raw.get("nodes"), list) and is_n8n(raw)


def read_foreign(raw: dict[str, Any], registry: Registry) -> Found:
    """A workflow in another program's form. Raises `InvalidRequest` and `InvalidWorkflow`."""
    return _read(raw, registry)


def parse(data: bytes) -> Any:
    """The JSON in a text. Raises `InvalidRequest` that says what it is instead."""
    stripped = data.removeprefix(b"\xef\xbb\xbf").strip()
    if not stripped:
        raise InvalidRequest("There is nothing to read: the text is empty.")
    try:
        return orjson.loads(stripped)
    except orjson.JSONDecodeError as error:
        if stripped[:1] == b"<":
            raise InvalidRequest(
                "This is a web page, not a workflow. Give the address of the file itself (on GitHub: the button Raw)."
            ) from error
        if "ecursion" in error.msg or "depth" in error.msg:
            raise InvalidRequest("This text is nested too deeply to be a workflow.") from error
        if stripped[:1] not in b"{[":
            raise InvalidRequest(
                "This is not a workflow. Paste the whole text of an exported file; it begins with { and ends with }."
            ) from error
        raise InvalidRequest(
            f"This text is not complete: {error.msg}, at line {error.lineno}, column {error.colno}. Copy it again, from the "
            "first { to the last }."
        ) from error


def _documents(raw: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Everything that looks like a workflow, outermost first."""
    if isinstance(raw, list):
        for entry in raw[: MOST + 1]:
            yield from _documents(entry, depth - 1) if depth else ()
    elif isinstance(raw, dict):
        if isinstance(raw.get("nodes"), list):
            yield raw
        elif depth:
            for key in _WRAPPERS:
                if isinstance(raw.get(key), dict | list):
                    yield from _documents(raw[key], depth - 1)


def _read(raw: dict[str, Any], registry: Registry) -> Found:
    try:
        return read_n8n(raw, registry) if is_n8n(raw) else read_native(raw)
    except RecursionError as error:
        raise InvalidRequest("This text is nested too deeply to be a workflow.") from error


def _numbered(number: int, raw: dict[str, Any], registry: Registry) -> Found:
    """One of several; what is wrong says with which of them."""
    try:
        return _read(raw, registry)
    except InvalidWorkflow as error:
        name = raw.get("name")
        which = f"Workflow {number}" + (f" ('{name[:80]}')" if isinstance(name, str) else "")
        raise InvalidWorkflow(
            [Problem(p.code, f"{which}: {p.message}", p.node, p.path, p.severity) for p in error.problems]
        ) from error
