"""Google's Sheets API: its own client library writes the requests and reads the answers, the installation's way out sends them."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from flowstudio.engine.item import Json
from flowstudio.errors import NodeError
from flowstudio.nodes.connections import AccessTokens, GoogleAccount, GoogleServiceAccount
from flowstudio.nodes.http.authentication import TokenAuth
from flowstudio.outbound import Outbound, Request, Response
from flowstudio.redaction import Secrets

TIMEOUT: Final = 60.0
TRIES: Final = 7
BACKOFF = 1.0
"""Seconds before the second try; twice as long before each further one, unless Google says how long."""
LONGEST: Final = 60.0
"""Seconds that are waited at most before a try."""
_IN_ADDRESS = re.compile(r"/spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]+)")


class Sheets:
    """Calls one account's spreadsheets."""

    def __init__(self, account: GoogleAccount, out: Outbound, tokens: AccessTokens, secrets: Secrets) -> None:
        self._account, self._out = account, out
        self._auth = TokenAuth(account, tokens, secrets)

    async def values(self, document: str, area: str, *, formatted: bool = False) -> list[list[Any]]:
        """The cells of an area by rows; empty cells at the end are missing."""
        found = await self._call(
            "spreadsheets.values.get",
            spreadsheetId=document,
            range=area,
            valueRenderOption="FORMATTED_VALUE" if formatted else "UNFORMATTED_VALUE",
            dateTimeRenderOption="FORMATTED_STRING",
        )
        return list(found.get("values", []))

    async def append(self, document: str, area: str, rows: Sequence[Sequence[Any]], *, raw: bool) -> None:
        """Add rows below the table that begins in the area."""
        await self._call(
            "spreadsheets.values.append",
            spreadsheetId=document,
            range=area,
            valueInputOption="RAW" if raw else "USER_ENTERED",
            insertDataOption="INSERT_ROWS",
            body={"values": rows, "majorDimension": "ROWS"},
        )

    async def write(
        self, document: str, areas: Sequence[tuple[str, Sequence[Sequence[Any]]]], *, raw: bool
    ) -> None:
        """Write into areas, all in one request."""
        data = [{"range": area, "values": rows, "majorDimension": "ROWS"} for area, rows in areas]
        await self._call(
            "spreadsheets.values.batchUpdate",
            spreadsheetId=document,
            body={"valueInputOption": "RAW" if raw else "USER_ENTERED", "data": data},
        )

    async def clear(self, document: str, area: str) -> None:
        """Empty the cells of an area."""
        await self._call("spreadsheets.values.clear", spreadsheetId=document, range=area, body={})

    async def sheets(self, document: str) -> list[Json]:
        """The properties of all sheets of a spreadsheet, in their order."""
        found = await self._call(
            "spreadsheets.get",
            spreadsheetId=document,
            fields="sheets.properties(sheetId,title,index,gridProperties)",
        )
        return [sheet["properties"] for sheet in found.get("sheets", [])]

    async def change(self, document: str, *requests: Json) -> list[Json]:
        """Change the structure of a spreadsheet; the replies."""
        found = await self._call(
            "spreadsheets.batchUpdate", spreadsheetId=document, body={"requests": list(requests)}
        )
        return list(found.get("replies", []))

    async def create(self, title: str, sheets: Sequence[str]) -> Json:
        """Make a spreadsheet."""
        body: Json = {"properties": {"title": title}}
        if sheets:
            body["sheets"] = [{"properties": {"title": name}} for name in sheets]
        return await self._call("spreadsheets.create", body=body)

    async def _call(self, method: str, **parameters: Any) -> Json:
        """Call a method of the API; busy answers are tried again. Raises `NodeError` in words."""
        service = await asyncio.to_thread(_service)
        *path, last = method.split(".")
        resource: Any = service
        for name in path:
            resource = getattr(resource, name)()
        request = getattr(resource, last)(**parameters)
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        sent = Request(
            request.method,
            _at(request.uri, self._account.base_url),
            tuple(request.headers.items()),
            body,
            self._auth,
            timeout=TIMEOUT,
        )
        for number in itertools.count(1):
            response = await self._out.request(sent)
            # Google has done nothing of what it answers with 429; a 5xx may have come after it was done.
            busy = response.status == 429 or (response.status >= 500 and request.method == "GET")
            if not busy or number == TRIES:
                return self._read(request, response)
            await asyncio.sleep(_pause(response, number))
        raise AssertionError("counts without end")

    def _read(self, request: Any, response: Response) -> Json:
        from googleapiclient.errors import HttpError
        from httplib2 import Response as Head

        head = Head({"status": str(response.status), **dict(response.headers)})
        head.reason = response.reason
        try:
            found = request.postproc(head, response.body)
        except HttpError as error:
            raise self._refused(response.status, str(error.reason or "").strip()) from None
        except ValueError:
            raise NodeError(
                "The answer is not one of Google Sheets. Check the base URL of the credential."
            ) from None
        if not isinstance(found, dict):
            raise NodeError("The answer is not one of Google Sheets. Check the base URL of the credential.")
        return found

    def _refused(self, status: int, reason: str) -> NodeError:
        said = f" Google says: {reason.rstrip('.')}." if reason else ""
        who = (
            f"Share it with {self._account.email}."
            if isinstance(self._account, GoogleServiceAccount)
            else "Open it with the Google account that is connected to see whether it may."
        )
        match status:
            case 401:
                words = "Google does not accept the credential. Open Credentials and connect it again."
            case 403:
                words = f"Google refuses access to the spreadsheet. {who}"
            case 404:
                words = f"There is no such spreadsheet, or it is not shared. {who}"
            case 429:
                words = (
                    "Google allows no more requests for now. Try again later, or with fewer items at a time."
                )
            case 400:
                words = "Google does not understand the request. Check the sheet and the range."
            case _:
                words = f"Google Sheets answered with status {status}."
        return NodeError(words + said, retryable=status == 429 or status >= 500)


def document_id(text: str) -> str:
    """The id of a spreadsheet from its address, or from itself. Raises `NodeError`."""
    text = text.strip()
    if found := _IN_ADDRESS.search(text):
        return found[1]
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise NodeError(
            f"'{text[:200]}' is not a spreadsheet. Paste its address from the browser, or its id."
        )
    return text


def sheet_number(text: str) -> int | None:
    """The number of the sheet that an address shows (`gid`)."""
    parts = urlsplit(text.strip())
    for part in (parts.fragment, parts.query):
        found = parse_qs(part).get("gid", [""])[0]
        if found.isdigit():
            return int(found)
    return None


def _pause(response: Response, number: int) -> float:
    told = response.header("retry-after")
    if told.isdigit():
        return min(float(told), LONGEST)
    return min(BACKOFF * float(2 ** (number - 1)) * random.uniform(0.75, 1.25), LONGEST)


def _at(uri: str, base_url: str) -> str:
    """The address of a request, at the account's own server where it has one."""
    if not base_url:
        return uri
    parts = urlsplit(uri)
    return base_url.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")


@cache
def _service() -> Any:
    """What writes requests; takes a while to make, and 30 MB."""
    import httplib2
    from googleapiclient.discovery import build

    return build(
        "sheets",
        "v4",
        http=httplib2.Http(),  # never used: requests are sent by `Outbound`
        static_discovery=True,
        cache_discovery=False,
    )
