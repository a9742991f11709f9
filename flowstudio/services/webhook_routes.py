"""Which webhook a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Route:
    """A webhook address: `path` without leading slash, in which `:name` segments take any text."""

    method: str
    path: str
    workflow: str
    node: str


@dataclass(frozen=True, slots=True)
class Match:
    """The route that a request took, with its path parameters."""

    route: Route
    parameters: dict[str, str] = field(default_factory=dict)


def normalise(path: str) -> str:
    """A path as routes spell it: no slashes around, none doubled."""
    return re.sub(r"/+", "/", path).strip("/")


class Routes:
    """A set of webhook addresses. Plain paths win over paths with parameters; among those the one with more plain text wins."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._plain: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[re.Pattern[str], Route]] = []
        self._paths: set[str] = set()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        path = normalise(route.path)
        self._paths.add(path)
        if ":" not in path:
            self._plain[route.method, path] = route
            return
        parts = [
            f"(?P<{re.sub(r'[^A-Za-z0-9_]', '_', part[1:]) or 'parameter'}>[^/]+)"
            if part.startswith(":")
            else re.escape(part)
            for part in path.split("/")
        ]
        self._patterns.append((re.compile("/".join(parts)), route))
        self._patterns.sort(
            key=lambda entry: -sum(not part.startswith(":") for part in entry[1].path.split("/"))
        )

    def find(self, method: str, path: str) -> Match | None:
        """The route of a request."""
        path = normalise(path)
        route = self._plain.get((method, path))
        if route is not None:
            return Match(route)
        for pattern, candidate in self._patterns:
            if candidate.method == method and (found := pattern.fullmatch(path)):
                return Match(candidate, {name: unquote(value) for name, value in found.groupdict().items()})
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that some webhook takes at this path, for 405 and CORS answers."""
        path = normalise(path)
        plain = {method for method, known in self._plain if known == path}
        return sorted(plain | {route.method for pattern, route in self._patterns if pattern.fullmatch(path)})
