"""Which webhook a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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


@dataclass(frozen=True, slots=True)
class _Shape:
    """What paths with parameters look like: how many parts they have, and which of them are plain."""

    parts: int
    plain: tuple[int, ...]

    def key(self, method: str, parts: Sequence[str]) -> tuple[str, ...]:
        """What paths of this shape that take the same requests have in common."""
        return (method, *(parts[place] for place in self.plain))


class Routes:
    """A set of webhook addresses. Plain paths win over paths with parameters; among those the one with more plain text wins.

    A request is looked up once for each shape of paths, however many paths there are.
    """

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._plain: dict[tuple[str, str], Route] = {}
        self._shaped: dict[_Shape, dict[tuple[str, ...], Route]] = {}
        self._methods: set[str] = set()
        for route in routes:
            self._add(route)
        self._shapes = sorted(self._shaped, key=lambda shape: -len(shape.plain))

    def _add(self, route: Route) -> None:
        path = normalise(route.path)
        self._methods.add(route.method)
        if ":" not in path:
            self._plain[route.method, path] = route
            return
        parts = path.split("/")
        shape = _Shape(
            len(parts), tuple(place for place, part in enumerate(parts) if not part.startswith(":"))
        )
        self._shaped.setdefault(shape, {}).setdefault(shape.key(route.method, parts), route)

    def all(self) -> list[Route]:
        """Every one of them."""
        return [
            *self._plain.values(),
            *(route for known in self._shaped.values() for route in known.values()),
        ]

    def find(self, method: str, path: str) -> Match | None:
        """The route of a request, whose path is not percent-encoded any more."""
        path = normalise(path)
        route = self._plain.get((method, path))
        if route is not None:
            return Match(route)
        parts = path.split("/") if path else []
        for shape in self._shapes:
            if shape.parts != len(parts):
                continue
            if (route := self._shaped[shape].get(shape.key(method, parts))) is not None:
                spelled = zip(normalise(route.path).split("/"), parts, strict=True)
                return Match(route, {name[1:]: part for name, part in spelled if name.startswith(":")})
        return None

    def methods(self, path: str) -> list[str]:
        """The methods that some webhook takes at this path, for 405 and CORS answers."""
        return sorted(method for method in self._methods if self.find(method, path) is not None)
