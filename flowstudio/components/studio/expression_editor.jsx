// The text of an expression, with its {{ }} parts told apart. Loaded when a field first needs it.
import { useEffect, useRef } from "react";
import { acceptCompletion } from "@codemirror/autocomplete";
import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { Annotation, EditorState } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, drawSelection, dropCursor, keymap, placeholder } from "@codemirror/view";
import { t } from "../texts/texts.js";
import { DRAGGED, insertIntoExpression } from "./insertion.js";
import { templateParts } from "./references.js";
import { suggestions } from "./suggestions.js";

const OUTSIDE = Annotation.define();
const TOKEN = /("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\.)*`?)|(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(\$[\w$]*)|\b(\d+(?:\.\d+)?)\b|\b(true|false|null|undefined|new|typeof|instanceof|in|of|return|const|let|function|if|else|for)\b/g;
const CLASSES = ["fs-x-string", "fs-x-comment", "fs-x-name", "fs-x-number", "fs-x-word"];
const mark = (name) => Decoration.mark({ class: name });
const CODE = mark("fs-x-code");
const BRACES = mark("fs-x-braces");
const UNCLOSED = mark("fs-x-unclosed");
const MARKS = CLASSES.map(mark);

function decorate(text) {
  const ranges = [];
  for (const part of templateParts(text)) {
    if (part.code === undefined) continue;
    const from = part.start + 2;
    const to = from + part.code.length;
    if (part.end > part.start) ranges.push(CODE.range(part.start, part.end));
    ranges.push((part.closed ? BRACES : UNCLOSED).range(part.start, from));
    if (part.closed) ranges.push(BRACES.range(to, part.end));
    for (const found of part.code.matchAll(TOKEN)) {
      const kind = found.slice(1).findIndex((group) => group !== undefined);
      if (found[0]) ranges.push(MARKS[kind].range(from + found.index, from + found.index + found[0].length));
    }
  }
  return Decoration.set(ranges, true);
}

const highlighting = ViewPlugin.fromClass(class {
  constructor(view) { this.decorations = decorate(view.state.doc.toString()); }
  update(update) { if (update.docChanged) this.decorations = decorate(update.state.doc.toString()); }
}, { decorations: (plugin) => plugin.decorations });

/** The {{ }} around a position. */
function codeAt(text, position) {
  const part = templateParts(text).find((found) => found.code !== undefined && position >= found.start + 2 && position <= found.start + 2 + found.code.length);
  return part ? { code: part.code, start: part.start + 2 } : null;
}

/**
 * `value` is the expression with its "="; `handle` receives {focus(), insert(code, point)}. `tooltipParent` is where lists are drawn:
 * a dialog lies above the rest of the page.
 */
export default function ExpressionEditor({ value, onChange, label, describedBy, invalid, readOnly, scene, handle, autoFocus, tooltipParent, large }) {
  const host = useRef(null);
  const view = useRef(null);
  const latest = useRef({});
  latest.current = { onChange, scene };
  const sceneRef = useRef(scene);
  sceneRef.current = scene;

  useEffect(() => {
    const attributes = { "aria-label": label, role: "textbox", "aria-multiline": "true", spellcheck: "false" };
    const insert = (code, point) => {
      const at = point ? view.current.posAtCoords(point, false) : view.current.state.selection.main.head;
      const text = view.current.state.doc.toString();
      const { text: next, caret } = insertIntoExpression(`=${text}`, at + 1, code);
      view.current.dispatch({ changes: { from: 0, to: text.length, insert: next.slice(1) }, selection: { anchor: caret - 1 }, userEvent: "input.drop", scrollIntoView: true });
      view.current.focus();
    };
    view.current = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value.slice(1),
        selection: { anchor: value.length - 1 },
        extensions: [
          history(), drawSelection(), dropCursor(), EditorView.lineWrapping, highlighting, placeholder(t("expression.hint")),
          suggestions({ scene: sceneRef, codeAt, parent: tooltipParent }),
          keymap.of([{ key: "Tab", run: acceptCompletion }, ...standardKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of(attributes), EditorState.readOnly.of(Boolean(readOnly)), EditorView.editable.of(!readOnly),
          EditorView.updateListener.of((update) => update.docChanged && !update.transactions.some((one) => one.annotation(OUTSIDE)) && latest.current.onChange(`=${update.state.doc}`)),
          EditorView.domEventHandlers({
            drop(event) {
              const code = event.dataTransfer?.getData(DRAGGED);
              if (!code || readOnly) return false;
              event.preventDefault();
              event.stopPropagation();
              insert(code, { x: event.clientX, y: event.clientY });
              return true;
            },
          }),
        ],
      }),
    });
    if (handle) handle.current = { focus: () => view.current?.focus(), insert };
    if (autoFocus) view.current.focus();
    return () => {
      if (handle) handle.current = null;
      view.current.destroy();
      view.current = null;
    };
  }, [label, readOnly]); // eslint-disable-line react-hooks/exhaustive-deps -- the editor owns the text from here on

  useEffect(() => {
    const { contentDOM } = view.current;
    if (describedBy) contentDOM.setAttribute("aria-describedby", describedBy);
    else contentDOM.removeAttribute("aria-describedby");
    contentDOM.setAttribute("aria-invalid", String(Boolean(invalid)));
  }, [describedBy, invalid]);

  useEffect(() => { // values from outside: undo, another person, a drop
    const editor = view.current;
    const text = editor.state.doc.toString();
    if (`=${text}` === value) return;
    editor.dispatch({ changes: { from: 0, to: text.length, insert: value.slice(1) }, annotations: OUTSIDE.of(true) });
  }, [value]);

  return (
    <div
      ref={host} className={`fs-expression${large ? " is-large" : ""}${invalid ? " is-invalid" : ""}`}
      onKeyDown={(event) => event.key === "Escape" && event.nativeEvent.defaultPrevented && event.stopPropagation()}
    />
  );
}
