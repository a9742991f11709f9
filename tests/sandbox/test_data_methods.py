from __future__ import annotations

import hashlib

import pytest

from flowstudio.sandbox import ExpressionFailure
from tests.sandbox.conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXTS = [
    ("'aGk='.base64Decode()", "hi"),
    ("'hé🙂'.base64Encode()", "aMOp8J+Zgg=="),
    ("'aMOp8J+Zgg=='.base64Decode()", "hé🙂"),
    ("'see me@example.com now'.extractEmail()", "me@example.com"),
    ("'nothing'.extractEmail()", None),
    ("'go https://n8n.io/a?b=1, ok'.extractUrl()", "https://n8n.io/a?b=1"),
    ("'https://sub.example.com/x'.extractDomain()", "sub.example.com"),
    ("'me@example.com'.extractDomain()", "example.com"),
    ("'https://example.com/a/b?c=d'.extractUrlPath()", "/a/b"),
    ("'a'.hash()", hashlib.md5(b"a").hexdigest()),
    ("'é'.hash('sha256')", hashlib.sha256("é".encode()).hexdigest()),
    ("'a'.hash('sha1')", hashlib.sha1(b"a").hexdigest()),
    ("'a'.hash('sha512')", hashlib.sha512(b"a").hexdigest()),
    ("'a'.hash('sha3')", hashlib.sha3_512(b"a").hexdigest()),
    ("'example.com'.isDomain()", True),
    ("'not a domain'.isDomain()", False),
    ("'me@example.com'.isEmail()", True),
    ("'me@'.isEmail()", False),
    ("'https://example.com'.isUrl()", True),
    ("'example'.isUrl()", False),
    ("''.isEmpty()", True),
    ("'x'.isNotEmpty()", True),
    ("'12.5'.isNumeric()", True),
    ("'1a'.isNumeric()", False),
    ("""'{"a":[1]}'.parseJson().a[0]""", 1),
    ("'it\"s'.quote()", '"it\\"s"'),
    ("'**bold** [l](http://x) # no'.removeMarkdown()", "bold l # no"),
    ("'<b>x</b> y'.removeTags()", "x y"),
    ("'déjà Straße'.replaceSpecialChars()", "deja Strasse"),
    ("'false'.toBoolean()", False),
    ("'no'.toBoolean()", False),
    ("'yes'.toBoolean()", True),
    ("'1.5'.toNumber()", 1.5),
    ("'1.7'.toInt()", 1),
    ("'7.9'.toWholeNumber()", 7),
    ("'ff'.toInt(16)", 255),
    ("'hello world. again'.toSentenceCase()", "Hello world. Again"),
    ("'helloWorld fooBar'.toSnakeCase()", "hello_world_foo_bar"),
    ("'quick o\\'clock FOX'.toTitleCase()", "Quick O'clock FOX"),
    ("'quick brown'.toCamelCase()", "quickBrown"),
    ("'a b&c'.urlEncode()", "a%20b%26c"),
    ("'a%20b%26c'.urlDecode()", "a b&c"),
    ("'2026-03-01'.toDateTime().toFormat('dd.MM.yyyy')", "01.03.2026"),
    ("'01.03.2026'.toDateTime('dd.MM.yyyy').toISODate()", "2026-03-01"),
    ("'x'.toJsonString()", '"x"'),
    ("'abc'.length", 3),
    ("'abc'.length.isOdd()", True),
    ("'abc'.includes('b')", True),
]
NUMBERS = [
    ("(-3).abs()", 3),
    ("1.2.ceil()", 2),
    ("1.8.floor()", 1),
    ("1.005.round(2)", 1.01),
    ("(12.5).round()", 13),
    ("(1234).round(-2)", 1200),
    ("(4).isEven()", True),
    ("(4).isOdd()", False),
    ("(4).isInteger()", True),
    ("(0).toBoolean()", False),
    ("(1234567.891).format()", "1,234,567.891"),
    ("(1234.5).format('de-DE')", "1.234,5"),
    ("(0).isEmpty()", False),
    ("(1700000000).toDateTime('s').toMillis()", 1700000000000),
    ("(1700000000000).toDateTime().toMillis()", 1700000000000),
    ("(45000).toDateTime('excel').toISODate()", "2023-03-15"),
    ("true.toNumber()", 1),
    ("true.toInt()", 1),
    ("false.toBoolean()", False),
]
ARRAYS = [
    ("[1, 2].append(3)", [1, 2, 3]),
    ("[1, 2, 3].average()", 2),
    ("[1, 2, 3].chunk(2)", [[1, 2], [3]]),
    ("[1, null, '', 0, {a: null, b: 1}].compact()", [1, 0, {"b": 1}]),
    ("[1, 2, 3].difference([2])", [1, 3]),
    ("[1, 2, 3].intersection([2, 3, 4])", [2, 3]),
    ("[1, 2].union([2, 3])", [1, 2, 3]),
    ("[{a: 1}, {a: 1}].unique()", [{"a": 1}]),
    ("[{a: 1, b: 1}, {a: 1, b: 2}].unique('a')", [{"a": 1, "b": 1}]),
    ("[1, 1, '1'].removeDuplicates()", [1, "1"]),
    ("[1, 2].first()", 1),
    ("[1, 2].last()", 2),
    ("[].first()", None),
    ("[].isEmpty()", True),
    ("[0].isNotEmpty()", True),
    ("[1, '3', 2].max()", 3),
    ("[1, '3', 2].min()", 1),
    ("[1, '3', 2].sum()", 6),
    ("[{a: 1}].merge([{b: 2}])", [{"a": 1, "b": 2}]),
    ("[{a: 1}, {a: 2}].pluck('a')", [1, 2]),
    ("[{a: 1, b: 2, c: 3}].pluck('a', 'b')", [{"a": 1, "b": 2}]),
    ("[7].randomItem()", 7),
    ("[{a: 1}].renameKeys('a', 'b')", [{"b": 1}]),
    ("[{k: 'x', v: 1}, {k: 'y', v: 2}].smartJoin('k', 'v')", {"x": 1, "y": 2}),
    ("[1].toJsonString()", "[1]"),
    ("[3, 1].sort().first()", 1),
]
OBJECTS = [
    ("({a: null, b: '', c: 1, d: {e: null}}).compact()", {"c": 1, "d": {}}),
    ("({a: 1}).hasField('a')", True),
    ("({a: 1}).hasField('toString')", False),
    ("({}).isEmpty()", True),
    ("({a: 1}).isNotEmpty()", True),
    ("({a: 'xy', b: 'z'}).keepFieldsContaining('x')", {"a": "xy"}),
    ("({a: 'xy', b: 'z'}).removeFieldsContaining('x')", {"b": "z"}),
    ("({a: 1, b: 2}).keys()", ["a", "b"]),
    ("({a: 1, b: 2}).values()", [1, 2]),
    ("({a: 1}).merge({a: 2, b: 3})", {"a": 1, "b": 3}),
    ("({a: 1, b: 2}).removeField('a')", {"b": 2}),
    ("({a: 1}).toJsonString()", '{"a":1}'),
    ("({a: 1, b: 'c d'}).urlEncode()", "a=1&b=c+d"),
    ("new Map([[1, 2]]).keys().next().value", 1),
]
DATES = [
    ("$now.beginningOf('month').toISODate()", "2026-07-01"),
    ("$now.endOfMonth().toISODate()", "2026-07-31"),
    ("$now.plus(2, 'days').toISODate()", "2026-07-03"),
    ("$now.plus({weeks: 1}).toISODate()", "2026-07-08"),
    ("$now.minus(1, 'year').toISODate()", "2025-07-01"),
    ("$now.format('yyyy/MM/dd HH:mm')", "2026/07/01 12:00"),
    ("$now.extract('month')", 7),
    ("$now.extract('yearDayNumber')", 182),
    ("$now.isBetween('2026-06-01', '2026-08-01')", True),
    ("$now.isBetween('2027-06-01', '2026-08-01')", False),
    ("$now.isWeekend()", False),
    ("$now.isDst()", True),
    ("$now.diffTo('2026-06-30T12:00:00', 'hours')", 24),
    ("$now.minus(10, 'minutes').isInLast(15, 'minutes')", True),
    ("'2026-07-01'.toDateTime().plus(1, 'month').toISODate()", "2026-08-01"),
    ("new Date(0).plus(1, 'day')", "1970-01-02T00:00:00.000Z"),
    ("'2026-07-04'.isWeekend()", True),
    ("new Date(0).toDateTime().toMillis()", 0),
    ("$now.toLocaleString(DateTime.DATE_MED)", "Jul 1, 2026"),
]
NOTHING = [
    ("$json.missing.isEmpty()", True),
    ("$json.missing.isNotEmpty()", False),
    ("null.isEmpty()", True),
    ("$json.missing?.first()", None),
    ("$json.a?.b?.toTitleCase()", None),
]


