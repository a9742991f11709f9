"""Commands that take a copy of everything along, and bring it back."""

from __future__ import annotations

from pathlib import Path

import click

from flowstudio.commands.opening import read_settings


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--with-key",
    is_flag=True,
    help="Also save the key of the credentials: whoever has the file can read them then.",
)
def backup(file: Path, with_key: bool) -> None:
    """Save everything in one file, also while the server runs.

    Workflows, executions, accounts, encrypted credentials, files and collections, with checksums. Without the key nobody
    can read the credentials in it: keep the key apart.
    """
    from flowstudio.storage.backup import write_backup

    kept = write_backup(read_settings(), file, with_key=with_key)
    key = "with the key" if kept.with_key else "without the key"
    click.echo(f"Saved and checked: {file} ({kept.files} files, {kept.bytes:,} bytes, {key}).")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is there; it is kept in a folder beside.")
@click.option("--check", is_flag=True, help="Only check the file.")
def restore(file: Path, force: bool, check: bool) -> None:
    """Bring back a backup. Stop the server first."""
    from flowstudio.storage.backup import restore_backup, verify

    if check:
        kept = verify(file)
        click.echo(
            f"The backup is whole: made at {kept.made_at} by version {kept.version}, {kept.files} files."
        )
        return
    kept, remark = restore_backup(read_settings(), file, force=force)
    click.echo(f"Restored what was saved at {kept.made_at}.")
    if remark:
        click.echo(remark, err=True)
