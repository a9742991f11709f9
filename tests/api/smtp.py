"""A mail server on loopback that keeps what it is given."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from queue import Queue


class Inbox:
    """What arrived. `take` waits for the next mail."""

    def __init__(self) -> None:
        self.url = ""
        self.mails: Queue[Message] = Queue()
        self.logins: list[str] = []

    def take(self) -> Message:
        """The next mail."""
        return self.mails.get(timeout=30)

    def nothing(self) -> bool:
        """Whether no mail waits."""
        return self.mails.empty()


@contextmanager
def mail_server() -> Iterator[Inbox]:
    """Speaks as much SMTP as smtplib needs, with AUTH PLAIN."""
    inbox = Inbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 loopback ready")
            for raw in self.rfile:
                line = raw.decode().strip()
                verb = line.split(" ")[0].upper()
                if verb == "EHLO":
                    self.say("250-loopback")
                    self.say("250 AUTH PLAIN")
                elif verb == "AUTH":
                    inbox.logins.append(line)
                    self.say("235 welcome")
                elif verb == "DATA":
                    self.say("354 go on")
                    lines = []
                    while (part := self.rfile.readline()) != b".\r\n":
                        lines.append(part.removeprefix(b".") if part.startswith(b"..") else part)
                    inbox.mails.put(email.message_from_bytes(b"".join(lines)))
                    self.say("250 kept")
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 fine")

        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as served:
        inbox.url = f"smtp://ada%40example.com:mail-password@127.0.0.1:{served.server_address[1]}"
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield inbox
        finally:
            served.shutdown()
            thread.join()
