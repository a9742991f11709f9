"""The workflows that a new installation has from the start."""

from __future__ import annotations

import json
import logging

from flowstudio.services.callers import COMMAND_LINE
from flowstudio.services.workflows import WorkflowService
from flowstudio.shipped import shipped
from flowstudio.storage import Storage

log = logging.getLogger(__name__)

PREFIX = "example-"
"""Example workflows have the id `example-<file name>`, so that they can name each other."""


async def seed_examples(storage: Storage, workflows: WorkflowService) -> int:
    """Store the examples in an installation that has no workflows; gives how many."""
    if await storage.workflows.count():
        return 0
    files = sorted(shipped("examples").glob("*.json"))
    for file in files:
        await workflows.create(COMMAND_LINE, json.loads(file.read_text("utf-8")), id_=f"{PREFIX}{file.stem}")
    log.info("Examples stored", extra={"count": len(files)})
    return len(files)
