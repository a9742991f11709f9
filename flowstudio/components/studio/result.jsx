// What an expression comes to for one item, below its field.
import { ChevronLeft, ChevronRight } from "lucide-react";
import { t } from "../texts/texts.js";

/** What the server says about an expression, in words. */
export function inWords(message) {
  if (message.startsWith("Invalid syntax: ")) return t("expression.typo", { reason: message.slice(16) });
  if (message.includes("$fromAI works only")) return t("expression.from_ai");
  if (/^TypeError: (.* is )?not a function$/.test(message)) return t("expression.no_method");
  const unknown = /^ReferenceError: '?([\w$]+)'? is not defined$/.exec(message);
  return unknown ? t("expression.unknown_name", { name: unknown[1] }) : message;
}

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, typeof value === "object" ? 1 : 0));

/** A value as people read it. */
export function Value({ value, cut }) {
  if (value === null || value === undefined) return <em className="fs-quiet">{t("expression.nothing")}</em>;
  if (value === "") return <em className="fs-quiet">{t("expression.empty")}</em>;
  return <><span className={`fs-result-text fs-value-${typeof value}`}>{text(value)}</span>{cut && <small className="fs-quiet"> {t("expression.cut")}</small>}</>;
}

/** One item back or on. A button that can do nothing keeps the focus, so that the result stays. */
export function Stepper({ answer, setItem }) {
  if (!answer || answer.items < 2) return null;
  const { item, items } = answer;
  return (
    <span className="fs-stepper" role="group" aria-label={t("expression.item", { number: item + 1, count: items })}>
      <button type="button" aria-label={t("expression.previous")} aria-disabled={item === 0} onClick={() => item > 0 && setItem(item - 1)}><ChevronLeft size={14} aria-hidden="true" /></button>
      <span aria-hidden="true">{item + 1} / {items}</span>
      <button type="button" aria-label={t("expression.next")} aria-disabled={item >= items - 1} onClick={() => item < items - 1 && setItem(item + 1)}><ChevronRight size={14} aria-hidden="true" /></button>
    </span>
  );
}

export function Result({ answer, setItem, id, large }) {
  const problem = answer?.error;
  return (
    <div className={`fs-result${problem ? (problem.code === "no_data" || problem.message.includes("$fromAI works only") ? " is-empty" : " is-error") : ""}${large ? " is-large" : ""}`}>
      <div className="fs-result-head">
        <span>{t("expression.result")}{answer?.origin === "pinned" && <> · {t("expression.pinned")}</>}</span>
        <Stepper answer={answer} setItem={setItem} />
      </div>
      <output id={id} className="fs-result-value" aria-live="polite" aria-label={t("expression.result")} tabIndex={large ? 0 : undefined}>
        {!answer ? <em className="fs-quiet">{t("expression.busy")}</em> : problem ? inWords(problem.message) : <Value value={answer.value} cut={answer.cut} />}
      </output>
      {answer?.stray && <p className="fs-result-stray" role="note">{t(answer.stray.near ? "expression.stray_near" : "expression.stray", answer.stray)}</p>}
    </div>
  );
}
