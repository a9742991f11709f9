// The connection between a window and the server, with a server and a network that can fail in every way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkflowStore } from "../../flowstudio/components/studio/document.js";
import { apply } from "../../flowstudio/components/studio/operations.js";
import { Sync } from "../../flowstudio/components/studio/sync.js";
import { pick, randomBatch, randomDocument, seeded } from "./documents.js";

const catalogue = { type: (slug) => ({ type: slug, label: slug, defaults: {} }), ports: () => ({ inputs: [], outputs: [] }) };
const DELAYS = { typing: 4, retry: [1, 2, 4], gap: 6, refresh: 3 };
const START = { name: "Orders", nodes: [{ id: "a", type: "code", position: { x: 0, y: 0 }, data: { label: "A" } }], edges: [] };

class Refusal extends Error {
  constructor(status, message = "no", detail) {
    super(message);
    Object.assign(this, { status, detail });
  }
}

class Storage {
  entries = new Map();
  get length() { return this.entries.size; }
  key(index) { return [...this.entries.keys()][index]; }
  getItem(key) { return this.entries.get(key) ?? null; }
  setItem(key, value) {
    if (this.full) throw new Error("QuotaExceededError");
    this.entries.set(key, value);
  }
  removeItem(key) { this.entries.delete(key); }
}

class Server {
  constructor(document = START) {
    this.document = structuredClone(document);
    this.log = [];
    this.streams = new Set();
    this.requests = [];
  }

  post({ client, batches }) {
    const wrong = batches.flatMap(({ operations }) => operations).find(({ value }) => value === "wrong");
    if (wrong) throw new Refusal(422, "This does not fit.", [{ message: "The label is wrong." }]);
    const answers = batches.map(({ id, operations }) => {
      const known = this.log.find((batch) => batch.id === id);
      if (known) return { id, version: known.version };
      this.document = apply(this.document, operations);
      const batch = { version: this.log.length + 1, id, client, author: "Ann", operations };
      this.log.push(batch);
      for (const stream of this.streams) stream.tell("batch", batch);
      return { id, version: batch.version };
    });
    return { version: this.log.length, batches: answers, ports: {}, problems: [] };
  }

  get() {
    return { version: this.log.length, document: structuredClone(this.document), ports: {}, problems: [], active: false };
  }
}

/** A stream as EventSource is one, over a line that can be cut or be slow. */
class Stream {
  constructor(server, url, line) {
    Object.assign(this, { server, line, handlers: {} });
    const since = Number(new URL(url, "http://x").searchParams.get("since"));
    this.later(() => {
      if (line.cut) return this.break();
      server.streams.add(this);
      if (since > server.log.length) this.tell("reset", { version: server.log.length });
      for (const batch of server.log.slice(since)) this.tell("batch", batch);
    });
  }

  addEventListener(name, handle) { this.handlers[name] = handle; }
  later(act) { setTimeout(act, this.line.slow ? this.line.slow() : 0); }
  tell(name, data) {
    const text = JSON.stringify(data);
    this.later(() => !this.line.cut && this.server.streams.has(this) && this.handlers[name]?.({ data: text }));
  }
  break() {
    this.server.streams.delete(this);
    this.onerror?.();
  }
  close() { this.server.streams.delete(this); }
}

let windows = 0;

function opened(server, { storage = new Storage(), person = "ann", mayEdit = true, line = {} } = {}) {
  const store = new WorkflowStore(catalogue);
  store.load(structuredClone(server.document), {}, server.log.length);
  const told = { refused: [], states: [] };
  const call = async (method, path, { body } = {}) => {
    await new Promise((resolve) => setTimeout(resolve, line.slow ? line.slow() : 0));
    if (line.cut) throw new Refusal(0, "offline");
    if (line.status) throw new Refusal(line.status, `status ${line.status}`);
    server.requests.push([method, structuredClone(body)]);
    const answer = structuredClone(method === "POST" ? server.post(structuredClone(body)) : server.get());
    if (line.losesAnswers) throw new Refusal(0, "the answer was lost");
    return answer;
  };
  const client = `window ${++windows}`;
  const sync = new Sync(store, "w", {
    client, person, mayEdit, call, storage, delays: DELAYS,
    events: (url) => new Stream(server, url, line),
    told: { onRefused: (message) => told.refused.push(message), onState: (state) => told.states.push(state) },
  });
  sync.open();
  return { store, sync, storage, line, told, client };
}

