"""The Code node."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from flowstudio.engine.context import Context
from flowstudio.engine.item import Binary, Item, Json, Pair, Ports
from flowstudio.engine.keeping import WorkflowMemory
from flowstudio.engine.node import BatchNode, Choice, Code, Example, Inputs
from flowstudio.errors import CodeError, CodeOutput, NodeError
from flowstudio.nodes import values
from flowstudio.sandbox import Sandbox

_OTHER_NODES = {
    "python": re.compile(r"\b(_|_node|globals|locals|vars|eval|exec|getattr)\b"),
    "javascript": re.compile(
        r"\$(?![\w{])|\$(node|items)\b|\\u|\b(eval|Function|globalThis|this|constructor)\b"
    ),
}
"""What code must contain to see other nodes; without it their items stay out of the cage."""
_STATIC = re.compile(r"getWorkflowStaticData")
MAX_STATIC = 1 << 20
"""Characters of static data, of the workflow or of a step."""


class CodeNode(BatchNode):
    """Write your own step in Python or JavaScript.

    **Run once for all items**: the code sees every item and returns a list. In Python the items are `items`, each with
    its data in `item["json"]`; in JavaScript they are `$input.all()`. **Run once for each item**: the code sees one
    item, `_json` or `$json`, and returns one object; with `None` or `null` the item is left out.

    What the code prints (`print`, `console.log`) is shown in the log. `_("Node")` and `$("Node")` give the items of
    another node. The code runs in a cage: it has no network, no files and no other programs, and is stopped when it
    takes too long or needs too much memory. To call a service, use an HTTP Request before it.

    What `$getWorkflowStaticData("global")` or `("node")` gives (`_getWorkflowStaticData` in Python) may be changed and is there
    again in the next execution, unless the workflow is run by hand: then it lasts as long as the run.
    `$execution.customData.set(name, value)` notes something for the steps that follow.
    """

    type = "code"
    label = "Code"
    group = "Data"
    icon = "braces"
    subtitle = "{language}"
    examples = (
        Example(
            "Total all items (Python)",
            properties={
                "language": "python",
                "code": 'total = sum(item["json"]["price"] for item in items)\nreturn [{"total": total}]',
            },
            given=[{"price": 2}, {"price": 3}],
            gives=[{"total": 5}],
        ),
        Example(
            "Greet each one (JavaScript)",
            properties={
                "language": "javascript",
                "mode": "each-item",
                "code": "return { greeting: `Hello ${$json.name}` };",
            },
            given=[{"name": "Ann"}, {"name": "Ben"}],
            gives=[{"greeting": "Hello Ann"}, {"greeting": "Hello Ben"}],
        ),
    )

    language: Annotated[
        Literal["python", "javascript"], Choice({"python": "Python", "javascript": "JavaScript"})
    ] = "javascript"
    """The language of the code."""
    mode: Annotated[
        Literal["all-items", "each-item"],
        Choice({"all-items": "Run once for all items", "each-item": "Run once for each item"}),
    ] = "all-items"
    """Whether the code sees all items together or one at a time."""
    code: Annotated[str, Code("javascript"), Field(min_length=1, max_length=500_000)]
    """The code. It ends with `return` and what it gives."""
    timeout: Annotated[float, Field(gt=0, le=3600, title="Time limit")] = 60.0
    """Seconds after which the code is stopped."""
    memory: Annotated[int, Field(ge=16, le=4096, title="Memory limit")] = 256
    """MiB that the code may use."""

    async def run(self, inputs: Inputs, ctx: Context) -> Ports:
        """Run the code in its cage."""
        items = inputs.get("main", ())
        sandbox = ctx.use(Sandbox)
        cage = sandbox.python if self.language == "python" else sandbox.javascript
        scope = ctx.scope_data()
        seen = scope
        if "nodes" in scope and not _OTHER_NODES[self.language].search(self.code):
            seen = {**scope, "nodes": {}}
        kept = await self._kept(ctx)
        if kept:
            seen = {**seen, "static": kept}
        try:
            result = await cage.run_code(
                self.code,
                [item.json for item in items],
                seen,
                owner=ctx.execution.workflow_id or ctx.execution.id,
                mode=self.mode,
                timeout=self.timeout,
                memory=self.memory << 20,
                per_item=ctx.item_data(),
            )
        except CodeError as error:
            if error.stdout:
                ctx.print(error.stdout)
            raise
        if result.stdout:
            ctx.print(result.stdout)
        ctx.notes.update(result.notes)
        await self._keep(kept, result.kept, ctx)
        files = _Files(items, scope, ctx)
        return {
            "main": [
                Item(entry["json"], await files.of(entry, index), _pairs(entry.get("pairedItem"), len(items)))
                for index, entry in enumerate(result.items)
            ]
        }

    async def _kept(self, ctx: Context) -> Json:
        """The static data that the code asks for; nothing if it does not."""
        if not _STATIC.search(self.code):
            return {}
        for owner in _owners(ctx).values():
            if owner not in ctx.kept and (workflow := _lasting(ctx)):
                ctx.kept[owner] = await _memory(ctx).read(workflow, f"static:{owner}")
        return {kind: ctx.kept.get(owner) or {} for kind, owner in _owners(ctx).items()}

    async def _keep(self, before: Json, after: Json, ctx: Context) -> None:
        """Keep the static data that the code changed: for good, except in a run by hand."""
        for kind, owner in _owners(ctx).items():
            if kind not in before or kind not in after or before[kind] == after[kind]:
                continue
            left = ctx.kept[owner] = after[kind]
            if len(values.json_text(left)) > MAX_STATIC:
                raise NodeError(
                    f"The code keeps more than {MAX_STATIC >> 20} MB of static data. Keep such data in a service of its own."
                )
            if workflow := _lasting(ctx):
                await _memory(ctx).change(workflow, f"static:{owner}", partial(_replace, left))


def _replace(new: Any, _: Any) -> Any:
    return new


def _memory(ctx: Context) -> WorkflowMemory:
    return ctx.use(WorkflowMemory)  # type: ignore[type-abstract]  # the storage brings the concrete one


def _owners(ctx: Context) -> dict[str, str]:
    """The kinds of static data, and whom they belong to."""
    return {"global": "global", "node": f"node:{ctx.node}"}


def _lasting(ctx: Context) -> str | None:
    """The workflow whose static data is kept: none for runs by hand."""
    return None if ctx.execution.mode in ("manual", "cli") else ctx.execution.workflow_id


def _pairs(given: Any, count: int) -> tuple[Pair, ...]:
    """What code says about where an item came from: an index, `{item: index}`, or a list of these. Nonsense says nothing."""
    found = []
    for entry in given if isinstance(given, list) else [given]:
        index = entry.get("item") if isinstance(entry, dict) else entry
        if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < count:
            found.append(Pair(index))
    return tuple(found)


class _Files:
    """Files of items that code gives back.

    Code names a file by its digest. Only files that the code was given may be named: a digest that it made up or
    learned elsewhere would open a file of somebody else.
    """

    def __init__(self, items: Sequence[Item], scope: Json, ctx: Context) -> None:
        self._items = items
        self._scope = scope
        self._ctx = ctx
        self._cache: dict[str, Binary] | None = None

    async def of(self, entry: Mapping[str, Any], index: int) -> dict[str, Binary] | None:
        """The files of one item that code gave back. Raises `CodeOutput`."""
        given = entry.get("binary")
        if not given:
            return None
        if not isinstance(given, dict):
            raise CodeOutput(f"'binary' of item {index} must be an object of files.", item=index)
        return {name: await self._file(name, file, index) for name, file in given.items()}

    async def _file(self, name: str, file: Any, index: int) -> Binary:
        match file:
            case {"id": str(digest)} if digest in self._known:
                known = self._known[digest]
                return Binary(
                    digest,
                    str(file.get("mimeType") or known.mime_type),
                    str(file.get("fileName") or known.file_name),
                    known.size,
                )
            case {"data": str(text)}:
                try:
                    data = b64decode(text, validate=True)
                except binascii.Error as error:
                    raise CodeOutput(
                        f"The file '{name}' of item {index} has 'data' that is not Base64.", item=index
                    ) from error
                return await self._ctx.host.binaries.put(
                    data,
                    mime_type=str(file.get("mimeType") or "application/octet-stream"),
                    file_name=str(file.get("fileName") or name),
                )
        raise CodeOutput(
            f"The file '{name}' of item {index} is none that the code was given. "
            "Pass a file on as it came, or make one: {data: Base64, mimeType, fileName}.",
            item=index,
        )

    @property
    def _known(self) -> dict[str, Binary]:
        """The files that the code could see, by digest."""
        if self._cache is None:
            own = (file for item in self._items for file in (item.binary or {}).values())
            self._cache = {file.digest: file for file in (*self._others(), *own)}
        return self._cache

    def _others(self) -> Iterator[Binary]:
        """Files of the items of other nodes."""
        for node in self._scope.get("nodes", {}).values():
            for files in node.get("binary") or ():
                for file in files.values():
                    yield Binary(file["id"], file["mimeType"], file["fileName"], file["fileSize"])
