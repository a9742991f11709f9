"""Which model a node uses: the one that is attached to it, else one of the account that is chosen in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flowstudio.ai.model import ChatModel
from flowstudio.engine.context import Context
from flowstudio.engine.node import Node, Slot, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes.ai.accounts import AnyAccount, model_with
from flowstudio.nodes.ai.observed import ObservedModel
from flowstudio.nodes.ai.parts import ModelNode


class ModelUser(Node):
    """A node that asks a chat model."""

    model: Annotated[ModelNode | None, Slot("Chat model")] = None
    """The model that answers. Without one, a model of the account below is used."""
    account: AnyAccount = None
    """The account that pays, where no chat model is attached: OpenAI, Anthropic, Google or a compatible server."""
    model_name: Annotated[str, Field(max_length=200, title="Model"), Widget("model")] = ""
    """The model of that account, such as `gpt-5-mini`. Empty: a usual one. A chat model that is attached comes first."""

    def chat_model(self, ctx: Context) -> ChatModel:
        """The model; its calls are noted in the run log. Raises `NodeError` when there is none."""
        if self.model is not None:
            return observed(self.model, ctx)
        if self.account is None:
            raise NodeError(
                f"'{ctx.label}' has no model. Attach a chat model to it, or choose an account in its settings."
            )
        return ObservedModel(model_with(self.account, self.model_name, ctx), ctx)


def observed(node: ModelNode, ctx: Context) -> ChatModel:
    """The model of a sub-node; its calls are noted in the run log under the sub-node."""
    return ObservedModel(node.chat_model(ctx), ctx, node.node_id)
