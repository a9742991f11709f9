"""A small server on this machine that keeps objects as Amazon's S3 does, and lets in only who signs (Signature Version 4)."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

KEY, SECRET, BUCKET = "the-key", "an-s3-secret-value", "things"


@dataclass
class S3:
    """What the server keeps, and how it is to answer."""

    address: str = ""
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Methods and names of the requests that were let in."""
    busy: int = 0
    """How many requests from now on are told to slow down."""
    forbidden: frozenset[str] = frozenset()
    """Methods that the key is not allowed."""
    page: int = 2
    """Most objects in one answer to a listing."""

    def settings(self, folder: str = "files/here") -> dict[str, Any]:
        """Settings of an installation that keeps its files here."""
        return {
            "files_s3": f"s3://{BUCKET}/{folder}",
            "s3_endpoint": self.address,
            "s3_region": "here-1",
            "s3_access_key": KEY,
            "s3_secret_key": SECRET,
        }

    def age(self, digest: str) -> None:
        """Let an object have been put long ago."""
        [name] = [each for each in self.objects if each.endswith(f"{digest[:2]}/{digest[2:]}")]
        self.objects[name] = (self.objects[name][0], datetime.fromtimestamp(0, UTC))


@contextmanager
def serving() -> Iterator[S3]:
    """A server for as long as the block takes."""
    state = S3()

    class Handler(_Handler):
        s3 = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("NO_PROXY", "127.0.0.1")
            environment.delenv("AWS_SESSION_TOKEN", raising=False)
            yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    s3: S3

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        bucket, _, name = path.lstrip("/").partition("/")
        if self.headers["Authorization"] != self._signed(body):
            return self._refuse(403, "SignatureDoesNotMatch")
        if self.command in self.s3.forbidden:
            return self._refuse(403, "AccessDenied")
        if self.s3.busy:
            self.s3.busy -= 1
            return self._refuse(503, "SlowDown")
        if bucket != BUCKET:
            return self._refuse(404, "NoSuchBucket")
        self.s3.asked.append(f"{self.command} {name}")
        if not name:
            return self._list()
        if self.command == "PUT":
            self.s3.objects[name] = (body, datetime.now(UTC))
            return self._answer(200, b"", ETag=f'"{hashlib.md5(body).hexdigest()}"')
        if self.command == "DELETE":
            self.s3.objects.pop(name, None)
            return self._answer(204, b"")
        if name not in self.s3.objects:
            return self._refuse(404, "NoSuchKey")
        data, at = self.s3.objects[name]
        modified = format_datetime(at, usegmt=True)
        headers = {"Last-Modified": modified, "ETag": f'"{hashlib.md5(data).hexdigest()}"'}
        return self._answer(200, data, **headers)

    do_GET = do_HEAD = do_PUT = do_DELETE = _serve  # the names of the standard library

    def _signed(self, body: bytes) -> str:
        """The header that a request with this content has to carry."""
        parts = urlsplit(self.path)
        query = sorted(parse_qsl(parts.query, keep_blank_values=True))
        given = self.headers["Authorization"] or ""
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        digest = hashlib.sha256(body).hexdigest()
        request = "\n".join(
            (
                self.command,
                quote(unquote(parts.path), safe="/-_.~"),
                "&".join(f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}" for key, value in query),
                *(f"{name}:{' '.join((self.headers[name] or '').split())}" for name in names),
                "",
                ";".join(names),
                digest,
            )
        )
        at = self.headers["x-amz-date"] or ""
        scope = f"{at[:8]}/here-1/s3/aws4_request"
        signed = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{SECRET}".encode()
        for part in (at[:8], "here-1", "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, signed.encode(), "sha256").hexdigest()
        return f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"

    def _list(self) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query))
        after = asked.get("continuation-token", "")
        names = sorted(name for name in self.s3.objects if name.startswith(asked.get("prefix", "")))
        left = [name for name in names if name > after]
        shown = left[: self.s3.page]
        more = len(left) > len(shown)
        entries = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(self.s3.objects[name][0])}</Size><ETag>&quot;x&quot;</ETag>"
            f"<LastModified>{self.s3.objects[name][1]:%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for name in shown
        )
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        told = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}"
        self._answer(200, f"<ListBucketResult>{told}</ListBucketResult>".encode())

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode())

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
