"""Answers to those who call a webhook: `{status, headers, body | json | binary}`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from flowstudio.engine.item import Binary, Item, Json
from flowstudio.errors import NodeError
from flowstudio.nodes.http.fields import Parameter, text_of

Answer: TypeAlias = dict[str, Any]
"""`status`, `headers` (by lower-case name), and one of `body` (text), `json` (data) or `binary` (a file)."""

SANDBOX = (
    "sandbox allow-downloads allow-forms allow-modals allow-orientation-lock allow-pointer-lock allow-popups "
    "allow-presentation allow-scripts allow-top-navigation-by-user-activation"
)
"""Pages that workflows answer with come from FlowStudio's own address: this keeps their scripts from acting as the
person who is signed in there."""

_COMPUTED = frozenset(("content-length", "transfer-encoding", "connection", "date", "server"))
_ACTIVE = re.compile(r"text/html|.*xml|.*javascript|image/svg")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")


def answer(status: int, headers: Sequence[Parameter], content_type: str = "", **content: Any) -> Answer:
    """Put an answer together. Raises `NodeError` for headers that cannot be sent."""
    found = {}
    for row in headers:
        name, value = row.name.strip().lower(), text_of(row.value).strip()
        if not name or name in _COMPUTED or (name == "set-cookie" and value.startswith("flowstudio_")):
            continue
        if not _NAME.fullmatch(name) or any(ord(letter) < 32 for letter in value):
            raise NodeError(
                f"The response header '{row.name}' cannot be sent: names are one word, values one line."
            )
        found[name] = value
    if content_type and "content-type" not in found:
        found["content-type"] = content_type
    if _ACTIVE.match(found.get("content-type", "").lower()):
        own = found.get("content-security-policy")
        found["content-security-policy"] = f"{SANDBOX}, {own}" if own else SANDBOX
    found.setdefault("x-content-type-options", "nosniff")
    return {"status": status, "headers": found, **content}


def answer_file(status: int, headers: Sequence[Parameter], items: Sequence[Item], name: str) -> Answer:
    """Answer with a file of the first item. Raises `NodeError` when it has none."""
    files = (items[0].binary if items else None) or {}
    binary: Binary | None = files.get(name) if name else next(iter(files.values()), None)
    if binary is None:
        have = ", ".join(f"'{key}'" for key in files) or "none"
        raise NodeError(f"There is no file '{name or 'data'}' to respond with; the first item has: {have}.")
    kind = binary.mime_type or "application/octet-stream"
    kind += "; charset=utf-8" if kind.startswith("text/") and "charset" not in kind else ""
    return answer(status, headers, kind, binary=binary)


def field_of(json: Json, path: str) -> Any:
    """The value at a path such as `order.lines[0].sku`; None where there is none. No path: the whole object."""
    value: Any = json
    if path in json:
        return json[path]
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
