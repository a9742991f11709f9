"""Google's Sheets API on loopback, as far as the node goes: the wire format of v4, kept in memory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.outbound.server import Received, Reply

TOKEN = "sheets-canary-5521"
_PATH = re.compile(r"^/v4/spreadsheets(?:/([^/:]+)(?:/values(?:/(.+?))?)?)?(?::(append|clear|batchUpdate))?$")


def column(letters: str) -> int:
    """A is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


@dataclass
class Spreadsheets:
    """Spreadsheets by id; each has sheets by name, each with rows of cells."""

    documents: dict[str, dict[str, list[list[Any]]]] = field(default_factory=dict)
    busy: list[Reply] = field(default_factory=list)
    """Answers that are given first, instead of what was asked for."""
    log: list[str] = field(default_factory=list)
    """Methods that were served."""
    token: str = TOKEN

    def answer(self, request: Received) -> Reply:
        """Serve one request."""
        if request.header("authorization") != f"Bearer {self.token}":
            return _refusal(401, "Request had invalid authentication credentials.")
        if self.busy:
            return self.busy.pop(0)
        found = _PATH.match(request.path)
        assert found, request.target
        document, cells, verb = found.groups()
        body = json.loads(request.body) if request.body else {}
        query = dict(request.query)
        kind = "values." if "/values" in request.path else ""
        self.log.append(f"{kind}{verb or {'GET': 'get', 'POST': 'create'}[request.method]}")
        if document is None:
            return self._create(body)
        if document == "forbidden":
            return _refusal(403, "The caller does not have permission")
        if document not in self.documents:
            return _refusal(404, "Requested entity was not found.")
        sheets = self.documents[document]
        if not kind:
            return self._change(sheets, body) if verb == "batchUpdate" else self._describe(sheets)
        if verb == "batchUpdate":
            assert body["valueInputOption"] in ("RAW", "USER_ENTERED")
            for entry in body["data"]:
                self._write(sheets, entry["range"], entry["values"])
            return Reply(body={"totalUpdatedRows": len(body["data"])})
        area = self._area(sheets, unquote(cells))
        if area is None:
            return _refusal(400, f"Unable to parse range: {unquote(cells)}")
        name, top, left, bottom, right = area
        rows = sheets[name]
        if verb == "clear":
            for row in rows[top:bottom]:
                row[left:right] = [""] * len(row[left:right])
            return Reply(body={"clearedRange": unquote(cells)})
        if verb == "append":
            assert query["valueInputOption"] in ("RAW", "USER_ENTERED")
            assert query["insertDataOption"] == "INSERT_ROWS"
            last = max((n + 1 for n, row in enumerate(rows) if any(cell != "" for cell in row)), default=0)
            rows[last:] = [[""] * left + list(row) for row in body["values"]]
            return Reply(body={"updates": {"updatedRows": len(body["values"])}})
        shown = [_trimmed(row[left:right]) for row in rows[top:bottom]]
        if query["valueRenderOption"] == "FORMATTED_VALUE":
            shown = [[str(cell) for cell in row] for row in shown]
        while shown and not shown[-1]:
            shown.pop()
        answer = {"range": unquote(cells), "majorDimension": "ROWS"}
        return Reply(body=answer | ({"values": shown} if shown else {}))

    def _area(
        self, sheets: dict[str, list[list[Any]]], text: str
    ) -> tuple[str, int, int, int | None, int | None] | None:
        found = re.fullmatch(r"'((?:[^']|'')+)'(?:!([A-Z]*)(\d*)(?::([A-Z]*)(\d*))?)?", text)
        if not found or found[1].replace("''", "'") not in sheets:
            return None
        left, top, right, bottom = found[2], found[3], found[4], found[5]
        if right is None and bottom is None:
            right, bottom = left, top
        return (
            found[1].replace("''", "'"),
            int(top) - 1 if top else 0,
            column(left) if left else 0,
            int(bottom) if bottom else None,
            column(right) + 1 if right else None,
        )

    def _write(self, sheets: dict[str, list[list[Any]]], text: str, values: list[list[Any]]) -> None:
        area = self._area(sheets, text)
        assert area, text
        name, top, left, _, _ = area
        rows = sheets[name]
        for down, row in enumerate(values):
            while len(rows) <= top + down:
                rows.append([])
            target = rows[top + down]
            target.extend([""] * (left + len(row) - len(target)))
            target[left : left + len(row)] = row

    def _describe(self, sheets: dict[str, list[list[Any]]]) -> Reply:
        found = [
            {"properties": {"sheetId": number * 10, "title": name, "index": number}}
            for number, name in enumerate(sheets)
        ]
        return Reply(body={"sheets": found})

    def _change(self, sheets: dict[str, list[list[Any]]], body: Any) -> Reply:
        replies: list[dict[str, Any]] = []
        for request in body["requests"]:
            if adding := request.get("addSheet"):
                title = adding["properties"]["title"]
                if title in sheets:
                    return _refusal(400, f'A sheet with the name "{title}" already exists.')
                sheets[title] = []
                properties = {"sheetId": 10 * (len(sheets) - 1), "title": title}
                replies.append({"addSheet": {"properties": properties}})
            else:
                place = request["deleteDimension"]["range"]
                rows = sheets[list(sheets)[place["sheetId"] // 10]]
                if place["dimension"] == "ROWS":
                    del rows[place["startIndex"] : place["endIndex"]]
                else:
                    for row in rows:
                        del row[place["startIndex"] : place["endIndex"]]
                replies.append({})
        return Reply(body={"replies": replies})

    def _create(self, body: Any) -> Reply:
        names = [sheet["properties"]["title"] for sheet in body.get("sheets", [])] or ["Sheet1"]
        id_ = f"made{len(self.documents)}"
        self.documents[id_] = {name: [] for name in names}
        return Reply(
            body={
                "spreadsheetId": id_,
                "properties": body["properties"],
                "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{id_}/edit",
                "sheets": [{"properties": {"title": name}} for name in names],
            }
        )


def _trimmed(row: list[Any]) -> list[Any]:
    row = list(row)
    while row and row[-1] == "":
        row.pop()
    return row


def _refusal(status: int, message: str) -> Reply:
    return Reply(status, {"error": {"code": status, "message": message, "status": "REFUSED"}})
