// Completion for CodeMirror, out of completion.js and the server. Loaded with the editors.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import { EditorView, keymap, tooltips } from "@codemirror/view";
import { t } from "../texts/texts.js";
import { complete, member, membersOf } from "./completion.js";

const SECTIONS = Object.fromEntries([
  ["fields", t("expression.fields")], ["steps", t("expression.steps")], ["members", t("expression.members")],
  ["methods", t("expression.methods")], ["globals", t("expression.globals")], ["language", t("expression.language")],
].map(([name, title], rank) => [name, { name: title, rank }]));
const OFFERS = /[\w$.'"`[(]$/;

/** An option as CodeMirror shows and applies it. `from` is where it goes, in the document. */
function shown(option, dot) {
  return {
    label: option.label, detail: option.doc, section: SECTIONS[option.section], type: option.type,
    apply(view, _, from, to) {
      let text = option.apply;
      let start = from;
      if (option.field && option.plain === false && dot !== undefined) {
        text = member(option.label);
        start = dot;
      }
      const follows = view.state.sliceDoc(to, to + 1);
      let end = to;
      if (option.closes) {
        if (follows && text.endsWith(follows) && /["'`]/.test(follows)) end++;
        const closer = view.state.sliceDoc(Math.max(0, from - 1), from) === "[" ? "]" : ")";
        if (view.state.sliceDoc(end, end + 1) !== closer) text += closer;
        else end++, text += closer;
      }
      const caret = start + text.length - (option.inside ? 1 : 0);
      view.dispatch({ changes: { from: start, to: end, insert: text }, selection: { anchor: caret }, userEvent: "input.complete", scrollIntoView: true });
    },
  };
}

/**
 * Completion and brackets. `scene` gives {world(), ask(operand)}; `codeAt(text, position)` gives the stretch of code around a
 * position as {code, start}, or null outside of code; `parent` is where the list is drawn.
 */
export function suggestions({ scene, codeAt, parent, code = false }) {
  const source = async (context) => {
    const place = codeAt(context.state.doc.toString(), context.pos);
    if (!place || !scene.current) return null;
    const before = place.code.slice(0, context.pos - place.start);
    if (!context.explicit && before.trim() && !OFFERS.test(before)) return null;
    let world = {};
    try {
      world = await scene.current.world();
    } catch {
      // Without the server the names that need no data are still offered.
    }
    if (context.aborted) return null;
    const found = complete(place.code, context.pos - place.start, { ...world, code });
    if (!found) return null;
    const dot = found.dot === undefined ? undefined : place.start + found.dot;
    let { options } = found;
    if (found.ask) {
      const value = await scene.current.ask(found.ask).catch(() => null);
      if (!value || context.aborted) return null;
      options = membersOf(value);
    }
    return options.length ? { from: place.start + found.from, options: options.map((option) => shown(option, dot)), validFor: /^[\w$]*$/ } : null;
  };
  return [
    autocompletion({ override: [source], icons: false, activateOnTypingDelay: 60, interactionDelay: 0, defaultKeymap: false }),
    closeBrackets(),
    keymap.of([...closeBracketsKeymap, ...completionKeymap]),
    tooltips({ position: "fixed", parent: parent ?? document.body }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged || !update.transactions.some((transaction) => transaction.isUserEvent("input.type"))) return;
      const { head } = update.state.selection.main;
      if (update.state.sliceDoc(Math.max(0, head - 2), head) === "{{") startCompletion(update.view);
    }),
  ];
}
