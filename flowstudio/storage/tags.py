"""The tags of workflows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert

from flowstudio.storage.tables import workflow_tags


def replace_tags(connection: Connection, id_: str, tags: Iterable[str]) -> None:
    """Give a workflow exactly these tags."""
    connection.execute(delete(workflow_tags).where(workflow_tags.c.workflow_id == id_))
    rows = [{"workflow_id": id_, "tag": tag} for tag in dict.fromkeys(tags)]
    if rows:
        connection.execute(insert(workflow_tags), rows)
