"""The same agent on every chat model: tools, memory, forms, errors and cancelling, in whole workflows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest
import pytest_asyncio

from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.ai.providers.alith import AlithSpeaker
from tests.ai.providers.anthropic import AnthropicSpeaker
from tests.ai.providers.google import GoogleSpeaker
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Behaviour, Hang, Heard, Speaker, Status, Turn, Wire
from tests.promptness import prompt
from tests.services.conftest import start_runtime

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-very-secret-key"


@dataclass(frozen=True)
class Model:
    """A chat model under test."""

    node: str
    account: str
    speaker: Callable[[], Speaker]
    tail: str = ""
    """What its base URL ends with."""
    wrong: Callable[[str], Behaviour] = lambda kind: OPENAI_SAYS[kind]
    """How its provider does what goes wrong, in its own words."""


REFUSED = Turn(("I will not.",), stop="refused")
OPENAI_SAYS: dict[str, Behaviour] = {
    "wrong_key": Status(401, f"Incorrect API key provided: {KEY}. You can find your API key at the site."),
    "no_quota": Status(
        429,
        "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs.",
    ),
    "unknown_model": Status(404, "The model `model-a` does not exist or you do not have access to it."),
    "too_long": Status(
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
    ),
    "refused": REFUSED,
    "filtered": Turn(("Half an",), stop="filtered"),
    "timeout": Hang(),
}
ANTHROPIC_SAYS: dict[str, Behaviour] = OPENAI_SAYS | {
    "wrong_key": Status(401, f"invalid x-api-key {KEY}"),
    "no_quota": Status(
        400, "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."
    ),
    "unknown_model": Status(404, "model: model-a"),
    "too_long": Status(400, "prompt is too long: 210000 tokens > 200000 maximum"),
    "filtered": Status(400, "Output blocked by content filtering policy"),
}
GOOGLE_SAYS: dict[str, Behaviour] = OPENAI_SAYS | {
    "wrong_key": Status(400, f"API key not valid. Please pass a valid API key. ({KEY})"),
    "unknown_model": Status(
        404, "models/model-a is not found for API version v1beta, or is not supported for generateContent."
    ),
    "too_long": Status(
        400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575)."
    ),
}


MODELS = [
    Model("chat-model-openai", "openai", OpenAISpeaker, "/v1"),
    Model("chat-model-openai-compatible", "openai-compatible", OpenAISpeaker, "/v1"),
    Model("chat-model-anthropic", "anthropic", AnthropicSpeaker, wrong=ANTHROPIC_SAYS.__getitem__),
    Model("chat-model-google", "google-ai", GoogleSpeaker, wrong=GOOGLE_SAYS.__getitem__),
    Model("chat-model-alith", "openai", AlithSpeaker, "/v1"),
]


@pytest.fixture(params=MODELS, ids=lambda model: model.node.removeprefix("chat-model-"))
def model(request: pytest.FixtureRequest) -> Model:
    found: Model = request.param
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runtime(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runtime]:
    """A runtime that may call this machine."""
    started = await start_runtime(tmp_path_factory.mktemp("data"), allow_hosts="127.0.0.1")
    yield started
    await started.stop()


LOOK_UP = {
    "id": "p",
    "type": "edit-fields",
    "data": {
        "label": "Look up price",
        "notes": "Tells the price of an article.",
        "properties": {
            "fields": [
                {
                    "name": "price",
                    "type": "number",
                    "value": "={{ $fromAI('article', 'Its name', 'string').length * 2 }}",
                }
            ]
        },
    },
}


async def account_of(runtime: Runtime, model: Model, server: Wire) -> str:
    made = await runtime.credentials.create(
        COMMAND_LINE,
        f"{model.node} {server.url}",
        model.account,
        {"api_key": KEY, "base_url": server.url + model.tail},
    )
    return str(made["id"])


async def made(
    runtime: Runtime,
    model: Model,
    server: Wire,
    settings: Mapping[str, Any] = MappingProxyType({}),
    *,
    account: bool = True,
    **properties: Any,
) -> str:
    """A workflow: an agent with a calculator, a price list and a memory on a model."""
    credentials = {}
    if account:
        credentials["account"] = await account_of(runtime, model, server)
    name = {"model": "model-a"}
    document = {
        "nodes": [
            {"id": "t", "type": "manual-trigger"},
            {
                "id": "a",
                "type": "ai-agent",
                "data": {
                    "label": "Agent",
                    "properties": {"prompt": "You sell lamps.", "message": "={{ $json.say }}", **properties},
                },
            },
            {
                "id": "m",
                "type": model.node,
                "data": {"properties": {**name, "retries": 0, **settings}, "credentials": credentials},
            },
            {
                "id": "k",
                "type": "memory-simple",
                "data": {"properties": {"session": server.url}},
            },
            {"id": "c", "type": "tool-calculator", "data": {"label": "calculator"}},
            LOOK_UP,
        ],
        "edges": [
            {"source": "t", "target": "a"},
            {"source": "m", "target": "a", "targetHandle": "model"},
            {"source": "k", "target": "a", "targetHandle": "memory"},
            {"source": "c", "target": "a", "targetHandle": "tools"},
            {"source": "p", "target": "a", "targetHandle": "tools"},
        ],
    }
    return (await runtime.workflows.create(COMMAND_LINE, document)).record.id


async def started(runtime: Runtime, workflow: str) -> str:
    return await runtime.executions.execute(COMMAND_LINE, workflow, {"say": "How much are two lamps?"})


async def output(runtime: Runtime, execution: str) -> dict[str, Any]:
    """What the agent gave."""
    rest = await runtime.executions.wait(execution, 60)
    assert rest is not None
    assert rest.status == "success", rest.error
    (item,) = await runtime.executions.last_items(execution)
    return dict(item.json)


def heard(server: Wire, number: int) -> Heard:
    return server.speaker.heard(server.asked[number])


BOTH = Turn(calls=(("calculator", {"formula": "2*8"}), ("Look_up_price", {"article": "lamp"})))


async def test_an_agent_uses_two_tools_at_once_and_remembers(runtime: Runtime, model: Model) -> None:
    turns = [BOTH, Turn(("16 euros.",)), Turn(("As I said: 16.",))]
    async with Wire(model.speaker(), list(turns)) as server:
        workflow = await made(runtime, model, server, steps=True)
        execution = await started(runtime, workflow)
        given = await output(runtime, execution)
        assert (await output(runtime, await started(runtime, workflow)))["output"] == "As I said: 16."
    assert given["output"] == "16 euros."
    assert [(step["tool"], step["output"]) for step in given["steps"]] == [
        ("calculator", "16"),
        ("Look_up_price", {"price": 8}),
    ]
    assert sorted(heard(server, 0).tools) == ["Look_up_price", "calculator"]
    told = [text.partition(": ")[2] for role, text in heard(server, 1).said if role == "tool"]
    assert told == ["16", '{"price": 8}']
    (_, run) = await runtime.storage.executions.node_runs(execution)
    assert [step["kind"] for step in run.steps] == ["model", "tool", "tool", "model"]
    assert (run.usage["model_calls"], run.usage["input_tokens"]) == (2, 240)
    assert heard(server, 2).system == "You sell lamps."
    assert heard(server, 2).said == [
        ("user", "How much are two lamps?"),
        ("assistant", "16 euros."),
        ("user", "How much are two lamps?"),
    ]


async def test_an_agent_with_tools_gives_an_answer_in_a_form(runtime: Runtime, model: Model) -> None:
    final = Turn(calls=(("final_answer", {"price": 16}),))
    async with Wire(model.speaker(), [BOTH, final]) as server:
        workflow = await made(runtime, model, server, answer_as="example", example={"price": 1})
        given = await output(runtime, await started(runtime, workflow))
    assert given["output"] == {"price": 16}
    assert heard(server, 0).choice == "required"


async def test_a_tool_that_there_is_not_and_the_last_turn_are_told(runtime: Runtime, model: Model) -> None:
    turns = [Turn(calls=(("guess", {}),)), Turn(("16.",))]
    async with Wire(model.speaker(), list(turns)) as server:
        workflow = await made(runtime, model, server, max_turns=2)
        given = await output(runtime, execution := await started(runtime, workflow))
    assert given["output"] == "16."
    (_, run) = await runtime.storage.executions.node_runs(execution)
    assert [(step["kind"], bool(step["error"])) for step in run.steps] == [
        ("model", False),
        ("tool", True),
        ("model", False),
    ]
    assert any("There is no tool 'guess'" in text for role, text in heard(server, 1).said if role == "tool")
    assert [heard(server, number).choice for number in (0, 1)] == ["auto", "none"]


WRONG = {
    "wrong_key": "does not accept the account's key. Check the key in the credential",
    "no_quota": "has no credit left. Top it up there, or raise its limit.",
    "unknown_model": "has no model 'model-a' for this account. Choose another one, or check its name.",
    "too_long": "The conversation is too long for the model 'model-a'. Give it less, or choose a model that takes more.",
    "refused": "The model 'model-a' refused to answer. Ask in other words, or choose another model.",
    "filtered": "The content rules of the model 'model-a' held the answer back. Ask in other words, or choose another model.",
    "timeout": "The model 'model-a' did not answer in time. Try again later, or allow it more time.",
}
"""What the builder reads."""


async def test_whatever_goes_wrong_is_a_sentence_to_act_on_and_the_log_has_the_providers_own_words(
    runtime: Runtime, model: Model
) -> None:
    for kind, words in WRONG.items():
        behaviour = model.wrong(kind)
        async with Wire(model.speaker(), [behaviour]) as server:
            settings = {"timeout": 0.2} if isinstance(behaviour, Hang) else {}
            execution = await started(runtime, await made(runtime, model, server, settings))
            rest = await runtime.executions.wait(execution, 60)
        assert rest is not None
        assert rest.error is not None
        assert words in rest.error.message, kind
        assert rest.error.detail["kind"] == kind
        runs = await runtime.storage.executions.node_runs(execution)
        (step,) = runs[-1].steps
        assert step["error"] == rest.error.message
        if isinstance(behaviour, Status):
            told = behaviour.words.replace(KEY, "•••")
            assert rest.error.detail["provider_message"] == told
            assert told in str(runs)
        if kind == "refused" and isinstance(behaviour, Turn):
            assert rest.error.detail["provider_message"] == "I will not."
        assert KEY not in f"{runs}{rest}"


async def test_without_an_account_the_step_that_lacks_it_is_named(runtime: Runtime, model: Model) -> None:
    async with Wire(model.speaker(), [Turn(("Hi.",))]) as server:
        workflow = await made(runtime, model, server, account=False)
        rest = await runtime.executions.wait(await started(runtime, workflow), 60)
        assert server.asked == []
    assert rest is not None
    assert rest.error is not None
    type_ = runtime.registry.get(model.node)
    assert type_ is not None
    assert rest.error.message.startswith(f"'{type_.label}' needs a credential: ")
    assert rest.error.message.endswith("; choose one.")


async def test_cancelling_a_run_ends_the_call_within_200_ms(runtime: Runtime, model: Model) -> None:
    async def attempt() -> float:
        async with Wire(model.speaker(), [Hang()]) as server:
            execution = await started(runtime, await made(runtime, model, server))
            async with asyncio.timeout(30):
                await server.reached.wait()
            began = time.perf_counter()
            await runtime.executions.cancel(COMMAND_LINE, execution)
            async with asyncio.timeout(30):
                await server.left.wait()
            took = time.perf_counter() - began
            rest = await runtime.executions.wait(execution, 60)
        assert rest is not None
        assert rest.status == "cancelled"
        return took

    await prompt(attempt, 0.2)
