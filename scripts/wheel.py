"""Builds the wheel with the front end in it, so that an installation needs no Node."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from flowstudio import frontend

ROOT = Path(__file__).resolve().parent.parent


def wheel(target: Path) -> None:
    """Build the front end if needed, put it into the package for as long as the wheel is packed, and pack."""
    frontend.build()
    web = ROOT / ".web"
    if frontend.SHIPPED.exists():
        shutil.rmtree(frontend.SHIPPED)
    try:
        shutil.copytree(web / "build" / "client", frontend.SHIPPED / "build" / "client")
        # What Reflex noted at the build: without it, each start would evaluate all pages and write here.
        shutil.copytree(web / "backend", frontend.SHIPPED / "backend")
        shutil.copy(ROOT / "rxconfig.py", frontend.SHIPPED)
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)],
            cwd=ROOT,
            check=True,
        )
    finally:
        shutil.rmtree(frontend.SHIPPED, ignore_errors=True)


if __name__ == "__main__":
    wheel(ROOT / "dist")
