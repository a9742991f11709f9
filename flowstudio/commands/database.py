"""Commands for the database and its key."""

from __future__ import annotations

import click

from flowstudio.commands.opening import finish, opened_storage


@click.command()
def migrate() -> None:
    """Bring the database up to date.

    `flowstudio run` does it too; run it alone before starting several servers.
    """

    async def work() -> str:
        async with opened_storage() as storage:
            return storage.database.url.render_as_string(hide_password=True)

    click.echo(f"The database is up to date: {finish(work())}")


@click.command(name="rotate-key")
def rotate_key() -> None:
    """Encrypt all credentials with a new key.

    With the key file in the data folder, a new key replaces it. With FLOWSTUDIO_ENCRYPTION_KEY, put the new key in
    front of the old one, separated by a comma, then run this; afterwards the old one may go.
    """

    async def work() -> str:
        async with opened_storage() as storage:
            from flowstudio.services.audit import Audit
            from flowstudio.services.callers import COMMAND_LINE

            name = await storage.credentials.rotate()
            await Audit(storage).record(COMMAND_LINE, "settings.encryption_key_rotated", fingerprint=name)
            return name

    click.echo(f"All credentials are encrypted with the key {finish(work())} now.")
