// A field that holds an expression: the text, and below it what it comes to for one item.
import { Suspense, lazy, useId, useRef, useState } from "react";
import { Maximize2 } from "lucide-react";
import { t } from "../texts/texts.js";
import { useEvaluation } from "./evaluation.js";
import { afterPress } from "./pressing.js";
import { Result } from "./result.jsx";

const load = () => import("./expression_editor.jsx");
const ExpressionEditor = lazy(load);
const ExpressionDialog = lazy(() => import("./expression_dialog.jsx"));

/** Fetch the editor before somebody needs it. */
export const preload = () => void load().catch(() => {});

export function Expression({ title, value, onChange, disabled, describedBy, invalid, autoFocus, handle, scene }) {
  const result = useId();
  const box = useRef(null);
  const [active, setActive] = useState(false);
  const [large, setLarge] = useState(false);
  const answer = useEvaluation(scene, value, active && !large && !disabled);
  const described = [describedBy, active ? result : null].filter(Boolean).join(" ") || undefined;
  const leave = (event) => !box.current.contains(event.relatedTarget) && afterPress(() => !box.current?.contains(document.activeElement) && setActive(false));
  return (
    <div ref={box} className="fs-expression-box" onFocus={() => setActive(true)} onBlur={leave}>
      <div className="fs-expression-line">
        <Suspense fallback={<textarea className="fs-input" rows={1} aria-label={title} value={value.slice(1)} disabled={disabled} onChange={(event) => onChange(`=${event.target.value}`)} />}>
          <ExpressionEditor value={value} onChange={onChange} label={title} describedBy={described} invalid={invalid} readOnly={disabled} scene={scene} handle={handle} autoFocus={autoFocus} />
        </Suspense>
        {scene && !disabled && (
          <button type="button" className="fs-tool fs-tool-small" aria-label={t("form.expand", { title })} title={t("form.expand", { title })} onClick={() => setLarge(true)}>
            <Maximize2 size={13} aria-hidden="true" />
          </button>
        )}
      </div>
      {scene && active && !disabled && <Result id={result} answer={answer} setItem={scene.setItem} />}
      {large && <Suspense fallback={null}><ExpressionDialog title={title} value={value} onChange={onChange} scene={scene} onClose={() => setLarge(false)} /></Suspense>}
    </div>
  );
}
