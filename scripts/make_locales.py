"""Writes how dates and numbers look in other languages for the cage, whose JavaScript engine does not know: `python -m scripts.make_locales`.

Node, which comes with the packages for development, knows it from Unicode's CLDR. Run this again after an update of Node.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("locales.js")
TARGET = SCRIPT.parent.parent / "flowstudio" / "sandbox" / "vendor" / "locales.json"


def written(*languages: str) -> str:
    """The file as it should be, or some languages of it."""
    node = Path(sys.executable).with_name("node")
    return subprocess.run(
        [node, SCRIPT, *languages], capture_output=True, encoding="utf-8", check=True
    ).stdout


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")
