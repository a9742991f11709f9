"""The Python child: one run of user code in a locked fork of a CPython that has the usual modules loaded."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import sys
import types
from typing import Any

from flowstudio.sandbox.inside import landlock, probe, wire
from flowstudio.sandbox.inside.scope import Scope, encode

NATIVE_CODE = True

_STDOUT = 100_000
_OUTPUT = 64 << 20
_FILE = "<code>"
_USUAL = (
    "ast base64 binascii bisect calendar cmath collections copy csv dataclasses datetime decimal difflib enum fractions functools "
    "hashlib heapq hmac html io itertools json linecache math operator random re secrets sqlite3 statistics string struct textwrap time "
    "traceback types typing unicodedata urllib.parse uuid zlib zoneinfo"
).split()
"""Loaded before the fork; the rest of the standard library is imported when it is asked for."""
_REST = (
    "abc array asyncio.exceptions bz2 cmath codecs colorsys configparser contextlib contextvars email.message gzip html.parser "
    "ipaddress locale lzma numbers pickle pprint queue quopri sched shlex stringprep tomllib urllib.error weakref xml.etree.ElementTree "
    "zipfile"
).split()
"""Loaded too where Landlock is missing, because nothing can be imported after the lock is closed."""

_held: list[Any] = []


def prepare(settings: dict[str, Any]) -> list[str]:
    """Load the usual modules. The standard library and the time zones stay readable."""
    import zoneinfo

    sys.dont_write_bytecode = True
    zoneinfo.reset_tzpath(settings["zones"])
    has_landlock = landlock.version(ctypes.CDLL(None, use_errno=True)) > 0
    for name in _USUAL if has_landlock else (*_USUAL, *_REST):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if not has_landlock:
        # A zone that somebody holds is found without its file.
        _held.extend(zoneinfo.ZoneInfo(name) for name in zoneinfo.available_timezones())
    return [folder for folder in (*settings["library"], *settings["zones"]) if os.path.isdir(folder)]


class Stdout:
    """Where `print` writes: straight to the server, so that a run that is cut short keeps its text."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, connection: int) -> None:
        self._connection = connection
        self._room = _STDOUT

    def write(self, text: str) -> int:
        """Send text, until the limit."""
        if self._room > 0 and text:
            data = text.encode("utf-8", "replace")[: self._room]
            self._room -= len(data)
            wire.write_frame(self._connection, wire.STDOUT, data)
        return len(text)

    def writable(self) -> bool:
        """Yes."""
        return True

    def isatty(self) -> bool:
        """No."""
        return False

    def flush(self) -> None:
        """Nothing is kept back."""


def compile_code(source: str) -> types.CodeType:
    """User code as the body of a function, so that it can `return` and keeps its line numbers."""
    import ast

    module = ast.parse(source, _FILE)
    shell = ast.parse("def __code(): pass", _FILE)
    function = shell.body[0]
    if isinstance(function, ast.FunctionDef):
        function.body = module.body or function.body
    return compile(shell, _FILE, "exec", dont_inherit=True)


def _run(request: dict[str, Any], data: dict[str, Any]) -> str:
    scope = Scope(data, attributes=request["attributes"])
    names: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__, **scope.names()}
    exec(compile_code(request["code"]), names)  # noqa: S102  # the point of this process, which is locked
    function = names["__code"]
    if request["mode"] == "all-items":
        return encode({"value": function(), "left": scope.left()})
    values = []
    for index in range(len(data["items"])):
        names.update(scope.names_of(index))
        try:
            values.append(encode(function()))
        except Exception as error:
            error.__flowstudio_item__ = index  # type: ignore[attr-defined]  # read by _explain
            raise
    return '{"values":[' + ",".join(values) + '],"left":' + encode(scope.left()) + "}"


def _explain(error: BaseException) -> dict[str, Any]:
    """The error in words, with the line of the user's code."""
    kind = "memory" if isinstance(error, MemoryError) else "error"
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:
        text = ""
    name = type(error).__name__
    if isinstance(error, SystemExit):
        name, text = "SystemExit", "the code asked to end the process"
    message = f"{name}: {str(text)[:2000]}" if text else name
    return {
        "kind": kind,
        "message": message,
        "line": line,
        "item": getattr(error, "__flowstudio_item__", None),
    }


def _answer(payload: bytes) -> tuple[bytes, bytes]:
    head, _, data = payload.partition(b"\n")
    request = json.loads(head)
    if "probe" in request:
        return wire.RESULT, json.dumps({"escapes": probe.escapes()}).encode()
    try:
        result = _run(request, json.loads(data)).encode()
    except BaseException as error:
        return wire.FAILURE, json.dumps(_explain(error)).encode()
    if len(result) > _OUTPUT:
        return wire.FAILURE, json.dumps({"kind": "output", "message": "The result is too large."}).encode()
    return wire.RESULT, result


def serve(descriptor: int) -> int:
    """Answer one request."""
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        _, payload = wire.read_frame(descriptor)
        stdout = Stdout(descriptor)
        sys.stdout = sys.stderr = stdout
        kind, result = _answer(payload)
        wire.write_frame(descriptor, kind, result)
    return os.EX_OK
