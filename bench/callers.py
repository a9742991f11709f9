"""The processes of `bench.chaos`, and whoever calls them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import psycopg

from bench.documents import Document
from bench.house import Process, Proxy
from bench.model import LoopbackModel
from bench.server import OWNER, free_port
from bench.turmoil import FINAL, MIX, PERSIST, TOKENS, UNANSWERED, Counter, Plan, Seen, documents
from flowstudio.storage.vault import new_key
from tests.postgres import USER, PostgresServer


class Callers:
    """An installation, and callers that do not give up."""

    def __init__(
        self, plan: Plan, folder: Path, programs: Path, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.plan, self.folder = plan, folder
        self.say = say
        self.seen = Seen()
        self.counter = Counter()
        self.model = LoopbackModel(TOKENS, 0.1)
        self.chance = random.Random(plan.seed)
        """Chooses the faults."""
        self.database = PostgresServer(programs, track_commit_timestamp="on", max_connections="300")
        self.processes: list[Process] = []
        self.ids: dict[str, str] = {}
        self.armed: dict[int, tuple[float, float]] = {}
        self._http: httpx.AsyncClient
        self._number = 0
        self._key = ""
        self._begin = time.monotonic()
        self._calls: set[asyncio.Task[None]] = set()
        self._crashing = asyncio.Lock()
        self._lines = asyncio.Semaphore(40)
        """Calls at the same time: with more, this process would be too busy to pass on what the others say to the database."""

    def _say(self, text: str) -> None:
        self.say(f"{time.monotonic() - self._begin:7.1f}  {text}")

    # The house

    async def _open(self, sink: int, model: int) -> None:
        self.folder.chmod(0o755)
        shared = {
            **os.environ,
            "FLOWSTUDIO_MODE": "scaled",
            "FLOWSTUDIO_ENCRYPTION_KEY": new_key(),
            "FLOWSTUDIO_FILES_DIR": str(self.folder / "files"),
            "FLOWSTUDIO_ALLOW_HOSTS": "127.0.0.1",
            "FLOWSTUDIO_ALLOW_ENV": "CHAOS_NAME",
            "FLOWSTUDIO_OWNER_EMAIL": OWNER,
            "FLOWSTUDIO_OWNER_PASSWORD": secrets.token_urlsafe(16),
            "FLOWSTUDIO_RETENTION_COUNT": "10000000",
            "FLOWSTUDIO_LOG_LEVEL": "warning",
            "OPENAI_API_KEY": "sk-loopback",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{model}/v1",
        }
        if self.plan.lease != Plan.lease:
            shared["CHAOS_LEASE"] = str(self.plan.lease)
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE chaos")
        names = [("run", n) for n in range(self.plan.servers)] + [
            ("worker", n) for n in range(self.plan.workers)
        ]
        for role, number in names:
            proxy = Proxy(self.database.socket)
            name = f"{'server' if role == 'run' else role}-{number + 1}"
            environment = shared | {
                "FLOWSTUDIO_DATABASE_URL": f"postgresql+psycopg://{USER}@127.0.0.1:{await proxy.start()}/chaos",
                "FLOWSTUDIO_DATA_DIR": str(self.folder / name),
            }
            if (
                number % 2
            ):  # on a machine of its own, as far as it knows: nobody can tell from outside that it has died
                environment["CHAOS_HOST"] = f"machine-of-{name}"
            process = Process(
                name, "run" if role == "run" else "worker", self.folder, environment, proxy=proxy
            )
            if self.plan.old and role == "worker" and not number % 2:
                process.code = Path(self.plan.old)
            if role == "run":
                process.port = free_port()
                process.environment |= {"FLOWSTUDIO_PORT": str(process.port)}
            self.processes.append(process)
        for process in self.processes:
            process.keep()
        await self._until_ready(self.processes[0])
        await self._make_key()
        for process in self.servers:
            await self._until_ready(process)

    async def _make_key(self) -> None:
        first = self.processes[0]
        account = {"email": OWNER, "password": first.environment["FLOWSTUDIO_OWNER_PASSWORD"]}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{first.port}", timeout=60) as client:
            (await client.post("/api/login", json=account)).raise_for_status()
            made = (await client.post("/api/api-keys", json={"name": "chaos"})).raise_for_status().json()
        self._key = made["key"]

    @property
    def servers(self) -> list[Process]:
        """Those that take calls."""
        return [process for process in self.processes if process.role == "run"]

    @property
    def workers(self) -> list[Process]:
        """Those that run executions."""
        return [process for process in self.processes if process.role == "worker"]

    def _conninfo(self, database: str = "postgres") -> str:
        return f"host={self.database.socket.parent} user={USER} dbname={database}"

    async def _until_ready(self, process: Process) -> None:
        async with asyncio.timeout(300), httpx.AsyncClient(timeout=10) as client:
            while True:
                with contextlib.suppress(*UNANSWERED):
                    answer = await client.get(f"http://127.0.0.1:{process.port}/api/health/ready")
                    if answer.status_code == 200:
                        return
                await asyncio.sleep(0.1)

    async def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        server: Process | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Ask a server, one at random unless named. Raises `httpx.HTTPError` when there is no answer."""
        port = (server or random.choice(self.servers)).port
        return await self._http.request(
            method,
            f"http://127.0.0.1:{port}{path}",
            json=body,
            headers={"X-API-Key": self._key, **(headers or {})},
        )

    async def _insist(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Ask until some server says yes, or that it is so already, since an answer was lost."""
        asked = False
        while True:
            with contextlib.suppress(*UNANSWERED):
                answer = await self._ask(method, path, body)
                if answer.status_code < 300 or (asked and answer.status_code == 409):
                    return answer
            asked = True
            await asyncio.sleep(0.5)

    async def _store(self, sink: int) -> None:
        async def store(name: str, document: Document) -> None:
            answer = await self._ask("POST", "/api/workflows/", document, self.servers[0])
            answer.raise_for_status()
            self.ids[name] = str(answer.json()["id"])
            if name != "inner":
                (
                    await self._ask(
                        "POST", f"/api/workflows/{self.ids[name]}/activate/", server=self.servers[0]
                    )
                ).raise_for_status()
            if name.startswith("clock "):
                self.armed[int(name.split()[1])] = (time.time() + 1, 0.0)

        for inner in ("", "inner"):
            for name, document in documents(sink, self.plan.clocks, self.ids.get(inner, "")):
                await store(name, document)

    # Load

    async def _load(self, until: float) -> None:
        kinds = list(MIX)
        while time.monotonic() < until:
            self._call(random.choices(kinds, list(MIX.values()))[0])
            await asyncio.sleep(random.expovariate(self.plan.rate))

    def _call(self, name: str) -> None:
        self._number += 1
        task = asyncio.create_task(self._carry(name, self._number), name=f"call {self._number} of {name}")
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _carry(self, name: str, number: int) -> None:
        """Call a workflow until it is accepted, with one key; then do what belongs to it."""
        begin, execution, tries = time.monotonic(), "", 0
        while not execution:
            if time.monotonic() > begin + PERSIST:
                self.seen.given_up += 1
                return
            tries += 1
            try:
                key = {"Idempotency-Key": f"chaos-{number}"}
                async with self._lines:
                    answer = await self._ask("POST", f"/webhook/chaos/{name}", {"n": number}, headers=key)
            except UNANSWERED:
                answer = None
            if answer is not None and answer.status_code == 200:
                execution = self._accepted(name, number, answer)
            elif (
                answer is not None and answer.status_code < 500 and answer.status_code not in (404, 409, 429)
            ):
                self.seen.wrong.append(
                    f"call {number} of {name} was answered with {answer.status_code}: {answer.text[:200]}"
                )
                return
            if not execution:
                self.seen.retried += 1
                await asyncio.sleep(random.uniform(0.2, 1.0) * min(tries, 5))
        if name == "cancel":
            await asyncio.sleep(random.uniform(0.0, 2.0))
            self.seen.cancelled.add(execution)
            await self._insist("POST", f"/api/executions/{execution}/cancel/")
        elif name == "called":
            await asyncio.sleep(random.uniform(0.0, 3.0))
            await self._wake(execution, number)
        elif name in ("ai", "wait", "loop") and number % 2:
            await self._watch(execution)

    def _accepted(self, name: str, number: int, answer: httpx.Response) -> str:
        told = answer.json()
        if name == "answer":
            rows = told if isinstance(told, list) else [told]
            if [str(row.get("told")) for row in rows] != [str(number)]:
                self.seen.wrong.append(f"call {number} was answered with {answer.text[:200]}")
        execution = answer.headers.get("x-execution-id") or (
            told.get("execution_id") if isinstance(told, dict) else ""
        )
        if not execution:
            execution = f"call {number}"
        self.seen.accepted[execution] = (name, number, time.time())
        return str(execution)

    async def _wake(self, execution: str, number: int) -> None:
        """Call an execution that waits, until it says that it goes on, or has gone on."""
        asked = False
        while True:
            with contextlib.suppress(*UNANSWERED):
                answer = await self._ask("POST", f"/webhook-waiting/{execution}", {"n": number})
                if answer.status_code == 200:
                    self.seen.woken += 1
                    return
                if asked and answer.status_code == 409:
                    stored = await self._ask("GET", f"/api/executions/{execution}/")
                    if stored.status_code == 200 and stored.json()["execution"]["status"] in FINAL:
                        return  # an earlier call, whose answer was lost, has woken it
                asked = True
            await asyncio.sleep(0.5)

    async def _watch(self, execution: str) -> None:
        """Watch an execution as a browser does, again at another server when the stream breaks, until told of its end."""
        self.seen.watched += 1
        while not await self._watched(execution):
            await asyncio.sleep(0.2)

    async def _watched(self, execution: str) -> bool:
        port = random.choice(self.servers).port
        address = f"http://127.0.0.1:{port}/api/executions/{execution}/events"
        try:
            async with self._http.stream(
                "GET", address, headers={"X-API-Key": self._key}, timeout=40
            ) as stream:
                async for line in stream.aiter_lines():
                    told = json.loads(line[6:]) if line.startswith("data: ") else {}
                    if isinstance(told, dict) and told.get("status") in FINAL and "node" not in told:
                        return True
        except UNANSWERED:
            return False
        return False
