"""Events as they travel between processes."""

from __future__ import annotations

import logging
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from flowstudio.engine import events
from flowstudio.engine.events import Event, EventsMissed, Responded
from flowstudio.storage.codec import pack_response, unpack_response

log = logging.getLogger(__name__)

LARGEST: Final = 256 * 1024
"""Bytes of an event that are sent; of a larger one only that it came, so that those who wait read what is stored."""
_KINDS: Final = {
    kind.__name__: kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}


_adapters: dict[str, TypeAdapter[Event]] = {}


def _adapter(kind: type[Event]) -> TypeAdapter[Event]:
    found = _adapters.get(kind.__name__)
    if found is None:
        found = _adapters[kind.__name__] = TypeAdapter(kind)
    return found


def write_event(event: Event) -> Any:
    """An event as JSON data."""
    try:
        data = _fields(event)
        if len(orjson.dumps(data)) <= LARGEST:
            return [type(event).__name__, data]
    except (TypeError, PydanticSerializationError):
        log.warning("an event cannot be told to other processes", extra={"execution": event.execution})
    return [EventsMissed.__name__, _fields(EventsMissed(execution=event.execution, at=event.at))]


def _fields(event: Event) -> Any:
    if isinstance(event, Responded):
        response = pack_response(event.response)
        return {"execution": event.execution, "at": event.at.isoformat(), "response": response}
    return _adapter(type(event)).dump_python(event, mode="json")


def read_event(data: Any) -> Event | None:
    """The event of `write_event`; None for one that this version does not know."""
    name, fields = data
    kind = _KINDS.get(name)
    if kind is None:
        return None
    if kind is Responded:
        fields = {**fields, "response": unpack_response(fields["response"])}
    try:
        return _adapter(kind).validate_python(fields)
    except ValidationError:
        return None
