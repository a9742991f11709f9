"""A FlowStudio process with a data folder of its own, for the browser tests and the screenshots."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

START = 60.0
"""Seconds that a start may take, on a busy machine."""
STOP = 20.0
READY = re.compile(r"is ready at (http://\S+)")


class Server:
    """`flowstudio run` on a free port, or on a given one, from its making until `stop`. `log` holds what it printed."""

    def __init__(self, data: Path, *, port: str = "0", **settings: str) -> None:
        self.url = ""
        self.log: list[str] = []
        self._settled = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flowstudio.cli", "run", "--port", port],
            env=os.environ | {"FLOWSTUDIO_DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"} | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._settled.wait(START) or not self.url:
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
            if found := READY.search(line):
                self.url = found[1]
                self._settled.set()
        self._settled.set()

    def kill(self) -> None:
        """End the process at once, as a crash does."""
        self._process.kill()
        self._process.wait()
        self.stop()

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
