"""A service on loopback that says everything it was told, in every form it can think of."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

PLACE = re.compile(r"/([a-z]\d+)/")
Mood: TypeAlias = Literal["echo", "refuse", "cut", "redirect"]
"""Whether it answers, says no, breaks off in the middle, or sends the caller to a private address."""


class Hostile:
    """Where it is, how it behaves, how often it was asked, and what its tokens contain."""

    def __init__(self) -> None:
        self.url = ""
        self.mood: Mood = "echo"
        self.asked = 0
        self.asked_at: set[str] = set()
        """The places, such as `t12`, that were asked: the service is the same at `/t12/…` as at `/…`. At `m12` it always answers."""
        self.token = "token"
        self.tokens = 0

    def fresh_token(self) -> str:
        """Another one each time."""
        self.tokens += 1
        return f"at{self.tokens}/{self.token}+x"


def forms(text: str) -> dict[str, str]:
    """A text in the forms in which services repeat what they were sent."""
    data = text.encode()
    return {
        "plain": text,
        "base64": base64.b64encode(data).decode(),
        "base64_shifted": base64.b64encode(b"k=" + data).decode(),
        "base64_shifted_more": base64.b64encode(b"k" + data + b"!").decode(),
        "base64_url": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "address": quote(text, safe=""),
        "hexadecimal": data.hex(),
    }


@contextmanager
def hostile_service() -> Iterator[Hostile]:
    """Answers any call; streams in the format of OpenAI's chat completions where that is asked for."""
    service = Hostile()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

        def _answer(self, body: bytes) -> None:
            service.asked += 1
            path, mood = self.path, service.mood
            if found := PLACE.match(path):
                service.asked_at.add(found[1])
                path = path[found.end() - 1 :]
                mood = "echo" if found[1].startswith("m") else mood
            said = [self.path, *self.headers.values(), body.decode("utf-8", "replace")]
            said += [value.rpartition(" ")[2] for value in self.headers.values()]
            echo = {str(i): forms(each) for i, each in enumerate(said)}
            if path.startswith("/token"):
                self._token(echo)
            elif mood == "redirect":
                self.send_response(302)
                leak = quote(" ".join(said), safe="")[:3000]
                self.send_header("Location", f"http://10.255.255.1/?leak={leak}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif mood == "cut":
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                self.wfile.write(json.dumps(echo).encode())
                self.close_connection = True
            elif mood == "refuse":
                words = f"Incorrect API key provided: {json.dumps(echo)}"
                self._send(
                    401, json.dumps({"error": {"message": words, "type": "auth", "code": "x"}}).encode()
                )
            elif b'"stream": true' in body or b'"stream":true' in body:
                self._stream(
                    json.loads(body),
                    " ".join([self.headers.get("authorization", ""), *forms(said[-1]).values()]),
                )
            elif path.startswith("/v4/"):
                rows = [["said"], *([each] for one in echo.values() for each in one.values())]
                self._send(200, json.dumps({"values": rows}).encode())
            elif path.startswith("/file"):
                self._send(200, b"\0file\0" + json.dumps(echo).encode(), "application/octet-stream")
            else:
                self._send(200, json.dumps(echo).encode())

        def _token(self, echo: dict[str, Any]) -> None:
            if service.mood == "refuse":
                said = {"error": "invalid_grant", "error_description": json.dumps(echo)}
                self._send(400, json.dumps(said).encode())
            else:
                token = {"access_token": service.fresh_token(), "token_type": "bearer", "expires_in": 3600}
                self._send(200, json.dumps(token | {"refresh_token": service.fresh_token()}).encode())

        def _stream(self, asked: dict[str, Any], text: str) -> None:
            tools = asked.get("tools")
            done = any(message["role"] == "tool" for message in asked["messages"])
            if tools and not done:
                call: dict[str, Any] = {"index": 0, "id": "c", "type": "function"}
                wanted = tools[0]["function"]["parameters"].get("required", ())
                function: dict[str, Any] = {
                    "name": tools[0]["function"]["name"],
                    "arguments": json.dumps(dict.fromkeys(wanted, "x")),
                }
                call["function"] = function
                deltas: list[dict[str, Any]] = [{"tool_calls": [call]}]
                finish = "tool_calls"
            else:
                text += " " + asked["messages"][-1]["content"] if done else ""
                deltas = [{"content": text[at : at + 5]} for at in range(0, min(len(text), 2500), 5)]
                finish = "stop"
            events: list[dict[str, Any]] = [
                {"index": 0, "delta": delta, "finish_reason": None} for delta in deltas
            ]
            events.append({"index": 0, "delta": {}, "finish_reason": finish})
            chunk: dict[str, Any] = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            lines = "".join(f"data: {json.dumps(chunk | {'choices': [event]})}\n\n" for event in events)
            self._send(200, lines.encode() + b"data: [DONE]\n\n", "text/event-stream")

        def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
