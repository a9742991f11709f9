"""Fetching page after page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias
from urllib.parse import urljoin

from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Json
from flowstudio.engine.store import CellFailure
from flowstudio.errors import ExpressionError, NodeError
from flowstudio.nodes.http.draft import Draft, with_row
from flowstudio.nodes.http.fields import PageParameter
from flowstudio.nodes.http.reading import Format, headers_of, value_of_body
from flowstudio.outbound import Response

MOST_EQUAL = 5
"""Equal pages in a row that show that a workflow asks for the same page again and again."""
_EXPRESSION_TIMEOUT = 30.0

Send: TypeAlias = Callable[[Draft], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Rules:
    """When and how the next page is asked for. Expressions begin with `=`; other texts stand for themselves."""

    parameters: Sequence[PageParameter]
    next_url: str
    """Empty: parameters change instead."""
    complete_when: Literal["empty", "status", "expression"]
    complete_codes: frozenset[int]
    complete_expression: str
    max_pages: int | None
    interval: float
    """Seconds."""
    format: Format


class Expressions:
    """Evaluates texts for one item, with what is known of the page before."""

    def __init__(self, item: Item, ctx: Context) -> None:
        self._item = item
        self._ctx = ctx
        self._shared = ctx.scope_data()
        self._per_item = _of_item(ctx.item_data(), item)

    async def values(self, texts: Mapping[str, str], about: Json) -> dict[str, Any]:
        """Values by name. Raises `ExpressionError`."""
        found: dict[str, Any] = dict(texts)
        names = [name for name, text in texts.items() if text.startswith("=")]
        if names:
            [cells] = await self._ctx.host.evaluator.evaluate(
                [texts[name][1:] for name in names],
                [self._item.json],
                {**self._shared, **about},
                self._per_item,
                owner=self._ctx.execution.workflow_id or self._ctx.execution.id,
                timeout=_EXPRESSION_TIMEOUT,
            )
            for name, value in zip(names, cells, strict=True):
                if isinstance(value, CellFailure):
                    raise ExpressionError(f"{name}: {value.message}", parameter=name)
                found[name] = value
        return found


def _of_item(per_item: Json, item: Item) -> Json:
    """The entries of one item among those of all."""
    index = item.paired_item[0].index if item.paired_item else 0

    def one(values: Any) -> Any:
        return [values[index]] if isinstance(values, Sequence) and index < len(values) else []

    return {
        name: {label: one(entries) for label, entries in values.items()}
        if isinstance(values, Mapping)
        else one(values)
        for name, values in per_item.items()
    }


async def pages(draft: Draft, rules: Rules, expressions: Expressions, send: Send) -> AsyncIterator[Response]:
    """Every page that belongs to the result, the first included."""
    about: Json = {"$response": {}, "$request": draft.described(), "$pageCount": 0}
    texts = {f"page_parameters[{i}]": row.value for i, row in enumerate(rules.parameters)}
    last, equal, count = None, 1, 0
    while True:
        values = await expressions.values(texts, about)
        for row, value in zip(rules.parameters, values.values(), strict=True):
            draft = _changed(draft, row, value)
        response = await send(draft)
        count += 1
        equal = equal + 1 if response.body and response.body == last else 1
        if equal >= MOST_EQUAL:
            raise NodeError(
                f"Pagination got the same page {MOST_EQUAL} times in a row, so it was stopped. "
                "Check that the parameter changes from page to page, or when pagination is complete."
            )
        last = response.body
        page = value_of_body(response, rules.format)
        about = {
            "$response": {"body": page, "headers": headers_of(response), "statusCode": response.status},
            "$request": draft.described(),
            "$pageCount": count,
        }
        after = await expressions.values(
            {"complete_expression": rules.complete_expression, "next_url": rules.next_url}, about
        )
        empty = not response.body.strip() or page in (None, "", [], {})
        complete = {
            "empty": empty,
            "status": response.status in rules.complete_codes,
            "expression": _truth(after["complete_expression"]),
        }[rules.complete_when]
        if not (complete and rules.complete_when != "expression"):
            yield response
        if complete or (rules.max_pages is not None and count >= rules.max_pages):
            return
        if rules.next_url:
            if not after["next_url"]:
                return
            draft = replace(draft, url=urljoin(response.url, str(after["next_url"])), query=[])
        if rules.interval:
            await asyncio.sleep(rules.interval)


def _truth(value: Any) -> bool:
    """Whether a value says yes; texts such as `false` say no."""
    return value.strip().lower() not in ("", "false", "0", "no") if isinstance(value, str) else bool(value)


def _changed(draft: Draft, row: PageParameter, value: Any) -> Draft:
    match row.place:
        case "query":
            return replace(draft, query=with_row(draft.query, row.name, value))
        case "headers":
            return replace(draft, headers=with_row(draft.headers, row.name, value))
        case "body":
            return replace(draft, body=draft.body.with_field(row.name, value))
