"""Components that are written in JavaScript, next to their Python side.

The build copies every `.jsx`, `.js`, `.css` and `.json` file under `flowstudio/components` to `flowstudio/` in Reflex's
build folder (`flowstudio.build_plugins`), so that the modules can import each other and npm packages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reflex.components.component import NoSSRComponent

FOLDER = Path(__file__).resolve().parent
SUFFIXES = {".jsx", ".js", ".css", ".json"}


class BrowserComponent(NoSSRComponent):
    """A component that is drawn in the browser only, and loaded when a page first shows it."""


def browser_modules() -> Iterator[tuple[Path, str]]:
    """All modules: path below `FOLDER`, and text."""
    for file in sorted(FOLDER.rglob("*")):
        if file.suffix in SUFFIXES:
            yield file.relative_to(FOLDER), file.read_text("utf-8")
