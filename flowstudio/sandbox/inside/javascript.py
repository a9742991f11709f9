"""The JavaScript child: QuickJS in a locked process, which serves one owner until the server ends it.

Code runs in a new runtime each time. Expressions share one that is hardened: everything that outlives a batch is frozen, and
what a batch adds to the global object is swept away, or else the child is not used again.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import time
from importlib.machinery import ExtensionFileLoader
from typing import Any

from flowstudio.sandbox.inside import probe, wire
from flowstudio.sandbox.inside.digests import digest
from flowstudio.sandbox.inside.zones import Zones

NATIVE_CODE = False

_sources: dict[str, str] = {}
_locales: dict[str, str] = {}
"""What is known of each language but American English, as JSON."""
_zones: Zones
_quickjs: Any
_realm: Context
"""Where expressions are evaluated. Made in the zygote, so that a child has it from birth."""

_WRAPPED = {
    "luxon": "(() => {\nSOURCE\nreturn luxon;\n})()",
    "jmespath": "(() => {\nconst exports = {};\nSOURCE\nreturn exports;\n})()",
}
"""Libraries that would define globals."""
_MEMORY = 256 << 20
_STACK = 1 << 20
_STDOUT = 100_000
_OUTPUT = 64 << 20


def prepare(settings: dict[str, Any]) -> list[str]:
    """Load QuickJS, the prelude and the zones. No file stays readable."""
    global _quickjs, _realm, _zones
    loader = ExtensionFileLoader("_quickjs", settings["extension"])
    spec = importlib.util.spec_from_loader("_quickjs", loader)
    if spec is None:
        raise ImportError(settings["extension"])
    _quickjs = importlib.util.module_from_spec(spec)
    loader.exec_module(_quickjs)
    for name, path in settings["sources"].items():
        with open(path, encoding="utf-8") as file:
            _sources[name] = file.read()
    for name, exports in _WRAPPED.items():
        _sources[name] = exports.replace("SOURCE", _sources[name])
    with open(settings["locales"], encoding="utf-8") as file:
        _locales.update((tag, json.dumps(found)) for tag, found in json.load(file).items())
    _zones = Zones(settings["zones"])
    _realm = Context()
    _realm.harden()
    return []


class Context:
    """One QuickJS runtime with the scope of expressions and code in it."""

    connection: int | None = None
    """Where printed text goes, in a child."""

    def __init__(self) -> None:
        self._printed = 0
        self._quick = _quickjs.Context()
        self._quick.set_max_stack_size(_STACK)
        self._quick.set_memory_limit(_MEMORY)
        for name, function in (
            ("load", _sources.__getitem__),
            ("print", self._print),
            ("offset", _zones.offset),
            ("zone", _zones.name),
            ("digest", digest),
            ("locale", lambda tag: _locales.get(tag, "")),
        ):
            self._quick.add_callable(f"__{name}", function)
        self._core = self._quick.eval(_sources["core"])

    def harden(self) -> None:
        """Make it fit to evaluate one batch after the other."""
        self._core('{"harden":true}')

    def _print(self, text: str) -> None:
        room = _STDOUT - self._printed
        if room > 0 and self.connection is not None:
            data = text.encode("utf-8", "replace")[:room]
            self._printed += len(data)
            wire.write_frame(self.connection, wire.STDOUT, data)

    def limit_memory(self, size: int) -> None:
        """Cap what the script may hold."""
        self._quick.set_memory_limit(size)

    def ask(self, request: str, data: str) -> str | None:
        """Run a request on its data."""
        answer = self._core(request, data)
        return answer if isinstance(answer, str) else None

    def settle(self) -> str:
        """Run promises and timers until the code has an outcome."""
        while True:
            while self._quick.execute_pending_job():
                pass
            answer = self._core('{"poll":1}')
            if isinstance(answer, str):
                return answer
            if answer < 0:
                return json.dumps({"error": {"message": "The code waits for something that never happens."}})
            if answer > 0:
                time.sleep(answer / 1000)


def _failure(error: BaseException) -> bytes:
    text = str(error)
    kind = "memory" if isinstance(error, MemoryError) or "out of memory" in text else "crash"
    return json.dumps({"kind": kind, "message": text.partition("\n")[0][:500]}).encode()


def _answer(header: str, data: str, descriptor: int) -> tuple[bytes, bytes]:
    try:
        request = json.loads(header)
        if "probe" in request:
            return wire.RESULT, json.dumps({"escapes": probe.escapes()}).encode()
        if "code" in request:
            context = Context()
            context.connection = descriptor
            context.limit_memory(request["memory"])
            context.ask(header, data)
            answer = context.settle()
        else:
            _realm.limit_memory(request["memory"])
            answer = _realm.ask(header, data) or "null"
        result = answer.encode("utf-8", "replace")
    except (_quickjs.JSException, MemoryError, RecursionError, TypeError, ValueError) as error:
        return wire.FAILURE, _failure(error)
    if len(result) > _OUTPUT:
        return wire.FAILURE, json.dumps({"kind": "output", "message": "The result is too large."}).encode()
    return wire.RESULT, result


def serve(descriptor: int) -> int:
    """Answer requests until the server closes the socket. A request is a line of JSON for the scope, then the data."""
    sys.setrecursionlimit(400)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            _, payload = wire.read_frame(descriptor)
            header, _, data = payload.decode().partition("\n")
            del payload
            kind, result = _answer(header, data, descriptor)
            del header, data
            wire.write_frame(descriptor, kind, result)
    return os.EX_OK
