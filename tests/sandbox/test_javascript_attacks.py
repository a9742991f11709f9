"""Expressions and code that try to get out of the cage, to see what others left, or to take more than their share."""

from __future__ import annotations

from typing import Any

import pytest

from flowstudio.errors import CodeError, CodeMemory, CodeTimeout
from flowstudio.sandbox import ExpressionBatch, ExpressionFailure, JavaScript

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEAKS = ("root:", "uid=", "STARTED", "OPENED", "object process")
ESCAPES = {
    "process": "typeof process === 'undefined' ? 0 : 'STARTED'",
    "require": "require('fs').readFileSync('/etc/passwd', 'utf8')",
    "import": "import('fs')",
    "std and os": "typeof std + typeof os === 'undefinedundefined' ? 0 : 'OPENED'",
    "Function constructor": "(() => {}).constructor('return typeof process !== \"undefined\" && process')()",
    "async function constructor": "(async () => {}).constructor('return this')()",
    "generator constructor": "(function* () {}).constructor('return globalThis.process')().next().value",
    "constructor of the item": "$json.constructor.constructor('return this.process')()",
    "constructor of the error": "(() => { try { null.x } catch (e) { return e.constructor.constructor('return this.process')() } })()",
    "eval": "eval('typeof require')",
    "indirect eval": "(0, eval)('this').process",
    "host functions": "[typeof __load, typeof __print, typeof __offset, typeof __digest].every(t => t === 'undefined') ? 0 : 'OPENED'",
    "caller": "(function f() { return f.caller })()",
    "arguments.callee.caller": "(function () { return arguments.callee.caller })()",
    "prepareStackTrace": "(() => { Error.prepareStackTrace = (e, s) => s; return new Error().stack })()",
    "stack overflow": "(function f() { return f() })()",
    "stack overflow in a getter": "({ get a() { return this.a } }).a",
    "stack overflow in JSON": "(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a) })()",
    "deep value": "(() => { let a = []; for (let i = 0; i < 5e4; i++) a = [a]; return a })()",
    "deep value within the engine's limit": "(() => { let a = []; for (let i = 0; i < 500; i++) a = [a]; return a })()",
    "deep source": "eval('('.repeat(1e5) + '1' + ')'.repeat(1e5))",
    "proxy as a value": "new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } })",
    "toJSON that throws": "({ toJSON() { throw new Error('x') } })",
    "null prototype": "Object.create(null)",
    "thrown null": "(() => { throw null })()",
    "thrown object that lies": "(() => { throw { get message() { throw 1 }, toString() { throw 2 } } })()",
    "shared buffer": "new SharedArrayBuffer(8)",
    "detached buffer": "(() => { const b = new ArrayBuffer(8); const u = new Uint8Array(b); b.transfer && b.transfer(0); return u[0] })()",
    "sort that changes its array": "[3, 1, 2].sort(function () { return Math.random() - 0.5 }).length",
    "with": "(function () { with ({ a: 1 }) { return a } })()",
    "huge array length": "new Array(4294967295).length",
    "invalid regular expression": "new RegExp('(')",
}
MEMORY = {
    "growing text": "(() => { let s = 'x'.repeat(1 << 20); while (true) s += s + '1'; })()",
    "growing array": "(() => { const a = []; while (true) a.push(new Array(1e5).fill(1)); })()",
    "typed array": "new Uint8Array(1e10)",
    "padded text": "'x'.padEnd(2 ** 29).padEnd(2 ** 30)",
    "huge result": "'x'.repeat(70 * 1024 * 1024)",
    "big number": "2n ** (2n ** 33n)",
}
ENDLESS = {
    "loop": "(() => { while (true); })()",
    "loop that catches all": "(() => { while (true) { try { throw 1 } catch {} } })()",
    "regular expression": "/^(a+)+$/.test('a'.repeat(40) + '!')",
    "native loop": "Array.from({ length: 2 ** 40 }, () => 0)",
    "sort": "[...Array(20).keys()].sort(function f() { while (true); })",
    "getter": "({ get a() { for (;;); } }).a",
    "toJSON": "({ toJSON() { for (;;); } })",
}
MARKS = {
    "a prototype of arrays": ("Array.prototype.mark = 'MARK'", "[].mark"),
    "a prototype of objects": ("Object.prototype.mark = 'MARK'", "({}).mark"),
    "a defined property": ("Object.defineProperty(Object.prototype, 'mark', { value: 'MARK' })", "({}).mark"),
    "__proto__": ("({}).__proto__.mark = 'MARK'", "({}).mark"),
    "the global object": ("globalThis.mark = 'MARK'", "globalThis.mark"),
    "an undeclared variable": ("mark = 'MARK'", "globalThis.mark"),
    "a fixed global": ("Object.defineProperty(globalThis, 'mark', { value: 'MARK' })", "globalThis.mark"),
    "the global object's prototype": (
        "Object.setPrototypeOf(globalThis, { mark: 'MARK' })",
        "globalThis.mark",
    ),
    "a global variable": ("(0, eval)('var mark = \"MARK\"')", "globalThis.mark"),
    "a global function": ("JSON.parse = () => 'MARK'", "JSON.parse('1')"),
    "a method of texts": ("String.prototype.trim = () => 'MARK'", "' x '.trim()"),
    "the generator prototype": (
        "Object.getPrototypeOf(function* () {}).prototype.mark = 'MARK'",
        "(function* () {})().mark",
    ),
    "the array iterator": (
        "Object.getPrototypeOf([][Symbol.iterator]()).mark = 'MARK'",
        "[][Symbol.iterator]().mark",
    ),
    "luxon's class": ("DateTime.prototype.mark = 'MARK'", "$now.mark"),
    "luxon's zone": ("Object.defineProperty($now.zone, 'mark', { value: 'MARK' })", "$now.zone.mark"),
    "luxon's UTC zone": ("$now.toUTC().zone.mark = 'MARK'", "$now.toUTC().zone.mark"),
    "the data methods": ("$extend.mark = 'MARK'", "$extend.mark"),
    "Intl": (
        "Intl.DateTimeFormat.prototype.format = () => 'MARK'",
        "new Intl.DateTimeFormat('en').format(0)",
    ),
    "$input": ("$input.mark = 'MARK'", "$input.mark"),
    "$vars": ("$vars.mark = 'MARK'", "$vars.mark"),
    "$('A')": ("$('A').first().json.mark = 'MARK'", "$('A').first().json.mark"),
    "a symbol's registry": ("Symbol.for('x').constructor.mark = 'MARK'", "Symbol.mark"),
    "the item": ("$json.mark = 'MARK'", "$json.mark"),
    "an error's class": ("Error.mark = 'MARK'", "Error.mark"),
    "the format of stacks": (
        "Error.prepareStackTrace = () => 'MARK'",
        "(() => { try { return new Error('x').stack.includes('MARK') } catch { return 'MARK' } })()",
    ),
    "what is known of a language": (
        "new Intl.DateTimeFormat('de').known.names[0][0] = 'MARK'",
        "new Intl.DateTimeFormat('de').known.names[0][0]",
    ),
    "luxon's locale": ("Object.defineProperty($now.loc, 'mark', { value: 'MARK' })", "$now.loc.mark"),
    "an instance's class": ("$now.constructor.now = () => 'MARK'", "DateTime.now().isValid"),
    "a promise": ("Promise.resolve().then(() => { Object.prototype.mark = 'MARK' }), 1", "({}).mark"),
    "Math": ("Math.random = () => 'MARK'", "Math.random()"),
}
SHARED = {"now": "2026-07-01T10:00:00Z", "nodes": {"A": {"items": [{}], "executed": True}}}


