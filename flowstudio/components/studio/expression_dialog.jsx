// An expression in a large window: the data on the left, the text in the middle, what it comes to on the right.
import { Suspense, lazy, useEffect, useId, useMemo, useRef, useState } from "react";
import { X } from "lucide-react";
import { t } from "../texts/texts.js";
import { brief, member } from "./completion.js";
import { useEvaluation } from "./evaluation.js";
import { DRAGGED } from "./insertion.js";
import { quote } from "./references.js";
import { Result } from "./result.jsx";

const ExpressionEditor = lazy(() => import("./expression_editor.jsx"));
const DEEP = 4;
const WIDE = 60; // fields that one object shows

/** One value and what is in it; a click puts the way to it into the expression. */
function Branch({ name, value, path, insert, depth }) {
  const inner = value && typeof value === "object" ? Object.entries(value).slice(0, WIDE) : [];
  const button = (
    <button
      type="button" className="fs-datum" draggable title={path} aria-label={t("expression.insert", { name: path })}
      onClick={() => insert(path)} onDragStart={(event) => {
        event.dataTransfer.setData(DRAGGED, path);
        event.dataTransfer.effectAllowed = "copy";
      }}
    ><b>{name}</b> <span>{inner.length ? "" : brief(value)}</span></button>
  );
  if (!inner.length || depth >= DEEP) return <li>{button}</li>;
  return (
    <li>
      {button}
      <ul>{inner.map(([key, child]) => (
        <Branch key={key} name={key} value={child} path={path + (Array.isArray(value) ? `[${key}]` : member(key))} insert={insert} depth={depth + 1} />
      ))}</ul>
    </li>
  );
}

function Data({ scene, insert }) {
  const [world, setWorld] = useState(null);
  useEffect(() => {
    let gone = false;
    scene.world().then((found) => !gone && setWorld(found)).catch(() => !gone && setWorld({ nodes: [] }));
    return () => { gone = true; };
  }, [scene]);
  if (!world) return <p className="fs-quiet">{t("expression.busy")}</p>;
  const trees = [
    ...(world.json ? [{ name: t("expression.input"), path: "$json", value: world.json }] : []),
    ...world.nodes.filter((node) => node.json).map(({ label, json }) => ({ name: label, path: `$(${quote(label)}).item.json`, value: json })),
  ];
  if (!trees.length) return <p className="fs-quiet">{t("expression.no_data")}</p>;
  return (
    <>
      <p className="fs-quiet">{t("expression.data_hint")}</p>
      {trees.map((tree) => <ul key={tree.path} className="fs-data-tree"><Branch {...tree} insert={insert} depth={0} /></ul>)}
    </>
  );
}

export default function ExpressionDialog({ title, value, onChange, scene, onClose }) {
  const heading = useId();
  const dialog = useRef(null);
  const editor = useRef(null);
  const [opened, setOpened] = useState(null);
  const answer = useEvaluation(scene, value, true);
  useEffect(() => {
    const shown = dialog.current;
    shown.showModal();
    setOpened(shown);
    return () => shown.close();
  }, []);
  const insert = useMemo(() => (code) => editor.current?.insert(code), []);
  return (
    <dialog
      ref={dialog} className="fs-dialog fs-expression-dialog" aria-labelledby={heading} onCancel={(event) => { event.preventDefault(); onClose(); }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header>
        <h2 id={heading}>{t("expression.title", { title })}</h2>
        <button type="button" className="fs-tool" aria-label={t("app.close")} onClick={onClose}><X size={16} aria-hidden="true" /></button>
      </header>
      <div className="fs-expression-panes">
        <section aria-label={t("expression.data")}><Data scene={scene} insert={insert} /></section>
        <section aria-label={t("form.expression")}>
          <Suspense fallback={<p className="fs-quiet">{t("expression.busy")}</p>}>
            {opened && <ExpressionEditor value={value} onChange={onChange} label={title} scene={scene} handle={editor} autoFocus tooltipParent={opened} large />}
          </Suspense>
        </section>
        <section aria-label={t("expression.result")}><Result answer={answer} setItem={scene.setItem} large /></section>
      </div>
      <div className="fs-dialog-actions"><button type="button" className="fs-button fs-button-primary" onClick={onClose}>{t("expression.done")}</button></div>
    </dialog>
  );
}
