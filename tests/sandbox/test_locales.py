"""Dates, numbers and texts in other languages come out as Node writes them, whose Intl they were learned from."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowstudio.sandbox import ExpressionBatch, ExpressionFailure, JavaScript
from scripts import make_locales
from tests.sandbox.conftest import Evaluate

pytestmark = pytest.mark.asyncio(loop_scope="session")

Case = dict[str, Any]
KNOWN = tuple(json.loads(make_locales.TARGET.read_text("utf-8")))
ODD = ("es-AR", "zh-TW")
"""Node writes times of the first with twelve hours but without the half of the day; in the other it names more parts of it."""
ASKED = (
    *(tag for tag in KNOWN if tag not in ODD),
    "de-DE",
    "de-LU",
    "pt-BR",
    "nb-NO",
    "zh-Hans-CN",
    "EN-gb",
    "fr-FR-u-nu-latn",
)
DATES = (0, 1110186245678, 1782864000000, 1796135378123, 951782400000)
FIELDS = {
    "weekday": ("short", "long"),
    "year": ("numeric", "2-digit"),
    "month": ("numeric", "2-digit", "short", "long"),
    "day": ("numeric", "2-digit"),
    "hour": ("numeric", "2-digit"),
}
FORMS = {
    "date": "new Date($json.value).toLocaleString($json.locale, $json.options)",
    "day": "new Date($json.value).toLocaleDateString($json.locale, {timeZone: 'UTC'})",
    "time": "new Date($json.value).toLocaleTimeString($json.locale, {timeZone: 'UTC'})",
    "number": "new Intl.NumberFormat($json.locale, $json.options).format($json.value)",
    "relative": "new Intl.RelativeTimeFormat($json.locale, $json.options).format($json.value, $json.unit)",
    "list": "new Intl.ListFormat($json.locale, $json.options).format($json.value)",
    "plural": "new Intl.PluralRules($json.locale).select($json.value)",
}


def cases(form: str, count: int) -> list[Case]:
    """Many different wishes, the same each time."""
    dice = random.Random(form)
    found: list[Case] = []
    for number in range(count):
        case: Case = {"locale": ASKED[number % len(ASKED)], "options": {}, "value": dice.choice(DATES)}
        match form:
            case "date":
                options: dict[str, Any] = {
                    name: dice.choice(values) for name, values in FIELDS.items() if dice.random() < 0.6
                }
                if "hour" in options and {"weekday", "month"} & options.keys():
                    # With a time, some languages join parts of a date otherwise than whole ones.
                    options = {"year": "numeric", "month": "long", "day": "numeric"} | options
                    options.pop("weekday", None)
                if "hour" in options:
                    options |= {"minute": "2-digit"} if dice.random() < 0.9 else {}
                    options |= {"second": "2-digit"} if "minute" in options and dice.random() < 0.5 else {}
                    options |= {"hour12": dice.random() < 0.5} if dice.random() < 0.4 else {}
                case["options"] = options | {"timeZone": dice.choice(["UTC", "Asia/Tokyo"])}
                if dice.random() < 0.2:
                    case["options"] = {
                        "dateStyle": dice.choice(["full", "long", "medium", "short"]),
                        "timeZone": "UTC",
                    }
                    case["options"] |= (
                        {"timeStyle": dice.choice(["medium", "short"])} if dice.random() < 0.5 else {}
                    )
            case "number":
                case["value"] = dice.choice(
                    [0, 1, -1, 0.5, 1234, -1234.5, 12345.678, 1234567.891, -98765432.1]
                )
                case["options"] = dice.choice(
                    [
                        {},
                        {"style": "percent", "maximumFractionDigits": 1},
                        {"minimumFractionDigits": 2, "maximumFractionDigits": 2},
                        {
                            "style": "currency",
                            "currency": dice.choice(["EUR", "USD", "CHF", "JPY", "PLN", "GBP", "INR"]),
                        },
                        {"useGrouping": False},
                        {
                            "style": "unit",
                            "unit": dice.choice(["day", "hour", "second"]),
                            "unitDisplay": "long",
                        },
                    ]
                )
                if case["options"].get("style") == "unit":
                    case["value"] = dice.choice([0, 1, -1, 2, 5, 11, 21, 101, 0.5, 1.5])
            case "relative":
                case["value"] = dice.choice([-1, 0, 1, 2, -2, 3, 5, -7, 11, 21, 100, 1.5])
                case["unit"] = dice.choice(
                    ["second", "minute", "hour", "day", "week", "month", "year", "days"]
                )
                case["options"] = {"numeric": dice.choice(["always", "auto"])}
            case "list":
                case["value"] = ["A", "B", "C", "D"][: dice.randrange(1, 5)]
                case["options"] = {"type": dice.choice(["conjunction", "disjunction"])}
            case "plural":
                case["value"] = dice.choice([0, 1, 2, 3, 5, 11, 21, 22, 101, 111, 1.5])
        found.append(case)
    return found


def by_node(form: str, items: list[Case]) -> list[str]:
    """What Node says."""
    code = (
        f"const say = ($json) => {FORMS[form]};"
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "process.stdout.write(JSON.stringify(given.map(say)))"
    )
    node = Path(sys.executable).with_name("node")
    done = subprocess.run(
        [node, "-e", code], input=json.dumps(items), capture_output=True, encoding="utf-8", check=True
    )
    said: list[str] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("form", FORMS)
async def test_it_is_what_node_says(javascript: JavaScript, form: str) -> None:
    items = cases(form, 1500)
    rows = await javascript.evaluate(ExpressionBatch(["{{ " + FORMS[form] + " }}"], items), owner="locales")
    found = [row[0] for row in rows]
    wrong = [
        (case, ours, theirs)
        for case, ours, theirs in zip(items, found, by_node(form, items), strict=True)
        if ours != theirs
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("$now.setLocale('de').toFormat('cccc, d. LLLL yyyy')", "Sonntag, 8. März 2026"),
        ("$now.setLocale('pl').toFormat('d MMMM yyyy')", "8 marca 2026"),
        ("$now.setLocale('en-GB').toLocaleString()", "08/03/2026"),
        ("$now.toRelative({base: $now.plus({days: 2}), locale: 'de'})", "vor 2 Tagen"),
        ("$now.plus({days: 1}).toRelativeCalendar({base: $now, locale: 'es'})", "mañana"),
        ("DateTime.fromFormat('7 mars 2005', 'd MMMM yyyy', {locale: 'fr'}).toISODate()", "2005-03-07"),
        ("Duration.fromObject({days: 2, hours: 3}, {locale: 'de'}).toHuman()", "2 Tage und 3 Stunden"),
        ("Duration.fromObject({days: 1, hours: 3}).toHuman()", "1 day, 3 hours"),
        ("new Date(0).toLocaleDateString('en-CA')", "1970-01-01"),
        ("new Date(0).toLocaleDateString('th')", "1/1/1970"),
        ("new Intl.DateTimeFormat('de-DE').resolvedOptions().locale", "de-DE"),
        ("new Intl.DateTimeFormat('th').resolvedOptions().locale", "en-US"),
        ("Intl.NumberFormat.supportedLocalesOf(['de', 'th', 'en'])", ["de", "en"]),
    ],
)
async def test_luxon_speaks_the_languages_too(evaluate: Evaluate, code: str, expected: object) -> None:
    shared = {"now": "2026-03-08T06:30:00.000Z", "timezone": "Europe/Berlin"}
    assert await evaluate("{{ " + code + " }}", {}, shared=shared) == expected


async def test_what_is_no_language_is_refused(evaluate: Evaluate) -> None:
    value = await evaluate("{{ new Date(0).toLocaleDateString('de_DE') }}")
    assert isinstance(value, ExpressionFailure)
    assert "Incorrect locale" in value.message


async def test_the_file_is_what_node_says_today() -> None:
    """Of three languages, for all take a while. After an update of Node: `python -m scripts.make_locales`."""
    now = json.loads(make_locales.written("de", "en-CA", "pl"))
    file = json.loads(make_locales.TARGET.read_text("utf-8"))
    assert now == {tag: file[tag] for tag in now}
