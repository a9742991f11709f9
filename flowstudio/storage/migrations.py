"""The schema's revision, brought up to date at start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from flowstudio.errors import ConfigurationError
from flowstudio.shipped import shipped

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0016"
"""The newest revision: a database that has it needs nothing, so Alembic is not even imported."""
LOCK = 0x464C4F57
"""Key of the PostgreSQL advisory lock that migrating processes take."""


def migrate(engine: Engine) -> bool:
    """Bring the schema to `HEAD`; says whether anything was done. Of several processes that start at once, one does it.

    Raises `ConfigurationError` when the database was made by a newer FlowStudio.
    """
    with engine.connect() as connection:
        if revision(connection) == HEAD:
            return False
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        if revision(connection) == HEAD:
            return False
        _upgrade(connection)
        return True


def revision(connection: Connection) -> str | None:
    """The revision of the database; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def configuration() -> Config:
    """Alembic's configuration, for this and for `alembic` on the command line."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(shipped("alembic")).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    from alembic.script import ScriptDirectory

    from alembic import command

    config = configuration()
    current = revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise ConfigurationError(
            f"The database has the revision '{current}', which this FlowStudio does not know: a newer version made it. "
            "Install that version, or restore a backup from before."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
