"""The PostgreSQL node in the real engine, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from flowstudio.nodes.databases.postgres import Postgres
from flowstudio.outbound import Outbound
from tests.nodes.databases.door import Door, opened
from tests.postgres import PostgresServer

PATIENCE = 60


@pytest.fixture
async def door(postgres_server: PostgresServer, postgres_database: str) -> AsyncIterator[Door]:
    async with opened(postgres_server, postgres_database) as made:
        yield made


async def test_rows_are_read_by_conditions_sorted_and_limited(door: Door) -> None:
    result = await door.node(
        "select",
        [{"who": "Ada"}, {"who": "Bob"}],
        conditions=[
            {"column": "customer", "value": "={{ $json.who }}"},
            {"column": "total", "test": "greater", "value": 1},
        ],
        order=[{"column": "total", "direction": "descending"}],
        columns=["id", "total"],
    )
    assert result.rows == [{"id": 1, "total": 12.5}, {"id": 3, "total": 7}, {"id": 2, "total": 3}]
    assert [item.paired_item[0].index for item in result.items if item.paired_item] == [0, 0, 1]
    for test, value, ids in (
        ("contains", "OB", [2]),
        ("starts_with", "a", [1, 3]),
        ("like", "%o_", [2]),
        ("one_of", ["Bob", "Cy"], [2]),
        ("one_of", "Bob, Ada", [1, 2, 3]),
        ("not_equals", "Ada", [2]),
        ("is_empty", None, []),
        ("is_not_empty", None, [1, 2, 3]),
        ("equals", "' OR true --", []),
    ):
        conditions = [{"column": "customer", "test": test, "value": value}]
        result = await door.node("select", conditions=conditions, order=[{"column": "id"}])
        assert [row["id"] for row in result.rows] == ids, test
    either = [{"column": "id", "value": "1"}, {"column": "total", "test": "less_or_equal", "value": "3"}]
    assert len((await door.node("select", conditions=either, combine="any")).rows) == 2
    result = await door.node("select", limit=2)
    assert len(result.rows) == 2
    assert "more than 2 rows" in result.outcome.stdout


async def test_a_missing_value_never_means_every_row(door: Door) -> None:
    for operation in ("select", "delete"):
        result = await door.node(
            operation, conditions=[{"column": "customer", "value": "={{ $json.nothing }}"}]
        )
        assert "There is no value to compare 'customer' with" in result.error
    assert "Say which rows" in (await door.node("delete")).error
    assert len(await door.sql("SELECT 1 FROM orders")) == 3


async def test_values_of_a_query_never_become_part_of_it(door: Door) -> None:
    evil = "x'; DROP TABLE orders; --"
    result = await door.node(
        "query",
        [{"v": evil}],
        query="SELECT $1 AS said, $2::int + 1 AS more, $3::jsonb AS doc, 3 = ANY($4::int[]) AS has, $5 AS none",
        parameters=[
            {"value": "={{ $json.v }}"},
            {"value": 41},
            {"value": {"a": [1, {"b": True}]}},
            {"value": [1, 2, 3]},
            {"value": None},
        ],
    )
    assert result.rows == [
        {"said": evil, "more": 42, "doc": {"a": [1, {"b": True}]}, "has": True, "none": None}
    ]
    literal = "SELECT '={{ $json.v }}' AS text"
    assert (await door.node("query", [{"v": evil}], query=literal)).rows == [{"text": "={{ $json.v }}"}]
    assert len(await door.sql("SELECT 1 FROM orders")) == 3


async def test_what_a_query_gives_is_json(door: Door) -> None:
    query = """SELECT 9007199254740993 AS big, 1.10::numeric AS price, 0.1234567890123456789::numeric AS fine, 'NaN'::float8 AS odd,
        timestamptz '2026-03-01 10:30:00+01' AS at, timestamp 'infinity' AS never, date '2026-03-01' AS day, true AS yes,
        ARRAY['a', NULL, '"x\\'] AS list, gen_random_uuid() IS NOT NULL AS id, interval '1 day 2 hours' AS span, '\\x00ff'::bytea AS raw,
        int4range(1, 5) AS span2, inet '10.0.0.1' AS ip"""
    [row] = (await door.node("query", query=query)).rows
    assert row == {
        "big": "9007199254740993",
        "price": 1.1,
        "fine": "0.1234567890123456789",
        "odd": "nan",
        "at": "2026-03-01T09:30:00Z",
        "never": "infinity",
        "day": "2026-03-01",
        "yes": True,
        "list": ["a", None, '"x\\'],
        "id": True,
        "span": "1 day 02:00:00",
        "raw": "\\x00ff",
        "span2": "[1, 5)",
        "ip": "10.0.0.1",
    }
    assert (await door.node("query", query="UPDATE orders SET total = 1")).rows == [{"changed": 3}]
    several = "CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2); SELECT sum(a) AS sum FROM t"
    assert (await door.node("query", query=several)).rows == [{"sum": 3}]
    writing = "WITH gone AS (DELETE FROM orders RETURNING id) INSERT INTO orders SELECT 9, 'Eve', count(*) FROM gone"
    assert (await door.node("query", query=writing)).rows == []
    assert await door.sql("SELECT id FROM orders") == [(9,)]


async def test_a_query_that_only_reads_is_held_to_it(door: Door) -> None:
    for query in ("DELETE FROM orders", "COMMIT; DELETE FROM orders", "SELECT set_config('x.y', '1', false)"):
        result = await door.node("query", query=query, read_only=True)
        if "set_config" not in query:
            assert "PostgreSQL says" in result.error
    assert len(await door.sql("SELECT 1 FROM orders")) == 3


async def test_rows_are_added_changed_and_deleted(door: Door) -> None:
    result = await door.node(
        "insert", [{"id": 10, "customer": "Cy"}, {"id": "11", "customer": 7, "total": 2}]
    )
    assert result.rows == [{"id": 10, "customer": "Cy", "total": 0}, {"id": 11, "customer": "7", "total": 2}]
    fields = [
        {"column": "id", "value": "={{ $json.n }}"},
        {"column": "customer", "value": "Di"},
    ]
    result = await door.node("upsert", [{"n": 10}, {"n": 12}], mapping="fields", fields=fields, match=["id"])
    assert [row["customer"] for row in result.rows] == ["Di", "Di"]
    result = await door.node(
        "update", [{"customer": "Ada", "total": 1, "x": 1}], match=["customer"], extra="ignore"
    )
    assert [row["id"] for row in result.rows] == [1, 3]
    assert (await door.node("update", [{"customer": "Nobody", "total": 1}], match=["customer"])).rows == []
    result = await door.node("delete", conditions=[{"column": "id", "test": "greater", "value": 9}])
    assert result.rows == [{"deleted": 3}]
    odd = {
        "A b": ["x", 'y"'],
        "doc": ["x"],
        "moment": "2026-01-01T00:00:00Z",
        "big": 2**62,
        "flag": True,
        "day": "2026-01-02",
        "part": 0.1,
    }
    result = await door.node("insert", [odd], table='Odd "thing" s')
    assert result.rows == [odd | {"big": str(2**62)}]


async def test_a_thousand_rows_are_all_written_or_none(door: Door) -> None:
    given = [{"id": number, "customer": "Ada"} for number in range(1000, 2000)]
    assert len((await door.node("insert", given)).rows) == 1000
    given = [{"id": number, "customer": "Ada"} for number in (3000, 3001, 1500, 3002)]
    result = await door.node("insert", given, settings={"on_error": "continue"})
    told = [row["error"] for row in result.rows]
    assert "Key (id)=(1500) already exists" in str(told[2])
    assert all("Nothing was done, as item 3 failed" in str(told[at]) for at in (0, 1, 3))
    result = await door.node("insert", given, transaction="apart", settings={"on_error": "continue"})
    assert ["error" in row for row in result.rows] == [False, False, True, False]
    assert await door.sql("SELECT count(*) FROM orders WHERE id >= 1000") == [(1003,)]


async def test_what_goes_wrong_is_said_in_words(door: Door) -> None:
    for operation, properties, words in (
        ("query", {"query": "SELEC 1"}, 'syntax error at or near "SELEC"'),
        ("query", {"query": "SELECT * FROM nowhere"}, "Check the names of the table and its schema"),
        ("query", {"query": "SELECT $1::int"}, "exactly one value for each $1, $2"),
        ("query", {"query": "SELECT pg_sleep(60)", "timeout": 0.05}, "took longer than 0.05 s"),
        ("query", {"query": ""}, "Write a query"),
        ("select", {"table": ""}, "Say which table"),
        ("select", {"columns": ["nope"]}, "Check the names of the columns"),
        ("insert", {"table": "nowhere"}, "There is no table 'nowhere' in the schema 'public'"),
        ("insert", {}, "The table has no column 'x'. It has: 'id', 'customer', 'total'"),
        ("upsert", {"match": ["id"], "extra": "ignore"}, "There is no value for 'id'"),
        ("update", {"extra": "ignore"}, "Name the columns by which rows are found"),
        (
            "upsert",
            {
                "match": ["customer"],
                "mapping": "fields",
                "fields": [{"column": "id", "value": 9}, {"column": "customer", "value": "x"}],
            },
            "only by columns that are the key of the table, or together unique",
        ),
    ):
        assert words in (await door.node(operation, [{"x": 1}], **properties)).error, properties


async def test_the_address_that_was_vetted_is_the_one_that_is_connected_to(door: Door) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    door.outbound = Outbound([f"db.example:{door.port}"], resolve=resolve)
    door.account["host"] = "db.example"
    assert len((await door.node("select")).rows) == 3
    assert asked == ["db.example"]
    door.outbound = Outbound([], resolve=resolve)
    for host in ("127.0.0.1", "localhost", "2130706433", "db.example"):
        door.account["host"] = host
        assert "Workflows may not call" in (await door.node("select")).error


async def test_nothing_of_the_server_itself_signs_in(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a host gets neither the password nor the database that the server's own environment holds."""
    for name, value in {"PGPASSWORD": "own", "PGDATABASE": "own", "PGOPTIONS": "-c search_path=own"}.items():
        monkeypatch.setenv(name, value)
    heard = bytearray()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(4096))
        writer.write(b"R\0\0\0\x08\0\0\0\x03")
        heard.extend(await reader.read(4096))
        writer.close()

    listening = await asyncio.start_server(hear, "127.0.0.1", 0)
    door.account |= {"port": listening.sockets[0].getsockname()[1], "password": "", "database": "host=/tmp"}
    door.outbound = Outbound(["127.0.0.1"])
    assert "database at 127.0.0.1" in (await door.node("select")).error
    assert b"host=/tmp" in heard
    assert b"own" not in heard
    listening.close()


async def test_a_query_is_stopped_in_the_server_when_the_step_is(door: Door) -> None:
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'FlowStudio' AND state = 'active'"
    running = asyncio.create_task(door.node("query", query="SELECT pg_sleep(600)", timeout=3000))
    async with asyncio.timeout(PATIENCE):
        while not await door.sql(sleeping):  # noqa: ASYNC110  # another process knows
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        while await door.sql(sleeping):  # noqa: ASYNC110  # the same
            await asyncio.sleep(0.01)


def test_what_may_be_done_twice_is_told() -> None:
    """A server that was killed meanwhile repeats these, and asks a person about the others."""
    harmless = {"select", "upsert", "update", "delete"}
    for operation in ("query", "select", "insert", "upsert", "update", "delete"):
        assert Postgres.repeats({"operation": operation}) == (operation in harmless)
    assert not Postgres.repeats({})
    assert Postgres.repeats({"operation": "query", "read_only": True})
    assert not Postgres.repeats({"operation": "query", "read_only": "={{ true }}"})
