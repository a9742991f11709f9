"""The Chromium that drives the browser tests: found on the system, or brought here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.programs import answers, attempt, install_debian

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome")
PLACES = ("/usr/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
REMEDY = (
    "No Chromium for the browser tests. Install one (apt-get install chromium, or Google Chrome) "
    "or name yours: FLOWSTUDIO_CHROMIUM=/path/to/chromium"
)


def candidates() -> Iterator[Path]:
    """Where a Chromium may be, best first; each exists."""
    for place in (*PLACES, *(shutil.which(name) for name in NAMES)):
        if place and Path(place).is_file():
            yield Path(place)
    if own := playwright_own():
        yield own


def playwright_own() -> Path | None:
    """The browser that `playwright install` left. Asked in a process of its own: an event loop may be running here."""
    ask = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    path = Path(done.stdout.strip() or "/nonexistent")
    return path if path.is_file() else None


def find() -> Path | None:
    """A Chromium that runs here. Raises `RuntimeError` when FLOWSTUDIO_CHROMIUM names something else."""
    if named := os.environ.get("FLOWSTUDIO_CHROMIUM"):
        if not answers(Path(named), "--version"):
            raise RuntimeError(f"FLOWSTUDIO_CHROMIUM={named} does not run; unset it or name a Chromium.")
        return Path(named)
    return next((path for path in candidates() if answers(path, "--version")), None)


def provide() -> Path:
    """Find a Chromium or install one. Raises `RuntimeError` with the remedy."""
    if found := find():
        return found
    print("Fetching Chromium for the browser tests …", flush=True)
    if attempt([sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"], seconds=600) and (
        found := find()
    ):
        return found
    if install_debian("chromium") and (found := find()):
        return found
    raise RuntimeError(REMEDY)


if __name__ == "__main__":
    try:
        print(provide())
    except RuntimeError as error:
        sys.exit(str(error))
