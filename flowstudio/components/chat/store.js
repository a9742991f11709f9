// A chat as the browser knows it. Kept outside React; words are handed on in batches, so that drawing keeps up with any model.
import { readEvents } from "./events.js";

export const BATCH = 50; // ms between two drawings of an answer that is being written
const AGAIN = 1000, TRIES = 5; // ms before a broken stream is picked up again, and how often

/**
 * `api` has `history()`, `send(body)`, `watch()`, `stop()` and `rate(number, rating)`; `send` and `watch` give a response with
 * events, `history` gives turns. `told(turn)` hears of each turn that begins.
 */
export class ChatStore {
  constructor(api, { told = () => {}, lost = "" } = {}) {
    this.api = api;
    this.told = told;
    this.lost = lost;
    this.turns = [];
    this.doings = new Map(); // number of a turn -> what the workflow did
    this.error = null; // why the last message was not taken
    this.busy = false;
    this.listeners = new Set();
    this.version = 0;
    this.buffer = "";
    this.timer = null;
    this.drawn = -Infinity;
    this.round = 0; // counts the streams; what an old one brings is dropped
  }

  subscribe = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  _tell() {
    this.version++;
    this.listeners.forEach((listener) => listener());
  }

  get last() {
    return this.turns.at(-1);
  }

  _change(number, change) {
    const at = this.turns.findIndex((turn) => turn.number === number);
    if (at >= 0) this.turns = this.turns.with(at, { ...this.turns[at], ...change });
  }

  /** Read what was said; go on reading where an answer is being written. */
  async load() {
    const round = ++this.round;
    const turns = await this.api.history();
    if (round !== this.round) return;
    this.turns = turns;
    this.doings = new Map();
    this.error = null;
    this.busy = this.last?.status === "running";
    this._tell();
    if (this.busy) this._pickUp(round);
  }

  /** Forget what is shown, as for a new chat. */
  reset() {
    this.round++;
    this._flush(true);
    Object.assign(this, { turns: [], doings: new Map(), error: null, busy: false });
    this._tell();
  }

  /** Say something; `replaces` is the number of a turn that it stands in for. Gives whether it was taken. */
  async send(body) {
    if (this.busy) return false;
    const round = ++this.round;
    const before = this.turns;
    this.error = null;
    this.busy = true;
    const kept = body.replaces ? before.filter((turn) => turn.number < body.replaces) : before;
    const files = body.keep_files ? before.find((turn) => turn.number === body.replaces)?.files ?? [] : (body.files ?? []).map(({ name, mime_type: type, size }) => ({ name, mime_type: type, size }));
    this.turns = [...kept, { number: (kept.at(-1)?.number ?? 0) + 1, text: body.message, files, messages: [], live: "", status: "running", error: null, rating: 0, pending: true }];
    this._tell();
    try {
      await this._read(await this.api.send(body), round);
    } catch (error) {
      if (round !== this.round) return true;
      if (this.last?.pending) {
        Object.assign(this, { turns: before, error: error.message, busy: false });
        this._tell();
        return false;
      }
    }
    if (round === this.round && this.busy) await this._pickUp(round);
    return true;
  }

  /** Read on after the stream broke off. */
  async _pickUp(round) {
    for (let tries = 0; tries < TRIES && round === this.round && this.busy; tries++) {
      if (tries) await new Promise((resolve) => setTimeout(resolve, AGAIN * tries));
      try {
        await this._read(await this.api.watch(), round);
      } catch {
        // The next try may reach it.
      }
    }
    if (round !== this.round || !this.busy) return;
    this.busy = false;
    this.error = this.lost;
    this._tell();
  }

  async stop() {
    try {
      await this.api.stop();
    } catch (error) {
      this.error = error.message;
      this._tell();
    }
  }

  async rate(number, rating) {
    const before = this.turns.find((turn) => turn.number === number)?.rating;
    this._change(number, { rating });
    this._tell();
    try {
      await this.api.rate(number, rating);
    } catch (error) {
      this._change(number, { rating: before });
      this.error = error.message;
      this._tell();
    }
  }

  _read(response, round) {
    return readEvents(response, (kind, data) => round === this.round && this._take(kind, data));
  }

  _take(kind, data) {
    if (kind !== "text") this._flush();
    const number = this.last?.number;
    switch (kind) {
      case "turn": {
        const { turn } = data;
        this.turns = [...this.turns.filter((one) => one.number < turn.number), turn];
        this.busy = turn.status === "running";
        this.told(turn);
        break;
      }
      case "text":
        this.buffer += data.text;
        this._schedule();
        return;
      case "discard": this._change(number, { live: "" }); break;
      case "message": this._change(number, { live: "", messages: [...this.last.messages, data] }); break;
      case "messages": this._change(number, { messages: data.messages }); break;
      case "activity": {
        const before = this.doings.get(number) ?? [];
        const at = before.findIndex((one) => one.key === data.key);
        this.doings.set(number, at < 0 ? [...before, data] : before.with(at, data));
        this.doings = new Map(this.doings);
        break;
      }
      case "done":
        this._change(data.number ?? number, { ...data, live: "", pending: false });
        this.busy = false;
        break;
      default: return;
    }
    this._tell();
  }

  /** The first words are drawn at once, those that follow closely together. */
  _schedule() {
    const left = this.drawn + BATCH - performance.now();
    if (left <= 0) {
      this._flush();
      this._tell();
    } else this.timer ??= setTimeout(() => { this._flush(); this._tell(); }, left);
  }

  _flush(drop = false) {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.buffer && !drop && this.last) this._change(this.last.number, { live: (this.last.live ?? "") + this.buffer });
    if (this.buffer) this.drawn = performance.now();
    this.buffer = "";
  }
}
