"""The agent loop, with models whose turns are written down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from flowstudio.ai.agent import FINAL_TOOL, Agent, Answered
from flowstudio.ai.budget import Budget, charge, check
from flowstudio.ai.message import Message, ToolCall, ToolResult, assistant, system, user
from flowstudio.ai.model import Abilities, Request, ToolSpec
from flowstudio.ai.tool import Tool
from flowstudio.ai.usage import Usage
from flowstudio.errors import ModelError, NodeError
from tests.ai.scripted import ScriptedModel, calls, texts

ADD = ToolSpec(
    "add",
    "Adds two numbers.",
    {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
)
FORM = {
    "type": "object",
    "properties": {"sum": {"type": "number"}},
    "required": ["sum"],
    "additionalProperties": False,
}
HELP = [system("You add.")]


async def add(arguments: Mapping[str, Any]) -> Any:
    return {"sum": arguments["a"] + arguments["b"]}


def results(request: Request) -> list[ToolResult]:
    """The tool results that a request ends with."""
    return [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]


async def test_without_tools_the_first_reply_is_the_answer() -> None:
    model = ScriptedModel("Hello.")
    found = await Agent(model=model).run(HELP, user("Hi"))
    assert (found.text, found.value, found.turns) == ("Hello.", "Hello.", 1)
    assert found.usage == Usage(10, 5)
    assert model.asked[0].tools == ()


async def test_tools_are_called_and_their_results_go_back_in_the_order_of_the_calls() -> None:
    model = ScriptedModel(calls(("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})), "3 and 7")
    found = await Agent(model=model, tools=[Tool(ADD, add)]).run(HELP, user("Add."))
    assert found.text == "3 and 7"
    assert [(part.call, part.text) for part in results(model.asked[1])] == [
        ("call_0", '{"sum": 3}'),
        ("call_1", '{"sum": 7}'),
    ]
    assert [(used.tool, used.output, used.turn) for used in found.used] == [
        ("add", {"sum": 3}, 1),
        ("add", {"sum": 7}, 1),
    ]
    assert found.usage.calls == 2


async def test_calls_of_one_turn_run_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def meet(arguments: Mapping[str, Any]) -> Any:
        await both.wait()
        return "met"

    model = ScriptedModel(calls(("add", {"a": 1, "b": 1}), ("add", {"a": 2, "b": 2})), "done")
    async with asyncio.timeout(30):
        found = await Agent(model=model, tools=[Tool(ADD, meet)]).run(HELP, user("Meet."))
    assert [used.output for used in found.used] == ["met", "met"]


async def test_uses_are_noted_in_the_order_of_the_calls_whichever_is_quicker() -> None:
    second = asyncio.Event()

    async def wait(arguments: Mapping[str, Any]) -> Any:
        if arguments["a"] == 1:
            await second.wait()
        second.set()
        return arguments["a"]

    model = ScriptedModel(calls(("add", {"a": 1, "b": 0}), ("add", {"a": 2, "b": 0})), "done")
    async with asyncio.timeout(30):
        found = await Agent(model=model, tools=[Tool(ADD, wait)]).run(HELP, user("Go."))
    assert [used.output for used in found.used] == [1, 2]


async def fail(arguments: Mapping[str, Any]) -> Any:
    raise NodeError("The line is dead.")


@pytest.mark.parametrize(
    ("turn", "tool", "told"),
    [
        (calls(("add", {"a": 1})), add, "The arguments do not fit. 'b' is a required property."),
        (calls(("sub", {})), add, "There is no tool 'sub'. There are: add."),
        (calls(("add", {"a": 1, "b": 2})), fail, "Error: The line is dead."),
        (
            Message("assistant", (ToolCall("call_0", "add", {}, fault="The arguments are not JSON."),)),
            add,
            "The arguments do not fit. The arguments are not JSON.",
        ),
    ],
)
async def test_the_model_is_told_what_went_wrong_with_a_call(turn: Message, tool: Any, told: str) -> None:
    noted: list[str] = []

    @contextmanager
    def note(tool: str, node: str, arguments: Mapping[str, Any]) -> Iterator[None]:
        try:
            yield
        except NodeError as error:
            noted.append(f"{tool} {node}: {error.message}")
            raise

    model = ScriptedModel(turn, "Sorry.")
    found = await Agent(model=model, tools=[Tool(ADD, tool, "n")], note=note).run(HELP, user("Add."))
    assert found.text == "Sorry."
    assert [(part.text, part.failed) for part in results(model.asked[1])] == [(told, True)]
    name = turn.calls[0].name
    assert noted == [f"{name} {'n' if name == 'add' else ''}: {told.removeprefix('Error: ')}"]
    assert [(used.tool, used.failed) for used in found.used] == [(name, True)]


async def test_in_the_last_turn_no_tool_may_be_used() -> None:
    model = ScriptedModel(calls(("add", {"a": 1, "b": 2})), "3")
    found = await Agent(model=model, tools=[Tool(ADD, add)], max_turns=2).run(HELP, user("Add."))
    assert [request.tool_choice for request in model.asked] == ["auto", "none"]
    assert found.text == "3"


async def test_a_model_that_never_ends_is_stopped() -> None:
    endless = [calls(("add", {"a": 1, "b": 2})) for _ in range(3)]
    model = ScriptedModel(*endless)
    with pytest.raises(NodeError, match="within 3 turns"):
        await Agent(model=model, tools=[Tool(ADD, add)], max_turns=3).run(HELP, user("Add."))


class Notebook:
    """A memory in a list."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)
        self.asked: list[str] = []

    async def recall(self, about: str) -> Sequence[Message]:
        self.asked.append(about)
        return list(self.messages)

    async def remember(self, messages: Sequence[Message]) -> None:
        self.messages += messages


