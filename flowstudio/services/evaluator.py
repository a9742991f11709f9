"""The engine's evaluator, on the JavaScript cage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowstudio.engine.item import Json
from flowstudio.sandbox import ExpressionBatch, Sandbox


class CagedEvaluator:
    """Evaluates templates in the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def evaluate(
        self,
        templates: Sequence[str],
        items: Sequence[Json],
        shared: Json,
        per_item: Mapping[str, Any],
        *,
        owner: str,
        timeout: float,
    ) -> list[list[Any]]:
        """Values as `[item][template]`."""
        batch = ExpressionBatch(templates=templates, items=items, shared=shared, per_item=per_item)
        return await self._sandbox.javascript.evaluate(batch, owner=owner, timeout=timeout)
