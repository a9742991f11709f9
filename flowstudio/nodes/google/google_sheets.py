"""The Google Sheets node."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json, Ports
from flowstudio.engine.node import Choice, Credential, Example, ItemNode, Pace, ShowIf
from flowstudio.errors import NodeError, ParameterError
from flowstudio.nodes.connections import GOOGLE_TYPES, AccessTokens, GoogleAccount
from flowstudio.nodes.google.sheets_api import Sheets, document_id, sheet_number
from flowstudio.nodes.google.sheets_table import (
    Changes,
    Extra,
    Table,
    area,
    column_number,
    corner,
    letters,
    matching,
    read_table,
)
from flowstudio.outbound import Outbound

T = TypeVar("T")
CHUNK = 2000
"""Rows that are sent in one request."""

Operation = Literal[
    "read",
    "look-up",
    "append",
    "append-or-update",
    "update",
    "clear",
    "delete",
    "create-sheet",
    "create-spreadsheet",
]
_WRITES = ("append", "append-or-update", "update")
_IN_DOCUMENT = ("read", "look-up", *_WRITES, "clear", "delete", "create-sheet")
_IN_SHEET = ("read", "look-up", *_WRITES, "clear", "delete")
_HARMLESS = ("read", "look-up", "append-or-update", "update", "clear")
"""What may be done twice and comes to the same."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, coerce_numbers_to_str=True)

    column: Annotated[str, Field(min_length=1)]
    """The name of the column, as it stands in the sheet."""
    value: Any = ""
    """The value."""


