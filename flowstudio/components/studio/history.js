// What one person can undo and redo. Steps are operations that take something back, with the state in which they still may.
import { inverse, marks, merged, stillOwn } from "./operations.js";

const STEPS = 200;
export const COALESCE = 1200; // ms within which typing in one field is one step

export class History {
  constructor() {
    this.undo = []; // {back: operations, left: what the change left there, merge, at, batch}
    this.redo = [];
  }

  /** Remember a change from `before` to `after`. `merge` names changes that are one step when they follow each other quickly. */
  record(before, after, operations, { merge, batch }) {
    const back = inverse(before, operations);
    const last = this.undo.at(-1);
    const both = merge && last?.merge === merge && Date.now() - last.at < COALESCE && merged(back, last.back);
    if (both) Object.assign(last, { back: both, left: marks(after, both), at: Date.now(), batch });
    else this.undo.push({ back, left: marks(after, back), merge, at: Date.now(), batch });
    if (this.undo.length > STEPS) this.undo.shift();
    this.redo = [];
  }

  /**
   * Operations that take the last change back (`direction` "undo") or do it again ("redo"), or null when there is none.
   * What other people have changed or deleted since is left alone; steps of which nothing remains are passed over.
   */
  travel(direction, document, batch) {
    const [from, to] = direction === "undo" ? [this.undo, this.redo] : [this.redo, this.undo];
    while (from.length) {
      const step = from.pop();
      const operations = stillOwn(document, step.back, step.left);
      const back = inverse(document, operations);
      if (!back.length) continue;
      return [operations, (after) => to.push({ back, left: marks(after, back), at: 0, batch })];
    }
    return null;
  }

  /** Forget the step of a batch that the server refused. */
  forget(batch) {
    this.undo = this.undo.filter((step) => step.batch !== batch);
    this.redo = this.redo.filter((step) => step.batch !== batch);
  }
}
