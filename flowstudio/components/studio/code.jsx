// A code editor. Loaded only when a field needs one.
import { useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import CodeMirror, { EditorView } from "@uiw/react-codemirror";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { Decoration, keymap, tooltips } from "@codemirror/view";
import { Maximize2, X } from "lucide-react";
import { t } from "../texts/texts.js";
import { DRAGGED } from "./insertion.js";
import { suggestions } from "./suggestions.js";

const LANGUAGES = { python, javascript, json };
const SETUP = { foldGutter: false, highlightActiveLineGutter: false, searchKeymap: false, autocompletion: false, completionKeymap: false, closeBracketsKeymap: false, closeBrackets: false };
const WHOLE = (code) => ({ code, start: 0 });
const PYTHON_NAMES = ["items", "item", "_input.all()", "_input.first()", "_input.last()", "_json", "_binary", "_itemIndex", "_now", "_today", "_workflow", "_execution", "_vars", "_runIndex", "_prevNode"];

/** Names that Python code knows here, and the other steps. */
function pythonNames(scene) {
  return async (context) => {
    const word = context.matchBefore(/[\w("'. ]*$/);
    const name = context.matchBefore(/\w*$/);
    const step = /_\(\s*["']?$/.test(word?.text ?? "");
    if (!context.explicit && !step && !/^\w{1,}$/.test(name?.text ?? "")) return null;
    const world = await scene.current?.world().catch(() => null);
    const steps = (world?.nodes ?? []).map(({ label }) => ({ label: `_(${JSON.stringify(label)})`, type: "step" }));
    const fields = /_json\.$|\[["']json["']\]\.$/.test(context.state.sliceDoc(Math.max(0, name.from - 16), name.from)) ? Object.keys(world?.json ?? {}) : null;
    if (fields) return { from: name.from, options: fields.map((label) => ({ label, type: "field" })) };
    if (context.state.sliceDoc(Math.max(0, name.from - 1), name.from) === ".") return null;
    return { from: name.from, options: [...PYTHON_NAMES.map((label) => ({ label, type: "property" })), ...steps] };
  };
}

/** The line at which the last run failed. */
const failedLine = (number) => EditorView.decorations.compute(["doc"], (state) => {
  if (!number || number > state.doc.lines) return Decoration.none;
  const { from } = state.doc.line(number);
  return Decoration.set([Decoration.line({ class: "fs-failed-line", attributes: { title: t("expression.line_failed") } }).range(from)]);
});

export default function CodeEditor({ value, language, dark, label, disabled, onChange, scene, handle, failure, describedBy, expandable, inDialog }) {
  // The editor owns the text while somebody types; values from outside (undo) replace it.
  const [text, setText] = useState(value);
  const [large, setLarge] = useState(false);
  const sent = useRef(value);
  const view = useRef(null);
  const sceneRef = useRef(scene);
  sceneRef.current = scene;
  const failedText = useRef({});
  if (failedText.current.failure !== failure) failedText.current = { failure, text: value };
  const line = failure && failedText.current.text === text ? failure.line : null;
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (!handle) return undefined;
    handle.current = {
      focus: () => view.current?.focus(),
      insert: (code, point) => {
        const editor = view.current;
        const at = point ? editor.posAtCoords(point, false) : editor.state.selection.main.head;
        editor.dispatch({ changes: { from: at, insert: code }, selection: { anchor: at + code.length }, userEvent: "input.drop" });
        editor.focus();
      },
    };
    return () => { handle.current = null; };
  }, [handle]);
  const extensions = useMemo(() => [
    ...(LANGUAGES[language] ? [LANGUAGES[language]()] : []),
    ...(language === "javascript" && scene ? [suggestions({ scene: sceneRef, codeAt: WHOLE, parent: inDialog, code: true })] : []),
    ...(language === "python" && scene ? [autocompletion({ override: [pythonNames(sceneRef)], icons: false }), keymap.of(completionKeymap), tooltips({ position: "fixed", parent: inDialog ?? document.body })] : []),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", ...(describedBy && { "aria-describedby": describedBy }) }),
    EditorView.lineWrapping,
    EditorView.domEventHandlers({ drop: (event) => event.dataTransfer?.types.includes(DRAGGED) ?? false }), // the field takes it
    failedLine(line),
  ], [language, label, describedBy, line, Boolean(scene), inDialog]); // eslint-disable-line react-hooks/exhaustive-deps
  /** Line numbers stay beside their lines also when styles or fonts arrive after the editor. */
  const watched = useCallback((editor) => {
    view.current = editor;
    new ResizeObserver(() => editor.requestMeasure()).observe(editor.contentDOM);
  }, []);
  const own = language === "javascript" || language === "python";
  return (
    <div className={`fs-code-box${own ? " is-code" : ""}${inDialog ? " is-large" : ""}`}
      onKeyDown={(event) => event.key === "Escape" && event.nativeEvent.defaultPrevented && event.stopPropagation()}>
      <CodeMirror
        className="fs-code" value={text} theme={dark ? "dark" : "light"} basicSetup={SETUP} extensions={extensions} onCreateEditor={watched}
        readOnly={disabled} indentWithTab={false} onChange={(next) => { sent.current = next; setText(next); onChange(next); }}
      />
      {expandable && (
        <button type="button" className="fs-tool fs-tool-small" aria-label={t("form.expand", { title: label })} title={t("form.expand", { title: label })} onClick={() => setLarge(true)}>
          <Maximize2 size={13} aria-hidden="true" />
        </button>
      )}
      {large && <CodeDialog {...{ value: text, language, dark, label, disabled, onChange, scene, failure, onClose: () => setLarge(false) }} />}
    </div>
  );
}

function CodeDialog({ onClose, label, ...rest }) {
  const heading = useId();
  const dialog = useRef(null);
  const [opened, setOpened] = useState(null);
  useEffect(() => {
    const shown = dialog.current;
    shown.showModal();
    setOpened(shown);
    return () => shown.close();
  }, []);
  return (
    <dialog ref={dialog} className="fs-dialog fs-expression-dialog" aria-labelledby={heading} onCancel={(event) => { event.preventDefault(); onClose(); }} onKeyDown={(event) => event.stopPropagation()}>
      <header>
        <h2 id={heading}>{label}</h2>
        <button type="button" className="fs-tool" aria-label={t("app.close")} onClick={onClose}><X size={16} aria-hidden="true" /></button>
      </header>
      {opened && <CodeEditor {...rest} label={label} inDialog={opened} />}
      <div className="fs-dialog-actions"><button type="button" className="fs-button fs-button-primary" onClick={onClose}>{t("expression.done")}</button></div>
    </dialog>
  );
}
