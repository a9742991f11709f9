"""The Code Tool sub-node."""

from __future__ import annotations

import contextlib
import io
import tokenize
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from flowstudio.ai.model import ToolSpec
from flowstudio.ai.tool import Tool
from flowstudio.engine.context import Context
from flowstudio.engine.node import Code, Widget
from flowstudio.errors import CodeError
from flowstudio.nodes.ai.parts import ToolNode
from flowstudio.nodes.ai.tool_parameters import ToolParameter, schema_of
from flowstudio.nodes.ai.toolbox import tool_name
from flowstudio.sandbox import Sandbox

_HEAD = "def _tool(arguments):\n"
_TAIL = "\n    return None\nreturn [{'json': {'result': _tool(items[0]['json'])}}]\n"


class ToolCode(ToolNode):
    """Lets an agent use a function that you write in Python; the agent only fills in its arguments.

    The values that you list below arrive as `arguments`. What the code returns is what the agent is told: text, a number, a
    list or an object. The code runs in the same cage as that of the **Code** node: no files, no network.
    """

    type = "tool-code"
    label = "Code Tool"
    group = "Tools"
    icon = "square-function"
    subtitle = "{name}"

    name: Annotated[str, Field(min_length=1, max_length=64)] = "run_code"
    """What the agent calls the tool: letters, digits and `_`."""
    description: Annotated[str, Field(min_length=1), Widget("multiline")]
    """Tells the agent what the function does and when to use it."""
    parameters: list[ToolParameter] = Field(default_factory=list)
    """The values that the agent fills in."""
    code: Annotated[str, Code("python"), Field(min_length=1, max_length=500_000)]
    """The code. `arguments` is a dict; end with `return` and the result."""
    timeout: Annotated[float, Field(gt=0, le=600, title="Time limit")] = 30.0
    """Seconds after which the code is stopped."""
    memory: Annotated[int, Field(ge=16, le=4096, title="Memory limit")] = 256
    """MiB that the code may use."""

    async def tools(self, ctx: Context) -> Sequence[Tool]:
        """The one tool."""
        sandbox = ctx.use(Sandbox)

        async def call(arguments: Mapping[str, Any]) -> Any:
            code = wrapped(self.code)
            try:
                found = await sandbox.python.run_code(
                    code,
                    [dict(arguments)],
                    {},
                    owner=ctx.execution.workflow_id or ctx.execution.id,
                    timeout=self.timeout,
                    memory=self.memory << 20,
                )
            except CodeError as error:
                if error.stdout:
                    ctx.print(error.stdout)
                raise
            if found.stdout:
                ctx.print(found.stdout)
            result = found.items[0]["json"].get("result") if found.items else None
            return "Done." if result is None else result

        return [Tool(ToolSpec(tool_name(self.name), self.description, schema_of(self.parameters)), call)]


def wrapped(code: str) -> str:
    """Code with a `return` as a function whose result becomes an item. Texts over several lines stay as they are."""
    within: set[int] = set()
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        opened: list[int] = []
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            name = tokenize.tok_name[token.type]
            if name == "STRING":
                within.update(range(token.start[0] + 1, token.end[0] + 1))
            elif name == "FSTRING_START":
                opened.append(token.start[0])
            elif name == "FSTRING_END":
                within.update(range(opened.pop() + 1, token.end[0] + 1))
    lines = code.splitlines()
    return (
        _HEAD + "\n".join(f"{'' if n in within else '    '}{line}" for n, line in enumerate(lines, 1)) + _TAIL
    )
