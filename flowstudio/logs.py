"""Structured logs: a constant message with named fields, as text for people or as JSON lines for programs.

    log.info("workflow activated", extra={"workflow": id_})

Fields never hold item data or secrets; secrets that are in use are masked in case one slips through.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flowstudio.config import Settings
from flowstudio.redaction import in_use

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is served; its id is on every line logged meanwhile and in the answer's `X-Request-ID`."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
_QUIET = (
    "uvicorn.access",
    "uvicorn.error",
    "httpx",
    "httpcore",
    "alembic",
    "sqlalchemy",
    "asyncio",
    "reflex",
)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was given in `extra`, with the request's id."""
    found = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    current = request_id.get()
    return found if current is None else {"request": current, **found}


class TextFormatter(logging.Formatter):
    """One line a record, for people: `12:00:01 INFO  flowstudio.runtime started port=8000`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback below it."""
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        line = f"{at} {record.levelname:<7} {record.name} {_escaped(record.getMessage())}"
        for name, value in fields(record).items():
            line += f" {name}={_escaped(_short(value))}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return in_use.mask(line)


class JsonFormatter(logging.Formatter):
    """One JSON object a record: `at`, `level`, `logger`, `message`, the fields, and `traceback` after an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return in_use.mask(json.dumps(entry, default=str, ensure_ascii=False))


def set_up(settings: Settings) -> None:
    """Send the logs of this process to standard error, in the format and from the level of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    root.setLevel(level)
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(level, logging.WARNING))


def _short(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text


def _escaped(text: str) -> str:
    """What came from outside must not start a line of its own."""
    return text.replace("\n", "\\n").replace("\r", "\\r").replace("\x1b", "\\x1b")
