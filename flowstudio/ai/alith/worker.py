"""What runs inside a worker process: one turn of a model for each line of JSON on standard input. Imports nothing of FlowStudio.

It never runs a tool: the tools that Alith gets only note that they were called, and with what.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import sys
import types
from typing import IO, Any

AT_MOST = 1
"""Agents that are kept for the next turn. Making one costs Alith about a second (it reads a vocabulary) and 50 MB."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)
_MARK = b"\x1e"
_NOTED = ctypes.create_string_buffer(_MARK)
"""What every tool gives back: memory that stays, and that nobody has to free."""
_TOLD = "\n" + _MARK.decode()
"""What Alith makes of it at the end of the answer, once for each call."""


def load(folder: str) -> Any:
    """The native part alone: the package around it takes seconds and imports a blockchain client."""
    package = types.ModuleType("alith")
    package.__path__ = [folder]
    sys.modules["alith"] = package
    return importlib.import_module("alith._alith")


class Turns:
    """Asks models, one turn at a time."""

    def __init__(self, alith: Any) -> None:
        self._alith = alith
        self._agents: dict[str, tuple[Any, list[Any]]] = {}
        self._calls: list[dict[str, str]] = []

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request, or the reason why there is none."""
        self._calls.clear()
        try:
            history = [self._alith.Message(role=role, content=text) for role, text in asked["history"]]
            text = self._agent(asked).chat(asked["prompt"], history)
        except BaseException as error:  # panics of the native part are no `Exception`
            return {"error": str(error), "calls": list(self._calls)}
        for _ in self._calls:
            text = text.removesuffix(_TOLD)
        return {"text": text, "calls": list(self._calls)}

    def _agent(self, asked: dict[str, Any]) -> Any:
        key = json.dumps([asked["model"], asked["address"], asked["tools"]], sort_keys=True)
        if key not in self._agents:
            while len(self._agents) >= AT_MOST:
                del self._agents[next(iter(self._agents))]
            kept = [self._tool(tool) for tool in asked["tools"]]
            agent = self._alith.DelegateAgent(
                "agent", asked["model"], "none", asked["address"], "", [tool for tool, _ in kept], {}, ""
            )
            self._agents[key] = agent, [callback for _, callback in kept]
        return self._agents[key][0]

    def _tool(self, tool: dict[str, Any]) -> tuple[Any, Any]:
        """A tool that notes its calls, and the callback, which must live as long as the tool."""

        def note(arguments: bytes | None) -> int:
            text = (arguments or b"").decode("utf-8", "replace")
            self._calls.append({"name": tool["name"], "arguments": text})
            return ctypes.addressof(_NOTED)

        callback = _Callback(note)
        made = self._alith.DelegateTool(
            name=tool["name"],
            version="1.0.0",
            description=tool["description"],
            parameters=json.dumps(tool["parameters"]),
            author="FlowStudio",
            func_agent=ctypes.cast(callback, ctypes.c_void_p).value,
        )
        return made, callback


def serve(lines: IO[str], out: IO[str], folder: str) -> None:
    """Answer line by line until there are no more."""

    def tell(what: dict[str, Any]) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    try:
        turns = Turns(load(folder))
    except BaseException as error:
        tell({"ready": False, "error": f"{type(error).__name__}: {error}"})
        return
    tell({"ready": True})
    for line in lines:
        tell(turns.answer(json.loads(line)))


def main(folder: str) -> None:
    """Serve on standard input and output. Whatever else is printed there goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    serve(lines, out, folder)


if __name__ == "__main__":
    main(sys.argv[1])
