"""Webhooks: requests from outside that start, or wake, executions."""

from __future__ import annotations

import logging
from datetime import timedelta

log = logging.getLogger(__name__)

LISTEN = timedelta(seconds=120)
"""How long a test webhook waits for its one call."""
