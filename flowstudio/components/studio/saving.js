// Saves the document a moment after the last change. Says at any time whether everything is on the server.
import { ApiError, call, get } from "./api.js";

const DELAY = 700;
const RETRY = 4000;

export class Saver {
  /** `state` is {kind: saved|unsaved|saving|failed|conflict, reason}. */
  constructor(store, workflowId, version, onAnswer) {
    this.store = store;
    this.path = `/workflows/${encodeURIComponent(workflowId)}/`;
    this.version = version;
    this.onAnswer = onAnswer;
    this.saved = store.revision;
    this.state = { kind: "saved" };
    this.listeners = new Set();
    this.timer = null;
    this.request = null;
    this.stop = store.subscribe(() => this._look());
  }

  subscribe = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  _become(kind, reason) {
    this.state = { kind, reason };
    this.listeners.forEach((listener) => listener());
  }

  get dirty() {
    return this.store.revision !== this.saved;
  }

  _look() {
    if (!this.dirty || this.state.kind === "conflict") return;
    if (this.state.kind !== "saving") this._become("unsaved");
    this._later(DELAY);
  }

  _later(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), delay);
  }

  /** Save now what is not saved. Gives whether everything is on the server. */
  async flush() {
    clearTimeout(this.timer);
    while (this.request) await this.request;
    if (!this.dirty) return true;
    if (this.state.kind === "conflict") return false;
    this.request = this._save().finally(() => (this.request = null));
    await this.request;
    return this.dirty ? this.state.kind !== "failed" && this.state.kind !== "conflict" && this.flush() : true;
  }

  async _save() {
    const revision = this.store.revision;
    this._become("saving");
    try {
      const answer = await call("PUT", this.path, {
        body: this.store.document(), headers: { "If-Match": `"${this.version}"` },
      });
      this.version = answer.version;
      this.saved = revision;
      this._become(this.dirty ? "unsaved" : "saved");
      this.onAnswer?.(answer);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this._become(error.status === 409 ? "conflict" : "failed", error.message);
      if (error.status === 0 || error.status >= 500) this._later(RETRY);
    }
  }

  /** Throw the own changes away and take what is on the server. */
  async reload() {
    const answer = await get(this.path);
    this.store.load(answer.document, answer.ports);
    this.version = answer.version;
    this.saved = this.store.revision;
    this._become("saved");
    this.onAnswer?.(answer);
  }

  /** Store the own document as the newest version; the other one stays in the history. */
  async keep() {
    this.version = (await get(this.path)).version;
    this._become("unsaved");
    await this.flush();
  }

  close() {
    clearTimeout(this.timer);
    this.stop();
  }
}
