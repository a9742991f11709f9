// Panes side by side whose widths a person sets; tabs where there is no room.
import { Fragment, useCallback, useEffect, useRef, useState } from "react";
import { PanelLeftClose, PanelLeftOpen, PanelRightClose, PanelRightOpen } from "lucide-react";
import { t } from "../texts/texts.js";

const KEY = "fs-panes";
const WIDTHS = { input: 0.28, output: 0.36 };
const LEAST = 0.14;
const MOST = 0.6;
const STEP = 0.03;
const NARROW = "(max-width: 899px)";
const ICONS = { input: [PanelLeftClose, PanelLeftOpen], output: [PanelRightClose, PanelRightOpen] };

function remembered() {
  try {
    return { widths: WIDTHS, closed: {}, ...JSON.parse(localStorage.getItem(KEY)) };
  } catch {
    return { widths: WIDTHS, closed: {} };
  }
}

export function useNarrow() {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const media = matchMedia(NARROW);
    const change = () => setNarrow(media.matches);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, []);
  return narrow;
}

function Splitter({ side, width, set, body }) {
  const limit = (value) => Math.min(MOST, Math.max(LEAST, value));
  const drag = (event) => {
    event.preventDefault();
    const box = body.current.getBoundingClientRect();
    const handle = event.currentTarget;
    handle.setPointerCapture(event.pointerId);
    const move = ({ clientX }) => set(limit((side === "input" ? clientX - box.left : box.right - clientX) / box.width));
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), { once: true });
  };
  const key = (event) => {
    const towards = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!towards) return;
    event.preventDefault();
    set(limit(width + STEP * towards * (side === "input" ? 1 : -1)));
  };
  return (
    <div
      className="fs-splitter" role="separator" aria-orientation="vertical" tabIndex={0} aria-label={t(`panel.resize_${side}`)}
      aria-valuenow={Math.round(width * 100)} aria-valuemin={LEAST * 100} aria-valuemax={MOST * 100}
      onPointerDown={drag} onKeyDown={key} onDoubleClick={() => set(WIDTHS[side])}
    />
  );
}

/**
 * `panes` are {side: input | centre | output, title, count, content}; `tab` says which one a narrow window shows. `content`
 * is a function of `head`, which draws the pane's head around the actions that it is given.
 */
export function Panes({ panes, tab, setTab }) {
  const narrow = useNarrow();
  const body = useRef(null);
  const [{ widths, closed }, setLayout] = useState(remembered);
  const change = useCallback((update) => setLayout((before) => {
    const next = update(before);
    localStorage.setItem(KEY, JSON.stringify(next));
    return next;
  }), []);
  const resize = (side) => (width) => change((before) => ({ ...before, widths: { ...before.widths, [side]: width } }));
  const fold = (side, away) => change((before) => ({ ...before, closed: { ...before.closed, [side]: away } }));
  const sides = panes.map(({ side }) => side);
  const shown = sides.includes(tab) ? tab : "centre";

  if (narrow) {
    return (
      <div className="fs-panes is-narrow">
        <div className="fs-tabs" role="tablist" aria-label={t("panel.label")} onKeyDown={(event) => {
          const step = { ArrowRight: 1, ArrowLeft: sides.length - 1 }[event.key];
          if (!step) return;
          const next = sides[(sides.indexOf(shown) + step) % sides.length];
          setTab(next);
          document.getElementById(`fs-pane-tab-${next}`)?.focus();
        }}>
          {panes.map(({ side, title, count }) => (
            <button key={side} type="button" role="tab" id={`fs-pane-tab-${side}`} aria-selected={shown === side} aria-controls={`fs-pane-${side}`} tabIndex={shown === side ? 0 : -1} onClick={() => setTab(side)}>
              {title}{count != null && <span className="fs-count" aria-hidden="true">{count}</span>}
            </button>
          ))}
        </div>
        {panes.filter(({ side }) => side === shown).map(({ side, content }) => (
          <div key={side} className="fs-pane" id={`fs-pane-${side}`} role="tabpanel" aria-labelledby={`fs-pane-tab-${side}`}>{content((actions) => actions && <div className="fs-pane-actions">{actions}</div>)}</div>
        ))}
      </div>
    );
  }
  return (
    <div className="fs-panes" ref={body}>
      {panes.map(({ side, title, count, content }) => {
        if (side === "centre") return <section key={side} className="fs-pane fs-pane-centre" aria-label={title}>{content()}</section>;
        const [Close, Open] = ICONS[side];
        if (closed[side]) {
          return (
            <section key={side} className={`fs-pane is-closed fs-pane-${side}`} aria-label={title}>
              <button type="button" aria-label={t("panel.open_pane", { title })} title={t("panel.open_pane", { title })} onClick={() => fold(side, false)}><Open size={16} aria-hidden="true" /><span aria-hidden="true">{title}</span></button>
            </section>
          );
        }
        const splitter = <Splitter side={side} width={widths[side]} set={resize(side)} body={body} />;
        return (
          <Fragment key={side}>
            {side === "output" && splitter}
            <section className={`fs-pane fs-pane-${side}`} aria-label={title} style={{ flexBasis: `${widths[side] * 100}%` }}>
              {content((actions) => (
                <header className="fs-pane-head">
                  <h2>{title}</h2>{count != null && <span className="fs-count">{count}</span>}<span className="fs-gap" />
                  <span className="fs-pane-actions">{actions}</span>
                  <button type="button" className="fs-tool" aria-label={t("panel.close_pane", { title })} title={t("panel.close_pane", { title })} onClick={() => fold(side, true)}><Close size={15} aria-hidden="true" /></button>
                </header>
              ))}
            </section>
            {side === "input" && splitter}
          </Fragment>
        );
      })}
    </div>
  );
}
