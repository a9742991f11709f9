"""Templates that ask models: they say what is wanted, and make sense of the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flowstudio.engine.workflow import dump_workflow
from flowstudio.runtime import Runtime
from flowstudio.services.callers import COMMAND_LINE
from tests.ai.providers.openai import OpenAISpeaker
from tests.ai.providers.wire import Behaviour, Turn, Wire
from tests.services.conftest import start_runtime
from tests.services.test_templates import ASKING, TEMPLATES, Given, items_of


async def run(runtime: Runtime, made: str, id_: str, node: str | None = None, data: Any = None) -> Given:
    execution = await runtime.executions.execute(COMMAND_LINE, made, data, node=node)
    rest = await runtime.executions.wait(execution, 60)
    assert rest is not None
    assert (rest.status, rest.error) == ("success", None)
    return await items_of(runtime, execution, TEMPLATES[id_])


async def use(runtime: Runtime, model: Wire, id_: str) -> str:
    """Use a template with an account at the test's model."""
    values = {"api_key": "sk-test", "base_url": f"{model.url}/v1"}
    account = await runtime.credentials.create(COMMAND_LINE, f"For {id_}", "openai", values)
    document = json.loads(json.dumps(dump_workflow(TEMPLATES[id_].document)))
    for step in TEMPLATES[id_].setup:
        if step.check is not None and step.check.kind == "credential":
            node = next(node for node in document["nodes"] if node["id"] == step.node)
            node["data"]["credentials"] = {step.check.slot: account["id"]}
    return (await runtime.workflows.create(COMMAND_LINE, document)).record.id


def says(value: Any) -> Behaviour:
    return Turn((json.dumps(value),))


async def test_templates_make_models_useful(tmp_path: Path) -> None:
    runtime = await start_runtime(tmp_path, allow_hosts="127.0.0.1")
    tested = {"ask-ai", "support-agent", "document-answers", "sort-mail", "read-invoices"}
    speaker = OpenAISpeaker()
    try:
        calls = Turn(calls=(("Look_up_articles", {}), ("calculator", {"formula": "2 * 79"})))
        async with Wire(speaker, [calls, Turn(("Two keyboards cost 158 euros.",)), Turn(("Yes.",))]) as model:
            made = await use(runtime, model, "support-agent")
            said = {"chatInput": "What do two keyboards cost?", "sessionId": "s"}
            gave = await run(runtime, made, "support-agent", data=said)
            assert gave("Support agent") == [{"output": "Two keyboards cost 158 euros."}]
            await run(runtime, made, "support-agent", data={"chatInput": "Really?", "sessionId": "s"})
            told = [text for role, text in speaker.heard(model.asked[1]).said if role == "tool"]
            assert "Keyboard" in told[0]
            assert told[1] == "call_1: 158"
            again = speaker.heard(model.asked[2])
            assert [text for role, text in again.said if role == "user"] == [said["chatInput"], "Really?"]

        async with Wire(speaker, [Turn(("Thirty days a year [1].",))]) as model:
            made = await use(runtime, model, "document-answers")
            await run(runtime, made, "document-answers", "start")
            asked = {"chatInput": "How many days of holiday are there?"}
            gave = await run(runtime, made, "document-answers", "chat", asked)
            assert "thirty days of holiday" in json.dumps(model.asked[0].body)
            (found,) = gave("Find the answer")
            assert (found["answer"], found["sources"][0]["source"]) == (
                "Thirty days a year [1].",
                "handbook.md",
            )

        kinds = [says({"categories": kind}) for kind in (["Order"], ["Complaint"], ["Question"], [])]
        async with Wire(speaker, kinds) as model:
            gave = await run(runtime, await use(runtime, model, "sort-mail"), "sort-mail")
            places = ("For sales", "For customer care", "For the help desk", "Nobody's")
            assert [[row["from"][:3] for row in gave(place)] for place in places] == [
                ["ada"],
                ["bob"],
                ["cem"],
                ["win"],
            ]
            assert gave("For customer care")[0]["team"] == "Customer care"

        moods = {"thank you": "happy", "no parcel": "angry", "address": "neutral"}
        drafts = [says({"mood": mood, "topic": topic, "answer": "…"}) for topic, mood in moods.items()]
        async with Wire(speaker, drafts) as model:
            gave = await run(runtime, await use(runtime, model, "ask-ai"), "ask-ai")
            read = [*gave("Answer these first"), *gave("Answer these later")]
            assert sorted(row["mood"] for row in gave("Answer these first")) == ["angry"]
            assert sorted(row["topic"] for row in read) == sorted(moods)
            assert sorted(row["message"] for row in read) == sorted(
                speaker.heard(asked).said[0][1] for asked in model.asked
            )

        small = {
            "number": "2026-118",
            "vendor": "Lamp Works",
            "date": "2026-03-03",
            "total": 87.45,
            "currency": "EUR",
        }
        large = {"number": "77", "vendor": None, "date": "2026-03-09", "total": 4300.0, "currency": "EUR"}
        async with Wire(speaker, [says(small), says(large)]) as model:
            gave = await run(runtime, await use(runtime, model, "read-invoices"), "read-invoices")
            assert (gave("Pay it"), gave("Somebody looks")) == ([small], [large])
    finally:
        await runtime.stop()
    assert tested == set(ASKING)
