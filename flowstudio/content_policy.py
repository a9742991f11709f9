"""What a page of the studio may load and run: only what this server serves, and the inline scripts of the build.

Reflex writes inline scripts into the pages that it renders at the build; each is allowed by its hash, so that no other one runs.
None may evaluate code: Reflex's own messages would need it, so ours go another way (`pages/notices.py`).
Styles may be inline, because the editor's libraries write them while they run.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

NARROW: Final = "frame-ancestors 'self'; base-uri 'self'; object-src 'none'"
"""For what is not a page."""
_INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


def content_policy(client: Path) -> str:
    """The Content-Security-Policy of the pages in a folder."""
    scripts: set[str] = set()
    for page in client.rglob("*.html"):
        scripts.update(_INLINE.findall(page.read_text("utf-8")))
    hashes = sorted(f"'sha256-{b64encode(sha256(each.encode()).digest()).decode()}'" for each in scripts)
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(["script-src 'self'", *hashes]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' blob:",
            "frame-src 'self' blob:",
            "media-src 'self' blob:",
            "form-action 'self'",
            NARROW,
        )
    )
