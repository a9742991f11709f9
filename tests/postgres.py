"""A throw-away PostgreSQL server for tests."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import Self

from scripts.programs import answers, as_account

USER = "flowstudio"
PR_SET_PDEATHSIG = 1


class PostgresFailed(RuntimeError):
    """The server did not start; carries its last words."""


class PostgresServer:
    """A server in a temporary folder, reached by a Unix socket in it, so that nothing listens on a port.

    Use as a context manager. PostgreSQL refuses to run as root: then it runs as `postgres` or `nobody`. The server is
    stopped by its process id, and on Linux also when the tests die. `settings` are added to those below.
    """

    def __init__(self, programs: Path, **settings: str) -> None:
        self._programs = programs
        self._settings = settings
        self._account = unprivileged() if os.geteuid() == 0 else None
        self._last: deque[str] = deque(maxlen=30)
        self._ready = threading.Event()

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of one of the server's databases."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self._folder}"

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self._folder / ".s.PGSQL.5432"

    @property
    def pid(self) -> int:
        """The first of its processes; the others are its children."""
        return self._process.pid

    def __enter__(self) -> Self:
        # Directly in the temporary folder: pytest's own folders are closed to other accounts, and socket paths are short.
        self._folder = Path(tempfile.mkdtemp(prefix="flowstudio-pg-"))
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.send_signal(signal.SIGINT)  # "fast" shutdown: ends sessions, keeps the data whole
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=20)
        self._reader.join(timeout=20)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        if self._account is not None:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
            self._programs = self._reachable(self._programs)
        data = self._folder / "data"
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={USER}")
        made = subprocess.run(
            [self._programs / "initdb", *options, "--pgdata", data],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            env=environment(),
            **as_account(self._account),
        )
        if made.returncode:
            raise PostgresFailed(f"initdb: {made.stdout}{made.stderr}")
        self.start()

    def start(self) -> None:
        """Serve the data that is there; after a crash this repairs it first."""
        self._ready = threading.Event()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "100",
            "log_min_messages": "warning",
            **self._settings,
        }
        self._process = subprocess.Popen(
            [
                self._programs / "postgres",
                "-D",
                self._folder / "data",
                *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env=environment(),
            **as_account(self._account),
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
            start_new_session=True,  # an interrupt typed at the tests reaches them first
        )
        self._reader = threading.Thread(target=self._read, args=(self._process, self._ready), daemon=True)
        self._reader.start()
        if not self._ready.wait(timeout=60) or self._process.poll() is not None:
            self._process.kill()
            self._process.wait()
            raise PostgresFailed("postgres did not start:\n" + "".join(self._last))

    def crash(self) -> None:
        """End it as a crash does: nothing is written any more, and the next start has to repair the data."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=20)
        self._reader.join(timeout=20)

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        """Watch the server's log for readiness, and keep its last lines."""
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                self._last.append(line)
                if "database system is ready to accept connections" in line:
                    ready.set()
        ready.set()

    def _reachable(self, programs: Path) -> Path:
        """The programs, copied when they lie where the server's account may not go (a home folder, say)."""
        assert self._account is not None
        if answers(programs / "postgres", "--version", account=self._account):
            return programs
        install, package = programs.parent, programs.parent.parent
        libraries = package.with_name(
            f"{package.name}.libs"
        )  # where a wheel keeps them, found by relative path
        copy = self._folder / "copy" / package.name / install.name
        shutil.copytree(install, copy, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, self._folder / "copy" / libraries.name)
        for path in (self._folder / "copy").rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        (self._folder / "copy").chmod(0o755)
        if not answers(copy / "bin" / "initdb", "--version", account=self._account):
            raise PostgresFailed(
                f"{programs}: not reachable for {self._account.pw_name}, and a copy does not run"
            )
        return copy / "bin"


def unprivileged() -> pwd.struct_passwd:
    """The account that a server started by root runs as."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresFailed(
        "PostgreSQL does not run as root, and there is neither a `postgres` nor a `nobody` account."
    )


def environment() -> dict[str, str]:
    """English messages (readiness is read from them) and none of the caller's PG* settings."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}


def die_with_parent() -> None:
    """Ask the kernel to end this process, in order, when the tests are killed. Runs after the change of account."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
