// Keeps a store and the server equal: sends own batches, takes everybody's in the server's order, loses none.

const TYPING = 300; // ms after a keystroke until it is sent,
const TYPING_MOST = 1500; // and after the first of many
const RETRY = [500, 1000, 2000, 4000, 8000]; // ms between tries while the server cannot be reached
const GAP = 1500; // ms to wait for a batch that is missing before the document is fetched anew
const REFRESH = 500; // ms after somebody else's edit until ports and problems are asked for
const AWAY = 30000; // ms that a hidden tab keeps its stream: browsers allow few of them
const MOST = 100; // batches in a request
const KEPT_ALIVE = 60000; // bytes of a request that browsers finish after the page is gone
const MALFORMED = new Set([400, 413, 422]);

const keyOf = (workflow, client) => `flowstudio.edits:${workflow}:${client}`;

export class Sync {
  /**
   * `call(method, path, options)` asks the API and throws errors with `status` and `message`; `events(url)` opens a stream.
   * Told are `onAnswer({ports, problems})`, `onState({active, published_version, …})`, `onRefused(message)`.
   */
  constructor(store, workflow, { client, person = null, mayEdit, call, events, storage, told = {}, delays = {} }) {
    Object.assign(this, { store, workflow, client, person, mayEdit, call, events, storage, told });
    this.path = `/workflows/${encodeURIComponent(workflow)}/`;
    this.delays = { typing: TYPING, retry: RETRY, gap: GAP, refresh: REFRESH, ...delays };
    this.inbox = new Map(); // version -> batch that waits for the ones before it
    this.listeners = new Set();
    this.timers = {};
    this.people = [];
    this.failures = 0; // tries in a row that did not reach the server
    this.most = MOST;
    this.end = null; // {kind: "deleted" | "refused", reason}: nothing is sent any more
    this.unkept = false; // whether something could not be put into the browser's storage
    this.state = this._state();
  }

  // ------------------------------------------------------------------ what is shown
  subscribe = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Own batches that the server has not taken yet. */
  get waiting() {
    return this.store.pending.filter((batch) => !batch.taken);
  }

  _state() {
    const waiting = this.waiting.length;
    const kind = this.failures > 0 ? "offline" : waiting ? "saving" : "saved";
    return { kind, waiting, people: this.people, ...this.end };
  }

  _tell() {
    this.state = this._state();
    this.listeners.forEach((listener) => listener());
  }

  // ------------------------------------------------------------------ life
  /** Take up what earlier pages could not send, and listen. */
  open() {
    this.closed = false;
    if (this.mayEdit) {
      this._adopt();
      this.store.onPending = (typing) => this._edited(typing);
      if (this.waiting.length) this._later("send", 0, () => this._send());
    }
    this._listen();
    this._tell();
  }

  close() {
    Object.values(this.timers).forEach(clearTimeout);
    this.store.onPending = null;
    this.closed = true;
    this.source?.close();
    this.source = null;
  }

  /** Go on after an end that is none any more: the workflow was brought back. */
  resume() {
    this.end = null;
    return this.reconnect();
  }

  /** The page is about to go: what is kept in the browser is sent at the next opening if this does not arrive. */
  leave() {
    if (this.waiting.length) this.flush({ leaving: true }).catch(() => {}); // it is kept in the browser
  }

  /** The tab was hidden or shown. */
  show(visible) {
    if (!visible) {
      this.leave();
      this._later("away", AWAY, () => {
        this.source?.close();
        this.source = null;
      });
    } else {
      clearTimeout(this.timers.away);
      if (!this.source) this.reconnect();
    }
  }

  /** The browser says that it lost or found the network. */
  network(online) {
    if (online) return void this.reconnect();
    this.source?.close();
    this.source = null;
    this.failures ||= 1;
    this._again();
    this._tell();
  }

  _later(name, delay, act) {
    clearTimeout(this.timers[name]);
    if (!this.closed) this.timers[name] = setTimeout(act, delay);
  }

