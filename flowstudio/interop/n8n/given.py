"""Careful reading of foreign parameters: nothing is trusted to have its type, and what nobody read can be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class Given:
    """An object of parameters. Remembers what was read, so that `unread` can name the rest."""

    def __init__(self, raw: Any) -> None:
        self._raw: dict[str, Any] = raw if isinstance(raw, dict) else {}
        self._read: set[str] = set()
        self._parts: dict[str, Given] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def value(self, name: str, default: Any = None) -> Any:
        """Whatever it is; resource locators (`{"__rl": true, "value": …}`) are their value."""
        self._read.add(name)
        found = self._raw.get(name)
        if isinstance(found, dict) and found.get("__rl") is True:
            found = found.get("value")
        return default if found is None else found

    def text(self, name: str, default: str = "") -> str:
        """A text; numbers are spelled out."""
        found = self.value(name)
        if isinstance(found, str):
            return found
        return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else default

    def number(self, name: str, default: float | int) -> Any:
        """A number, or the expression that gives one."""
        found = self.value(name)
        if isinstance(found, bool):
            return default
        if isinstance(found, int | float) or (isinstance(found, str) and found.startswith("=")):
            return found
        try:
            return float(found) if isinstance(found, str) and "." in found else int(found)
        except (TypeError, ValueError, OverflowError):
            return default

    def flag(self, name: str, default: bool = False) -> bool:
        """Yes or no."""
        found = self.value(name)
        return found if isinstance(found, bool) else default

    def choice(self, name: str, meanings: Mapping[str, T], default: T) -> T:
        """What a choice means here. One that is not known stays unread, so that it is told."""
        found = self._raw.get(name)
        if found is None or found == "":
            self._read.add(name)
            return default
        key = found if isinstance(found, str) else str(found)
        if key in meanings:
            self._read.add(name)
            return meanings[key]
        return default

    def part(self, *path: str) -> Given:
        """An object within."""
        found = self
        for name in path:
            found._read.add(name)
            if name not in found._parts:
                found._parts[name] = Given(found._raw.get(name))
            found = found._parts[name]
        return found

    def rows(self, name: str) -> Iterator[Given]:
        """The objects of a list."""
        self._read.add(name)
        found = self._raw.get(name)
        for entry in found if isinstance(found, list) else ():
            if isinstance(entry, dict):
                yield Given(entry)

    def skip(self, *names: str) -> None:
        """These need no counterpart."""
        self._read.update(names)

    def whole(self) -> dict[str, Any]:
        """All of it, as it came."""
        return dict(self._raw)

    def unread(self, prefix: str = "") -> Iterator[str]:
        """Names of what nobody asked for and is not empty."""
        for name, value in self._raw.items():
            if name in self._parts:
                yield from self._parts[name].unread(f"{prefix}{name}.")
            elif name not in self._read and value not in (None, "", {}, [], False):
                yield f"{prefix}{name}"
