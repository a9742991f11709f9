"""A PostgreSQL on loopback that says the password that it was shown, in every form, wherever it may say something."""

from __future__ import annotations

import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from typing import IO

from tests.security.hostile import Hostile, forms

ASKS_FOR_TLS = 80877103
DESCRIPTION = struct.pack("!H", 1) + b"said\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0)


def message(kind: bytes, body: bytes) -> bytes:
    """A message of the protocol, from server to client."""
    return kind + struct.pack("!I", len(body) + 4) + body


def fault(severity: bytes, words: str) -> bytes:
    """An error, with a detail and a hint."""
    text = words.encode()
    return message(b"E", b"S%b\0V%b\0C28P01\0M%b\0D%b\0H%b\0\0" % (severity, severity, text, text, text))


@contextmanager
def hostile_database(service: Hostile) -> Iterator[int]:
    """Its port. It is in the mood of the service, and counts its callers there, by the name of their database."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            reader = self.rfile
            while (start := self._body(reader))[:4] == struct.pack("!I", ASKS_FOR_TLS):
                self.wfile.write(b"N")
            if not start:
                return
            names = start[4:].split(b"\0")
            service.asked_at.add(names[names.index(b"database") + 1].decode())
            self.wfile.write(message(b"R", struct.pack("!I", 3)))
            reader.read(1)
            password = self._body(reader).rstrip(b"\0").decode()
            service.asked += 1
            said = json.dumps(forms(password))
            if service.mood == "refuse":
                self.wfile.write(fault(b"FATAL", said))
                return
            self.wfile.write(message(b"R", struct.pack("!I", 0)) + message(b"Z", b"I"))
            row = struct.pack("!HI", 1, len(said.encode())) + said.encode()
            state = b"I"
            while kind := reader.read(1):
                body = self._body(reader)
                if kind == b"Q":
                    state = b"T" if body.startswith(b"BEGIN") else b"I"
                    self.wfile.write(message(b"C", b"OK\0") + message(b"Z", state))
                elif kind == b"S":
                    answer = message(b"1", b"") + message(b"2", b"") + message(b"T", DESCRIPTION)
                    self.wfile.write(answer + message(b"D", row))
                    if service.mood == "cut":
                        return
                    if service.mood == "redirect":
                        self.wfile.write(fault(b"ERROR", said))
                    else:
                        self.wfile.write(message(b"C", b"SELECT 1\0"))
                    self.wfile.write(message(b"Z", state))

        @staticmethod
        def _body(reader: IO[bytes] | BufferedIOBase) -> bytes:
            size = reader.read(4)
            return reader.read(struct.unpack("!I", size)[0] - 4) if len(size) == 4 else b""

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
