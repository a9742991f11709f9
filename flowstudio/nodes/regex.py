"""Tests texts against JavaScript regular expressions that users wrote.

A pattern can be made to run for ever, in Python's engine as in any that backtracks, and it holds the interpreter lock
meanwhile. So patterns run where expressions run: in the JavaScript cage, which gives JavaScript's meaning to the letter
and is killed when it takes too long. Engines without backtracking read another dialect (no lookaround, no references).
The texts of many items travel together; patterns without any operator are compared here.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from flowstudio.engine.context import Context
from flowstudio.errors import NodeError, SandboxError, SandboxUnavailable

TIMEOUT = 2.0
"""Seconds for one pattern and the texts that travel together."""

AT_ONCE = 500
"""How many texts travel together at most."""

_SLASHED = re.compile(r"/(.*?)/([dgimsuvy]*)", re.DOTALL)
_PLAIN = re.compile(r"(\^?)([A-Za-z0-9 _\-@:/,;#%&=!'\"<>~`]*)(\$?)", re.ASCII)
_TEMPLATE = "{{ new RegExp($json.pattern, $json.flags).test($json.text) }}"


class _Round:
    """The texts of one node run that are tested together."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.over = asyncio.Event()
        self.failure: str = ""
        self.answers: list[Any] = []


_rounds: dict[tuple[str, str, str], _Round] = {}
"""Open rounds by node run, pattern and flags; a round closes one turn of the event loop after it was opened."""


async def matches(pattern: str, text: str, ctx: Context, *, ignore_case: bool = False) -> bool:
    """Whether the pattern (`a+` or `/a+/i`) is found in the text. Raises `NodeError`."""
    pattern, flags = _read(pattern)
    if ignore_case and "i" not in flags:
        flags += "i"
    plain = _compare(pattern, flags, text)
    if plain is not None:
        return plain
    key = (ctx.idempotency_key, pattern, flags)
    round_ = _rounds.get(key)
    if round_ is not None and len(round_.texts) < AT_ONCE:
        position = len(round_.texts)
        round_.texts.append(text)
        await round_.over.wait()
    else:
        position, round_ = 0, _Round()
        _rounds[key] = round_
        round_.texts.append(text)
        try:
            await asyncio.sleep(0)
            _close(key, round_)
            await _test(round_, pattern, flags, ctx)
        finally:
            _close(key, round_)
            round_.over.set()
    if round_.failure or position >= len(round_.answers):
        raise NodeError(round_.failure or f"The test of the regular expression '{pattern}' was cancelled.")
    return bool(round_.answers[position])


def _close(key: tuple[str, str, str], round_: _Round) -> None:
    if _rounds.get(key) is round_:
        del _rounds[key]


def _read(pattern: str) -> tuple[str, str]:
    slashed = _SLASHED.fullmatch(pattern)
    return (slashed[1], slashed[2]) if slashed else (pattern, "")


def _compare(pattern: str, flags: str, text: str) -> bool | None:
    """The answer for a pattern that holds no operator but `^` and `$`; None for others."""
    plain = _PLAIN.fullmatch(pattern)
    if plain is None or flags not in ("", "g", "i") or (flags == "i" and not text.isascii()):
        return None
    start, wanted, end = plain.groups()
    if flags == "i":
        wanted, text = wanted.lower(), text.lower()
    if start:
        return text == wanted if end else text.startswith(wanted)
    return text.endswith(wanted) if end else wanted in text


async def _test(round_: _Round, pattern: str, flags: str, ctx: Context) -> None:
    rows = [{"pattern": pattern, "flags": flags, "text": text} for text in round_.texts]
    owner = ctx.execution.workflow_id or ctx.execution.id
    try:
        table = await ctx.host.evaluator.evaluate([_TEMPLATE], rows, {}, {}, owner=owner, timeout=TIMEOUT)
    except SandboxUnavailable as error:
        round_.failure = error.message
        return
    except SandboxError as error:
        round_.failure = (
            f"The regular expression '{pattern}' takes too long or too much memory; avoid nested repetitions such as "
            f"(a+)+. ({error.message})"
        )
        return
    round_.answers = [row[0] for row in table]
    failed = next((answer for answer in round_.answers if not isinstance(answer, bool)), None)
    if failed is not None:
        reason = getattr(failed, "message", "it cannot be read")
        round_.failure = f"'{pattern}' is not a valid regular expression: {reason}"
