"""Answers that have a given form: asked for, read, checked, and repaired once.

Where the model holds to a JSON schema by itself, its own way is used; elsewhere the schema goes into the instructions. Either
way the answer is checked here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowstudio.ai.message import Message, system, user
from flowstudio.ai.model import Answer, ChatModel, Reply, Request, Schema
from flowstudio.ai.usage import NONE, Usage
from flowstudio.errors import ModelError, NodeError

WRAP = "value"
"""The property that holds an answer which is not an object."""
SHOWN = 300
"""Characters of a wrong answer that an error quotes."""


@dataclass(frozen=True, slots=True)
class Structured:
    """An answer that fits its schema."""

    value: Any
    replies: tuple[Reply, ...]
    """The model's replies, the last one holds the answer."""

    @property
    def usage(self) -> Usage:
        """Of all replies together."""
        return sum((reply.usage for reply in self.replies), NONE)


async def answer(
    model: ChatModel, messages: Sequence[Message], schema: Schema, *, name: str = "answer"
) -> Structured:
    """Ask for an answer that fits `schema`; a wrong one is sent back with its fault, once.

    Raises `ModelError` of the kind `malformed` when the second one is wrong too, and `NodeError` for a schema that is none.
    """
    check_schema(schema)
    form, wrapped = _object(schema)
    conversation = tuple(messages)
    asked = Answer(form, name) if model.abilities.structured else None
    if asked is None:
        conversation = instructed(conversation, form)
    replies: list[Reply] = []
    while True:
        reply = await model.reply(Request(messages=conversation, answer=asked))
        replies.append(reply)
        value, fault = read(reply.message.text, form)
        if not fault:
            return Structured(value[WRAP] if wrapped else value, tuple(replies))
        if len(replies) == 2:
            raise malformed(reply, fault)
        conversation = (*conversation, reply.message, user(complaint(fault)))


def malformed(reply: Reply, fault: str) -> ModelError:
    """The error for an answer that does not fit although it was asked for twice."""
    text = reply.message.text
    if reply.stop == "length":
        fault += " It was cut off: allow the model more tokens."
    return ModelError(
        "malformed",
        f"The model's answer does not have the form that was asked for. {fault}",
        retryable=True,
        detail={"model": reply.model, "answer": text if len(text) <= SHOWN else text[:SHOWN] + "…"},
    )


def complaint(fault: str) -> str:
    """What the model is told about an answer that does not fit."""
    return f"That answer does not fit the JSON schema. {fault} Answer again, with the whole corrected JSON and nothing else."


def instructed(messages: Sequence[Message], schema: Schema) -> tuple[Message, ...]:
    """Messages with the form of the answer as the last instruction."""
    told = system(
        "Answer with one JSON value that fits this JSON schema, and with nothing else, neither before nor after it:\n"
        + json.dumps(schema, ensure_ascii=False)
    )
    at = next((i for i, message in enumerate(messages) if message.role != "system"), len(messages))
    return (*messages[:at], told, *messages[at:])


def read(text: str, schema: Schema) -> tuple[Any, str]:
    """The JSON value in an answer, and what is wrong with it ("" when nothing is)."""
    try:
        value = parse(text)
    except ValueError as error:
        return None, f"It is not JSON: {error}."
    return value, fault_of(value, schema)


def parse(text: str) -> Any:
    """The JSON value in a text, though there are words or a code fence around it. Raises `ValueError`."""
    try:
        return json.loads(text)
    except ValueError as error:
        first = error
    decoder = json.JSONDecoder()
    for at, character in enumerate(text):
        if character in "{[":
            try:
                return decoder.raw_decode(text, at)[0]
            except ValueError:
                continue
    raise ValueError(str(first)) from first


def fault_of(value: Any, schema: Schema) -> str:
    """The first thing in which a value does not fit a schema, in a sentence; "" when it fits."""
    from jsonschema import Draft202012Validator  # takes long to import

    error = next(
        iter(sorted(Draft202012Validator(schema).iter_errors(value), key=lambda e: list(map(str, e.path)))),
        None,
    )
    if error is None:
        return ""
    words = error.message if len(error.message) <= SHOWN else error.message[:SHOWN] + "…"
    place = error.json_path.removeprefix("$").lstrip(".")
    return f"In '{place}': {words}." if place else f"{words}."


def check_schema(schema: Any) -> None:
    """Raises `NodeError` for a JSON schema that is none."""
    from jsonschema import Draft202012Validator, SchemaError  # takes long to import

    try:
        if not isinstance(schema, Mapping):
            raise SchemaError("it must be an object")
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise NodeError(f"The JSON schema of the answer is not valid: {error.message}.") from error


def schema_of_example(example: Any) -> Schema:
    """The schema of values that look like an example: the same fields, all required, of the same types."""
    match example:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case list():
            return {"type": "array", "items": schema_of_example(example[0])} if example else {"type": "array"}
        case Mapping():
            return {
                "type": "object",
                "properties": {str(name): schema_of_example(value) for name, value in example.items()},
                "required": [str(name) for name in example],
                "additionalProperties": False,
            }
        case _:
            return {}


def _object(schema: Schema) -> tuple[Schema, bool]:
    """A schema whose top level is an object, and whether it had to be wrapped."""
    if schema.get("type") == "object" or "properties" in schema:
        return schema if "type" in schema else {"type": "object", **schema}, False
    return {
        "type": "object",
        "properties": {WRAP: schema},
        "required": [WRAP],
        "additionalProperties": False,
    }, True
