"""Answering from passages and summing up, whatever fits into a prompt."""

from __future__ import annotations

import pytest

from flowstudio.ai.chains import Method, answer_from, cited, grouped, summarise
from flowstudio.ai.documents import Passage
from flowstudio.ai.model import Request
from flowstudio.ai.tokens import estimate_tokens
from tests.ai.scripted import ScriptedModel

PASSAGES = [
    Passage("Refunds take thirty days.", "terms.md", {"page": 2}),
    Passage("The office opens at nine.", "office.md"),
    Passage("Headsets charge in two hours."),
]


def prompt(request: Request) -> str:
    return request.messages[-1].text


async def test_what_fits_is_asked_in_one_prompt_and_cited() -> None:
    heard: list[str] = []
    model = ScriptedModel("At nine [2]. It takes two hours [3, 1].")
    found = await answer_from(model, "When?", PASSAGES, said=heard.append, instructions="Be kind.")
    assert "[1] (terms.md, page 2) Refunds take thirty days." in prompt(model.asked[0])
    assert prompt(model.asked[0]).endswith("Question: When?")
    assert [m.text for m in model.asked[0].messages][1] == "Be kind."
    assert [(number, passage.source) for number, passage in found.sources] == [
        (2, "office.md"),
        (3, ""),
        (1, "terms.md"),
    ]
    assert "".join(heard).strip() == found.text


async def test_what_does_not_fit_is_noted_part_by_part_then_answered() -> None:
    heard: list[str] = []
    model = ScriptedModel("Thirty days [1].", "NOTHING", "NOTHING.", "Refunds take thirty days [1].")
    found = await answer_from(model, "How long?", PASSAGES, fit=8, said=heard.append)
    assert len(model.asked) == 4
    final = prompt(model.asked[3])
    assert "Thirty days [1]." in final
    assert "NOTHING" not in final
    assert "[2]" in prompt(model.asked[1])
    assert "Refunds take" not in prompt(model.asked[1])
    assert "".join(heard).strip() == "Refunds take thirty days [1]."
    assert [number for number, _ in found.sources] == [1]


async def test_refining_goes_from_part_to_part() -> None:
    heard: list[str] = []
    model = ScriptedModel("One [1].", "Two [1] [2].", "Three [1] [2] [3].")
    found = await answer_from(model, "?", PASSAGES, method="refine", fit=8, said=heard.append)
    assert "Answer so far:\nOne [1]." in prompt(model.asked[1])
    assert "Answer so far:\nTwo [1] [2]." in prompt(model.asked[2])
    assert found.text == "".join(heard).strip() == "Three [1] [2] [3]."


async def test_without_passages_the_model_is_told_so() -> None:
    model = ScriptedModel("I do not know.")
    assert (await answer_from(model, "?", [])).sources == ()
    assert "There are none." in prompt(model.asked[0])


def test_only_passages_that_exist_are_sources() -> None:
    assert cited("See [0], [2], [4], [12345] and [a].", PASSAGES) == ((2, PASSAGES[1]),)


@pytest.mark.parametrize(
    ("method", "calls"), [("auto", 3 + 1), ("stuff", 1), ("map-reduce", 3 + 1), ("refine", 3)]
)
async def test_a_long_text_is_summed_up_by_the_method(method: Method, calls: int) -> None:
    parts = ["a " * 50, "b " * 50, "c " * 50]
    model = ScriptedModel(*[f"sum {n}" for n in range(10)])
    heard: list[str] = []
    text = await summarise(model, parts, method=method, fit=estimate_tokens(parts[0]), said=heard.append)
    assert len(model.asked) == calls
    assert text == "".join(heard).strip() == f"sum {calls - 1}"


async def test_summaries_that_do_not_fit_are_summed_up_again() -> None:
    parts = ["word " * 30] * 4
    fit = estimate_tokens(parts[0])
    long = "long " * (30 // 2)
    model = ScriptedModel(*[long] * 4, "short", "short", "end")
    assert await summarise(model, parts, fit=fit) == "end"


async def test_a_text_that_fits_is_asked_about_once_in_own_words() -> None:
    model = ScriptedModel("Kurz.")
    assert await summarise(model, ["Some text."], instructions="Eine Zeile.") == "Kurz."
    assert [m.text for m in model.asked[0].messages] == ["Eine Zeile.", "Some text."]


def test_groups_keep_the_order_and_the_limit() -> None:
    texts = [f"number {n} and some words" for n in range(20)]
    groups = grouped(texts, 30)
    assert [text for group in groups for text in group] == texts
    assert all(sum(map(estimate_tokens, group)) <= 30 for group in groups)
    assert len(groups) > 1
