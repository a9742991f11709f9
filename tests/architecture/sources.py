"""The repository's own text files, and rules over them."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ("flowstudio", "tests", "scripts", "bench", "examples", "docs", "alembic", "assets", ".ci")
"""Folders of what people wrote; the files beside them count too."""
SUFFIXES = {
    ".py",
    ".jsx",
    ".js",
    ".ts",
    ".css",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".json",
    ".ini",
    ".cfg",
    ".html",
    ".svg",
    "",
}
GENERATED = {"__pycache__", "node_modules", "vendor", "_frontend", "external"}
MOST_LINES = 500

UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:work|root|tmp/fs|opt/(?:pypi|wheels)|home/\w+|Users/\w+)/[\w.]")

Rule = Callable[[Path, str], Iterator[str]]
"""Gives one sentence for each breach in a file."""


def written_files(root: Path = ROOT) -> Iterator[Path]:
    """Every text file that people wrote."""
    for entry in sorted(root.iterdir()):
        if entry.is_file() and text_like(entry):
            yield entry
    for folder in WRITTEN:
        for parent, children, names in os.walk(root / folder):
            children[:] = sorted(
                name for name in children if name not in GENERATED and not name.startswith(".")
            )
            yield from (path for name in sorted(names) if text_like(path := Path(parent, name)))


def text_like(path: Path) -> bool:
    """Whether the name is one of a text file that people edit (lock files are not)."""
    return path.suffix in SUFFIXES and not path.name.startswith(".") and "lock" not in path.name


def breaches(rule: Rule, root: Path = ROOT) -> list[str]:
    """What the rule finds in all files."""
    return [
        found
        for path in written_files(root)
        for found in rule(path.relative_to(root), path.read_text("utf-8"))
    ]


def too_long(path: Path, text: str) -> Iterator[str]:
    """Code that asks to be split."""
    count = text.count("\n")
    if path.suffix in {".py", ".jsx", ".js", ".ts", ".css"} and count > MOST_LINES:
        yield f"{path}: {count} lines; split it (at most {MOST_LINES})"


def unfinished(path: Path, text: str) -> Iterator[str]:
    """Marks of work left for later."""
    for number, line in enumerate(text.splitlines(), 1):
        if path.suffix != ".json" and (mark := UNFINISHED.search(line)):
            yield f"{path}:{number}: {mark.group()}; finish it or file it"


def machine_path(path: Path, text: str) -> Iterator[str]:
    """Paths that exist on somebody's machine only. Attacks on the sandbox name such paths on purpose."""
    if path.is_relative_to("tests/sandbox"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if found := MACHINE_PATH.search(line):
            yield f"{path}:{number}: {found.group()}… is a path of one machine"


def undocumented(path: Path, text: str) -> Iterator[str]:
    """Modules, public classes and public functions of the product that do not say what they are for."""
    if path.suffix != ".py" or path.parts[0] not in {"flowstudio", "scripts", "bench"}:
        return
    tree = ast.parse(text)
    if ast.get_docstring(tree) is None:
        yield f"{path}: the module has no docstring"
    for node in tree.body:
        if (
            isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ):
            yield f"{path}:{node.lineno}: {node.name} has no docstring"


def relaxed(path: Path, text: str) -> Iterator[str]:
    """Checks that were switched off without naming which one and why."""
    if path.suffix != ".py":
        return
    for number, line in enumerate(text.splitlines(), 1):
        for mark, narrow in RELAXATIONS:
            if mark.search(line) and not narrow.search(line):
                yield f"{path}:{number}: name the check that is switched off, and the reason after it"


RELAXATIONS = (
    (re.compile(r"#\s*type:\s*ignore"), re.compile(r"#\s*type:\s*ignore\[[\w, -]+\]\s*(?:#|-|–|:)\s*\w+")),
    (re.compile(r"#\s*noqa"), re.compile(r"#\s*noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*\s*(?:#|-|–|:)\s*\w+")),
)
"""A mark, and the form in which it is accepted."""