  // ------------------------------------------------------------------ the browser's storage
  _keep() {
    const key = keyOf(this.workflow, this.client);
    const batches = this.waiting.map(({ id, operations }) => ({ id, operations }));
    try {
      if (batches.length) this.storage.setItem(key, JSON.stringify({ person: this.person, at: Date.now(), batches }));
      else this.storage.removeItem(key);
      this.unkept = false;
    } catch {
      this.unkept = batches.length > 0;
    }
  }

  _adopt() {
    const prefix = keyOf(this.workflow, "");
    const found = [];
    try {
      for (let index = 0; index < this.storage.length; index++) {
        const key = this.storage.key(index);
        if (!key.startsWith(prefix) || key === prefix + this.client) continue;
        const left = parsed(this.storage.getItem(key));
        if (left && left.person === this.person) found.push({ key, ...left });
      }
    } catch {
      return; // a browser that lets pages store nothing has kept nothing
    }
    if (!found.length) return;
    this.store.adopt(found.sort((a, b) => a.at - b.at).flatMap((left) => left.batches));
    this._keep();
    if (!this.unkept) found.forEach(({ key }) => this.storage.removeItem(key));
  }

  // ------------------------------------------------------------------ sending
  _edited(typing) {
    this._keep();
    this._tell();
    const now = Date.now();
    this.first ??= now;
    const rest = Math.max(0, this.first + TYPING_MOST - now);
    this._later("send", typing ? Math.min(this.delays.typing, rest) : 0, () => this._send());
  }

  /** Send now what is not sent. Gives whether the server has everything. */
  async flush(options) {
    while (this.waiting.length) if (!(await this._send(options))) return false;
    return !this.end;
  }

  /** One request at a time: who asks while one is under way waits for that one. */
  _send(options) {
    this.request ??= this._post(options).finally(() => {
      this.request = null;
      if (this.waiting.length && !this.failures && !this.end) this._later("send", 0, () => this._send());
    });
    return this.request;
  }

  async _post({ leaving = false } = {}) {
    clearTimeout(this.timers.send);
    this.first = undefined;
    const batches = this.waiting.slice(0, this.most);
    if (!batches.length || this.end) return !this.end;
    for (const batch of batches) batch.sent = true;
    try {
      const body = { client: this.client, batches: batches.map(({ id, operations }) => ({ id, operations })) };
      const keepalive = leaving && new Blob([JSON.stringify(body)]).size < KEPT_ALIVE;
      const answer = await this.call("POST", `${this.path}operations/`, { body, keepalive });
      this._reached();
      this._taken(answer, batches);
      return true;
    } catch (error) {
      return this._failed(error, batches);
    }
  }

  _taken(answer, batches) {
    const versions = new Map(answer.batches.map(({ id, version }) => [id, version]));
    for (const batch of batches) {
      batch.taken = true;
      this._take({ id: batch.id, version: versions.get(batch.id), operations: batch.operations });
    }
    this.told.onAnswer?.(answer);
    if (!this.waiting.length) this.most = MOST;
    this._keep();
    this._tell();
  }

  _failed(error, batches) {
    if (error.status === undefined) throw error;
    if (MALFORMED.has(error.status) && batches?.length > 1) {
      this.most = 1; // one by one, to find the one that cannot be stored
      return this._post();
    }
    if (MALFORMED.has(error.status) && batches) {
      this.store.drop(batches[0].id);
      this._keep();
      this._tell();
      this.told.onRefused?.(error.detail?.[0]?.message ?? error.message);
      return true;
    }
    if (error.status === 404) this._finish("deleted", error.message);
    else if (error.status === 403) this._finish("refused", error.message);
    else {
      if (!this.retrying) {
        this.failures++;
        this._again();
      }
      this._tell();
    }
    return false;
  }

