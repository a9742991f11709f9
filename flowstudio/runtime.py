"""Builds everything below the pages and the API, starts it, and stops it."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import flowstudio.nodes
from flowstudio.ai.alith import AlithPool
from flowstudio.ai.memory import Conversations
from flowstudio.ai.prices import PriceTable
from flowstudio.ai.vectors import VectorStore
from flowstudio.config import Settings
from flowstudio.engine import clock
from flowstudio.engine.context import Host
from flowstudio.engine.events import Event
from flowstudio.engine.keeping import WorkflowMemory
from flowstudio.engine.registry import Registry, discover
from flowstudio.errors import ConfigurationError
from flowstudio.nodes.connections import AccessTokens
from flowstudio.outbound import Outbound
from flowstudio.sandbox import Sandbox
from flowstudio.services.accounts import AccountService
from flowstudio.services.audit import AuditService
from flowstudio.services.bus import LocalBus, SharedBus
from flowstudio.services.chats import ChatService
from flowstudio.services.collections import CollectionService
from flowstudio.services.conversations import ConversationService
from flowstudio.services.credentials import CredentialService
from flowstudio.services.dispatcher import Dispatcher, InProcess
from flowstudio.services.editing import EditingService
from flowstudio.services.evaluator import CagedEvaluator
from flowstudio.services.examples import seed_examples
from flowstudio.services.executions import ExecutionService
from flowstudio.services.expressions import ExpressionService
from flowstudio.services.heart import Heart
from flowstudio.services.insights import InsightService
from flowstudio.services.installation import InstallationService
from flowstudio.services.links import LinkService
from flowstudio.services.mail import Mailer, mail_server
from flowstudio.services.model_names import ModelNames
from flowstudio.services.neighbours import Neighbours
from flowstudio.services.network import NetworkService
from flowstudio.services.prices import PriceService
from flowstudio.services.processes import ProcessService
from flowstudio.services.public_chats import PublicChatService
from flowstudio.services.run_vault import RunVault, environment_with_file, from_environment
from flowstudio.services.runner import Runner
from flowstudio.services.samples import Samples
from flowstudio.services.schedules import ScheduleService
from flowstudio.services.server_settings import ServerSettingsService
from flowstudio.services.sign_ins import SignInService
from flowstudio.services.subworkflows import SubWorkflows
from flowstudio.services.templates import TemplateService
from flowstudio.services.tokens import Tokens
from flowstudio.services.transfer import TransferService
from flowstudio.services.trials import Trials
from flowstudio.services.versions import VersionService
from flowstudio.services.views import ExecutionViews
from flowstudio.services.webhooks import WebhookService
from flowstudio.services.workflows import WorkflowService
from flowstudio.services.workforce import Workforce
from flowstudio.storage import Storage
from flowstudio.storage.channel import Channel
from flowstudio.storage.workflows import HIDDEN_FOR

if TYPE_CHECKING:
    from flowstudio.services.queue import HintQueue
    from flowstudio.services.reconciler import Reconciler

log = logging.getLogger(__name__)

FIRST_LOOK = 0.5
"""Seconds after the start: the server answers first."""
SWEEP_EVERY = 15 * 60.0
"""Seconds between two clean-ups of everything that is old."""
CLEANING = SWEEP_EVERY * 1.5
"""Seconds after which another process cleans up, when the one that did has died."""

_current: Runtime | None = None


Role: TypeAlias = Literal["all", "web", "worker"]
"""What a process does: everything; pages and calls without running executions; running executions alone."""


class Runtime:
    """One running FlowStudio. `start` before use, `stop` at the end; parts are attributes."""

    settings: Settings
    registry: Registry
    storage: Storage
    sandbox: Sandbox
    outbound: Outbound
    alith: AlithPool
    bus: LocalBus
    neighbours: Neighbours | None
    """The other processes; None where there are none."""
    runner: Runner
    prices: PriceTable
    pricing: PriceService
    model_names: ModelNames
    conversations: ConversationService
    chats: ChatService
    public_chats: PublicChatService
    workflows: WorkflowService
    versions: VersionService
    editing: EditingService
    executions: ExecutionService
    expressions: ExpressionService
    views: ExecutionViews
    accounts: AccountService
    audit: AuditService
    links: LinkService
    mailer: Mailer
    credentials: CredentialService
    tokens: Tokens
    sign_ins: SignInService
    trials: Trials
    network: NetworkService
    processes: ProcessService
    server_settings: ServerSettingsService
    collections: CollectionService
    insights: InsightService
    installation: InstallationService
    webhooks: WebhookService
    schedules: ScheduleService
    samples: Samples
    templates: TemplateService
    transfer: TransferService

    def __init__(self, settings: Settings, *, worker: bool = False) -> None:
        self.settings = settings
        self.role: Role = "worker" if worker else "web" if settings.mode == "scaled" else "all"
        self._queue: HintQueue | None = None
        self._workforce: Workforce | None = None
        self._heart: Heart | None = None
        self._draining: asyncio.Task[None] | None = None
        self._reconciler: Reconciler | None = None
        self._working: asyncio.Task[None] | None = None
        self.closing = asyncio.Event()
        """Set as soon as the server is asked to stop: what would go on for ever, such as event streams, ends."""
        self._pruning: asyncio.Task[None] | None = None
        self._following: list[asyncio.Task[None]] = []
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the storage, start the parts, and resume what a dead server left. Makes this runtime the current one."""
        global _current
        settings = self.settings
        self.mailer = Mailer(mail_server(settings))
        self.registry = discover(flowstudio.nodes)
        self.storage = await Storage.open(settings)
        self.sandbox = Sandbox()
        await self.sandbox.start()
        self.samples = Samples()
        self.outbound = Outbound(
            settings.allow_hosts, own_origin=settings.base_url, samples=self.samples.find
        )
        self.alith = AlithPool()
        self.prices = PriceTable()
        channel = await self._join() if settings.mode == "scaled" else None
        here = InProcess()
        dispatcher: Dispatcher = self._queue or here
        self.workflows = WorkflowService(self.storage, self.registry)
        self.versions = VersionService(self.storage, self.workflows)
        self.editing = EditingService(
            self.storage, self.workflows, max_document=lambda: self.server_settings.current.max_body
        )
        self.bus = SharedBus(channel, self._follow) if channel is not None else LocalBus()
        self.runner = Runner(self.storage, self.workflows, self.bus, limit=settings.concurrency)
        self.runner.works = self.role != "web"
        self.runner.dispatcher = self._queue
        self.executions = ExecutionService(
            self.storage,
            self.workflows,
            self.runner,
            dispatcher,
            self.bus,
            timezone=settings.timezone,
            base_url=settings.base_url,
        )
        self.views = ExecutionViews(self.storage, self.registry, self.runner.live, self.bus)
        self.conversations = ConversationService(self.storage)
        self.pricing = PriceService(self.storage, self.prices)
        self.server_settings = ServerSettingsService(self.storage, settings, self.mailer, self.runner)
        self.processes = ProcessService(self.storage, settings.mode)
        self.network = NetworkService(self.storage, self.outbound, settings.allow_hosts)
        self.tokens = Tokens(self.storage.credentials, self.outbound)
        self.sign_ins = SignInService(self.storage, self.outbound, self.tokens)
        self.trials = Trials(self.storage, self.outbound, self.tokens)
        self.model_names = ModelNames(self.storage, self.outbound)
        self.chats = ChatService(
            self.storage, self.registry, self.workflows, self.executions, dispatcher, self.bus
        )
        self.public_chats = PublicChatService(self.storage, self.workflows, self.chats)
        self.expressions = ExpressionService(self.storage, self.workflows, self.runner)
        self.accounts = AccountService(self.storage, settings)
        self.links = LinkService(self.storage, settings, self.accounts, self.mailer)
        self.audit = AuditService(self.storage)
        self.credentials = CredentialService(self.storage)
        self.collections = CollectionService(self.storage)
        self.templates = TemplateService(self.workflows)
        self.transfer = TransferService(self.workflows, self.credentials, self.outbound)
        self.insights = InsightService(self.storage)
        self.installation = InstallationService(settings, self.storage, self.sandbox, self.server_settings)
        self.webhooks = WebhookService(
            self.storage, self.workflows, self.executions, dispatcher, self.bus, base_url=settings.base_url
        )
        self.schedules = ScheduleService(
            self.storage, self.workflows, self.executions, timezone=settings.timezone
        )
        here.connect(self.runner.submit, self.runner.cancel)
        self.neighbours = None
        if channel is not None and isinstance(self.bus, SharedBus) and self._queue is not None:
            self._workforce = Workforce(self.runner, channel, settings.queues)
            self._workforce.hint = self._queue.hint
            self._queue.hand = self._workforce.hand
            self.neighbours = Neighbours(
                channel,
                self.bus,
                runner=self.runner,
                workflows=self.workflows,
                editing=self.editing,
                webhooks=self.webhooks,
                accounts=self.accounts,
                pricing=self.pricing,
                network=self.network,
                workforce=self._workforce,
            )
        self.runner.host = Host(
            evaluator=CagedEvaluator(self.sandbox),
            binaries=self.storage.binaries,
            workflows=SubWorkflows(self.storage, self.workflows, self.executions),
            vault=RunVault(self.tokens, from_environment(environment_with_file(Path.cwd()))),
            services={
                Sandbox: self.sandbox,
                Outbound: self.outbound,
                AlithPool: self.alith,
                AccessTokens: self.tokens,
                VectorStore: self.storage.vectors,
                PriceTable: self.prices,
                Conversations: self.storage.conversations,
                WorkflowMemory: self.storage.memory,
            },
            timezone=settings.timezone,
            environment=allowed_environment(settings),
            public_url=settings.base_url,
        )
        self.runner.after_rest = self.executions.after_rest
        if self.neighbours is not None:
            await self.neighbours.start()
        if self.role != "worker":
            if await self.accounts.setup_needed():
                await seed_examples(self.storage, self.workflows)
            await self.accounts.create_configured_owner()
        await self.pricing.load()
        await self.network.load()
        await self.server_settings.load()
        self._following = [
            asyncio.create_task(self.network.look_after()),
            asyncio.create_task(self.server_settings.look_after()),
        ]
        await self.webhooks.reload()
        await self.schedules.compare_clocks()
        await self.runner.start()
        if self._reconciler is not None:
            await self._reconciler.start()
        if self._queue is not None and self.role == "worker":
            work = self._queue.work(
                self.runner.carry, queues=settings.queues, limit=lambda: self.runner.limit
            )
            self._working = asyncio.create_task(work)
        await self.schedules.start()
        if self._queue is not None:
            self._heart = Heart(
                self.storage, self.runner, queues=",".join(settings.queues), drain=self._drain_for_ever
            )
            self._heart.start()
        self._pruning = asyncio.create_task(self._look_after())
        self._watching = asyncio.create_task(self.runner.figures.watch_the_loop())
        _current = self

    async def _join(self) -> Channel:
        """Get in touch with the other processes of the installation."""
        from flowstudio.services.queue import HintQueue  # a library that no other mode needs
        from flowstudio.services.reconciler import Reconciler

        channel = Channel(self.storage.database.url)
        self._queue = HintQueue(self.storage, channel)
        await self._queue.open()
        self._reconciler = Reconciler(self.storage, self._queue)
        return channel

    def _follow(self, event: Event) -> None:
        """Whoever watches an execution that runs elsewhere is told of its present state by this process."""
        if self._workforce is not None:
            self._workforce.follow(event)
        if not self.runner.works:
            self.runner.live.follow(event)

    def _drain_for_ever(self) -> None:
        """Take no more work until the process is started anew; what runs here goes on."""
        if self._draining is None:
            log.warning("an admin wants this worker to take nothing more; stop it when it is empty")
            self._draining = asyncio.create_task(self.drain(math.inf))

    async def drain(self, seconds: float) -> None:
        """Take no more work, and give what runs here the time to come to rest; `stop` hands over what does not."""
        await self._stop_working()
        draining = asyncio.create_task(self.runner.drain(seconds))
        await asyncio.sleep(0)
        if self._workforce is not None:
            self._workforce.announce()  # no room any more
        await draining

    async def _stop_working(self) -> None:
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
            self._working = None

    async def stop(self) -> None:
        """Stop in the reverse order; executions that run are resumed by the next start, or by another process."""
        global _current
        for task in (self._pruning, *self._following, self._watching, self._draining):
            if task is not None:
                task.cancel()
        await self.links.close()
        await self.mailer.close()
        await self.schedules.stop()
        await self.chats.stop()
        await self._stop_working()
        await self.runner.stop()
        if self._heart is not None:
            await self._heart.stop()
        await self.executions.given.close()
        if self._reconciler is not None:
            await self._reconciler.stop()
        if self._queue is not None:
            await self._queue.close()
        if self.neighbours is not None:
            await self.neighbours.stop()
        await self.alith.stop()
        await self.outbound.close()
        await self.sandbox.stop()
        await self.storage.close()
        if _current is self:
            _current = None

    async def _look_after(self) -> None:
        """Do what a dead server left undone; from then on delete what is older, or more, than the settings keep."""
        await asyncio.sleep(FIRST_LOOK)
        caught_up = False
        swept = -SWEEP_EVERY
        while True:
            if self._queue is not None and not await self._holds_cleaning():
                await asyncio.sleep(CLEANING / 3)
                continue
            sweep = time.monotonic() - swept >= SWEEP_EVERY
            try:
                if not caught_up or (self._queue is not None and sweep):
                    await self.executions.catch_up()
                    caught_up = True
            except Exception:
                log.exception("catching up on finished executions failed")
            try:
                if sweep:
                    swept = time.monotonic()
                    await self._sweep(clock.now())
                kept = self.server_settings.current
                pruned = await self.storage.executions.prune(
                    clock.now(),
                    max_age=timedelta(days=kept.retention_days),
                    max_count=kept.retention_count,
                    sweep=sweep,
                )
                if pruned.executions:
                    log.info("Old executions deleted", extra={"executions": pruned.executions})
            except Exception:
                log.exception("Deleting old executions failed; it is tried again later")
            await asyncio.sleep(self.settings.retention_interval)

    async def _sweep(self, now: datetime) -> None:
        """Delete what is old, but for executions."""
        await self.storage.leases.prune(now)
        await self.storage.attempts.prune(now)
        await self.storage.processes.prune(now)
        await self.storage.workflows.purge(now - HIDDEN_FOR)
        await self.storage.edits.prune(now)
        await self.storage.accounts.prune_sessions(now)
        await self.storage.account_links.prune(now)
        await self.storage.statistics.prune(now)
        kept = self.server_settings.current
        old = now - timedelta(days=kept.retention_days)
        await self.conversations.prune(old)
        await self.storage.chats.prune(old, kept.retention_count)

    async def _holds_cleaning(self) -> bool:
        """Whether it is this process that cleans up for all."""
        try:
            return await self.storage.leases.hold("cleaning", self.runner.owner, CLEANING)
        except Exception:
            log.exception("asking who cleans up failed")
            return False


def allowed_environment(settings: Settings) -> Mapping[str, str]:
    """The environment variables that expressions may read."""
    return {name: os.environ[name] for name in settings.allow_env if name in os.environ}


def current() -> Runtime:
    """The runtime of this process. Raises `ConfigurationError` before it was started."""
    if _current is None:
        raise ConfigurationError("FlowStudio has not started in this process.")
    return _current
