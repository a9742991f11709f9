"""Time zones for a process that can no longer open files."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = -62_000_000_000.0, 253_000_000_000.0


class Zones:
    """The time zone database in memory, read once from the first folder that has one."""

    def __init__(self, folders: Iterable[str]) -> None:
        self._data: dict[str, bytes] = {}
        self._zones: dict[str, ZoneInfo | None] = {}
        for folder in folders:
            self._read(folder)
            if self._data:
                break
        self._names = {name.lower(): name for name in self._data}

    def _read(self, folder: str) -> None:
        for path, _, names in os.walk(folder):
            relative = os.path.relpath(path, folder)
            if relative.startswith(("posix", "right")):
                continue
            for name in names:
                with open(os.path.join(path, name), "rb") as file:
                    data = file.read()
                if data.startswith(b"TZif"):
                    self._data[name if relative == "." else f"{relative}/{name}"] = data

    def name(self, zone: str) -> str:
        """The proper spelling of a zone's name, empty for one that does not exist."""
        return self._names.get(zone.lower(), "")

    def offset(self, zone: str, milliseconds: float) -> float | None:
        """Minutes ahead of UTC at a time, or None for a zone that does not exist."""
        if zone not in self._zones:
            data = self._data.get(self.name(zone))
            self._zones[zone] = ZoneInfo.from_file(io.BytesIO(data), zone) if data else None
        found = self._zones[zone]
        if found is None or milliseconds != milliseconds:
            return None
        seconds = min(max(milliseconds / 1000, _EARLIEST), _LATEST)
        ahead = (_EPOCH + timedelta(seconds=seconds)).astimezone(found).utcoffset()
        return ahead.total_seconds() / 60 if ahead is not None else None
