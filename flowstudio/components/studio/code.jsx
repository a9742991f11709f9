// A code editor. Loaded only when a field needs one.
import { useEffect, useMemo, useRef, useState } from "react";
import CodeMirror, { EditorView } from "@uiw/react-codemirror";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";

const LANGUAGES = { python, javascript, json };
const SETUP = { foldGutter: false, highlightActiveLineGutter: false, searchKeymap: false };

export default function CodeEditor({ value, language, dark, label, readOnly, onChange }) {
  // The editor owns the text while somebody types; values from outside (undo) replace it.
  const [text, setText] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);
  const extensions = useMemo(() => [
    ...(LANGUAGES[language] ? [LANGUAGES[language]()] : []),
    EditorView.contentAttributes.of({ "aria-label": label }),
    EditorView.lineWrapping,
  ], [language, label]);
  return (
    <CodeMirror
      className="fs-code" value={text} theme={dark ? "dark" : "light"} basicSetup={SETUP} extensions={extensions}
      readOnly={readOnly} minHeight="72px" maxHeight="420px" indentWithTab={false}
      onChange={(next) => { sent.current = next; setText(next); onChange(next); }}
    />
  );
}
