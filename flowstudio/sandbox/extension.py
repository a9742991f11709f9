"""Data methods: turns `$json.name.toTitleCase()` into a call of the prelude, so that no built-in prototype is touched.

`isEmpty()` can then be asked of a value that is missing, and a field that has the name of a method stays a field.
"""

from __future__ import annotations

import re

from flowstudio.sandbox.tokens import Token, UnreadableCode, ends_operand, template_parts, tokens

METHODS = frozenset(
    """
    abs append average base64Decode base64Encode beginningOf ceil chunk compact count diffTo diffToNow difference endOf endOfMonth
    extract extractDomain extractEmail extractUrl extractUrlPath first floor format hasField hash intersection isBetween isDomain
    isDst isEmail isEmpty isEven isInLast isInteger isNotEmpty isNumeric isOdd isUrl isWeekend keepFieldsContaining keys last length
    max merge min minus parseJson pluck plus quote randomItem removeDuplicates removeField removeFieldsContaining removeMarkdown
    removeTags renameKeys replaceSpecialChars round size smartJoin startOf sum toBoolean toCamelCase toDate toDateTime toDecimalNumber
    toFloat toInt toJsonString toNumber toSentenceCase toSnakeCase toTitleCase toWholeNumber transliterate union unique urlDecode
    urlEncode values
    """.split()
)
"""Names that are calls of the prelude; `prelude/extensions.js` has the functions."""

_CALL = re.compile(r"\.\s*(?:" + "|".join(sorted(METHODS)) + r")\s*\(")
_STATIC = frozenset(
    "Math Object Number Array String JSON Date Reflect luxon DateTime Duration Interval Promise $input".split()
)
"""Receivers whose own methods are meant: `Math.max(…)`, `Object.keys(…)`, `$input.first()`."""
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_NESTING = 100


def rewrite(code: str) -> str:
    """Replace calls of data methods. Code that cannot be read is given back as it is; running it will say what is wrong."""
    if not _CALL.search(code):
        return code
    try:
        found = list(tokens(code))
        text, end = _Rewriter(found).run(0, "")
    except (UnreadableCode, RecursionError):
        return code
    return text if end == len(found) else code


class _Rewriter:
    """One pass over the tokens of an expression.

    `pieces` holds the code so far; `chain` is the piece with which the operand that ends here starts, or None between operands.
    """

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found

    def _following(self, index: int) -> int:
        """Index of the next token that is not space."""
        while index < len(self._tokens) and self._tokens[index].kind == "space":
            index += 1
        return index

    def run(self, index: int, closing: str, depth: int = 0) -> tuple[str, int]:
        """Rewrite up to the closing mark; gives the text and the index of that mark."""
        if depth > _NESTING:
            raise UnreadableCode("nested too deeply")
        pieces: list[str] = []
        chain: int | None = None
        constructing = False
        before: Token | None = None
        while index < len(self._tokens):
            token = self._tokens[index]
            if token.kind == "mark" and token.text == closing:
                return "".join(pieces), index
            if token.kind == "space":
                pieces.append(token.text)
                index += 1
                continue
            member = before is not None and before.kind == "mark" and before.text in (".", "?.")
            if token.kind == "name" and member:
                bracket = self._following(index + 1)
                if (
                    token.text in METHODS
                    and chain is not None
                    and not constructing
                    and self._is(bracket, "(")
                ):
                    receiver = _without_dot(pieces[chain:])
                    if receiver.strip() not in _STATIC:
                        given, index = self.run(bracket + 1, ")", depth + 1)
                        self._require(index)
                        optional = "true" if "?." in receiver or (before and before.text == "?.") else "false"
                        del pieces[chain:]
                        pieces.append(f'$extend({receiver},"{token.text}",[{given}],{optional})')
                        before = self._tokens[index]
                        index += 1
                        continue
                pieces.append(token.text)
            elif token.kind == "mark" and token.text in _CLOSING:
                continued = ends_operand(before) and chain is not None and token.text != "{"
                if not continued and not constructing:
                    chain = len(pieces)
                inner, index = self.run(index + 1, _CLOSING[token.text], depth + 1)
                self._require(index)
                pieces.append(token.text + inner + _CLOSING[token.text])
                constructing = False
                token = self._tokens[index]
            elif token.kind == "mark":
                pieces.append(token.text)
                if token.text not in (".", "?."):
                    chain, constructing = None, False
            elif token.kind == "name" and token.text == "new":
                chain, constructing = len(pieces), True
                pieces.append(token.text)
            else:
                operand = token.kind != "name" or ends_operand(token)
                continued = token.kind == "template" and ends_operand(before) and chain is not None
                if not operand:
                    chain = None
                elif not continued and not constructing:
                    chain = len(pieces)
                pieces.append(_template(token.text, depth) if token.kind == "template" else token.text)
            before = token
            index += 1
        return "".join(pieces), index

    def _is(self, index: int, mark: str) -> bool:
        return (
            index < len(self._tokens)
            and self._tokens[index].text == mark
            and self._tokens[index].kind == "mark"
        )

    def _require(self, index: int) -> None:
        if index >= len(self._tokens):
            raise UnreadableCode("a bracket is not closed")


def _without_dot(pieces: list[str]) -> str:
    text = "".join(pieces).rstrip()
    return text.removesuffix("?.") if text.endswith("?.") else text.removesuffix(".")


def _template(text: str, depth: int) -> str:
    """Rewrite inside the `${}` of a template literal."""
    result = "`"
    for kind, start, end in template_parts(text, 0):
        if kind == "text":
            result += text[start:end]
        elif kind == "code":
            found = list(tokens(text[start:end]))
            inner, stop = _Rewriter(found).run(0, "", depth + 1)
            result += "${" + (inner if stop == len(found) else text[start:end]) + "}"
    return result + "`"
