"""Writes the lock files: versions and hashes for every platform, and no word of where packages come from."""

from __future__ import annotations

import subprocess
import sys

from scripts.install import LOCKS, ROOT

GROUPS: dict[str, tuple[str, ...]] = {
    "run": ("pyproject.toml", "--group", "build"),
    "dev": ("pyproject.toml", "--group", "build", "--group", "dev", "-c", LOCKS["run"]),
    "postgres": ("--group", "postgres", "-c", LOCKS["dev"]),
}
"""What each lock file is resolved from. The later ones keep to the versions of the earlier."""


def lock(kind: str, *extra: str) -> None:
    """Resolve one lock file. Ends the process when there is no solution."""
    print(f"Locking {LOCKS[kind]} …", flush=True)
    command = [sys.executable, "-m", "uv", "pip", "compile", *GROUPS[kind], "--output-file", LOCKS[kind]]
    options = (
        "--universal",
        "--python-version=3.11",
        "--generate-hashes",
        "--no-annotate",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--custom-compile-command=make lock",
        "--quiet",
    )
    if subprocess.run([*command, *options, *extra], cwd=ROOT, check=False).returncode:
        sys.exit(f"{LOCKS[kind]} was not written.")


if __name__ == "__main__":
    for each in LOCKS:
        lock(each, *sys.argv[1:])
