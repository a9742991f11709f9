"""What admins set for the server, as it is stored."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from flowstudio.engine.item import Json
from flowstudio.storage.clock import current_time
from flowstudio.storage.credentials import key_in_use
from flowstudio.storage.database import Database
from flowstudio.storage.tables import server_settings
from flowstudio.storage.vault import MAIL, SEALED, Vault


class ServerSettingsRepository:
    """Choices by name, and the password of the mail server, which is encrypted."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    async def get(self) -> tuple[Json, str]:
        """The choices and the password; empty where there is none. Raises `CredentialError`."""
        row = await self._database.first(select(server_settings.c.chosen, server_settings.c.mail_password))
        if row is None:
            return {}, ""
        if row.mail_password is None:
            return row.chosen, ""
        return row.chosen, self._vault.decrypt(MAIL, SEALED, row.mail_password.encode())["password"]

    async def replace(self, chosen: Json, password: str) -> None:
        """Store these instead of what there was."""

        def store(connection: Connection) -> None:
            sealed = None
            if password:
                key = key_in_use(connection)
                sealed = self._vault.encrypt(MAIL, SEALED, {"password": password}, key=key).decode()
            connection.execute(delete(server_settings))
            connection.execute(
                insert(server_settings).values(
                    id=1, chosen=chosen, mail_password=sealed, updated_at=current_time(connection)
                )
            )

        await self._database.write(store)
