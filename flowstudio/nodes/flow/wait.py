"""The Wait node."""

from __future__ import annotations

from asyncio import sleep
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from flowstudio.engine.clock import now
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import BatchNode, Choice, Example, Inputs, ShowIf, Suspend, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes.dates import parse_instant, zone_named

Unit: TypeAlias = Literal["seconds", "minutes", "hours", "days"]

SHORT = 65.0
"""Seconds that are waited for in place. Longer waits put the execution to sleep, so that it holds nothing meanwhile."""

_UNITS = Choice({"seconds": "Seconds", "minutes": "Minutes", "hours": "Hours", "days": "Days"})
_LONGEST = 3650.0
"""Days."""


class Wait(BatchNode):
    """Pauses the workflow, then goes on with the same items.

    Wait for some time, until a moment, or until somebody opens the address of this execution (such as a link in an e-mail
    that approves something); then the data of that call goes on. Long waits survive a restart of the server and
    cost nothing meanwhile.
    """

    type = "wait"
    label = "Wait"
    group = "Flow"
    icon = "clock"
    examples = (
        Example(
            "A moment",
            properties={"resume": "after_time", "amount": 0.01, "unit": "seconds"},
            given=[{"n": 1}, {"n": 2}],
            gives=[{"n": 1}, {"n": 2}],
        ),
        Example(
            "Until a moment that has passed",
            properties={"resume": "at_time", "until": "2020-01-01T08:00:00Z"},
            given=[{"n": 1}],
            gives=[{"n": 1}],
        ),
    )

    resume: Annotated[
        Literal["after_time", "at_time", "on_call"],
        Field(title="Go on"),
        Choice(
            {
                "after_time": "After some time",
                "at_time": "At a moment",
                "on_call": "When the execution is called",
            }
        ),
    ] = "after_time"
    """What ends the pause."""
    amount: Annotated[
        float, Field(ge=0, title="Time to wait", allow_inf_nan=False), ShowIf("resume", ("after_time",))
    ] = 5.0
    """How long, in the unit below."""
    unit: Annotated[Unit, _UNITS, ShowIf("resume", ("after_time",))] = "seconds"
    """Seconds, minutes, hours or days."""
    until: Annotated[
        str, Field(title="Date and time"), Widget("date-time"), ShowIf("resume", ("at_time",))
    ] = ""
    """The moment, such as 2026-05-01 08:00. Without an offset it is in the time zone of the workflow."""
    limit: Annotated[bool, Field(title="Limit the wait"), ShowIf("resume", ("on_call",))] = False
    """Whether to go on with the items that arrived here when nobody calls in time."""
    limit_amount: Annotated[
        float,
        Field(gt=0, title="At most", allow_inf_nan=False),
        ShowIf("resume", ("on_call",)),
        ShowIf("limit", (True,)),
    ] = 1.0
    """How long to wait for the call, in the unit below."""
    limit_unit: Annotated[Unit, _UNITS, ShowIf("resume", ("on_call",)), ShowIf("limit", (True,))] = "hours"
    """Seconds, minutes, hours or days."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Wait, or put the execution to sleep."""
        items = list(inputs.get("main", ()))
        if ctx.resumed is not None:
            if self.resume == "on_call":
                return {"main": _called(ctx) or items}
            if not ctx.resumed:
                return {"main": items}
        until = ctx.suspended_until or self._end(ctx)
        if self.resume == "on_call":
            raise Suspend(until, note="Waits to be called")
        left = (until - now()).total_seconds() if until is not None else 0.0
        if left >= SHORT:
            raise Suspend(until, note=f"Waits until {until:%Y-%m-%d %H:%M:%S} UTC")
        await sleep(max(0.0, left))
        return {"main": items}

    def _end(self, ctx: Context) -> datetime | None:
        begin = now()
        match self.resume:
            case "after_time":
                return begin + _span(self.amount, self.unit)
            case "on_call":
                return begin + _span(self.limit_amount, self.limit_unit) if self.limit else None
        try:
            return parse_instant(self.until, zone_named(ctx.execution.timezone)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise NodeError(
                f"'{self.until}' is not a date and time; write it as in 2026-05-01 08:00, or use an expression."
            ) from error


def _span(amount: float, unit: Unit) -> timedelta:
    days = amount / {"seconds": 86_400, "minutes": 1_440, "hours": 24, "days": 1}[unit]
    if days > _LONGEST:
        raise NodeError(f"A wait of {amount:g} {unit} is too long; ten years are the limit.")
    return timedelta(days=days)


def _called(ctx: Context) -> list[Item]:
    """What the call brought; nothing when the time was over."""
    return [Item(ctx.resumed)] if ctx.resumed else []
