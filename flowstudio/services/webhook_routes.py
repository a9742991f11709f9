"""Which webhook a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field


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
        self._patterns: list[tuple[re.Pattern[str], tuple[str, ...], Route]] = []
        """How a path looks, the names of what its groups match, the route."""
        self._paths: set[str] = set()
        for route in routes:
            self._add(route)
        self._patterns.sort(key=lambda entry: -_plain_parts(entry[2].path))

    def _add(self, route: Route) -> None:
        path = normalise(route.path)
        self._paths.add(path)
        if ":" not in path:
            self._plain[route.method, path] = route
            return
        parts = path.split("/")
        names = tuple(part[1:] for part in parts if part.startswith(":"))
        pattern = "/".join("([^/]+)" if part.startswith(":") else re.escape(part) for part in parts)
        self._patterns.append((re.compile(pattern), names, route))

    def all(self) -> list[Route]:
        """Every one of them."""
        return [*self._plain.values(), *(route for _, _, route in self._patterns)]

    def find(self, method: str, path: str) -> Match | None:
        """The route of a request, whose path is not percent-encoded any more."""
        path = normalise(path)
        route = self._plain.get((method, path))
        if route is not None:
            return Match(route)
        for pattern, names, candidate in self._patterns:
            if candidate.method == method and (found := pattern.fullmatch(path)):
                return Match(candidate, dict(zip(names, found.groups(), strict=True)))
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that some webhook takes at this path, for 405 and CORS answers."""
        path = normalise(path)
        plain = {method for method, known in self._plain if known == path}
        return sorted(
            plain | {route.method for pattern, _, route in self._patterns if pattern.fullmatch(path)}
        )


def _plain_parts(path: str) -> int:
    return sum(not part.startswith(":") for part in path.split("/"))
