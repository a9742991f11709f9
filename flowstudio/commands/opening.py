"""Opens what commands work with, and closes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from flowstudio.config import Settings
    from flowstudio.services.accounts import AccountService
    from flowstudio.services.links import LinkService
    from flowstudio.services.transfer import TransferService
    from flowstudio.services.workflows import WorkflowService
    from flowstudio.storage import Storage

T = TypeVar("T")


def finish(work: Coroutine[object, object, T]) -> T:
    """Run to the end in an event loop of its own."""
    return asyncio.run(work)


def read_settings(**overrides: object) -> Settings:
    """The settings, with the logs set up to say only what matters on a terminal."""
    from flowstudio.config import load_settings
    from flowstudio.logs import set_up

    settings = load_settings(**overrides)
    quiet = settings.model_copy(update={"log_level": "warning"}) if settings.log_level == "info" else settings
    set_up(quiet)
    return settings


@asynccontextmanager
async def opened_storage() -> AsyncIterator[Storage]:
    """The data of the installation; also while its server runs."""
    from flowstudio.storage import Storage

    async with await Storage.open(read_settings()) as storage:
        yield storage


@asynccontextmanager
async def opened_accounts() -> AsyncIterator[AccountService]:
    """The accounts of the installation."""
    from flowstudio.services.accounts import AccountService

    async with opened_storage() as storage:
        accounts = AccountService(storage, storage.settings)
        await accounts.create_configured_owner()
        yield accounts


@asynccontextmanager
async def opened_links() -> AsyncIterator[LinkService]:
    """The invitations of the installation; mails are sent before this ends."""
    from flowstudio.services.accounts import AccountService
    from flowstudio.services.links import LinkService
    from flowstudio.services.mail import Mailer
    from flowstudio.services.server_settings import mail_in_use

    async with opened_storage() as storage:
        settings = storage.settings
        mailer = Mailer(mail_in_use(settings, *await storage.server_settings.get()))
        yield LinkService(storage, settings, AccountService(storage, settings), mailer)
        await mailer.close()


@asynccontextmanager
async def opened_transfer() -> AsyncIterator[tuple[WorkflowService, TransferService]]:
    """The workflows of the installation, and their way in and out."""
    import flowstudio.nodes
    from flowstudio.engine.registry import discover
    from flowstudio.services.credentials import CredentialService
    from flowstudio.services.transfer import TransferService
    from flowstudio.services.workflows import WorkflowService

    async with opened_storage() as storage:
        workflows = WorkflowService(storage, discover(flowstudio.nodes))
        yield workflows, TransferService(workflows, CredentialService(storage))
