"""The node types of an installation."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from types import ModuleType

from flowstudio.engine.node import Node

ENTRY_POINT_GROUP = "flowstudio.nodes"


class Registry:
    """Node types by slug. Invariant: slugs are unique."""

    def __init__(self, types: Iterable[type[Node]]) -> None:
        self._types: dict[str, type[Node]] = {}
        for cls in types:
            if (other := self._types.get(cls.type)) is not None and other is not cls:
                raise TypeError(
                    f"Node type '{cls.type}' is defined by {other.__qualname__} and {cls.__qualname__}."
                )
            self._types[cls.type] = cls

    def get(self, slug: str) -> type[Node] | None:
        """The class of a type, or None."""
        return self._types.get(slug)

    def __iter__(self) -> Iterator[type[Node]]:
        return iter(self._types.values())

    def __len__(self) -> int:
        return len(self._types)


def discover(package: ModuleType) -> Registry:
    """All node types in the modules of a package, and those of third parties (entry points)."""
    modules = [
        package,
        *(
            importlib.import_module(m.name)
            for m in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        ),
    ]
    found = {cls for module in modules for cls in _node_types(module)}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        loaded = entry.load()
        found |= set(_node_types(loaded)) if isinstance(loaded, ModuleType) else {loaded}
    return Registry(sorted(found, key=lambda cls: cls.type))


def _node_types(module: ModuleType) -> Iterator[type[Node]]:
    for _, cls in inspect.getmembers(module, inspect.isclass):
        if issubclass(cls, Node) and cls.__module__ == module.__name__ and cls.__dict__.get("type"):
            yield cls
