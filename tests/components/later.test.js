// What lies behind something else hears of changes once they pause.
import assert from "node:assert/strict";
import { test } from "node:test";
import { later } from "../../flowstudio/components/studio/later.js";

function watched(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let change = null, now = 0, told = 0;
  context.mock.method(performance, "now", () => now);
  const pass = (milliseconds) => { now += milliseconds; context.mock.timers.tick(milliseconds); };
  const stop = later((listener) => { change = listener; return () => { change = null; }; }, () => { told += 1; });
  return { change: () => change(), pass, stop, told: () => told, listens: () => change !== null };
}

test("a burst of changes is told once, when it is over", (context) => {
  const { change, pass, told } = watched(context);
  for (let key = 0; key < 5; key++) { change(); pass(100); }
  assert.equal(told(), 0);
  pass(200);
  assert.equal(told(), 1);
  pass(5000);
  assert.equal(told(), 1);
});

test("changes without a pause are told now and then", (context) => {
  const { change, pass, told } = watched(context);
  for (let key = 0; key < 45; key++) { change(); pass(100); }
  assert.equal(told(), 2);
});

test("who stops listening hears nothing more", (context) => {
  const { change, pass, stop, told, listens } = watched(context);
  change();
  stop();
  pass(5000);
  assert.equal(told(), 0);
  assert.equal(listens(), false);
});
