"""Node types with slots, as a third party would bring them: only the browser tests install them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import ItemNode, Node, Slot


class Voice(Node):
    """Says a word. What fits the slots of speakers."""


class Loud(Voice):
    """Says it loudly, whatever it is."""

    type = "voice-loud"
    label = "Loud voice"
    group = "Models"
    icon = "pencil"

    word: str = "HELLO"
    """What it says."""

    def say(self) -> str:
        """The word."""
        return self.word.upper()


class Habit(Node):
    """Remembers something, which speakers have no use for as a voice."""

    type = "habit"
    label = "Habit"
    group = "Memory"
    icon = "filter"


class Speaker(ItemNode):
    """Lets its voice speak, for each item anew."""

    type = "speaker"
    label = "Speaker"
    group = "AI"
    icon = "webhook"

    voice: Annotated[Voice, Slot("Voice")]
    """Who speaks."""
    habits: Annotated[list[Habit], Slot("Habits", many=True)] = Field(default_factory=list)
    """What it is used to."""
    times: int = 1
    """How often it speaks."""

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Add what was said."""
        said = self.voice.say() if isinstance(self.voice, Loud) else ""
        return {"main": [item.with_json({**item.json, "said": " ".join([said] * self.times)})]}
