"""Workflows in and out as files: from a text or an address, to a file that suits version control."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

from flowstudio.engine.workflow import NodeDocument, WorkflowDocument
from flowstudio.errors import InvalidRequest, NotFound
from flowstudio.interop import (
    TEXT_LIMIT,
    Exported,
    Format,
    Found,
    Remark,
    export_document,
    file_name,
    read_documents,
    write_n8n,
)
from flowstudio.outbound import Outbound, Request
from flowstudio.services.callers import Caller, require
from flowstudio.services.credentials import CredentialService
from flowstudio.services.workflows import WorkflowService

FETCH_SECONDS = 20.0
FETCH_REDIRECTS = 5
_ON_GITHUB = re.compile(r"^https://github\.com/([^/]+/[^/]+)/(?:blob|raw)/(.+)$")


class TransferService:
    """Reads and writes workflow files. Reading stores nothing."""

    def __init__(
        self, workflows: WorkflowService, credentials: CredentialService, outbound: Outbound | None = None
    ) -> None:
        self._workflows, self._credentials, self._outbound = workflows, credentials, outbound

    async def read(self, caller: Caller, text: str | bytes) -> list[Found]:
        """The workflows in a text. Raises `InvalidRequest`, `TooLarge` and `InvalidWorkflow`."""
        require(caller, "edit")
        found = await asyncio.to_thread(read_documents, text, self._workflows.registry)
        known = {entry["id"]: (entry["name"], entry["type"]) for entry in await self._credentials.all(caller)}
        return [await self._settled(entry, known) for entry in found]

    async def fetch(self, caller: Caller, url: str) -> list[Found]:
        """The workflows in the file at an address. Raises `NodeError` too, `OutboundRefused` for forbidden addresses."""
        require(caller, "edit")
        if self._outbound is None:
            raise InvalidRequest("Addresses cannot be read here.")
        address = _ON_GITHUB.sub(r"https://raw.githubusercontent.com/\1/\2", url.strip())
        if not address.lower().startswith(("http://", "https://")):
            raise InvalidRequest("This is not an address. It must start with https:// or http://.")
        answer = await self._outbound.request(
            Request("GET", address, timeout=FETCH_SECONDS, max_redirects=FETCH_REDIRECTS, limit=TEXT_LIMIT)
        )
        if answer.status >= 400:
            raise InvalidRequest(
                f"The address answered with status {answer.status}, not with a file. Open it in your browser to see why."
            )
        return await self.read(caller, answer.body)

    async def export(self, caller: Caller, id_: str, form: Format = "flowstudio") -> tuple[str, str]:
        """A good file name and the file of a workflow as it is drawn now. Raises `NotFound`."""
        require(caller, "read")
        document = (await self._workflows.get(caller, id_)).document
        if form == "n8n":
            return file_name(document.name), (await self._as_n8n(document)).text
        about = {}
        if caller.may("edit") and any(node.data.credentials for node in document.nodes):
            about = {entry["id"]: entry for entry in await self._credentials.all(caller)}
        return file_name(document.name), export_document(document, about)

    async def losses(self, caller: Caller, id_: str) -> tuple[Remark, ...]:
        """What of a workflow n8n would not do as it is done here. Raises `NotFound`."""
        require(caller, "read")
        return (await self._as_n8n((await self._workflows.get(caller, id_)).document)).remarks

    async def _as_n8n(self, document: WorkflowDocument) -> Exported:
        return await asyncio.to_thread(write_n8n, document, self._workflows.registry)

    async def _settled(self, found: Found, known: dict[str, tuple[str, str]]) -> Found:
        """With the credentials of this installation, and remarks about what is missing in it."""
        remarks = list(found.remarks)
        nodes = []
        for node in found.document.nodes:
            chosen: dict[str, str] = {}
            for slot, id_ in node.data.credentials.items():
                mine = id_ if id_ in known else _alike(found.credentials.get(id_), known)
                if mine is not None:
                    chosen[slot] = mine
                else:
                    remarks.append(_no_credential(node, found.credentials.get(id_)))
            nodes.append(
                node
                if chosen == node.data.credentials
                else node.model_copy(update={"data": node.data.model_copy(update={"credentials": chosen})})
            )
            if missing := await self._missing_workflow(node):
                remarks.append(Remark(missing, node.id))
        return replace(
            found, document=found.document.model_copy(update={"nodes": nodes}), remarks=tuple(remarks)
        )

    async def _missing_workflow(self, node: NodeDocument) -> str | None:
        wanted = node.data.properties.get("workflow") if node.type == "execute-workflow" else None
        if not isinstance(wanted, str) or not wanted or wanted.startswith("="):
            return None
        try:
            await self._workflows.load(wanted)
        except NotFound:
            return f"{_name(node)}: The workflow that it runs is not here. Choose another one."
        return None


def _alike(about: dict[str, str] | None, known: dict[str, tuple[str, str]]) -> str | None:
    """The only credential here that has the same name and type as the one that a file names."""
    if about is None or not about["name"]:
        return None
    same = [id_ for id_, mine in known.items() if mine == (about["name"], about["type"])]
    return same[0] if len(same) == 1 else None


def _no_credential(node: NodeDocument, about: dict[str, str] | None) -> Remark:
    known = f" It was '{about['name']}'." if about and about["name"] else ""
    return Remark(f"{_name(node)}: Choose a credential; the one in the file is not here.{known}", node.id)


def _name(node: NodeDocument) -> str:
    return node.data.label or node.type


def numbered_names(names: Sequence[str]) -> list[str]:
    """File names of which each stands for one workflow: those that come again get a number."""
    taken: set[str] = set()
    given: list[str] = []
    for wanted in names:
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted.removesuffix('.json')}-{number}.json"
        taken.add(name)
        given.append(name)
    return given
