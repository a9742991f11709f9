"""Expressions: their values with real data, for whoever writes them."""

from __future__ import annotations

from starlette.responses import Response

from flowstudio.api.access import SignedIn, Studio
from flowstudio.api.answers import Json
from flowstudio.api.models.expressions import Evaluate, Evaluation
from flowstudio.api.routes import needs, refusals, router
from flowstudio.services.expressions import Question

resource = router("Expressions")


@resource.post(
    "/expressions/evaluate",
    summary="Try expressions",
    response_model=Evaluation,
    responses=refusals(400, 401, 403, 404, 413, 422),
    openapi_extra=needs("run"),
)
async def evaluate(body: Evaluate, caller: SignedIn, studio: Studio) -> Response:
    """Gives the values that the texts would have in a run of the node. Runs no node, opens no credential, stores nothing.

    The data is that of an execution, with pinned items in place of what their nodes gave. A text that fails gives its error;
    the others are not disturbed by it.
    """
    question = Question(
        document=body.document,
        node=body.node,
        texts=body.texts,
        execution=body.execution_id,
        scope=tuple(body.scope) if body.scope is not None else None,
        item=body.item,
    )
    return Json(await studio.expressions.evaluate(caller, question))
