"""How answers become bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from flowstudio.redaction import in_use

_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


class Json(Response):
    """A JSON answer. Data comes from the services as plain values, so nothing is validated or copied on the way out."""

    media_type = "application/json"

    def __init__(
        self, content: Any = None, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        """JSON text in UTF-8."""
        return dump(content)


def dump(value: Any) -> bytes:
    """JSON text. Data of workflows may hold what the fast writer refuses: integers over 64 bits, lone surrogates."""
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return json.dumps(value, default=str).encode()


def problem(
    status: int, code: str, message: str, detail: Any = None, headers: Mapping[str, str] | None = None
) -> Json:
    """The shape of every refusal. It may quote a service's own words, so secrets in use are masked."""
    shown = in_use.clean({"code": code, "message": message, "detail": detail})
    return Json({"error": shown}, status, headers)
