"""Lists of items joined by an SQL query, in the cage of Python code: SQLite in memory, without files or extensions."""

from __future__ import annotations

from collections.abc import Sequence

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json
from flowstudio.errors import CodeError, NodeError
from flowstudio.sandbox import Sandbox

TIMEOUT = 20.0
MEMORY = 512 << 20

_RUNNER = r"""
import json, sqlite3

MARK = "\ue000json:"

def packed(value):
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, (int, float, str)):
        return value if not isinstance(value, int) or -(2**63) <= value < 2**63 else float(value)
    return MARK + json.dumps(value)

def quoted(name):
    return '"' + name.replace('"', '""') + '"'

request = items[0]["json"]
database = sqlite3.connect(":memory:")
database.execute("PRAGMA temp_store = MEMORY")
answers = {}
nulls = set()
for number, rows in enumerate(request["inputs"], 1):
    names = []
    taken = set()
    for row in rows:
        for name in row:
            if name.lower() not in taken:
                taken.add(name.lower())
                names.append(name)
    for name in names:
        if any(name in row and row[name] is None for row in rows):
            nulls.add(name)
        found = [row[name] for row in rows if row.get(name) is not None]
        if found and all(isinstance(value, bool) for value in found):
            answers.setdefault(name, True)
        else:
            answers[name] = False
    columns = ", ".join(map(quoted, names)) or '"__empty"'
    database.execute("CREATE TABLE input%d (%s)" % (number, columns))
    if names:
        marks = ", ".join("?" * len(names))
        database.executemany(
            "INSERT INTO input%d VALUES (%s)" % (number, marks), [[packed(row.get(name)) for name in names] for row in rows]
        )
denied = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA}
database.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action in denied else sqlite3.SQLITE_OK)
query = request["query"].strip().rstrip(";")
cursor = database.execute(query)
if cursor.description is None:
    return []
titles = [column[0] for column in cursor.description]

def unpacked(name, value):
    if isinstance(value, str) and value.startswith(MARK):
        return json.loads(value[len(MARK):])
    if value in (0, 1) and answers.get(name):
        return bool(value)
    return value.hex() if isinstance(value, bytes) else value

made = []
for row in cursor:
    entry = {}
    for name, value in zip(titles, row):
        if value is None and name not in nulls:
            continue  # a field that no partner brought is missing, not empty
        if name != "__empty" and (value is not None or name not in entry):
            entry[name] = unpacked(name, value)
    made.append({"json": entry})
return made
"""


async def joined_by_sql(query: str, lists: Sequence[Sequence[Item]], ctx: Context) -> list[Item]:
    """The rows that a query gives over the tables `input1`, `input2`, … Raises `NodeError` with what SQLite says."""
    request: Json = {"query": query, "inputs": [[item.json for item in items] for items in lists]}
    try:
        result = await ctx.use(Sandbox).python.run_code(
            _RUNNER,
            [request],
            {},
            owner=ctx.execution.workflow_id or ctx.execution.id,
            mode="all-items",
            timeout=TIMEOUT,
            memory=MEMORY,
        )
    except CodeError as error:
        raise NodeError(f"The query cannot be run: {error.message}") from error
    return [Item(entry["json"]) for entry in result.items]
