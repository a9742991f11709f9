// The menu of steps, of the selection, or of the empty canvas.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { t } from "../texts/texts.js";
import { keysOf } from "./shortcuts.js";

const LINE = "line";

/** What the menu offers for these nodes, as `[id, label key]`; LINE stands between. */
function entriesFor(nodes, { mayEdit, mayRun, actions }) {
  const one = nodes.length === 1 ? nodes[0] : null;
  const steps = nodes.filter((node) => !node.annotation);
  const always = [["select_all", "shortcuts.select_all"], ["fit", "shortcuts.fit"]];
  if (!nodes.length) {
    return mayEdit ? [["addLoose", "canvas.add"], ["note", "shortcuts.note"], LINE, ["tidy", "shortcuts.tidy"], ["undo", "shortcuts.undo"], ["redo", "shortcuts.redo"], LINE, ...always] : always;
  }
  const disabled = steps.length > 0 && steps.every((node) => node.data.disabled);
  const giving = steps.filter((node) => !node.ports.sub);
  const pinned = giving.every((node) => node.data.pinned);
  const edit = [
    one && !one.annotation && ["rename", "shortcuts.rename"],
    one && !one.annotation && ["connect", "shortcuts.connect"],
    LINE,
    ["duplicate", "shortcuts.duplicate"], ["copy", "shortcuts.copy"], ["cut", "shortcuts.cut"],
    LINE,
    giving.length > 0 && ["pin", pinned ? "canvas.unpin" : "canvas.pin"],
    steps.length && ["toggle", disabled ? "canvas.enable" : "canvas.disable"],
    one && !one.annotation && ["remark", one.data.notes ? "canvas.edit_remark" : "canvas.add_remark"],
    ["delete", "canvas.delete"],
    LINE,
    ["select_all", "shortcuts.select_all"], ["tidy", "shortcuts.tidy"],
  ];
  return [
    one && (!one.annotation || mayEdit) && ["open", one.annotation ? "canvas.edit_note" : "shortcuts.open"],
    one && !one.annotation && !one.ports.sub && mayRun && actions.runTo && ["runTo", "canvas.run_to"],
    ...(mayEdit ? edit : [["copy", "shortcuts.copy"], ["select_all", "shortcuts.select_all"]]),
  ].filter(Boolean);
}

const BY_ID = new Set(["open", "runTo"]);
const ON_NODES = new Set(["rename", "connect", "duplicate", "copy", "cut", "pin", "toggle", "remark", "delete"]);

export function Menu({ store, ids, x, y, actions, mayEdit, mayRun, onClose }) {
  const nodes = ids.map((id) => store.node(id)).filter(Boolean);
  const entries = entriesFor(nodes, { mayEdit, mayRun, actions }).filter((entry, index, all) => entry !== LINE || (index > 0 && all[index - 1] !== LINE));
  const menu = useRef(null);
  const [place, setPlace] = useState({ left: x, top: y });
  useLayoutEffect(() => {
    const box = menu.current.getBoundingClientRect();
    setPlace({ left: Math.max(8, Math.min(x, innerWidth - box.width - 8)), top: Math.max(8, Math.min(y, innerHeight - box.height - 8)) });
    menu.current.querySelector("[role=menuitem]")?.focus({ preventScroll: true });
  }, [x, y]);
  useEffect(() => {
    const outside = (event) => !menu.current?.contains(event.target) && onClose(false);
    document.addEventListener("pointerdown", outside, true);
    addEventListener("blur", outside);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      removeEventListener("blur", outside);
    };
  }, [onClose]);
  const onKeyDown = (event) => {
    event.stopPropagation();
    const items = [...menu.current.querySelectorAll("[role=menuitem]")];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      items[to].focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      onClose(true);
    } else if (event.key.length === 1 && /\S/.test(event.key)) {
      const typed = event.key.toLowerCase();
      [...items.slice(at + 1), ...items.slice(0, at + 1)].find((item) => item.textContent.toLowerCase().startsWith(typed))?.focus();
    }
  };
  const pick = (name) => {
    onClose(true);
    if (BY_ID.has(name)) actions[name](ids[0]);
    else if (ON_NODES.has(name)) actions[name](ids);
    else actions[name]();
  };
  const label = nodes.length === 1 ? t("canvas.menu_of", { name: store.label(nodes[0]) }) : nodes.length ? t("canvas.menu_of_many", { count: nodes.length }) : t("canvas.menu");
  return (
    <div ref={menu} className="fs-menu" role="menu" aria-label={label} style={place} onKeyDown={onKeyDown} onContextMenu={(event) => event.preventDefault()}>
      {entries.map((entry, index) => (entry === LINE ? <hr key={index} role="separator" /> : (
        <button key={entry[0]} type="button" role="menuitem" tabIndex={-1} className={entry[0] === "delete" ? "is-danger" : undefined} onClick={() => pick(entry[0])} onPointerEnter={(event) => event.currentTarget.focus({ preventScroll: true })}>
          <span>{t(entry[1])}</span>{keysOf(entry[0]) && <kbd aria-hidden="true">{keysOf(entry[0])}</kbd>}
        </button>
      )))}
    </div>
  );
}