class GoogleSheets(ItemNode):
    """Reads, adds, changes and deletes rows of spreadsheets in Google Sheets.

    The first row of a sheet has the names of its columns; each row below it is an item. What arrives is written into the columns
    that have the names of its fields. Items that arrive together are written together, and are all written or none.

    Sign in with a **Google (OAuth2)** credential, or share the spreadsheet with a **Google (service account)**. When Google allows
    no more requests for a while, the node waits and goes on.

    If the server is stopped by force while rows are added or deleted, nobody knows whether Google did it. The execution then ends with
    a sentence instead of doing it twice: look at the sheet, then retry it or leave it.
    """

    type = "google-sheets"
    label = "Google Sheets"
    group = "Actions"
    icon = "sheet"
    subtitle = "{operation}: {sheet}"

    @classmethod
    def repeats(cls, properties: Mapping[str, Any]) -> bool:
        """Reading, and writing to a place that is named, may happen twice; adding and deleting may not."""
        return properties.get("operation", "read") in _HARMLESS

    examples = (
        Example(
            "Look up the orders of a customer",
            properties={
                "operation": "look-up",
                "document": "1aBcD",
                "sheet": "Orders",
                "filters": [{"column": "customer", "value": "={{ $json.name }}"}],
            },
            given=[{"name": "Ada"}],
            gives=[
                {"row_number": 2, "order": 1, "customer": "Ada", "total": 12.5},
                {"row_number": 5, "order": 3, "customer": "Ada", "total": 7},
            ],
        ),
        Example(
            "Change an order that is there, add one that is not",
            properties={
                "operation": "append-or-update",
                "document": "1aBcD",
                "sheet": "Orders",
                "match": "order",
            },
            given=[{"order": 2, "total": 4}, {"order": 4, "customer": "Cy", "total": 9}],
            gives=[
                {"row_number": 3, "order": 2, "total": 4},
                {"order": 4, "customer": "Cy", "total": 9},
            ],
        ),
    )

    account: Annotated[GoogleAccount, Credential("Google account", GOOGLE_TYPES)]
    """Who signs in to Google."""
    operation: Annotated[
        Operation,
        Choice(
            {
                "read": "Read all rows",
                "look-up": "Look up rows",
                "append": "Add rows",
                "append-or-update": "Add rows, or change those that are there",
                "update": "Change rows",
                "clear": "Empty cells",
                "delete": "Delete rows or columns",
                "create-sheet": "Make a sheet",
                "create-spreadsheet": "Make a spreadsheet",
            }
        ),
    ] = "read"
    """What to do."""
    document: Annotated[str, ShowIf("operation", _IN_DOCUMENT), Field(title="Spreadsheet")] = ""
    """Its address, copied from the browser, or its id."""
    sheet: Annotated[str, ShowIf("operation", _IN_SHEET)] = ""
    """The name on its tab. Empty: the one that the address shows, or the first."""
    title: Annotated[
        str, ShowIf("operation", ("create-sheet", "create-spreadsheet")), Field(title="Name")
    ] = ""
    """What it is called."""
    sheets: Annotated[
        str, ShowIf("operation", ("create-spreadsheet",)), Field(title="Names of its sheets")
    ] = ""
    """Separated by commas. Empty: one sheet, named by Google."""

    filters: Annotated[
        list[_Row], ShowIf("operation", ("look-up",)), Field(default_factory=list, title="Look for")
    ]
    """Which values the columns of a row must have."""
    combine: Annotated[
        Literal["all", "any"],
        Choice({"all": "All of them", "any": "At least one"}),
        ShowIf("operation", ("look-up",)),
        Field(title="A row must have"),
    ] = "all"
    """How many of the values."""
    first_only: Annotated[
        bool, ShowIf("operation", ("look-up",)), Field(title="Only the first row that fits")
    ] = False
    """Give one row at most."""
    formatted: Annotated[
        bool, ShowIf("operation", ("read", "look-up")), Field(title="Values as they are shown")
    ] = False
    """Read `$1,200.00` as that text, not as the number 1200."""

    mapping: Annotated[
        Literal["automatic", "fields"],
        Choice({"automatic": "The fields of the item", "fields": "Those listed below"}),
        ShowIf("operation", _WRITES),
        Field(title="What to write"),
    ] = "automatic"
    """Fields go into the columns that have the same names."""
    fields: Annotated[
        list[_Row],
        ShowIf("operation", _WRITES),
        ShowIf("mapping", ("fields",)),
        Field(default_factory=list, title="Columns"),
    ]
    """Columns and what is written into them. Columns that are not listed stay as they are."""
    match: Annotated[
        str, ShowIf("operation", ("append-or-update", "update")), Field(title="Column to match on")
    ] = ""
    """The row with the same value in this column is changed. `row_number` means the row's number."""
    extra: Annotated[
        Extra,
        Choice({"add": "Add a column", "ignore": "Leave it out", "error": "Stop with an error"}),
        ShowIf("operation", _WRITES),
        Field(title="A field without a column"),
    ] = "add"
    """What to do with it."""
    input: Annotated[
        Literal["user-entered", "raw"],
        Choice({"user-entered": "As if somebody typed it", "raw": "Exactly as it is"}),
        ShowIf("operation", _WRITES),
        Field(title="Write values"),
    ] = "user-entered"
    """Typed text becomes a number, a date or a formula where it looks like one."""

    clear_what: Annotated[
        Literal["sheet", "rows", "columns", "range"],
        Choice({"sheet": "The whole sheet", "rows": "Rows", "columns": "Columns", "range": "A range"}),
        ShowIf("operation", ("clear",)),
        Field(title="What to empty"),
    ] = "sheet"
    """Cells are emptied, their formats stay."""
    keep_header: Annotated[
        bool,
        ShowIf("operation", ("clear",)),
        ShowIf("clear_what", ("sheet",)),
        Field(title="Keep the first row"),
    ] = False
    """Keep the names of the columns."""
    delete_what: Annotated[
        Literal["rows", "columns"], ShowIf("operation", ("delete",)), Field(title="What to delete")
    ] = "rows"
    """What is behind moves up."""
    start: Annotated[str, ShowIf("operation", ("clear", "delete")), Field(min_length=1, title="From")] = "2"
    """The number of the first row, or the letters of the first column, such as C."""
    count: Annotated[int, ShowIf("operation", ("clear", "delete")), Field(ge=1, title="How many")] = 1
    """How many rows or columns."""
    range: Annotated[
        str, ShowIf("operation", ("read", "look-up", *_WRITES, "clear")), Field(title="Range")
    ] = ""
    """Cells such as `B2:F` or `A1:D20`. Empty: the whole sheet."""
    header_row: Annotated[
        int, ShowIf("operation", ("read", "look-up", *_WRITES)), Field(ge=1, title="Row with the names")
    ] = 1
    """The row that has the names of the columns."""
    first_row: Annotated[
        int | None, ShowIf("operation", ("read", "look-up", *_WRITES)), Field(ge=1, title="First row of data")
    ] = None
    """Empty: the row below the names."""

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """Items are gathered into few requests."""
        return Pace(CHUNK)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Take part in the round of the items that arrived together."""
        gathered = _gathered(ctx, self.account)
        rows: list[Json] = [dict(item.json)]
        match self.operation:
            case "read" | "look-up":
                table = await gathered.once(("table", *self._place(), self.formatted), self._table)
                rows = table.items()
                if self.operation == "look-up":
                    rows = self._found(table, rows)
            case "append" | "append-or-update" | "update":
                place = (*self._place(), self.operation, self.match, self.extra, self.input)
                written = await gathered.write(place, self, self._row(item))
                rows = [written] if written is not None else []
            case "create-spreadsheet":
                rows = [await self._create_spreadsheet(gathered.sheets)]
            case "create-sheet":
                rows = [await self._create_sheet(gathered.sheets)]
            case "clear":
                async with gathered.turn:
                    await self._clear(gathered)
            case "delete":
                async with gathered.turn:
                    await self._delete(gathered)
        return {"main": [item.with_json(row) for row in rows]}

    def _place(self) -> tuple[Any, ...]:
        return (self.document, self.sheet, self.range, self.header_row, self.first_row)

    def _found(self, table: Table, rows: list[Json]) -> list[Json]:
        wanted = {one.column: one.value for one in self.filters}
        if not wanted:
            raise ParameterError("Say what to look for.", parameter="filters")
        for column in wanted:
            table.position(column)
        found = matching(rows, wanted, every=self.combine == "all")
        return found[:1] if self.first_only else found

    def _row(self, item: Item) -> Json:
        if self.operation != "append" and not self.match:
            raise ParameterError("Choose the column to match on.", parameter="match")
        if self.mapping == "automatic":
            return dict(item.json)
        return {one.column: one.value for one in self.fields}

    async def _where(self, gathered: _Gathered) -> tuple[str, str]:
        """The spreadsheet's id and the sheet's name."""
        document = self._document()
        if self.sheet:
            return document, self.sheet
        return document, str((await self._properties(gathered))["title"])

    def _document(self) -> str:
        if not self.document:
            raise ParameterError("Say which spreadsheet.", parameter="document")
        return document_id(self.document)

    async def _properties(self, gathered: _Gathered) -> Json:
        """What Google knows of the sheet itself."""
        document = self._document()
        known = await gathered.once(("sheets", document), lambda g: g.sheets.sheets(document))
        number = sheet_number(self.document)
        for properties in known:
            if properties["title"] == self.sheet or (not self.sheet and properties["sheetId"] == number):
                return properties
        if self.sheet or not known:
            have = ", ".join(f"'{one['title']}'" for one in known[:20])
            raise NodeError(f"The spreadsheet has no sheet '{self.sheet}'. It has: {have}.")
        return known[0]

    async def _table(self, gathered: _Gathered) -> Table:
        document, sheet = await self._where(gathered)
        top, left = corner(self.range) if self.range else (0, 0)
        cells = await gathered.sheets.values(document, area(sheet, self.range), formatted=self.formatted)
        return read_table(cells, top=top, left=left, header=self.header_row, first=self.first_row)

    async def write(self, gathered: _Gathered, rows: list[Json]) -> list[Json | None]:
        """Write the rows of all items of a round; what was written for each."""
        document, sheet = await self._where(gathered)
        table = await self._table(gathered)
        changes = Changes(table, self.extra)
        done: list[Json | None] = []
        for row in rows:
            if self.operation == "append":
                done.append(changes.append(row))
            else:
                add = self.operation == "append-or-update"
                done.append(changes.update(row, self.match, otherwise_append=add))
        raw = self.input == "raw"
        header = changes.header(sheet)
        if header is not None:
            await gathered.sheets.write(document, [header], raw=True)
        areas = changes.areas(sheet)
        for begin in _steps(len(areas)):
            await gathered.sheets.write(document, areas[begin : begin + CHUNK], raw=raw)
        new = changes.rows()
        first, last = letters(table.left), letters(table.left + max(len(changes.columns), 1) - 1)
        where = area(sheet, f"{first}{table.header}:{last}{max(table.last, table.header)}")
        for begin in _steps(len(new)):
            await gathered.sheets.append(document, where, new[begin : begin + CHUNK], raw=raw)
        return done

    async def _clear(self, gathered: _Gathered) -> None:
        document, sheet = await self._where(gathered)
        cells = "A2:ZZZ" if self.keep_header else ""
        match self.clear_what:
            case "rows":
                begin = self._first_row()
                cells = f"{begin}:{begin + self.count - 1}"
            case "columns":
                at = column_number(self.start)
                cells = f"{letters(at)}:{letters(at + self.count - 1)}"
            case "range":
                if not self.range:
                    raise ParameterError("Say which cells to empty.", parameter="range")
                corner(self.range)
                cells = self.range
        await gathered.sheets.clear(document, area(sheet, cells))

    async def _delete(self, gathered: _Gathered) -> None:
        properties = await self._properties(gathered)
        rows = self.delete_what == "rows"
        begin = self._first_row() - 1 if rows else column_number(self.start)
        place = {
            "sheetId": properties["sheetId"],
            "dimension": "ROWS" if rows else "COLUMNS",
            "startIndex": begin,
            "endIndex": begin + self.count,
        }
        await gathered.sheets.change(self._document(), {"deleteDimension": {"range": place}})

    def _first_row(self) -> int:
        if not self.start.strip().isdigit() or int(self.start) < 1:
            raise ParameterError("Write the number of a row, such as 2.", parameter="start")
        return int(self.start)

    async def _create_sheet(self, sheets: Sheets) -> Json:
        if not self.title:
            raise ParameterError("Give the sheet a name.", parameter="title")
        document = self._document()
        [reply] = await sheets.change(document, {"addSheet": {"properties": {"title": self.title}}})
        made = reply["addSheet"]["properties"]
        return {"spreadsheet_id": document, "sheet_id": made["sheetId"], "title": made["title"]}

    async def _create_spreadsheet(self, sheets: Sheets) -> Json:
        if not self.title:
            raise ParameterError("Give the spreadsheet a name.", parameter="title")
        names = [name.strip() for name in self.sheets.split(",") if name.strip()]
        made = await sheets.create(self.title, names)
        return {
            "spreadsheet_id": made["spreadsheetId"],
            "title": made["properties"]["title"],
            "url": made.get("spreadsheetUrl", ""),
            "sheets": [sheet["properties"]["title"] for sheet in made.get("sheets", [])],
        }


def _steps(count: int) -> list[int]:
    return list(range(0, count, CHUNK))


@dataclass(eq=False)
class _Gathered:
    """The items of one round of a node run: they share what they read, and are written together.

    The engine starts all items of a round before any of them goes on, so the task that is made by the first of them runs when all
    have joined. If it were otherwise, there would be more requests, and the same result.
    """

    sheets: Sheets
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by items that change the same sheet one after the other."""
    _known: dict[tuple[Any, ...], asyncio.Future[Any]] = field(default_factory=dict)
    _waiting: dict[tuple[Any, ...], tuple[GoogleSheets, list[Json], asyncio.Task[list[Json | None]]]] = field(
        default_factory=dict
    )

    async def once(self, key: tuple[Any, ...], ask: Callable[[_Gathered], Awaitable[T]]) -> T:
        """What `ask` gives, asked once for all items that want the same."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = asyncio.ensure_future(ask(self))
        found: T = await _result(known)
        return found

    async def write(self, key: tuple[Any, ...], node: GoogleSheets, row: Json) -> Json | None:
        """Write a row together with those of the other items for the same place."""
        entry = self._waiting.get(key)
        if entry is None:
            rows: list[Json] = []
            task = asyncio.ensure_future(self._flush(key))
            entry = self._waiting[key] = (node, rows, task)
        _, rows, task = entry
        rows.append(row)
        number = len(rows) - 1
        return (await _result(task))[number]

    async def _flush(self, key: tuple[Any, ...]) -> list[Json | None]:
        node, rows, _ = self._waiting.pop(key)
        async with self.turn:
            return await node.write(self, rows)


async def _result(shared: asyncio.Future[T]) -> T:
    """What a task gives that several items wait for. When the node run is cancelled, so is the task."""
    try:
        await asyncio.wait([shared])
    except asyncio.CancelledError:
        shared.cancel()
        raise
    return shared.result()


_rounds: dict[tuple[Any, ...], _Gathered] = {}


def _gathered(ctx: Context, account: GoogleAccount) -> _Gathered:
    """The round that an item belongs to."""
    key = (ctx.execution.id, ctx.node, ctx.scope, ctx.attempt)
    found = _rounds.get(key)
    if found is None:
        tokens: Any = ctx.host.services.get(AccessTokens)
        found = _rounds[key] = _Gathered(Sheets(account, ctx.use(Outbound), tokens, ctx.host.secrets))
        asyncio.get_running_loop().call_soon(_rounds.pop, key, None)
    return found