async def _value(javascript: JavaScript, code: str, *, owner: str = "attacker", timeout: float = 20) -> Any:
    batch = ExpressionBatch(["{{ " + code + " }}"], [{"a": 1}], SHARED)
    return (await javascript.evaluate(batch, owner=owner, timeout=timeout))[0][0]


async def _assert_alive(javascript: JavaScript) -> None:
    assert await _value(javascript, "$json.a + 1") == 2
    assert await _value(javascript, "[3].first().toJsonString() + $now.year") == "32026"


@pytest.mark.parametrize("name", ESCAPES)
async def test_an_escape_gets_nothing_and_the_next_batch_works(javascript: JavaScript, name: str) -> None:
    try:
        seen = str(await _value(javascript, ESCAPES[name]))
    except CodeError as error:
        seen = str(error)
    assert not [leak for leak in LEAKS if leak in seen], seen[:2000]
    await _assert_alive(javascript)


@pytest.mark.parametrize("name", ESCAPES)
async def test_an_escape_from_code_gets_nothing(javascript: JavaScript, name: str) -> None:
    try:
        result = await javascript.run_code(
            f"return {{v: String({ESCAPES[name]})}}", [{}], SHARED, owner="attacker"
        )
        seen = str(result.items)
    except CodeError as error:
        seen = str(error)
    assert not [leak for leak in LEAKS if leak in seen], seen[:2000]
    await _assert_alive(javascript)


