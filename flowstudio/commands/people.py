"""Commands for accounts and API keys."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from flowstudio.commands.opening import finish, opened_accounts, opened_links
from flowstudio.commands.table import table

if TYPE_CHECKING:
    from flowstudio.storage.records import ApiKey, KeyScope, Role, User


@click.group()
def user() -> None:
    """Create and list accounts."""


@user.command(name="create")
@click.option("--email", required=True, help="The address to sign in with.")
@click.option(
    "--role",
    type=click.Choice(["owner", "admin", "editor", "viewer"]),
    default="editor",
    show_default=True,
    help="A viewer reads, an editor also changes and runs workflows, an admin also looks after users.",
)
@click.option("--name", help="The name to show.  [default: the part of the address before @]")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create_user(email: str, role: Role, name: str | None, password_stdin: bool) -> None:
    """Create an account; asks for its password."""
    from flowstudio.services.callers import COMMAND_LINE

    password = _password(password_stdin)
    shown = name or email.partition("@")[0]

    async def work() -> User:
        async with opened_accounts() as accounts:
            if role == "owner":
                return await accounts.create_owner(shown, email, password)
            return await accounts.create_user(COMMAND_LINE, shown, email, password, role)

    made = finish(work())
    click.echo(f"Created {made.email} as {made.role}.")


@user.command(name="list")
def list_users() -> None:
    """List all accounts."""
    from flowstudio.services.callers import COMMAND_LINE

    async def work() -> list[User]:
        async with opened_accounts() as accounts:
            return await accounts.users(COMMAND_LINE)

    rows = [(u.email, u.name, u.role, day(u.created_at)) for u in finish(work())]
    click.echo(table(("E-mail", "Name", "Role", "Created"), rows, empty="There is no account yet."))


@user.command(name="set-password")
@click.option("--email", required=True, help="The account's address.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def set_password(email: str, password_stdin: bool) -> None:
    """Set the password of an account; ends its sessions."""
    from flowstudio.services.callers import COMMAND_LINE

    password = _password(password_stdin)

    async def work() -> User:
        async with opened_accounts() as accounts:
            person = await accounts.act_for(email)
            return await accounts.update_user(COMMAND_LINE, person.user_id, password=password)

    click.echo(f"{finish(work()).email} has a new password. Open browsers are signed out within seconds.")


@user.command(name="invite")
@click.option(
    "--role",
    type=click.Choice(["admin", "editor", "viewer"]),
    default="editor",
    show_default=True,
    help="What the invited person may do.",
)
@click.option("--email", default="", help="The only address that the link makes an account for.")
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="How long it works.")
def invite(role: Role, email: str, days: int) -> None:
    """Print a link that makes one account. It is shown this once."""
    from flowstudio.services.callers import COMMAND_LINE

    async def work() -> str:
        async with opened_links() as links:
            return (await links.invite(COMMAND_LINE, role, email=email, days=days))[1]

    click.echo(finish(work()))


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


@click.group(name="api-key")
def api_key() -> None:
    """Create, list and revoke API keys."""


@api_key.command(name="create")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--user", "email", help="The account that the key acts for.  [default: the owner]")
@click.option(
    "--scope",
    type=click.Choice(["full", "edit", "run", "read", "metrics"]),
    default="full",
    show_default=True,
    help="What it may do of what its account may: edit also runs, run also reads, metrics is for /metrics alone.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="How long it works.  [default: until revoked]")
def create_key(name: str, email: str | None, scope: KeyScope, days: int | None) -> None:
    """Create an API key and print it. It is shown this once."""

    async def work() -> str:
        async with opened_accounts() as accounts:
            _, key = await accounts.create_key(await accounts.act_for(email), name, scope=scope, days=days)
            return key

    click.echo(finish(work()))


@api_key.command(name="list")
def list_keys() -> None:
    """List the API keys in force."""
    from flowstudio.services.callers import COMMAND_LINE

    async def work() -> tuple[list[ApiKey], dict[str, str]]:
        async with opened_accounts() as accounts:
            people = {u.id: u.email for u in await accounts.users(COMMAND_LINE)}
            return await accounts.keys(COMMAND_LINE), people

    keys, people = finish(work())
    rows = [
        (
            k.id,
            k.name,
            f"{k.prefix}…",
            people.get(k.user_id, k.user_id),
            k.scope,
            day(k.created_at),
            day(k.last_used_at),
            day(k.expires_at),
        )
        for k in keys
    ]
    columns = ("Id", "Name", "Key", "User", "Scope", "Created", "Last used", "Expires")
    click.echo(table(columns, rows, empty="There is no API key."))


@api_key.command(name="revoke")
@click.argument("id")
def revoke_key(id: str) -> None:
    """Make an API key useless; its id is in `api-key list`."""
    from flowstudio.services.callers import COMMAND_LINE

    async def work() -> None:
        async with opened_accounts() as accounts:
            await accounts.revoke_key(COMMAND_LINE, id)

    finish(work())
    click.echo("Revoked. A running server forgets it within seconds.")


def day(at: datetime | None) -> str:
    """A time for a table."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else "never"
