"""What sub-nodes of AI nodes are: the classes that slots ask for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from flowstudio.ai.documents import Retriever
from flowstudio.ai.embedder import Embedder
from flowstudio.ai.memory import Memory
from flowstudio.ai.model import ChatModel
from flowstudio.ai.tool import Tool
from flowstudio.engine.context import Context
from flowstudio.engine.node import SubNode


class ModelNode(SubNode):
    """A chat model as a sub-node."""

    @abstractmethod
    def chat_model(self, ctx: Context) -> ChatModel:
        """The model with this node's settings and account. Makes no call."""


class MemoryNode(SubNode):
    """A memory as a sub-node."""

    @abstractmethod
    async def memory(self, session: str, ctx: Context) -> Memory:
        """The memory of a session, or of the one that this node's settings name."""


class ToolNode(SubNode):
    """One tool or several as a sub-node."""

    @abstractmethod
    async def tools(self, ctx: Context) -> Sequence[Tool]:
        """The tools. Makes no call unless their list has to be fetched."""


class EmbedderNode(SubNode):
    """An embedder as a sub-node."""

    group: ClassVar[str] = "Models"

    @abstractmethod
    def embedder(self, ctx: Context) -> Embedder:
        """The embedder with this node's settings and account. Makes no call."""


class RetrieverNode(SubNode):
    """A source of passages as a sub-node."""

    @abstractmethod
    def retriever(self, ctx: Context) -> Retriever:
        """The retriever with this node's settings. Makes no call."""
