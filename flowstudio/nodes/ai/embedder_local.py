"""The Local Embedder sub-node."""

from __future__ import annotations

from flowstudio.ai.embedder import Embedder
from flowstudio.ai.embedders.local import LocalEmbedder
from flowstudio.engine.context import Context
from flowstudio.nodes.ai.parts import EmbedderNode


class EmbedderLocal(EmbedderNode):
    """Compares texts on this machine: no account, no cost, and no text leaves the server.

    It understands the meaning of English best and of other European languages less well. For collections in other
    languages, or when the best passages are not found, use the embedder of a provider. Nodes that work with collections
    use this embedder too when none is attached.
    """

    type = "embedder-local"
    label = "Local Embedder"
    icon = "cpu"

    def embedder(self, ctx: Context) -> Embedder:
        """The embedder of this machine."""
        return LocalEmbedder()
