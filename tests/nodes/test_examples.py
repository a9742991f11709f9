from __future__ import annotations

import pytest

from flowstudio.engine.context import Host
from flowstudio.engine.node import Example, Node
from tests.nodes.driver import REGISTRY, run_node

EXAMPLES = [
    pytest.param(cls, example, id=f"{cls.type}: {example.title}")
    for cls in REGISTRY
    for example in cls.examples
]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("cls", "example"), EXAMPLES)
async def test_an_example_gives_what_it_promises(cls: type[Node], example: Example, caged_host: Host) -> None:
    result = await run_node(cls.type, example.properties, example.given, host=caged_host)
    if example.fails:
        assert result.error == example.fails
        return
    assert result.outcome.error is None
    first = cls.output_ports(example.properties)[0].id if cls.output_ports(example.properties) else "main"
    promised = {first: example.gives} if isinstance(example.gives, list) else dict(example.gives)
    assert result.ports == {port: rows for port, rows in promised.items() if rows}


def test_every_example_promises_something() -> None:
    empty = [
        (cls.type, example.title)
        for cls in REGISTRY
        for example in cls.examples
        if not example.fails and not example.gives
    ]
    assert empty == []
