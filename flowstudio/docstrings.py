"""What stands below the fields of models, found quickly: a third of a server's start went into looking for it.

Pydantic looks for the source of each class by its own, through all modules that are loaded. Here a module is read once, and
what was found is kept beside the compiled modules, as Python keeps those: until the source has another time or size. The
result is the same. What cannot be found here, Pydantic looks for as ever, also in versions that do so by other functions.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any, TypeAlias

import pydantic._internal._fields as fields_of_pydantic

Found: TypeAlias = Mapping[str, str]
"""Docstrings by field."""

NAME = "extract_docstrings_from_cls"
KEPT = Path(__file__).parent / "__pycache__" / f"docstrings.{sys.implementation.cache_tag}.json"
"""By module: time and size of its source, and what was found in it."""


def speed_up() -> None:
    """Find docstrings of this package's models quickly from now on. Models of others are looked at as ever."""
    before: Callable[..., dict[str, str]] | None = getattr(fields_of_pydantic, NAME, None)
    if before is None or getattr(before, "quick", False):
        return

    def extract(cls: type[Any], use_inspect: bool = False) -> dict[str, str]:
        found = below_fields(cls)
        return before(cls, use_inspect=use_inspect) if found is None else dict(found)

    extract.quick = True  # type: ignore[attr-defined]  # functions may have attributes
    setattr(fields_of_pydantic, NAME, extract)


def below_fields(cls: type[Any]) -> Found | None:
    """The docstrings of a class's own fields; None where its source does not tell them apart from those of another."""
    if cls.__module__.partition(".")[0] != __package__:
        return None
    return _of_module(cls.__module__).get(cls.__qualname__)


@cache
def _of_module(name: str) -> Mapping[str, Found | None]:
    """Docstrings by class and field; None for classes of the same name."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    stamp = _stamp(getattr(spec, "origin", None))
    known = _kept().get(name)
    if stamp and known and known[0] == stamp:
        of_before: dict[str, Found | None] = known[1]
        return of_before
    try:
        source = spec.loader.get_source(name)  # type: ignore[union-attr]  # whatever it has not is looked for otherwise
        tree = ast.parse(source)
    except (AttributeError, ImportError, OSError, SyntaxError, TypeError, ValueError):
        return {}
    found: dict[str, Found | None] = {}
    for qualname, node in _classes(tree.body, ""):
        found[qualname] = None if qualname in found else _below(node.body)
    if stamp:
        _to_keep()[name] = stamp, found
    return found


def _stamp(source: str | None) -> list[int]:
    """Time and size of a file; empty where there is none."""
    with contextlib.suppress(OSError, TypeError):
        found = os.stat(source)  # type: ignore[arg-type]  # None is a TypeError
        return [found.st_mtime_ns, found.st_size]
    return []


@cache
def _kept() -> dict[str, Any]:
    """What earlier processes found."""
    with contextlib.suppress(OSError, TypeError, ValueError):
        return dict(json.loads(KEPT.read_bytes()))
    return {}


@cache
def _to_keep() -> dict[str, Any]:
    """What this process found. It is kept when the process ends."""
    found: dict[str, Any] = {}
    if not sys.dont_write_bytecode:
        atexit.register(_keep, found)
    return found


def _keep(found: Mapping[str, Any]) -> None:
    beside = KEPT.with_name(f"{KEPT.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # as when modules cannot be compiled there
        beside.write_text(json.dumps({**_kept(), **found}))
        beside.replace(KEPT)


def _classes(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for node in body:
        match node:
            case ast.ClassDef():
                yield prefix + node.name, node
                yield from _classes(node.body, f"{prefix}{node.name}.")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _classes(node.body, f"{prefix}{node.name}.<locals>.")


def _below(body: list[ast.stmt]) -> Found:
    found = {}
    for field, below in itertools.pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                found[name] = cleandoc(text)
    return found
