// What happened within a try of a step: turns of models, calls of tools, what was remembered and looked up.
import { useState } from "react";
import { BookOpen, Brain, Globe, History, Library, MessageSquareText, Wrench } from "lucide-react";
import { formatDuration, formatNumber, t } from "../texts/texts.js";
import { formatCost, usageText } from "./usage.js";
import "./steps.css";

export const STEP_ICONS = { model: Brain, tool: Wrench, memory: History, embedder: Library, retriever: BookOpen, message: MessageSquareText, http: Globe };

/** The model's or the tool's name; a message that was sent has none of its own. */
export const stepName = ({ kind, name }) => (kind === "message" ? t("steps.message") : name);

const BRIEF = 301; // letters that the server tells while a step's execution runs
const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const isMessage = (value) => typeof value === "object" && value !== null && typeof value.role === "string";

function Block({ title, children }) {
  return <section className="fs-turn"><h4>{title}</h4>{children}</section>;
}

/** A text as it is, or data as JSON. */
const Value = ({ value }) => <pre className={typeof value === "string" ? "fs-said" : "fs-json"} tabIndex={0}>{asText(value)}</pre>;

/** What a model says right now. */
export function Words({ words }) {
  return (
    <div className="fs-words" role="status" aria-live="off" aria-label={t("steps.words")}>
      {words.reasoning && <p className="fs-said fs-quiet">{words.reasoning}</p>}
      {words.text && <p className="fs-said">{words.text}</p>}
    </div>
  );
}

/** A message: words, thoughts, what was called, what came back. */
function Message({ message, plain }) {
  return (
    <div className={plain ? undefined : "fs-message"}>
      {!plain && <strong>{t(`steps.role_${message.role}`)}</strong>}
      {message.reasoning?.map((text, index) => text && <details key={index} className="fs-thoughts"><summary>{t("steps.reasoning")}</summary><p className="fs-said">{text}</p></details>)}
      {message.text && <p className="fs-said">{message.text}</p>}
      {message.files?.map((file, index) => <p key={index} className="fs-quiet">{t("steps.file", { name: file.name || file.mime_type, size: formatNumber(file.size) })}</p>)}
      {message.calls?.map((call) => <div key={call.id}><p className="fs-quiet">{t("steps.calls", { name: call.name })}</p><Value value={call.arguments} /></div>)}
      {message.results?.map((result) => <div key={result.id}><p className="fs-quiet">{t(result.failed ? "steps.failed_result" : "steps.result", { name: result.name })}</p><Value value={result.text} /></div>)}
    </div>
  );
}

function Facts({ step, by }) {
  const { usage = {} } = step;
  const facts = [
    [step.kind === "model" ? "steps.model" : "steps.name", step.kind !== "message" && step.name],
    ["steps.by", by],
    ["steps.took", step.milliseconds != null && formatDuration(step.milliseconds)],
    ["steps.input_tokens", usage.input_tokens > 0 && (usage.cached_tokens > 0 ? t("steps.of_cached", { count: formatNumber(usage.input_tokens), cached: formatNumber(usage.cached_tokens) }) : formatNumber(usage.input_tokens))],
    ["steps.output_tokens", usage.output_tokens > 0 && (usage.reasoning_tokens > 0 ? t("steps.of_reasoning", { count: formatNumber(usage.output_tokens), reasoning: formatNumber(usage.reasoning_tokens) }) : formatNumber(usage.output_tokens))],
    ["steps.cost", usage.cost > 0 ? formatCost(usage.cost) : usage.model_calls > 0 && t("steps.no_price")],
  ].filter(([, value]) => value);
  return <dl className="fs-step-facts">{facts.map(([key, value]) => <div key={key}><dt>{t(key)}</dt><dd>{value}</dd></div>)}</dl>;
}

/** What a running execution tells are first words of JSON: shown only where nothing is missing. */
function whole(value) {
  if (typeof value !== "string" || !/^[{[]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value.length > BRIEF ? value : null;
  }
}

/** All of a step. `by` is the name of the node that did it; `words` are said while it goes on. */
export function StepBody({ step, by, words }) {
  const [input, output] = step.kind === "model" ? [whole(step.input), whole(step.output)] : [step.input, step.output];
  const prompt = step.kind === "model" && Array.isArray(input?.messages) ? input.messages : null;
  const answered = step.kind === "model" && isMessage(output) ? output : null;
  return (
    <div className="fs-step-body">
      <Facts step={step} by={by} />
      {step.error && <div className="fs-failure"><p>{step.error}</p></div>}
      {words && (words.text || words.reasoning) && <Block title={t("steps.words")}><Words words={words} /></Block>}
      {step.milliseconds === null && !words && <p className="fs-quiet">{t("log.still_running")}</p>}
      {answered ? <Block title={t("steps.answer")}><Message message={answered} plain /></Block>
        : output != null && output !== "" && <Block title={t(step.kind === "model" ? "steps.answer" : "steps.output")}><Value value={output} /></Block>}
      {prompt ? <Block title={t("steps.prompt")}>{prompt.map((message, index) => <Message key={index} message={message} />)}</Block>
        : input != null && input !== "" && <Block title={t(step.kind === "model" ? "steps.prompt" : "steps.input")}><Value value={input} /></Block>}
      {input?.tools?.length > 0 && <Block title={t("steps.tools")}><p>{input.tools.join(", ")}</p></Block>}
      {input?.schema && <Block title={t("steps.schema")}><Value value={input.schema} /></Block>}
    </div>
  );
}

/** Steps one below the other, to be opened; `load(step)` fetches what went in and came out where it is not known yet. */
export function StepList({ steps, nameOf, load }) {
  return <ol className="fs-step-list">{steps.map((step) => <Entry key={step.key ?? step.number} step={step} by={nameOf(step.node)} load={load} />)}</ol>;
}

function Entry({ step, by, load }) {
  const [told, setTold] = useState(null);
  const Icon = STEP_ICONS[step.kind] ?? Wrench;
  const usage = usageText(step.usage);
  const toggle = (event) => {
    if (event.currentTarget.open && load && step.milliseconds !== null) load(step).then(setTold, () => null);
  };
  return (
    <li>
      <details onToggle={toggle}>
        <summary>
          <Icon size={14} aria-hidden="true" /> <span className="fs-step-list-name">{stepName(step)}</span>
          {step.error && <span className="fs-text-error">{t("status.error")}</span>}
          {usage && <small>{usage}</small>}
          <small>{step.milliseconds === null ? t("status.running") : formatDuration(step.milliseconds)}</small>
        </summary>
        <StepBody step={told ?? step} by={by} />
      </details>
    </li>
  );
}