@pytest.mark.parametrize(("code", "expected"), [*TEXTS, *NUMBERS, *ARRAYS, *OBJECTS, *DATES, *NOTHING])
async def test_a_data_method_gives_what_n8n_documents(
    evaluate: Evaluate, code: str, expected: object
) -> None:
    shared = {"now": "2026-07-01T10:00:00.000Z", "timezone": "Europe/Berlin"}
    value = await evaluate("{{ " + code + " }}", {}, shared=shared)
    assert value == expected
    assert isinstance(value, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("$json.missing.first()", "first() cannot be used on undefined"),
        ("(5).toTitleCase()", "toTitleCase() cannot be used on a number"),
        ("[1].toTitleCase()", "toTitleCase() cannot be used on an array"),
        ("'x'.toNumber()", '"x" is not a number'),
        ("'x'.hash('md6')", "Unknown hash 'md6'"),
        ("'{'.parseJson()", "This text is not JSON"),
        ("(1.5).isEven()", "not a whole number"),
        ("[1].chunk(0)", "chunk() needs a length"),
        ("$now.plus(1, 'moons')", "'moons' is not a unit"),
    ],
)
async def test_a_data_method_on_the_wrong_value_says_what_is_wrong(
    evaluate: Evaluate, code: str, message: str
) -> None:
    value = await evaluate("{{ " + code + " }}")
    assert isinstance(value, ExpressionFailure)
    assert message in value.message
