"""Shapes of what an installation is."""

from __future__ import annotations

from typing import Literal

from flowstudio.api.models.common import View


class CageView(View):
    """How code of one language is locked away."""

    language: str
    tier: Literal["jail", "strict", "off"]
    """`jail`: a locked process; `strict`: an interpreter with a part of the language; `off`: the language does not run."""
    reason: str


class InstallationView(View):
    """Versions, places and sizes."""

    version: str
    python: str
    system: str
    database: Literal["SQLite", "PostgreSQL"]
    database_address: str
    """Without the password."""
    data_folder: str
    data_bytes: int
    """What the files of the data folder take together."""
    cages: list[CageView]
    workflows: int
    timezone: str
    retention_days: float
    retention_count: int
