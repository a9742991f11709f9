// Markdown that grows, and the chat's store: what is drawn is what was said, whatever the pieces.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readEvents } from "../../flowstudio/components/chat/events.js";
import { inkOn, luminance } from "../../flowstudio/components/public_chat/look.js";
import { ChatStore } from "../../flowstudio/components/chat/store.js";

const event = (kind, data) => `id: 1\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;

/** A response whose body comes in the given pieces. */
const streamed = (...pieces) => new Response(new ReadableStream({
  start(controller) {
    for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
    controller.close();
  },
}));

const turn = (number, more = {}) => ({ number, text: "Hi", files: [], messages: [], live: "", status: "running", error: null, rating: 0, ...more });

test("events are read whatever pieces they come in, comments are passed over", async () => {
  const text = `: still there\n\n${event("text", { text: "Grüß " })}${event("text", { text: "dich" })}`;
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 7, bytes.length]) {
    const pieces = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
    const heard = [];
    const body = new ReadableStream({ start(controller) { pieces.forEach((piece) => controller.enqueue(piece)); controller.close(); } });
    await readEvents(new Response(body), (kind, data) => heard.push([kind, data.text]));
    assert.deepEqual(heard, [["text", "Grüß "], ["text", "dich"]]);
  }
});

test("a reader with a backlog lets the page go on in between", async () => {
  const pieces = Array.from({ length: 40 }, (_, index) => event("text", { text: `w${index}` }));
  let turns = 0, heard = 0;
  const others = setInterval(() => turns++);
  await readEvents(streamed(...pieces), () => {
    heard++;
    for (const until = performance.now() + 2; performance.now() < until;);
  });
  clearInterval(others);
  assert.equal(heard, 40);
  assert.ok(turns >= 3, `others had ${turns} turns within 80 ms`);
});

const api = (answers) => ({ history: async () => [], send: async () => streamed(...answers.shift()), watch: async () => streamed(...answers.shift()), stop: async () => {}, rate: async () => {} });

test("words are gathered, and the whole answer takes their place", async () => {
  const words = Array.from({ length: 500 }, (_, index) => event("text", { text: `w${index} ` }));
  const store = new ChatStore(api([[event("turn", { turn: turn(1) }), ...words, event("done", turn(1, { status: "success", messages: [{ text: "All", files: [] }] }))]]));
  const whole = Array.from({ length: 500 }, (_, index) => `w${index} `).join("");
  let drawn = 0, shown = false;
  store.subscribe(() => {
    drawn++;
    assert.ok(whole.startsWith(store.last.live ?? ""));
    shown ||= Boolean(store.last.live);
  });
  assert.equal(await store.send({ message: "Hi" }), true);
  assert.ok(shown, "the first words are drawn at once");
  assert.ok(drawn < 20, `drawn ${drawn} times`);
  assert.deepEqual([store.busy, store.last.status, store.last.messages[0].text, store.last.live], [false, "success", "All", ""]);
});

test("what was not the answer is dropped, messages come one by one", async () => {
  const store = new ChatStore(api([[event("turn", { turn: turn(1) }), event("text", { text: "no" }), event("discard", {}), event("message", { text: "One", files: [] }), event("message", { text: "Two", files: [] }), event("text", { text: "yes" })], [event("turn", { turn: turn(1, { live: "yes", messages: [{ text: "One", files: [] }] }) }), event("done", turn(1, { status: "success" }))]]));
  const seen = [];
  store.subscribe(() => seen.push(`${store.last?.messages.map(({ text }) => text)}|${store.last?.live ?? ""}`));
  await store.send({ message: "Hi" });
  assert.ok(seen.includes("One,Two|"));
  assert.ok(seen.includes("One|yes"), "a broken stream is picked up again");
  assert.equal(store.last.status, "success");
});

test("a message that is refused stays unsaid, and says why", async () => {
  const store = new ChatStore({ ...api([]), send: async () => { throw new Error("Too many messages."); } });
  assert.equal(await store.send({ message: "Hi" }), false);
  assert.deepEqual([store.turns.length, store.error, store.busy], [0, "Too many messages.", false]);
});

test("a message that is said anew replaces what came after it", async () => {
  const done = (number, text) => [event("turn", { turn: turn(number, { text }) }), event("done", turn(number, { text, status: "success" }))];
  const store = new ChatStore(api([done(1, "a"), done(2, "b"), done(1, "c")]));
  await store.send({ message: "a" });
  await store.send({ message: "b" });
  assert.equal(store.turns.length, 2);
  await store.send({ message: "c", replaces: 1 });
  assert.deepEqual(store.turns.map(({ text }) => text), ["c"]);
});

test("text on the builder's colour can be read, whichever it is", () => {
  for (const color of ["#000000", "#ffffff", "#4753cf", "#ffd400", "#0a7d55", "#777777", "#ff0000"]) {
    const [dark, light] = [luminance(color), luminance(inkOn(color))].sort((a, b) => a - b);
    assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, color);
  }
});
