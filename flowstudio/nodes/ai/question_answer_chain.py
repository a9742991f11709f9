"""The Question and Answer Chain node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from flowstudio.ai.chains import Method, answer_from
from flowstudio.ai.documents import Passage
from flowstudio.ai.splitting import split
from flowstudio.engine.context import Context
from flowstudio.engine.item import Item, Ports
from flowstudio.engine.node import Choice, Example, ItemNode, Pace, ShowIf, Slot, Widget
from flowstudio.errors import NodeError
from flowstudio.nodes import paths
from flowstudio.nodes.ai.choice import ModelUser
from flowstudio.nodes.ai.collections import row_of
from flowstudio.nodes.ai.parts import RetrieverNode
from flowstudio.nodes.ai.question import ASKED, first_text
from flowstudio.nodes.ai.texts import documents_among, documents_in, documents_of


class QuestionAnswerChain(ModelUser, ItemNode):
    """Answers a question from your documents, and says which passages the answer comes from.

    The documents are the item's `documents` (a list of texts), or what **Documents** below says. Attach a **Collection
    Retriever** to look them up in a collection instead. What does not fit into one question to the model is read part by
    part.

    The answer refers to passages by their numbers, like [1]; `sources` lists them.
    """

    type = "question-answer-chain"
    label = "Question and Answer Chain"
    group = "AI"
    icon = "book-open-check"
    subtitle = "{question}"
    asked_by = "question"
    examples = (
        Example(
            "Ask documents that came with the item",
            properties={"question": "When does the office open?"},
            given=[{"documents": ["Refunds take thirty days.", "The office opens at nine."]}],
            gives=[
                {
                    "answer": "At nine [2].",
                    "sources": [
                        {
                            "number": 2,
                            "text": "The office opens at nine.",
                            "source": "document 2",
                            "metadata": {"part": 1},
                        }
                    ],
                }
            ],
            model=("At nine [2].",),
        ),
        Example(
            "Ask about all items together",
            properties={"question": "Who is the oldest?", "documents_from": "items"},
            given=[{"text": "Ada is 36.", "source": "ada.txt"}, {"text": "Bob is 40.", "source": "bob.txt"}],
            gives=[
                {
                    "answer": "Bob [2], before Ada [1].",
                    "sources": [
                        {"number": 2, "text": "Bob is 40.", "source": "bob.txt", "metadata": {"part": 1}},
                        {"number": 1, "text": "Ada is 36.", "source": "ada.txt", "metadata": {"part": 1}},
                    ],
                }
            ],
            model=("Bob [2], before Ada [1].",),
        ),
    )

    retriever: Annotated[RetrieverNode | None, Slot("Retriever")] = None
    """Where passages are looked up. Without one, the documents below are read."""
    question: Annotated[str, Widget("multiline")] = ""
    """What you want to know. Empty: what was said in the chat, or the item's `question`, `query` or `message`."""
    documents_from: Annotated[
        Literal["item", "items", "parameter"],
        Choice(
            {
                "item": "Each item's documents",
                "items": "All items together",
                "parameter": "What is given below",
            }
        ),
    ] = "item"
    """Which documents are read, where no retriever is attached."""
    documents: Annotated[Any, Widget("multiline"), ShowIf("documents_from", ("parameter",))] = ""
    """A text, or a list of texts or of objects with `text` and `source`."""
    instructions: Annotated[str, Widget("multiline")] = ""
    """More about how to answer, such as “Two sentences at most, for customers.”"""
    method: Annotated[
        Method,
        Choice(
            {
                "auto": "At once where they fit, else part by part",
                "stuff": "All documents at once",
                "map-reduce": "Notes from each part, then the answer",
                "refine": "Improve the answer part by part",
            }
        ),
    ] = "auto"
    """How documents are read that are too long for one question to the model."""
    fit: Annotated[int, Field(ge=200, le=1_000_000, title="Tokens at once")] = 24_000
    """Tokens of documents that are read at once; a token is about three quarters of a word."""
    answer_name: Annotated[str, Field(min_length=1, max_length=200, title="Name of the answer")] = "answer"
    """The field that the answer goes into; a dot reaches into objects."""
    with_sources: bool = True
    """Whether the passages that the answer comes from are told too."""
    at_once: Annotated[int, Field(ge=1, le=50, title="Items at once")] = 1
    """How many items are worked on at the same time."""

    @classmethod
    def pace(cls, first: Self) -> Pace:
        """As many as the person allows."""
        return Pace(first.at_once)

    async def run(self, item: Item, ctx: Context) -> Ports:
        """Answer for one item; when all items are read together, only the first one asks."""
        index = item.paired_item[0].index if item.paired_item else 0
        together = self.retriever is None and self.documents_from == "items"
        if together and index:
            return {}
        question = self.question.strip() or first_text(item.json, [n for n in ASKED if n != "text"]) or ""
        if not question:
            raise NodeError(
                "There is no question. Fill it in, or let the item have a field 'question', or ask in the chat."
            )
        passages = await self._passages(question, item, ctx)
        found = await answer_from(
            self.chat_model(ctx),
            question,
            passages,
            method=self.method,
            fit=self.fit,
            instructions=self.instructions,
            said=lambda words: ctx.stream(words, "text", index),
        )
        data = paths.put({}, self.answer_name, found.text)
        if self.with_sources:
            sources = [{"number": number, **row_of(passage)} for number, passage in found.sources]
            data = {**data, "sources": sources}
        return {"main": [Item(data, None, item.paired_item)]}

    async def _passages(self, question: str, item: Item, ctx: Context) -> Sequence[Passage]:
        if self.retriever is not None:
            name = self.retriever.node_label
            with ctx.steps.open("retriever", name, node=self.retriever.node_id, input=question) as step:
                found = await self.retriever.retriever(ctx).retrieve(question)
                step.output = [row_of(passage) for passage in found]
            return found
        match self.documents_from:
            case "parameter":
                documents = documents_of(self.documents)
            case "items":
                documents = documents_among(ctx.items())
            case _:
                documents = documents_in(item)
        if not documents:
            raise NodeError(
                "There are no documents. Let the item have a list 'documents', fill them in, or attach a retriever."
            )
        return [passage for document in documents for passage in split(document)]
