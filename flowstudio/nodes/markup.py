"""HTML: looked through by CSS selectors, made of Markdown and turned into it.

The libraries are loaded when the first document is read, not with the node types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flowstudio.errors import NodeError

Element = Any
"""An element of lxml, which has no types of its own."""

_BLOCKS = frozenset(
    "address article aside blockquote body details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr html li "
    "main nav ol p pre section table tbody thead tr ul".split()
)
_SILENT = frozenset("head script style noscript template svg".split())
_SPACES = re.compile(r"[ \t\r\n\f]+")


def parse_html(text: str) -> Element:
    """A document of any HTML, however broken."""
    import lxml.html
    from lxml.etree import ParserError

    try:
        return lxml.html.document_fromstring(text or "<html></html>")
    except (ParserError, ValueError):
        return lxml.html.document_fromstring("<html></html>")


def select(root: Element, selector: str) -> list[Element]:
    """The elements that a CSS selector names, in the order of the document. Raises `NodeError`."""
    from cssselect import SelectorError
    from lxml.cssselect import CSSSelector

    try:
        found: list[Element] = CSSSelector(selector, translator="html")(root)
    except SelectorError as error:
        raise NodeError(f"'{selector}' is not a CSS selector: {error}") from error
    return found


def inner_html(element: Element) -> str:
    """What stands between an element's tags."""
    import lxml.html

    parts = [lxml.html.tostring(child, encoding="unicode") for child in element]
    return (element.text or "") + "".join(parts)


