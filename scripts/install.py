"""Brings the virtual environment to what a lock file says, and installs the checkout into it.

Runs inside the environment and needs the standard library only. A stamp remembers the lock file's hash, so that the
next start asks nobody anything.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"run": "requirements.txt", "dev": "requirements-dev.txt", "postgres": "requirements-postgres.txt"}
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install")


def packages(lock: Path) -> int:
    """How many packages a lock file pins (for any platform)."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in lock.read_text().splitlines())


def pip(*arguments: str, expected: int) -> None:
    """Run `pip install` with a line of progress per package. Ends the process with pip's last words when it fails."""
    command = [*PIP, *arguments]
    last: deque[str] = deque(maxlen=40)
    seen = 0
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last.append(line)
            if (package := announced(line)) and expected > 1:
                seen += 1
                progress(f"  [{min(seen, expected):3}/{expected}] {package}")
            elif line.startswith("Installing collected packages"):
                progress("  unpacking", final=True)
    if process.returncode:
        sys.stderr.writelines(["\n", *last])
        sys.exit(
            f"\npip could not install the above (exit {process.returncode}). Is the package index reachable?"
        )


def announced(line: str) -> str | None:
    """The package that a line of pip's output begins to work on."""
    for opening in ("Collecting ", "Processing ", "Requirement already satisfied: "):
        if line.startswith(opening):
            return line.removeprefix(opening).split(" (from")[0].split(" in ")[0].strip().rsplit("/", 1)[-1]
    return None


def progress(text: str, *, final: bool = False) -> None:
    """Show what is going on: in place on a terminal, one line each in a log."""
    if sys.stdout.isatty():
        print(f"\r{text:<72}", end="\n" if final else "", flush=True)
    else:
        print(text, flush=True)


def up_to_date(stamp: Path, digest: str) -> bool:
    """Whether the stamp says that this very content is installed."""
    return stamp.is_file() and stamp.read_text() == digest


def digest_of(*files: Path) -> str:
    """Hash of the files' contents and of this Python."""
    content = hashlib.sha256(f"{sys.version} {sys.prefix}".encode())
    for file in files:
        content.update(file.read_bytes())
    return content.hexdigest()


def check_environment() -> None:
    """Mend an environment whose making was interrupted; refuse one that was moved, as its programs name the old place."""
    if importlib.util.find_spec("pip") is None:
        subprocess.run([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL, check=True)
    script = Path(sys.prefix, "bin", "pip")
    if script.is_file() and sys.prefix not in script.read_text():
        sys.exit(f"{sys.prefix} was made in another folder. Remove it and try again: rm -r {sys.prefix}")


def install(kind: str) -> None:
    """Install one lock file, then the project itself when its metadata changed."""
    check_environment()
    lock = ROOT / LOCKS[kind]
    stamps = Path(sys.prefix)
    stamp, digest = stamps / f"{kind}.stamp", digest_of(lock)
    started = time.monotonic()
    if not up_to_date(stamp, digest):
        count = packages(lock)
        print(f"Installing {lock.name} ({count} packages) into {stamps.name} …", flush=True)
        # Complete as it is; resolving anew would look at releases that appeared after the locking.
        pip("--require-hashes", "--no-deps", "-r", lock.name, expected=count)
        stamp.write_text(digest)
        print(f"  done in {time.monotonic() - started:.0f} s", flush=True)
    if kind == "postgres":
        return
    stamp, digest = stamps / "project.stamp", digest_of(ROOT / "pyproject.toml")
    if not up_to_date(stamp, digest):
        print("Installing FlowStudio from this folder …", flush=True)
        pip("--no-index", "--no-deps", "--no-build-isolation", "-e", ".", expected=1)
        stamp.write_text(digest)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LOCKS:
        sys.exit(f"usage: python -m scripts.install {'|'.join(LOCKS)}")
    install(sys.argv[1])
