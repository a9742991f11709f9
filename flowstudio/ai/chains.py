"""Fixed ways to ask a model about texts that may not fit into one prompt: answering questions from passages, summing up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from flowstudio.ai.documents import Passage
from flowstudio.ai.message import Message, system, user
from flowstudio.ai.model import ChatModel, Reply, Request, TextDelta
from flowstudio.ai.tokens import estimate_tokens

Method: TypeAlias = Literal["auto", "stuff", "map-reduce", "refine"]
"""Everything in one prompt; each part by itself and then the results together; or one part after the other, improving the
result. `auto`: one prompt where that fits, else map-reduce."""

AT_ONCE: Final = 4
"""Parts that are asked about at the same time."""
NOTHING: Final = "NOTHING"
_CITED: Final = re.compile(r"\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]")

Said: TypeAlias = Callable[[str], None]
"""Hears words of the final answer as they come."""


@dataclass(frozen=True, slots=True)
class Cited:
    """An answer, and the passages that it refers to."""

    text: str
    sources: tuple[tuple[int, Passage], ...]
    """With the numbers by which the text refers to them, in the order of the first mention."""


_ANSWER: Final = """Answer the question from the numbered passages and from nothing else.
After each statement name the passages that it comes from by their numbers in square brackets, like [1] or [2, 3].
If the passages do not answer the question, say that you do not know. Answer in the language of the question."""
_NOTES: Final = f"""From the numbered passages, note everything that helps to answer the question, briefly.
After each note name the passages that it comes from by their numbers in square brackets, like [1] or [2, 3].
If nothing in them helps, answer with the single word {NOTHING}."""
_FROM_NOTES: Final = """Answer the question from the notes and from nothing else. The numbers in square brackets name passages: keep them
after the statements that come from them. If the notes do not answer the question, say that you do not know.
Answer in the language of the question."""
_REFINE: Final = """You have an answer to a question so far, and more numbered passages. Improve the answer with what the passages add, and leave
it as it is where they add nothing. Keep the numbers in square brackets, and name new passages in the same way.
Give the whole answer, in the language of the question, and nothing else."""


async def answer_from(
    model: ChatModel,
    question: str,
    passages: Sequence[Passage],
    *,
    method: Method = "auto",
    fit: int = 24_000,
    instructions: str = "",
    said: Said = lambda words: None,
) -> Cited:
    """Answer a question from passages, which it cites. `fit` is how many tokens of passages go into one prompt."""
    numbered = [f"[{number}] {_titled(passage)}" for number, passage in enumerate(passages, 1)]
    groups = grouped(numbered, fit)
    if method == "stuff" or (method == "auto" and len(groups) <= 1):
        text = await _said(model, _asked(_ANSWER, instructions, question, numbered), said)
    elif method == "refine":
        text = await _ask(model, _asked(_ANSWER, instructions, question, groups[0]))
        for last, group in _marked(groups[1:]):
            prompt = [system(_REFINE), *_own(instructions)]
            prompt.append(
                user(f"Question: {question}\n\nAnswer so far:\n{text}\n\nPassages:\n\n" + "\n\n".join(group))
            )
            text = await (_said(model, prompt, said) if last else _ask(model, prompt))
        if len(groups) == 1:
            said(text)
    else:
        notes = await _each(model, [_asked(_NOTES, "", question, group) for group in groups])
        useful = [note for note in notes if note.strip().strip(".") != NOTHING]
        while len(condensed := grouped(useful, fit)) > 1:
            useful = await _each(model, [_asked(_NOTES, "", question, group) for group in condensed])
        prompt = [system(_FROM_NOTES), *_own(instructions)]
        prompt.append(
            user(f"Question: {question}\n\nNotes:\n\n" + ("\n\n".join(useful) or "There are none."))
        )
        text = await _said(model, prompt, said)
    return Cited(text, cited(text, passages))


def cited(text: str, passages: Sequence[Passage]) -> tuple[tuple[int, Passage], ...]:
    """The passages whose numbers stand in square brackets, in the order of their first mention."""
    numbers = [int(number) for found in _CITED.finditer(text) for number in found[1].split(",")]
    return tuple((n, passages[n - 1]) for n in dict.fromkeys(numbers) if 1 <= n <= len(passages))


_SUM_UP: Final = (
    "Write a concise summary of the text that follows, in its language. Give the summary and nothing else."
)
_SUM_UP_ALL: Final = """The texts that follow are summaries of the parts of a longer one, in order. Write one concise summary of the whole from them,
in their language. Give the summary and nothing else."""
_SUM_UP_MORE: Final = """You have the summary of a text so far, and its next part. Write the summary of both, in their language. Give the summary and
nothing else."""


async def summarise(
    model: ChatModel,
    parts: Sequence[str],
    *,
    method: Method = "auto",
    fit: int = 24_000,
    instructions: str = "",
    said: Said = lambda words: None,
) -> str:
    """Sum up a text that comes in parts, which are joined as far as `fit` tokens allow. `instructions` replace what a summary is."""
    told = instructions.strip() or _SUM_UP
    groups = ["\n\n".join(group) for group in grouped(parts, fit)]
    if method == "stuff" or (method == "auto" and len(groups) <= 1):
        return await _said(model, [system(told), user("\n\n".join(parts))], said)
    if method == "refine":
        text = await _ask(model, [system(told), user(groups[0])])
        for last, group in _marked([[part] for part in groups[1:]]):
            prompt = [system(_SUM_UP_MORE), *_own(instructions)]
            prompt.append(user(f"Summary so far:\n{text}\n\nNext part:\n\n{group[0]}"))
            text = await (_said(model, prompt, said) if last else _ask(model, prompt))
        if len(groups) == 1:
            said(text)
        return text
    pieces = groups
    while True:
        pieces = await _each(model, [[system(told), user(piece)] for piece in pieces])
        joined = grouped(pieces, fit)
        if len(joined) <= 1 or len(joined) >= len(pieces):
            return await _said(
                model, [system(_SUM_UP_ALL), *_own(instructions), user("\n\n".join(pieces))], said
            )
        pieces = ["\n\n".join(group) for group in joined]


def grouped(texts: Sequence[str], fit: int) -> list[list[str]]:
    """Texts in as few groups as possible, in order, each of at most `fit` tokens (or one text)."""
    groups: list[list[str]] = []
    room = 0
    for text in texts:
        size = estimate_tokens(text)
        if not groups or size > room:
            groups.append([])
            room = fit
        groups[-1].append(text)
        room -= size
    return groups


def _titled(passage: Passage) -> str:
    page = passage.metadata.get("page")
    where = ", ".join(part for part in (passage.source, f"page {page}" if page is not None else "") if part)
    return f"({where}) {passage.text}" if where else passage.text


def _asked(told: str, instructions: str, question: str, numbered: Sequence[str]) -> list[Message]:
    return [
        system(told),
        *_own(instructions),
        user("Passages:\n\n" + ("\n\n".join(numbered) or "There are none.") + f"\n\nQuestion: {question}"),
    ]


def _own(instructions: str) -> list[Message]:
    return [system(instructions)] if instructions.strip() else []


def _marked(groups: Sequence[list[str]]) -> list[tuple[bool, list[str]]]:
    """Groups, each with whether it is the last."""
    return [(index == len(groups) - 1, group) for index, group in enumerate(groups)]


async def _each(model: ChatModel, prompts: Sequence[Sequence[Message]]) -> list[str]:
    """Answers to several prompts, a few at a time, in order."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(prompt: Sequence[Message]) -> str:
        async with slots:
            return await _ask(model, prompt)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(prompt)) for prompt in prompts]
    return [task.result() for task in tasks]


async def _ask(model: ChatModel, prompt: Sequence[Message]) -> str:
    return (await model.reply(Request(messages=tuple(prompt)))).message.text


async def _said(model: ChatModel, prompt: Sequence[Message], said: Said) -> str:
    """Ask for the final answer, whose words are told as they come."""
    async with aclosing(model.stream(Request(messages=tuple(prompt)))) as events:
        async for event in events:
            match event:
                case TextDelta():
                    said(event.text)
                case Reply():
                    return event.message.text
    raise AssertionError(f"{type(model).__name__}.stream ended without a reply")
