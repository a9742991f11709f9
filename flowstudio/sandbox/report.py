"""How well user code is caged on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Tier: TypeAlias = Literal["jail", "strict", "off"]


@dataclass(frozen=True, slots=True)
class TierReport:
    """The cage of one language."""

    tier: Tier
    """`jail`: a locked process; `strict`: an interpreter with a part of the language; `off`: the language does not run."""
    reason: str
    """Why, in words for the administrator."""


@dataclass(frozen=True, slots=True)
class Report:
    """The cages of this installation."""

    javascript: TierReport
    python: TierReport


UNKNOWN = Report(
    TierReport("off", "The self-test has not run yet."), TierReport("off", "The self-test has not run yet.")
)