async def test_memory_comes_before_the_question_and_gets_the_exchange() -> None:
    memory = Notebook(user("I am Ada."), assistant("Hello Ada."))
    model = ScriptedModel(calls(("add", {"a": 1, "b": 2})), "You are Ada.")
    await Agent(model=model, tools=[Tool(ADD, add)], memory=memory).run(HELP, user("Who am I?"))
    assert texts(model.asked[0].messages) == [
        ("system", "You add."),
        ("user", "I am Ada."),
        ("assistant", "Hello Ada."),
        ("user", "Who am I?"),
    ]
    assert memory.asked == ["Who am I?"]
    assert texts(memory.messages[2:]) == [("user", "Who am I?"), ("assistant", "You are Ada.")]


async def test_a_form_is_held_to_by_the_model_itself_when_there_are_no_tools() -> None:
    model = ScriptedModel('{"sum": 3}')
    found = await Agent(model=model, answer=FORM).run(HELP, user("1 + 2?"))
    assert found.value == {"sum": 3}
    assert model.asked[0].answer is not None


async def test_with_tools_the_answer_comes_by_a_tool_of_its_own() -> None:
    model = ScriptedModel(calls(("add", {"a": 1, "b": 2})), calls((FINAL_TOOL, {"sum": 3})))
    found = await Agent(model=model, tools=[Tool(ADD, add)], answer=FORM).run(HELP, user("1 + 2?"))
    assert (found.value, found.text) == ({"sum": 3}, '{"sum": 3}')
    assert [tool.name for tool in model.asked[0].tools] == ["add", FINAL_TOOL]
    assert model.asked[0].tool_choice == "required"


@pytest.mark.parametrize("by_tool", [True, False])
async def test_an_answer_of_the_wrong_form_is_sent_back_once(by_tool: bool) -> None:
    def turn(value: Any) -> Any:
        return calls((FINAL_TOOL, value)) if by_tool else str(value).replace("'", '"')

    tools = [Tool(ADD, add)] if by_tool else []
    model = ScriptedModel(turn({"total": 3}), turn({"sum": 3}))
    assert (await Agent(model=model, tools=tools, answer=FORM).run(HELP, user("?"))).value == {"sum": 3}
    told = results(model.asked[1])[0].text if by_tool else model.asked[1].messages[-1].text
    assert "'total'" in told or "'sum'" in told
    wrong = ScriptedModel(turn({"total": 3}), turn({"total": 4}))
    with pytest.raises(ModelError) as caught:
        await Agent(model=wrong, tools=tools, answer=FORM).run(HELP, user("?"))
    assert caught.value.kind == "malformed"


