"""Parts of the HTTP Request node's form, and how their values become text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import quote

import orjson
from pydantic import BeforeValidator, Field

from flowstudio.engine.node import Choice, Code, ShowIf, Widget
from flowstudio.nodes.entry import Entry

ArrayFormat: TypeAlias = Literal["repeat", "brackets", "indices"]
"""`a=1&a=2`, `a[]=1&a[]=2` or `a[0]=1&a[1]=2`."""
Pairs: TypeAlias = list[tuple[str, str]]


class Parameter(Entry):
    """A name with a value."""

    name: str
    """The name, as the service expects it."""
    value: Annotated[Any, Widget("text")] = ""
    """The value. Lists and objects are taken apart; an empty result of an expression leaves the parameter out."""


class BodyField(Entry):
    """A field of a form: a text, or a file that the item carries."""

    name: str
    """The name, as the service expects it."""
    kind: Annotated[Literal["text", "file"], Choice({"text": "Text", "file": "File of the item"})] = "text"
    """Whether the field holds a value or a file. Files need the multipart format."""
    value: Annotated[Any, Widget("text"), ShowIf("kind", ("text",))] = ""
    """The value."""
    file: Annotated[str, ShowIf("kind", ("file",))] = "data"
    """The name of the item's file, such as `data`."""


class PageParameter(Entry):
    """What changes from page to page."""

    place: Annotated[
        Literal["query", "headers", "body"],
        Choice({"query": "Query", "headers": "Headers", "body": "Body"}),
    ] = "query"
    """Where the parameter belongs."""
    name: str
    """The parameter's name, such as `page`."""
    value: Annotated[str, Code("expression")] = ""
    """An expression that is evaluated before each request. It knows `$pageCount` (pages fetched so far) and `$response`
    (`body`, `headers`, `statusCode` of the page before): `={{ $pageCount + 1 }}`."""


def _as_rows(value: Any) -> Any:
    """Accept an object in place of rows."""
    return (
        [{"name": name, "value": entry} for name, entry in value.items()]
        if isinstance(value, dict)
        else value
    )


Parameters: TypeAlias = Annotated[list[Parameter], BeforeValidator(_as_rows)]


def parse_json(value: Any) -> Any:
    """Read JSON that was typed in; what an expression gave as data is left as it is. Empty text is None."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise ValueError(
            f"this is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno}). "
            "Put texts into double quotes; for data of the item use {{ JSON.stringify(…) }}"
        ) from error


JsonValue: TypeAlias = Annotated[Any, BeforeValidator(parse_json), Field(validate_default=False)]


def text_of(value: Any) -> str:
    """A value as forms and addresses spell it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def pairs(rows: Iterable[tuple[str, Any]], arrays: ArrayFormat) -> Pairs:
    """Take lists and objects apart; empty (null) values are left out."""
    return [pair for name, value in rows for pair in _flat(name, value, arrays)]


def _flat(name: str, value: Any, arrays: ArrayFormat) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _flat(f"{name}[{key}]", entry, arrays)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            inner = {"repeat": name, "brackets": f"{name}[]", "indices": f"{name}[{index}]"}[arrays]
            yield from _flat(inner, entry, arrays)
    else:
        yield name, text_of(value)


def encoded(rows: Sequence[tuple[str, str]]) -> str:
    """A query or form body, in percent encoding."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in rows)


def with_query(url: str, rows: Sequence[tuple[str, str]]) -> str:
    """An address with more query parameters."""
    if not rows:
        return url
    plain, hash_, fragment = url.partition("#")
    joint = "" if plain.endswith(("?", "&")) else "&" if "?" in plain else "?"
    return f"{plain}{joint}{encoded(rows)}{hash_}{fragment}"