  _finish(kind, reason) {
    this.end = { kind, reason };
    this.source?.close();
    this.source = null;
    this._tell();
  }

  _again() {
    const { retry } = this.delays;
    this.retrying = true;
    this._later("retry", retry[Math.min(this.failures, retry.length) - 1], () => {
      this.retrying = false;
      this.reconnect();
    });
  }

  _reached() {
    this.failures = 0;
    this.retrying = false;
    clearTimeout(this.timers.retry);
    if (!this.source && !this.closed && !this.end) this._listen();
  }

  // ------------------------------------------------------------------ receiving
  _listen() {
    this.source?.close();
    const source = this.events(`/api${this.path}edits?since=${this.store.version}&client=${encodeURIComponent(this.client)}`);
    this.source = source;
    const on = (name, handle) => source.addEventListener(name, (event) => this.source === source && handle(JSON.parse(event.data)));
    on("batch", (batch) => {
      const other = batch.client !== this.client;
      this._take(batch);
      if (!other) this._keep();
      else if (batch.operations.some(({ kind }) => kind !== "move")) this._later("refresh", this.delays.refresh, () => this._refresh());
      this._tell();
    });
    on("reset", ({ version }) => {
      if (version < this.store.version) this._forget(version);
      return this.reconnect();
    });
    on("people", ({ people }) => {
      this.people = people.filter((person) => person.client !== this.client);
      this._tell();
    });
    on("state", (state) => {
      if (state.deleted) this._finish("deleted");
      else this.told.onState?.(state);
    });
    source.onerror = () => {
      if (this.source !== source) return;
      source.close();
      this.source = null;
      this.reconnect();
    };
  }

  /** Put a batch where the server's order has it: batches that are early wait, batches that are late are known. */
  _take(batch) {
    if (batch.version <= this.store.version) {
      if (this.store.pending.some(({ id }) => id === batch.id)) this.store.settle([batch.id]);
      return;
    }
    this.inbox.set(batch.version, batch);
    this._drain();
  }

  _drain() {
    for (let next; (next = this.inbox.get(this.store.version + 1)); ) {
      this.inbox.delete(next.version);
      this.store.receive(next);
    }
    if (this.inbox.size) this._later("gap", this.source ? this.delays.gap : 0, () => this.inbox.size && this.reconnect());
    else clearTimeout(this.timers.gap);
  }

  /** Fetch the document anew, then listen from there and send what waits. */
  async reconnect() {
    if (this.closed || this.end) return;
    this.connecting ??= this._fetch().finally(() => (this.connecting = null));
    await this.connecting;
  }

  /** The server has an earlier document than this window, as after a backup was brought back: what it has counts. */
  _forget(version) {
    this.inbox.clear();
    this.store.version = version;
    this.store.settle(this.store.pending.filter((batch) => batch.taken).map(({ id }) => id));
  }

  async _fetch() {
    this.source?.close();
    this.source = null;
    try {
      this._anew(await this.call("GET", this.path));
      this._reached();
      this._tell();
      if (this.waiting.length) this._later("send", 0, () => this._send());
    } catch (error) {
      this._failed(error);
    }
  }

  _anew(answer) {
    if (this.closed) return;
    if (answer.version >= this.store.version) this.store.rebase(answer.document, answer.version);
    const held = [...this.inbox.values()].filter(({ version }) => version <= this.store.version);
    for (const { version } of held) this.inbox.delete(version);
    if (held.length) this.store.settle(held.map(({ id }) => id));
    this._drain();
    this.told.onAnswer?.(answer);
    this.told.onState?.(answer);
  }

  async _refresh() {
    try {
      const answer = await this.call("GET", this.path);
      if (!this.closed) this.told.onAnswer?.(answer);
    } catch {
      // The next edit asks again.
    }
  }
}

function parsed(text) {
  try {
    const left = JSON.parse(text);
    return Array.isArray(left?.batches) ? left : null;
  } catch {
    return null;
  }
}
