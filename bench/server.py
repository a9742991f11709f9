"""A real server in a process of its own, in a data folder of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

OWNER = "owner@example.com"


def free_port() -> int:
    """A port that nobody listens on, and that the system gives to no connection while the server is away."""
    while True:
        port = secrets.choice(range(12_000, 32_000))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """`flowstudio run` in a child process."""

    def __init__(self, data_dir: Path, port: int | None = None, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "FLOWSTUDIO_DATA_DIR": str(data_dir),
            "FLOWSTUDIO_PORT": str(self.port),
            "FLOWSTUDIO_OWNER_EMAIL": OWNER,
            "FLOWSTUDIO_OWNER_PASSWORD": secrets.token_urlsafe(16),
            "FLOWSTUDIO_LOG_LEVEL": "warning",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.key = ""

    def start(self, timeout: float = 60) -> float:
        """Start and wait until it answers; gives back the seconds that took."""
        begin = time.perf_counter()
        log = (self.data_dir.parent / f"{self.data_dir.name}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flowstudio.cli", "run"], env=self.environment, stdout=log, stderr=log
        )
        log.close()
        while time.perf_counter() - begin < timeout:
            try:
                if httpx.get(f"{self.url}/api/health/ready", timeout=5).status_code == 200:
                    return time.perf_counter() - begin
            except httpx.TransportError:
                pass
            if self.process.poll() is not None:
                raise RuntimeError(f"The server ended with {self.process.returncode}; see {log.name}.")
            time.sleep(0.01)
        raise TimeoutError(f"The server did not answer within {timeout} s; see {log.name}.")

    def api_key(self) -> str:
        """An API key of the owner, made by the command line."""
        if not self.key:
            answer = subprocess.run(
                [sys.executable, "-m", "flowstudio.cli", "api-key", "create", "--name", f"bench-{secrets.token_hex(3)}"],
                env=self.environment, check=True, capture_output=True, text=True,
            )  # fmt: skip
            self.key = next(word for word in answer.stdout.split() if word.startswith("fs_"))
        return self.key

    def client(self) -> httpx.Client:
        """A client that may do everything."""
        return httpx.Client(base_url=self.url, headers={"X-API-Key": self.api_key()}, timeout=60)

    def memory(self) -> dict[str, float]:
        """Proportional set size of the server and its workers, in MB (shared pages are counted once)."""
        assert self.process is not None
        main = psutil.Process(self.process.pid)
        server = every = main.memory_full_info().pss / 2**20
        for worker in main.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                every += worker.memory_full_info().pss / 2**20
        return {"server": server, "all": every}

    def cpu(self) -> float:
        """Seconds that the server itself has computed so far."""
        assert self.process is not None
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout: float = 30) -> None:
        """Ask it to stop; wait for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout)
