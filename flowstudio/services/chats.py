"""Chats: what a workflow says to the person who talks with it."""

from __future__ import annotations

from collections.abc import Sequence

from flowstudio.engine.registry import Registry
from flowstudio.engine.workflow import load_workflow
from flowstudio.nodes.ai.respond_to_chat import spoken
from flowstudio.nodes.triggers.chat import WhenChatReceived
from flowstudio.storage import Storage
from flowstudio.storage.records import NodeRun


class ChatService:
    """Reads chats out of executions."""

    def __init__(self, storage: Storage, registry: Registry) -> None:
        self._storage = storage
        self._registry = registry

    async def response(self, execution: str) -> str | None:
        """What an execution that a chat message started has said, in words; None for others and for those that failed."""
        stored = await self._storage.executions.load(execution)
        if stored is None or stored.status != "success":
            return None
        document = load_workflow(stored.document)
        started = next((node for node in document.nodes if node.id == stored.start_node), None)
        if started is None or started.type != WhenChatReceived.type:
            return None
        messages = said(await self._storage.executions.node_runs(execution))
        if messages or stored.last_node is None:
            return "\n\n".join(messages)
        ports = await self._storage.executions.outputs(execution, stored.last_node)
        return "\n\n".join(words for items in ports.values() for item in items if (words := spoken(item)))


def said(runs: Sequence[NodeRun]) -> list[str]:
    """The messages of a run log, in their order."""
    return [
        str(step["output"]["text"])
        for run in runs
        if run.status == "success"
        for step in run.steps
        if step["kind"] == "message" and isinstance(step["output"], dict)
    ]