async function until(condition, what) {
  const started = Date.now();
  while (!condition()) {
    assert.ok(Date.now() - started < 3000, `did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const settled = (window) => until(() => window.sync.state.kind === "saved" && !window.store.pending.length, "saved");
const close = (...all) => all.forEach((window) => window.sync.close());
const kept = (storage) => [...storage.entries.values()].flatMap((text) => JSON.parse(text).batches);

test("an edit reaches the server and every other window", async () => {
  const server = new Server();
  const [one, two] = [opened(server), opened(server)];
  one.store.set("a", { label: "Mine" });
  assert.equal(one.sync.state.kind, "saving");
  await settled(one);
  await until(() => two.store.node("a").data.label === "Mine", "the edit in the other window");
  assert.equal(kept(one.storage).length, 0);
  close(one, two);
});

test("typing is sent a moment after the last key, as one batch", async () => {
  const server = new Server();
  const one = opened(server);
  for (const label of ["M", "Mi", "Min", "Mine"]) one.store.set("a", { label }, "label");
  await settled(one);
  assert.equal(server.log.length, 1);
  assert.equal(server.document.nodes[0].data.label, "Mine");
  close(one);
});

test("edits made offline are counted, kept in the browser and sent later, in order", async () => {
  const server = new Server();
  const one = opened(server);
  one.line.cut = true;
  for (const stream of [...server.streams]) stream.break();
  one.store.rename("Offline 1");
  one.store.set("a", { label: "Offline 2" });
  await until(() => one.sync.state.kind === "offline", "offline");
  assert.equal(one.sync.state.waiting, 2);
  assert.equal(kept(one.storage).length, 2);
  assert.equal(await one.sync.flush(), false);
  one.line.cut = false;
  await settled(one);
  assert.deepEqual([server.document.name, server.document.nodes[0].data.label], ["Offline 1", "Offline 2"]);
  assert.equal(kept(one.storage).length, 0);
  close(one);
});

test("a batch whose answer was lost is not applied twice", async () => {
  const server = new Server();
  const one = opened(server);
  one.line.losesAnswers = true;
  one.store.apply([{ kind: "add_nodes", nodes: [{ id: "b", type: "code" }] }]);
  await until(() => server.log.length === 1, "the batch on the server");
  one.line.losesAnswers = false;
  await settled(one);
  assert.equal(server.log.length, 1);
  assert.deepEqual(one.store.view.nodes.map(({ id }) => id), ["a", "b"]);
  close(one);
});

test("what a closed or crashed page left behind is sent at the next opening", async () => {
  const server = new Server();
  const one = opened(server);
  one.line.losesAnswers = true;
  one.store.set("a", { label: "Arrived" });
  await until(() => server.log.length === 1, "the first batch");
  one.line.cut = true;
  one.store.set("a", { notes: "Not sent" });
  close(one);
  const two = opened(server, { storage: one.storage });
  assert.equal(two.store.node("a").data.notes, "Not sent", "it shows at once");
  await settled(two);
  assert.deepEqual(server.document.nodes[0].data, { label: "Arrived", notes: "Not sent" });
  assert.equal(server.log.length, 2);
  assert.equal(one.storage.length, 0);
  close(two);
});

test("a person does not send what another one left in this browser", async () => {
  const server = new Server();
  const one = opened(server);
  one.line.cut = true;
  one.store.rename("Ann's");
  close(one);
  const two = opened(server, { storage: one.storage, person: "bob" });
  assert.equal(two.store.view.name, "Orders");
  const three = opened(server, { storage: one.storage });
  await settled(three);
  assert.equal(server.document.name, "Ann's");
  close(two, three);
});

test("somebody who may only look listens and sends nothing", async () => {
  const server = new Server();
  const [viewer, editor] = [opened(server, { mayEdit: false }), opened(server)];
  editor.store.rename("Seen");
  await until(() => viewer.store.view.name === "Seen", "the edit");
  viewer.store.rename("Refused");
  await settled(editor);
  assert.equal(server.log.length, 1);
  close(viewer, editor);
});

test("a batch that cannot be stored is taken out alone, with a word why", async () => {
  const server = new Server();
  const one = opened(server);
  one.line.cut = true;
  one.store.rename("Good 1");
  one.store.set("a", { label: "wrong" });
  one.store.set("a", { notes: "Good 2" });
  one.line.cut = false;
  await settled(one);
  assert.deepEqual(one.told.refused, ["The label is wrong."]);
  assert.deepEqual([server.document.name, server.document.nodes[0].data], ["Good 1", { label: "A", notes: "Good 2" }]);
  assert.deepEqual(one.store.view, server.document);
  assert.equal(kept(one.storage).length, 0);
  close(one);
});

test("a workflow that is gone, or that one may not edit any more, ends it without losing the edits", async () => {
  for (const [status, kind] of [[404, "deleted"], [403, "refused"]]) {
    const server = new Server();
    const one = opened(server);
    one.line.status = status;
    one.store.rename("Late");
    await until(() => one.sync.state.kind === kind, kind);
    assert.equal(one.sync.state.reason, `status ${status}`);
    assert.equal(await one.sync.flush(), false);
    assert.equal(kept(one.storage).length, 1);
    close(one);
  }
});

test("a session that is over keeps the edits until somebody is signed in again", async () => {
  const server = new Server();
  const one = opened(server);
  one.line.status = 401;
  one.store.rename("Kept");
  await until(() => one.sync.state.kind === "offline", "the failure");
  one.line.status = 0;
  await settled(one);
  assert.equal(server.document.name, "Kept");
  close(one);
});

test("a gap in what arrives is closed by fetching the document anew", async () => {
  const server = new Server();
  const [one, two] = [opened(server), opened(server)];
  await until(() => server.streams.size === 2, "both listen");
  const lost = [...server.streams][0];
  lost.handlers = {};
  two.store.rename("Unheard");
  await settled(two);
  one.store.set("a", { label: "Mine" });
  await settled(one);
  assert.deepEqual(one.store.view, server.document);
  assert.equal(one.store.view.name, "Unheard");
  close(one, two);
});

test("a reset fetches the document and keeps the own edits on top", async () => {
  const server = new Server();
  const one = opened(server);
  await until(() => server.streams.size === 1, "it listens");
  server.document = { ...server.document, name: "Restored" };
  server.log.push({ version: 1, id: "put", client: null, operations: [] });
  one.store.set("a", { label: "Mine" });
  for (const stream of server.streams) stream.tell("reset", { version: 1 });
  await settled(one);
  await until(() => one.store.view.name === "Restored", "the restored document");
  assert.equal(one.store.node("a").data.label, "Mine");
  assert.deepEqual(one.store.view, server.document);
  close(one);
});

test("who else is here and what is published are told", async () => {
  const server = new Server();
  const one = opened(server);
  await until(() => server.streams.size === 1, "it listens");
  const [stream] = server.streams;
  stream.tell("people", { people: [{ name: "Ann", client: one.client }, { name: "Bob", client: "other" }] });
  stream.tell("state", { active: true, published_version: 3, version: 3 });
  await until(() => one.told.states.length > 0 && one.sync.state.people.length > 0, "both");
  assert.deepEqual(one.sync.state.people, [{ name: "Bob", client: "other" }]);
  assert.equal(one.told.states.at(-1).published_version, 3);
  stream.tell("state", { deleted: true });
  await until(() => one.sync.state.kind === "deleted", "deleted");
  close(one);
});

test("only what could not be kept in the browser is worth a warning", async () => {
  const server = new Server();
  const one = opened(server);
  one.line.cut = true;
  one.storage.full = true;
  one.store.rename("Unkept");
  assert.equal(one.sync.unkept, true);
  one.storage.full = false;
  one.line.cut = false;
  await settled(one);
  assert.equal(one.sync.unkept, false);
  close(one);
});

test("a hidden tab sends what it has", async () => {
  const server = new Server();
  const one = opened(server);
  one.store.rename("Typed", "name");
  one.sync.show(false);
  await settled(one);
  assert.equal(server.document.name, "Typed");
  one.sync.show(true);
  close(one);
});

test("leaving the page sends what was edited while an earlier edit was on its way", async () => {
  const server = new Server();
  const one = opened(server, { line: { slow: () => 5 } });
  one.store.set("a", { label: "First" });
  await until(() => one.sync.request, "the first request");
  one.store.set("a", { notes: "Second" });
  one.sync.leave();
  one.sync.close();
  await until(() => server.log.length === 2, "both edits");
  assert.deepEqual(server.document.nodes[0].data, { label: "First", notes: "Second" });
  await until(() => one.storage.length === 0, "nothing left in the browser");
});

test("a request that is too large to outlive the page is sent as any other", async () => {
  const server = new Server();
  const one = opened(server);
  const asked = [];
  const { call } = one.sync;
  one.sync.call = (method, path, options) => {
    if (method === "POST") asked.push(options.keepalive);
    return call(method, path, options);
  };
  one.line.cut = true;
  for (const label of ["small", "ß".repeat(40_000)]) {
    one.store.set("a", { label });
    one.sync.leave();
    await until(() => !one.sync.request, "the end of the request");
  }
  assert.deepEqual(asked, [true, false]);
  close(one);
});

test("a window that knows more than the server, after a backup was brought back, takes the server's document", async () => {
  const server = new Server();
  const one = opened(server);
  for (const label of ["1", "2", "3"]) {
    one.store.set("a", { label });
    await settled(one);
  }
  Object.assign(server, { document: structuredClone(START), log: [], requests: [] });
  for (const stream of [...server.streams]) stream.break();
  await until(() => one.store.node("a").data.label === "A", "the earlier document");
  assert.deepEqual(one.store.view, server.document);
  assert.ok(server.requests.length < 5, "it does not ask again and again");
  one.store.rename("Goes on");
  await settled(one);
  assert.equal(server.document.name, "Goes on");
  close(one);
});

test("windows on lines that are slow, cut and lose answers end with the same document", async () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const random = seeded(seed);
    const server = new Server(randomDocument(random));
    const all = [1, 2, 3].map(() => opened(server, { line: { slow: () => Math.floor(random() * 4) } }));
    for (let step = 0; step < 60; step++) {
      const { store, line } = pick(random, all);
      const act = random();
      if (act < 0.12) line.cut = !line.cut;
      else if (act < 0.2) line.losesAnswers = !line.losesAnswers;
      else if (act < 0.28) [...server.streams].forEach((stream) => random() < 0.5 && stream.break());
      else if (act < 0.35) store.undo();
      else store.apply(randomBatch(random, store.view), { merge: random() < 0.3 ? "typing" : undefined });
      if (random() < 0.4) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    for (const { line } of all) Object.assign(line, { cut: false, losesAnswers: false });
    for (const window of all) await settled(window);
    for (const { store, sync } of all) {
      await until(() => store.version === server.log.length, `seed ${seed}: the last version`);
      assert.deepEqual(store.view, server.document, `seed ${seed}`);
      assert.equal(sync.state.kind, "saved");
    }
    assert.equal(new Set(server.log.map(({ id }) => id)).size, server.log.length);
    close(...all);
  }
});
