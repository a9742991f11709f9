// A tour of five steps. It blocks nothing: who does something else meanwhile simply goes on.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { t } from "../texts/texts.js";
import { START, finished, isDue, placed } from "./tour.js";

const STEPS = [
  ["workflows", '.fs-nav a[href="/"]'],
  ["new", "[data-tour=new]"],
  ["templates", '.fs-nav a[href="/templates"]'],
  ["executions", '.fs-nav a[href="/executions"]'],
  ["account", ".fs-account-button"],
];

export function Tour() {
  const [step, setStep] = useState(-1);
  useEffect(() => {
    if (isDue()) setStep(0);
    const start = () => setStep(0);
    addEventListener(START, start);
    return () => removeEventListener(START, start);
  }, []);
  const end = () => {
    finished();
    setStep(-1);
  };
  return step < 0 ? null : <Step key={step} number={step} go={setStep} end={end} />;
}

function Step({ number, go, end }) {
  const [name, selector] = STEPS[number];
  const [place, setPlace] = useState(null);
  const card = useRef(null);
  const next = useRef(null);
  const id = useId();
  const last = number === STEPS.length - 1;
  useLayoutEffect(() => {
    const measure = () => {
      const found = document.querySelector(selector)?.getBoundingClientRect();
      const anchor = found?.width ? found : null;
      setPlace({ anchor, at: placed(anchor, card.current.getBoundingClientRect(), { width: innerWidth, height: innerHeight }) });
    };
    measure();
    const later = setTimeout(measure, 400); // what the page shows may have come meanwhile
    addEventListener("resize", measure);
    addEventListener("scroll", measure, true);
    return () => {
      clearTimeout(later);
      removeEventListener("resize", measure);
      removeEventListener("scroll", measure, true);
    };
  }, [selector]);
  const standing = place !== null;
  useEffect(() => {
    if (standing) next.current.focus({ preventScroll: true });
  }, [standing]);
  useEffect(() => {
    const escape = (event) => event.key === "Escape" && end();
    addEventListener("keydown", escape);
    return () => removeEventListener("keydown", escape);
  });
  const ring = place?.anchor && { left: place.anchor.left - 4, top: place.anchor.top - 4, width: place.anchor.width + 8, height: place.anchor.height + 8 };
  return (
    <>
      {ring && <div className="fs-tour-ring" style={ring} aria-hidden="true" />}
      <div ref={card} className="fs-tour-card" role="dialog" aria-labelledby={id} aria-describedby={`${id}-text`} style={place ? place.at : { visibility: "hidden" }}>
        <h2 id={id}>{t(`tour.${name}_title`)}</h2>
        <p id={`${id}-text`}>{t(`tour.${name}_text`)}</p>
        <div className="fs-tour-steps">
          <small>{t("tour.step", { number: number + 1, count: STEPS.length })}</small>
          <span className="fs-gap" />
          {!last && <button type="button" className="fs-button fs-button-small fs-button-plain" onClick={end}>{t("tour.skip")}</button>}
          {number > 0 && <button type="button" className="fs-button fs-button-small" onClick={() => go(number - 1)}>{t("tour.back")}</button>}
          <button type="button" ref={next} className="fs-button fs-button-small fs-button-primary" onClick={() => (last ? end() : go(number + 1))}>{t(last ? "tour.done" : "tour.next")}</button>
        </div>
      </div>
    </>
  );
}
