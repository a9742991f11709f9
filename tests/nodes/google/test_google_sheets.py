"""The Google Sheets node in the real engine, by Google's client library, against the API's wire format on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, get_args

import pytest

from flowstudio.engine.context import Host
from flowstudio.engine.item import Json
from flowstudio.nodes.connections import AccessTokens, TokenAccount
from flowstudio.nodes.google import google_sheets, sheets_api
from flowstudio.nodes.google.google_sheets import GoogleSheets
from flowstudio.outbound import Outbound
from tests.nodes.driver import Result, make_host, run_node
from tests.nodes.google.spreadsheets import TOKEN, Spreadsheets
from tests.outbound.server import LoopbackServer, Reply, serving

ORDERS: list[list[Any]] = [["order", "customer", "total"], [1, "Ada", 12.5], [2, "Bob", 3], [], [3, "Ada", 7]]


class OneToken(AccessTokens):
    """Gives one token, and another when that is refused."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    async def token(self, account: TokenAccount, *, refused: str = "") -> str:
        if refused:
            self.refused.append(refused)
            return "renewed"
        return TOKEN


class Google:
    """A vault whose account is Google's on loopback."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    async def open(self, credential: str, types: Sequence[str]) -> Json:
        return {
            "type": "google-oauth2",
            "client_id": "c",
            "client_secret": "s",
            "base_url": self.base_url,
            "id": "1",
        }


@pytest.fixture
def drive() -> Spreadsheets:
    return Spreadsheets({"d1": {"Orders": [list(row) for row in ORDERS], "It's empty": []}})


@pytest.fixture
async def server(drive: Spreadsheets) -> AsyncIterator[LoopbackServer]:
    async with serving(drive.answer) as running:
        yield running


@pytest.fixture
async def host(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    monkeypatch.setattr(sheets_api, "BACKOFF", 0.001)
    outbound = Outbound(["127.0.0.1"])
    yield make_host(vault=Google(server.url("")), services={Outbound: outbound, AccessTokens: OneToken()})
    await outbound.close()


async def sheet(host: Host, operation: str, given: Sequence[Json] = ({},), **properties: Any) -> Result:
    values = {"operation": operation, "document": "d1", "sheet": "Orders"} | properties
    return await run_node("google-sheets", values, given, host=host, credentials={"account": "g"})


async def test_rows_are_read_by_the_names_of_their_columns(host: Host, drive: Spreadsheets) -> None:
    result = await sheet(host, "read")
    assert result.rows == [
        {"row_number": 2, "order": 1, "customer": "Ada", "total": 12.5},
        {"row_number": 3, "order": 2, "customer": "Bob", "total": 3},
        {"row_number": 5, "order": 3, "customer": "Ada", "total": 7},
    ]
    drive.documents["d1"]["Orders"].insert(0, ["Title"])
    result = await sheet(host, "read", range="B2:C", header_row=2, first_row=4, formatted=True)
    assert result.rows == [
        {"row_number": 4, "customer": "Bob", "total": "3"},
        {"row_number": 6, "customer": "Ada", "total": "7"},
    ]
    assert (await sheet(host, "read", sheet="It's empty")).rows == []


async def test_a_sheet_is_found_by_its_address(host: Host, drive: Spreadsheets) -> None:
    drive.documents["d1"]["It's empty"] = [["a"], ["x"]]
    address = "https://docs.google.com/spreadsheets/d/d1/edit?usp=sharing#gid=10"
    assert (await sheet(host, "read", sheet="", document=address)).rows == [{"row_number": 2, "a": "x"}]
    assert len((await sheet(host, "read", sheet="", document="d1")).rows) == 3
    assert "is not a spreadsheet" in (await sheet(host, "read", document="my sheet")).error


@pytest.mark.parametrize(
    ("properties", "orders"),
    [
        ({"filters": [{"column": "customer", "value": "Ada"}]}, [1, 3]),
        ({"filters": [{"column": "customer", "value": "Ada"}], "first_only": True}, [1]),
        (
            {"filters": [{"column": "customer", "value": "Ada"}, {"column": "total", "value": "7.0"}]},
            [],
        ),
        (
            {"filters": [{"column": "customer", "value": "Ada"}, {"column": "total", "value": 7.0}]},
            [3],
        ),
        (
            {
                "filters": [
                    {"column": "order", "value": "={{ $json.wanted }}"},
                    {"column": "total", "value": 7},
                ],
                "combine": "any",
            },
            [2, 3],
        ),
    ],
)
async def test_rows_are_looked_up(host: Host, properties: Json, orders: list[int]) -> None:
    result = await sheet(host, "look-up", [{"wanted": "2"}], **properties)
    assert [row["order"] for row in result.rows] == orders


async def test_a_hundred_items_are_looked_up_with_one_request(host: Host, drive: Spreadsheets) -> None:
    given = [{"wanted": number % 3 + 1} for number in range(100)]
    result = await sheet(
        host, "look-up", given, filters=[{"column": "order", "value": "={{ $json.wanted }}"}]
    )
    assert [row["order"] for row in result.rows] == [row["wanted"] for row in given]
    assert [item.paired_item[0].index for item in result.items if item.paired_item] == list(range(100))
    assert drive.log == ["values.get"]


async def test_a_column_that_is_not_there_is_named(host: Host) -> None:
    result = await sheet(host, "look-up", filters=[{"column": "nothing", "value": 1}])
    assert "no column 'nothing'. It has: 'order', 'customer', 'total'" in result.error


async def test_rows_are_added_together_and_new_fields_become_columns(host: Host, drive: Spreadsheets) -> None:
    given: list[Json] = [{"order": 4, "customer": "Cy"}, {"total": True, "order": 5, "note": {"a": 1}}]
    assert (await sheet(host, "append", given)).rows == [
        {"order": 4, "customer": "Cy"},
        {"total": True, "order": 5, "note": '{"a": 1}'},
    ]
    assert drive.documents["d1"]["Orders"][0] == ["order", "customer", "total", "note"]
    assert drive.documents["d1"]["Orders"][5:] == [[4, "Cy", "", ""], [5, "", True, '{"a": 1}']]
    assert drive.log == ["values.get", "values.batchUpdate", "values.append"]


async def test_what_has_no_column_is_left_out_or_stops(host: Host, drive: Spreadsheets) -> None:
    await sheet(host, "append", [{"order": 4, "odd": 1}], extra="ignore")
    assert drive.documents["d1"]["Orders"][5] == [4, "", ""]
    assert "no column 'odd'" in (await sheet(host, "append", [{"odd": 1}], extra="error")).error


async def test_the_first_rows_of_an_empty_sheet_make_its_columns(host: Host, drive: Spreadsheets) -> None:
    await sheet(host, "append", [{"a": 1}, {"b": None}], sheet="It's empty")
    assert drive.documents["d1"]["It's empty"] == [["a", "b"], [1, ""], ["", ""]]


async def test_many_rows_are_sent_in_pieces(
    host: Host, drive: Spreadsheets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_sheets, "CHUNK", 40)
    await sheet(host, "append", [{"order": number} for number in range(100)])
    assert [row[0] for row in drive.documents["d1"]["Orders"][5:]] == list(range(100))
    assert drive.log.count("values.append") == 3


async def test_rows_are_changed_where_a_column_matches_and_nothing_else_is_touched(
    host: Host, drive: Spreadsheets
) -> None:
    given: list[Json] = [
        {"order": "2", "total": 4},
        {"order": 9, "total": 1},
        {"order": 3, "customer": "Eve"},
    ]
    result = await sheet(host, "update", given, match="order")
    assert result.rows == [
        {"row_number": 3, "order": "2", "total": 4},
        {"row_number": 5, "order": 3, "customer": "Eve"},
    ]
    assert drive.documents["d1"]["Orders"] == [
        ORDERS[0],
        ORDERS[1],
        ["2", "Bob", 4],
        [],
        [3, "Eve", 7],
    ]
    assert drive.log == ["values.get", "values.batchUpdate"]
    fields = [{"column": "row_number", "value": "=2"}, {"column": "total", "value": "={{ $json.sum }}"}]
    await sheet(host, "update", [{"sum": 99}], match="row_number", mapping="fields", fields=fields)
    assert drive.documents["d1"]["Orders"][1] == [1, "Ada", 99]


async def test_rows_are_added_unless_they_are_there(host: Host, drive: Spreadsheets) -> None:
    given: list[Json] = [{"order": 2, "total": 30}, {"order": 8, "total": 1}, {"order": 8, "customer": "New"}]
    await sheet(host, "append-or-update", given, match="order")
    assert drive.documents["d1"]["Orders"][2] == [2, "Bob", 30]
    assert drive.documents["d1"]["Orders"][5:] == [[8, "New", 1]]
    await sheet(host, "append-or-update", given[:1], match="order", sheet="It's empty")
    assert drive.documents["d1"]["It's empty"] == [["order", "total"], [2, 30]]
    assert "Choose the column to match on" in (await sheet(host, "update", given)).error
    assert "no value for 'total'" in (await sheet(host, "update", [{"order": 1}], match="total")).error


async def test_cells_are_emptied_and_rows_and_columns_deleted(host: Host, drive: Spreadsheets) -> None:
    cells = drive.documents["d1"]["Orders"]
    await sheet(host, "clear", clear_what="range", range="B2:B3")
    assert [row[1:2] for row in cells[:3]] == [["customer"], [""], [""]]
    await sheet(host, "clear", clear_what="columns", start="c")
    assert [row[2] for row in cells if row] == [""] * 4
    await sheet(host, "clear", clear_what="rows", start="5", count=2)
    assert cells[4] == ["", "", ""]
    await sheet(host, "delete", delete_what="columns", start="B", count=2)
    assert cells == [["order"], [1], [2], [], [""]]
    await sheet(host, "delete", start="2", count=2)
    assert cells == [["order"], [], [""]]
    assert "number of a row" in (await sheet(host, "delete", start="B")).error
    await sheet(host, "clear")
    assert cells == [[""], [], [""]]
    drive.documents["d1"]["Orders"][:] = [["order"], [1]]
    await sheet(host, "clear", keep_header=True)
    assert cells == [["order"], [""]]


async def test_sheets_and_spreadsheets_are_made(host: Host, drive: Spreadsheets) -> None:
    made = (await sheet(host, "create-sheet", title="March")).rows
    assert made == [{"spreadsheet_id": "d1", "sheet_id": 20, "title": "March"}]
    again = await sheet(host, "create-sheet", title="March")
    assert 'A sheet with the name "March" already exists' in again.error
    [new] = (await sheet(host, "create-spreadsheet", title="Books", sheets="In, Out")).rows
    assert (new["title"], new["sheets"]) == ("Books", ["In", "Out"])
    assert drive.documents[new["spreadsheet_id"]] == {"In": [], "Out": []}


async def test_when_google_is_busy_the_node_waits_and_goes_on(host: Host, drive: Spreadsheets) -> None:
    drive.busy = [
        Reply(429, {"error": {"code": 429, "message": "Quota exceeded"}}),
        Reply(503),
        Reply(429, headers=[("Retry-After", "0")]),
    ]
    assert len((await sheet(host, "read")).rows) == 3
    drive.busy = [Reply(429, {"error": {"code": 429, "message": "Quota exceeded"}})] * 7
    assert "Google says: Quota exceeded" in (await sheet(host, "read")).error
    drive.busy = [Reply(500)]  # it may have been done: not again
    assert "status 500" in (await sheet(host, "create-spreadsheet", title="Once")).error
    assert list(drive.documents) == ["d1"]
    assert drive.busy == []


@pytest.mark.parametrize(
    ("document", "words"),
    [("forbidden", "refuses access"), ("missing", "no such spreadsheet")],
)
async def test_refusals_say_what_to_do(host: Host, document: str, words: str) -> None:
    assert words in (await sheet(host, "read", document=document)).error
    assert "Check the sheet" in (await sheet(host, "read", sheet="Nothing")).error


async def test_a_token_that_google_refuses_is_renewed(host: Host, drive: Spreadsheets) -> None:
    drive.token = "renewed"
    assert len((await sheet(host, "read")).rows) == 3
    tokens: Any = host.services[AccessTokens]
    assert tokens.refused == [TOKEN]
    drive.token = "another"
    assert "does not accept the credential" in (await sheet(host, "read")).error


def test_what_adds_or_deletes_is_not_done_twice_after_a_crash() -> None:
    """An operation that is an expression could be any: it counts as one that adds."""
    known = set(get_args(GoogleSheets.model_fields["operation"].annotation)) | {"={{ $json.what }}"}
    twice = {name for name in known if GoogleSheets.repeats({"operation": name})}
    assert known - twice == {"append", "delete", "create-sheet", "create-spreadsheet", "={{ $json.what }}"}
    assert GoogleSheets.repeats({})
