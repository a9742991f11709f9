from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from flowstudio.config import Settings
from flowstudio.logs import JsonFormatter, TextFormatter, request_id, set_up


def record(message: str = "workflow activated", **extra: object) -> logging.LogRecord:
    logger = logging.getLogger("flowstudio.test")
    return logger.makeRecord("flowstudio.test", logging.INFO, "f.py", 1, message, (), None, extra=extra)


def test_text_shows_the_fields_after_the_message() -> None:
    line = TextFormatter().format(record(workflow="abc", reason="two words"))
    assert line.endswith('INFO    flowstudio.test workflow activated workflow=abc reason="two words"')


def test_json_holds_the_fields_by_name() -> None:
    entry = json.loads(JsonFormatter().format(record(workflow="abc", count=3)))
    assert entry | {"at": ""} == {
        "at": "",
        "level": "info",
        "logger": "flowstudio.test",
        "message": "workflow activated",
        "workflow": "abc",
        "count": 3,
    }


def test_a_line_break_from_outside_cannot_fake_a_line() -> None:
    assert "\n" not in TextFormatter().format(record(name_="x\n12:00:00 ERROR fake", other="y\rz"))


def test_the_request_is_on_every_line() -> None:
    token = request_id.set("r-1")
    try:
        assert json.loads(JsonFormatter().format(record()))["request"] == "r-1"
    finally:
        request_id.reset(token)


def test_an_exception_brings_its_traceback() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        entry = record()
        entry.exc_info = sys.exc_info()
    assert "ValueError: broken" in json.loads(JsonFormatter().format(entry))["traceback"]
    assert TextFormatter().format(entry).splitlines()[-1] == "ValueError: broken"


@pytest.mark.parametrize(("log_format", "start"), [("json", "{"), ("text", "")])
def test_set_up_follows_the_settings(log_format: str, start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stderr", stream)
    try:
        set_up(Settings(log_format=log_format, log_level="warning"))
        logging.getLogger("flowstudio.x").info("not shown")
        logging.getLogger("flowstudio.x").warning("shown", extra={"number": 7})
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert "not shown" not in stream.getvalue()
    assert "shown" in stream.getvalue()
    assert stream.getvalue().startswith(start)
