// When the tour is shown, and where its card stands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrived, ask, finished, isDue, placed } from "../../flowstudio/components/shell/tour.js";

class Store extends Map {
  getItem(key) { return this.get(key) ?? null; }
  setItem(key, value) { this.set(key, String(value)); }
  removeItem(key) { this.delete(key); }
}

test("the tour is due at the first sign-in of a person and not at the second", () => {
  const session = new Store(), local = new Store();
  arrived("Ada@Example.com ", session, local);
  assert.equal(isDue(session), true);
  finished(session, local);
  assert.equal(isDue(session), false);
  arrived("ada@example.com", session, local);
  assert.equal(isDue(session), false);
  arrived("bob@example.com", session, local);
  assert.equal(isDue(session), true);
});

test("who asks for it gets it again", () => {
  const session = new Store(), local = new Store();
  arrived("ada@example.com", session, local);
  finished(session, local);
  ask(session);
  assert.equal(isDue(session), true);
  finished(session, local);
  assert.equal(isDue(session), false);
});

test("a card stands right of its anchor, or below, or above, and never outside", () => {
  const screen = { width: 1000, height: 600 }, card = { width: 300, height: 200 };
  assert.deepEqual(placed({ left: 0, top: 50, width: 200, height: 30 }, card, screen), { left: 214, top: 50 });
  assert.deepEqual(placed({ left: 850, top: 50, width: 100, height: 30 }, card, screen), { left: 650, top: 94 });
  assert.deepEqual(placed({ left: 850, top: 550, width: 100, height: 30 }, card, screen), { left: 650, top: 336 });
  assert.deepEqual(placed(null, card, screen), { left: 350, top: 376 });
  assert.deepEqual(placed({ left: 0, top: 590, width: 200, height: 30 }, card, screen), { left: 214, top: 388 });
});
