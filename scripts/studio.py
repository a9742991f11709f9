"""A FlowStudio process with a data folder of its own, for the browser tests and the screenshots."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

START = 60.0
"""Seconds that a start may take, on a busy machine."""
STOP = 20.0
READY = "Uvicorn running on"


class Server:
    """Runs from its making until `stop`. `log` holds what it printed."""

    def __init__(self, data: Path, **settings: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log: list[str] = []
        self._up = threading.Event()
        self._ready = False
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "--factory", "flowstudio.server:create_app"),
                *("--port", str(self.port), "--log-level", "info"),
            ],
            env=os.environ
            | {"FLOWSTUDIO_DATA_DIR": str(data), "FLOWSTUDIO_PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
            | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._up.wait(START) or not self._ready:
            self.stop()
            raise RuntimeError("The server did not start:\n" + "".join(self.log))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        stream = self._process.stdout
        for line in stream or ():
            self.log.append(line)
            if READY in line:
                self._ready = True
                self._up.set()
        self._up.set()

    def stop(self) -> None:
        """End the process and wait for it."""
        self._process.terminate()
        try:
            self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
