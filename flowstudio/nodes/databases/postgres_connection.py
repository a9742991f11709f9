"""Connections to PostgreSQL at an address that the network rules allow, and what goes wrong with them, in words."""

from __future__ import annotations

import json
import math
import os
import ssl
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import certifi
import psycopg
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from flowstudio.errors import CredentialError, NodeError, NodeTimeout
from flowstudio.nodes.connections import PostgresAccount
from flowstudio.outbound import Outbound

CONNECT = 10
"""Seconds that a server has to let somebody in."""
EXACT = 2**53 - 1
"""The largest whole number that JavaScript, and so each browser, keeps exactly."""

Connection = psycopg.AsyncConnection[dict[str, Any]]
Cursor = psycopg.AsyncCursor[dict[str, Any]]

_AS_TEXT = ("date", "time", "timetz", "interval", "bytea")
"""Types whose values may be what Python cannot hold, such as the date `infinity`; they stay as PostgreSQL writes them."""
_BUSY = ("starting up", "shutting down", "too many", "connection slots", "in recovery")
_SETTINGS = (
    "SELECT set_config('statement_timeout', $1, false), set_config('TimeZone', 'UTC', false), "
    "set_config('DateStyle', 'ISO', false)"
)
_REMEDIES: dict[str, str] = {
    "42P01": "Check the names of the table and its schema.",
    "42703": "Check the names of the columns.",
    "42P10": "This works only by columns that are the key of the table, or together unique.",
    "42P18": "Say what the value is, such as $1::text or $1::integer.",
    "42P02": "Add a value for each $1, $2 … of the query.",
    "08P01": "List exactly one value for each $1, $2 … of the query.",
    "42501": "Ask whoever looks after the database for the right to do it.",
    "23502": "A new row needs a value in each column that must not be empty, even if a row that is there has one.",
    "23505": "Choose “Add rows, or change those that are there” to change a row that is there.",
    "25006": "Switch off “Only read” if the query is to change something.",
}
_PASSING = ("40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03")
"""What another try may mend: clashes with others, and servers that are busy, stop or start."""


async def connect(
    account: PostgresAccount, outbound: Outbound, *, statement: float | None = None
) -> Connection:
    """A connection in which each statement counts at once, unless a transaction is begun.

    The host is looked up once, and what was vetted is connected to. Nothing is taken from the environment or the home folder
    of the server: neither passwords nor certificates. `statement` is how many seconds a statement may take.

    Raises `OutboundRefused`, `CredentialError`, and `NodeError` for a server that is away.
    """
    address = await outbound.vetted(account.host, account.port)
    try:
        connection = await psycopg.AsyncConnection.connect(
            host=account.host,
            hostaddr=address,
            port=account.port,
            dbname=account.database,
            user=account.user,
            password=account.password.get_secret_value(),
            passfile=os.devnull,
            sslmode=account.encryption,
            sslrootcert=_authorities() if account.encryption == "verify-full" else "",
            sslcertmode="disable",
            gssencmode="disable",
            options="",
            connect_timeout=CONNECT,
            application_name="FlowStudio",
            autocommit=True,
            prepare_threshold=None,  # connection poolers do not know prepared statements
            cursor_factory=psycopg.AsyncRawCursor,
            row_factory=dict_row,
        )
    except psycopg.Error as error:
        raise _not_let_in(error, f"{account.host}:{account.port}") from None
    for name in _AS_TEXT:
        connection.adapters.register_loader(name, TextLoader)
    for name in ("timestamp", "timestamptz"):
        connection.adapters.register_loader(name, _Instant)
    if statement is not None:
        try:
            await connection.execute(_SETTINGS, [str(round(statement * 1000))])
        except psycopg.Error as error:
            await connection.close()
            raise explained(error) from None
    return connection


class _Instant(TextLoader):
    """A moment as JSON has it: `2026-03-01T09:30:00Z`."""

    def load(self, data: Any) -> Any:
        """Between bytes and text there is no date, so that `infinity` passes."""
        return str(super().load(data)).replace(" ", "T", 1).removesuffix("+00") + (
            "Z" if bytes(data).endswith(b"+00") else ""
        )


@cache
def _authorities() -> str:
    """Where the certificates of trusted authorities are: the system's, or those that come along."""
    return ssl.get_default_verify_paths().cafile or certifi.where()


def _not_let_in(error: psycopg.Error, where: str) -> NodeError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = lines[0].rpartition("FATAL:")[2].rpartition("failed: ")[2].strip().rstrip(".")
    if "FATAL:" in str(error) and not any(words in reason for words in _BUSY):
        return CredentialError(f"The database at {where} does not let FlowStudio in: {reason}.")
    return NodeError(f"The database at {where} cannot be reached: {reason}.", retryable=True)


def explained(error: psycopg.Error, seconds: float = 0) -> NodeError:
    """What PostgreSQL complained about, with what helps."""
    code = error.sqlstate or ""
    if code == "57014":
        return NodeTimeout(
            f"PostgreSQL took longer than {seconds:g} s. Ask for less, add an index, or allow more time."
        )
    if not code and isinstance(error, psycopg.OperationalError):
        return NodeError("The connection to the database broke off.", retryable=True)
    told = error.diag.message_primary or str(error).strip() or type(error).__name__
    parts = [told, error.diag.message_detail, error.diag.message_hint, _REMEDIES.get(code)]
    sentences = [part.strip().rstrip(".") for part in parts if part]
    detail = {"sqlstate": code} if code else None
    return NodeError(f"PostgreSQL says: {'. '.join(sentences)}.", retryable=code in _PASSING, detail=detail)


def sent(value: Any, *, array: bool | None = None) -> str | None:
    """A value of an item as PostgreSQL reads it: as text, whose type is that of the place where it goes.

    Lists are arrays, unless they hold objects: those are JSON. `array` says which, where the column is known.
    """
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list() if array or (array is None and not _holds_objects(value)):
            return _array(value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _holds_objects(values: Sequence[Any]) -> bool:
    return any(
        isinstance(value, dict) or (isinstance(value, list) and _holds_objects(value)) for value in values
    )


def _array(values: Sequence[Any]) -> str:
    def member(value: Any) -> str:
        if isinstance(value, list):
            return _array(value)
        text = sent(value)
        if text is None:
            return "NULL"
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "{" + ",".join(map(member, values)) + "}"


def received(value: Any) -> Any:
    """A value of the database as an item holds it. What a number in JavaScript would round is given as text."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= EXACT else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return _number(value)
        case list():
            return [received(member) for member in value]
        case dict():
            return {name: received(member) for name, member in value.items()}
        case _:
            return str(value)


def _number(value: Decimal) -> int | float | str:
    if value.is_finite():
        if value == value.to_integral_value():
            return int(value) if abs(value) <= EXACT else str(value)
        near = float(value)
        if Decimal(repr(near)) == value:
            return near
    return str(value)