def plain_text(element: Element, skipped: str = "") -> str:
    """The text of an element and all within, each block on a line of its own."""
    left_out = set(select(element, skipped)) if skipped else set()
    text = "".join(_texts(element, left_out))
    lines = [_SPACES.sub(" ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _texts(element: Element, left_out: set[Element]) -> Iterator[str]:
    if not isinstance(element.tag, str) or element.tag in _SILENT or element in left_out:
        return
    block = element.tag in _BLOCKS
    if block:
        yield "\n"
    yield _SPACES.sub(" ", element.text or "")
    for child in element:
        if child.tag == "br":
            yield "\n"
        else:
            yield from _texts(child, left_out)
        yield _SPACES.sub(" ", child.tail or "")
    if block:
        yield "\n"


_RULE = "-" * 80
_SHOWN_BLOCKS = frozenset(
    "article aside blockquote body div footer form h1 h2 h3 h4 h5 h6 header html main nav ol p pre section table ul".split()
)


def shown_text(element: Element, skipped: str = "") -> str:
    """The text within an element as mails in plain text have it: headings in capitals, links and pictures with their addresses,
    entries of lists with marks."""
    left_out = set(select(element, skipped)) if skipped else set()
    text = _SPACES.sub(" ", element.text or "") + _shown(element, left_out)
    lines = [_SPACES.sub(" ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _shown(element: Element, left_out: set[Element]) -> str:
    """What the elements within one come to, and the texts after them."""
    parts: list[str] = []
    for child in element:
        if isinstance(child.tag, str) and child not in left_out and child.tag not in _SILENT:
            parts.append(_shown_one(child, left_out))
        parts.append(_SPACES.sub(" ", child.tail or ""))
    return "".join(parts)


def _shown_one(element: Element, left_out: set[Element]) -> str:
    tag = element.tag
    if tag == "br":
        return "\n"
    if tag == "hr":
        return f"\n{_RULE}\n"
    if tag == "img":
        source, words = element.get("src"), element.get("alt") or ""
        return f"{words} [{source}]".strip() if source else words
    if tag in ("ul", "ol"):
        entries = [child for child in element if child.tag == "li" and child not in left_out]
        marks = (
            ["*"] * len(entries) if tag == "ul" else [f"{number}." for number in range(1, len(entries) + 1)]
        )
        texts = [_SPACES.sub(" ", entry.text or "") + _shown(entry, left_out) for entry in entries]
        lines = (f" {mark} {text.strip()}" for mark, text in zip(marks, texts, strict=True))
        return "\n" + "\n".join(lines) + "\n"
    text = _SPACES.sub(" ", element.text or "") + _shown(element, left_out)
    if tag == "a" and (address := element.get("href")) and not address.startswith("#"):
        address = address.removeprefix("mailto:")
        return f"{text} [{address}]" if text.strip() else address
    if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
        text = text.upper()
    if tag == "blockquote":
        text = "\n".join(f"> {line}" for line in text.strip().split("\n"))
    return f"\n{text}\n" if tag in _SHOWN_BLOCKS else text


def to_html(
    text: str,
    *,
    heading_ids: bool = True,
    tables: bool = False,
    strikethrough: bool = False,
    breaks: bool = False,
) -> str:
    """HTML of a Markdown text."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"breaks": breaks, "html": True})
    if tables:
        markdown.enable("table")
    if strikethrough:
        markdown.enable("strikethrough")
    tokens = markdown.parse(text)
    taken: dict[str, int] = {}
    for place, token in enumerate(tokens):
        if heading_ids and token.type == "heading_open":
            name = re.sub(r"[^\w]", "", tokens[place + 1].content, flags=re.ASCII).lower()
            number = taken.get(name, 0)
            taken[name] = number + 1
            token.attrSet("id", f"{name}-{number}" if number else name)
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return html.rstrip("\n")


@dataclass(frozen=True, slots=True)
class Marks:
    """How Markdown is written."""

    bullet: str = "*"
    strong: str = "**"
    emphasis: str = "_"
    fence: str = "```"


def to_markdown(html: str, marks: Marks = Marks()) -> str:  # it is frozen
    """A Markdown text of HTML."""
    body = parse_html(html).find("body")
    if body is None:
        return ""
    text = _blocks(body, marks)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _blocks(element: Element, marks: Marks) -> str:
    """The content of a block."""
    parts = [_words(element.text)]
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SILENT:
            parts.append(_block(child, marks) if child.tag in _BLOCKS else _inline(child, marks))
        parts.append(_words(child.tail))
    return "".join(parts)


def _block(element: Element, marks: Marks) -> str:
    tag = element.tag
    if tag == "hr":
        return "\n\n---\n\n"
    if tag == "pre":
        code = element.find("code")
        language = re.search(r"language-(\S+)", (code.get("class") or "") if code is not None else "")
        return f"\n\n{marks.fence}{language[1] if language else ''}\n{element.text_content().rstrip()}\n{marks.fence}\n\n"
    if tag in ("ul", "ol"):
        return f"\n\n{_list(element, marks)}\n\n"
    if tag == "table":
        return f"\n\n{_table(element, marks)}\n\n"
    content = _blocks(element, marks).strip()
    if tag == "blockquote":
        content = "\n".join(f"> {line}".rstrip() for line in content.split("\n"))
    elif len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
        content = f"{'#' * int(tag[1])} {content}" if content else ""
    return f"\n\n{content}\n\n"


def _list(element: Element, marks: Marks) -> str:
    lines = []
    number = 0
    for child in element:
        if child.tag != "li":
            continue
        number += 1
        mark = f"{marks.bullet} " if element.tag == "ul" else f"{number}. "
        text = re.sub(r"\n{2,}", "\n", _blocks(child, marks).strip())
        first, *rest = text.split("\n")
        lines += [mark + first, *(f"{' ' * len(mark)}{line}" for line in rest)]
    return "\n".join(lines)


def _table(element: Element, marks: Marks) -> str:
    rows = [
        [
            _SPACES.sub(" ", _blocks(cell, marks)).strip().replace("|", "\\|")
            for cell in row
            if cell.tag in ("td", "th")
        ]
        for row in element.iter("tr")
    ]
    if not rows:
        return ""
    head, *others = rows
    lines = [head, ["---"] * len(head), *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _inline(element: Element, marks: Marks) -> str:
    tag = element.tag
    if tag == "br":
        return "  \n"
    if tag == "img":
        source = element.get("src") or ""
        return f"![{element.get('alt') or ''}]({source})" if source else ""
    content = _blocks(element, marks)
    if not content.strip():
        return content
    match tag:
        case "strong" | "b":
            return f"{marks.strong}{content.strip()}{marks.strong}"
        case "em" | "i":
            return f"{marks.emphasis}{content.strip()}{marks.emphasis}"
        case "del" | "s" | "strike":
            return f"~~{content.strip()}~~"
        case "code":
            return f"`{content.strip()}`"
        case "a" if element.get("href"):
            return f"[{content.strip()}]({element.get('href')})"
    return content


def _words(text: str | None) -> str:
    return _SPACES.sub(" ", text or "")
