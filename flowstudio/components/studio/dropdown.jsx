// A button that opens a menu.
import { useEffect, useId, useRef, useState } from "react";
import { ChevronDown } from "lucide-react";

/** `items` are {label, onPick, icon?, hint?, disabled?, checked?}; without `text` the button is an icon. */
export function Dropdown({ label, text, icon: Icon = ChevronDown, items, className = "fs-tool", align = "end", disabled, onOpen }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const button = useRef(null);
  const list = useRef(null);
  const close = (back) => {
    setOpen(false);
    if (back) button.current?.focus();
  };
  useEffect(() => {
    if (!open) return undefined;
    (list.current.querySelector("[aria-checked=true]") ?? list.current.querySelector("[role^=menuitem]:not(:disabled)"))?.focus();
    const away = (event) => !list.current?.contains(event.target) && !button.current?.contains(event.target) && setOpen(false);
    document.addEventListener("pointerdown", away, true);
    return () => document.removeEventListener("pointerdown", away, true);
  }, [open]);
  const walk = (event) => {
    const entries = [...list.current.querySelectorAll("[role^=menuitem]:not(:disabled)")];
    const at = entries.indexOf(document.activeElement);
    const next = { ArrowDown: (at + 1) % entries.length, ArrowUp: (at - 1 + entries.length) % entries.length, Home: 0, End: entries.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") close(event.key === "Escape");
    else if (next === undefined) return;
    else entries[next]?.focus();
    if (event.key !== "Tab") {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return (
    <span className="fs-dropdown">
      <button
        ref={button} type="button" className={className} aria-label={label} title={label} aria-haspopup="menu" aria-expanded={open} aria-controls={open ? id : undefined} disabled={disabled}
        onClick={() => { if (!open) onOpen?.(); setOpen(!open); }}
      >{text}<Icon size={15} aria-hidden="true" /></button>
      {open && (
        <div ref={list} id={id} role="menu" aria-label={label} className={`fs-dropdown-menu fs-dropdown-${align}`} onKeyDown={walk}>
          {items.map(({ label: name, onPick, icon: Mark, hint, disabled: off, checked }, index) => (
            <button
              key={index} type="button" role={checked === undefined ? "menuitem" : "menuitemradio"} aria-checked={checked} tabIndex={-1} disabled={off}
              onClick={() => { close(true); onPick(); }}
            >{Mark && <Mark size={14} aria-hidden="true" />}<span>{name}{hint && <small>{hint}</small>}</span></button>
          ))}
          {!items.length && <span className="fs-quiet" role="status">…</span>}
        </div>
      )}
    </span>
  );
}