@pytest.mark.parametrize("name", MEMORY)
async def test_a_memory_bomb_bursts_in_its_cage(javascript: JavaScript, name: str) -> None:
    try:
        value = await _value(javascript, MEMORY[name])
    except CodeError as error:
        value = error
    assert isinstance(value, CodeError | ExpressionFailure), str(value)[:200]
    await _assert_alive(javascript)


async def test_a_memory_bomb_in_code_is_named(javascript: JavaScript) -> None:
    code = "const a = []; while (true) a.push(new Array(1e5).fill(1));"
    with pytest.raises(CodeMemory, match="32 MiB"):
        await javascript.run_code(code, [], {}, owner="attacker", memory=32 << 20)
    await _assert_alive(javascript)


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_never_ends_is_stopped(javascript: JavaScript, name: str) -> None:
    try:
        value = await _value(javascript, ENDLESS[name], timeout=0.4)
    except CodeTimeout as error:
        value = error
    assert isinstance(value, CodeTimeout | ExpressionFailure)
    await _assert_alive(javascript)


@pytest.mark.parametrize(
    "code",
    [
        "while (true);",
        "await (async function f() { await null; return f() })()",
        "setInterval(() => {}, 1); await new Promise(() => {})",
        "(function f() { Promise.resolve().then(f) })(); await new Promise(() => {})",
        "await new Promise(done => setTimeout(done, 60000))",
    ],
)
async def test_code_that_never_ends_is_stopped_and_keeps_its_output(
    javascript: JavaScript, code: str
) -> None:
    stdout = ""
    for limit in (0.4, 4, 20):  # a busy machine may not have begun in the first
        with pytest.raises((CodeTimeout, CodeMemory)) as caught:
            await javascript.run_code("console.log('begun');" + code, [], {}, owner="attacker", timeout=limit)
        if stdout := caught.value.stdout:
            break
    assert stdout == "begun\n"
    await _assert_alive(javascript)


async def test_endless_printing_is_cut(javascript: JavaScript) -> None:
    code = "for (let i = 0; i < 100; i++) console.log('x'.repeat(9999)); return []"
    result = await javascript.run_code(code, [], {}, owner="attacker")
    assert len(result.stdout) == 100_000


@pytest.mark.parametrize("name", MARKS)
async def test_a_batch_finds_nothing_that_another_left(javascript: JavaScript, name: str) -> None:
    """Neither its owner's, for whom the process is kept, nor anybody else's."""
    mark, look = MARKS[name]
    clean = await _value(javascript, look, owner="other")
    await _value(javascript, f"(() => {{ try {{ {mark} }} catch {{}} return 1 }})()", owner="marker")
    for owner in ("marker", "other"):
        seen = await _value(javascript, look, owner=owner)
        assert "MARK" not in str(seen)
        if name != "Math":
            assert seen == clean


@pytest.mark.parametrize("name", MARKS)
async def test_code_finds_nothing_that_other_code_left(javascript: JavaScript, name: str) -> None:
    mark, look = MARKS[name]
    await javascript.run_code(f"{mark}; return {{}}", [{}], SHARED, owner="marker", mode="each-item")
    code = f"return {{v: String({look})}}"
    result = await javascript.run_code(code, [{}], SHARED, owner="marker", mode="each-item")
    assert "MARK" not in str(result.items)


async def test_luxon_settings_do_not_outlive_a_batch(javascript: JavaScript) -> None:
    code = (
        "const { Settings } = luxon; Settings.defaultZone = 'Asia/Tokyo'; Settings.now = () => 0; return []"
    )
    await javascript.run_code(code, [], SHARED, owner="marker")
    assert await _value(javascript, "DateTime.now().year > 2000 && $now.zoneName", owner="marker") == "UTC"
