"""Takes the pictures of the documentation, in light and dark, from the real product.

python -m scripts.screenshots [--to FOLDER] [--theme light|dark] [SCENE ...]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from flowstudio import frontend
from scripts import browser, scenes_ai, scenes_always, scenes_chat, scenes_editor, scenes_pages
from scripts.camera import Camera
from scripts.studio import Server

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
THEMES = ("light", "dark")
PATIENCE = 30_000
"""Milliseconds that anything may take to show, on a busy machine."""

Scene = Callable[[Camera], None]
FIRST: tuple[Scene, ...] = (scenes_pages.first_start,)
"""Makes the owner and what the others show, so it is always taken."""
LATER: tuple[Scene, ...] = (
    scenes_pages.workflows,
    scenes_pages.templates,
    scenes_editor.canvas,
    scenes_editor.lists,
    scenes_editor.steps,
    scenes_editor.expressions,
    scenes_editor.rounds,
    scenes_editor.failure,
    scenes_editor.versions,
    scenes_ai.agents,
    scenes_pages.executions,
    scenes_pages.credentials,
    scenes_pages.settings,
    scenes_pages.help_pages,
    scenes_chat.chats,
    scenes_always.always,
    scenes_pages.login,
)


@contextmanager
def window(chromium: Browser, url: str, theme: str) -> Iterator[Page]:
    """A window that has chosen its theme and wants no animations."""
    context = chromium.new_context(
        base_url=url,
        viewport={"width": SIZE["width"], "height": SIZE["height"]},
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def take(chromium: Browser, theme: str, folder: Path, chosen: Sequence[str]) -> set[Path]:
    """All pictures of one theme, of a new installation; gives their files."""
    with (
        tempfile.TemporaryDirectory() as data,
        Server(Path(data), FLOWSTUDIO_ALLOW_HOSTS="127.0.0.1") as server,
        window(chromium, server.url, theme) as page,
    ):
        camera = Camera(page, theme, folder)
        for scene in (*FIRST, *(one for one in LATER if not chosen or one.__name__ in chosen)):
            scene(camera)
        return camera.taken


def main() -> None:
    """Build, start, take the pictures; those that nobody takes any more go."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=IMAGES, help="where the pictures go")
    parser.add_argument("--theme", choices=THEMES, help="only this theme")
    parser.add_argument("scenes", nargs="*", choices=[*(scene.__name__ for scene in LATER), []])
    asked = parser.parse_args()
    began = time.monotonic()
    frontend.build()
    asked.to.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    taken: set[Path] = set()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser.provide(), args=["--no-sandbox", "--disable-gpu"]
        )
        for theme in [asked.theme] if asked.theme else THEMES:
            taken |= take(chromium, theme, asked.to, asked.scenes)
        chromium.close()
    if not asked.theme and not asked.scenes:
        for old in set(asked.to.glob("*.png")) - taken:
            old.unlink()
    size = sum(file.stat().st_size for file in taken) / 1e6
    print(f"{len(taken)} pictures, {size:.1f} MB, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