async def test_forms_that_are_no_objects_come_back_as_they_are() -> None:
    model = ScriptedModel(calls((FINAL_TOOL, {"value": ["a", "b"]})))
    agent = Agent(model=model, tools=[Tool(ADD, add)], answer={"type": "array", "items": {"type": "string"}})
    assert (await agent.run(HELP, user("?"))).value == ["a", "b"]


async def test_the_fallback_goes_on_where_the_model_failed() -> None:
    said: list[tuple[str, str]] = []
    first = ScriptedModel(calls(("add", {"a": 1, "b": 2})), ModelError("overloaded", "Busy."), name="first")
    second = ScriptedModel(calls(("add", {"a": 3, "b": 4})), "10", name="second")
    agent = Agent(
        model=first,
        fallback=second,
        tools=[Tool(ADD, add)],
        said=lambda text, kind: said.append((kind, text)),
    )
    found = await agent.run(HELP, user("Add."))
    assert found.text == "10"
    assert [len(request.messages) for request in second.asked] == [4, 6]
    assert ("discard", "") in said


async def test_a_failing_fallback_fails_the_agent() -> None:
    agent = Agent(
        model=ScriptedModel(ModelError("overloaded", "Busy.")),
        fallback=ScriptedModel(ModelError("wrong_key", "No.")),
    )
    with pytest.raises(ModelError, match="No\\."):
        await agent.run(HELP, user("Hi"))


async def test_words_before_a_tool_call_are_told_and_taken_back() -> None:
    said: list[tuple[str, str]] = []
    model = ScriptedModel(calls(("add", {"a": 1, "b": 2}), text="Let me see"), "It is 3")
    agent = Agent(model=model, tools=[Tool(ADD, add)], said=lambda text, kind: said.append((kind, text)))
    await agent.run(HELP, user("Add."))
    assert said == [("text", w) for w in ("Let ", "me ", "see ")] + [("discard", "")] + [
        ("text", w) for w in ("It ", "is ", "3 ")
    ]


async def test_tools_of_the_same_name_are_refused() -> None:
    with pytest.raises(NodeError, match="Several tools of the agent are called 'add'"):
        await Agent(model=ScriptedModel(), tools=[Tool(ADD, add), Tool(ADD, add)]).run(HELP, user("Hi"))


async def test_a_model_that_cannot_use_tools_says_so() -> None:
    model = ScriptedModel(abilities=Abilities(tools=False), name="plain")
    with pytest.raises(ModelError, match="'plain' cannot use tools"):
        await Agent(model=model, tools=[Tool(ADD, add)]).run(HELP, user("Hi"))


class Charged(ScriptedModel):
    """A scripted model whose calls count."""

    async def stream(self, request: Request) -> Any:
        check()
        charge(Usage(100, 50), 0.01)
        async for event in super().stream(request):
            yield event


@pytest.mark.parametrize(
    ("budget", "words"),
    [(Budget(tokens=250), "budget of 250 tokens"), (Budget(cost=0.02), r"budget of \$0.02")],
)
async def test_a_budget_stops_the_agent_and_counts_its_sub_agents(budget: Budget, words: str) -> None:
    inner = Charged(*["fine"] * 10)

    async def ask(arguments: Mapping[str, Any]) -> Any:
        return (await Agent(model=inner).run([], user("?"))).text

    outer = Charged(*[calls(("add", {"a": 1, "b": 2})) for _ in range(5)])
    with budget.in_force(), pytest.raises(ModelError, match=words) as caught:
        await Agent(model=outer, tools=[Tool(ADD, ask)]).run(HELP, user("?"))
    assert caught.value.kind == "budget"
    assert (len(outer.asked), len(inner.asked)) == (1, 1)


async def test_cancelling_the_agent_cancels_its_tools() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait(arguments: Mapping[str, Any]) -> Any:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def run() -> Answered:
        model = ScriptedModel(calls(("add", {"a": 1, "b": 2})))
        return await Agent(model=model, tools=[Tool(ADD, wait)]).run(HELP, user("?"))

    task = asyncio.create_task(run())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
