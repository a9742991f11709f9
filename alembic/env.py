"""Runs migrations, for the server at start and for `alembic` on the command line (`python -m alembic`, see alembic.ini)."""

from __future__ import annotations

from sqlalchemy import Connection

from alembic import context
from flowstudio.config import load_settings
from flowstudio.storage.database import database_url, log_engine
from flowstudio.storage.tables import metadata


def run(connection: Connection) -> None:
    """Migrate in the transaction of the connection."""
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with log_engine(database_url(load_settings())).begin() as opened:
        run(opened)
