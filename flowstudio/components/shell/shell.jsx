// The frame in the browser: navigation on narrow screens, account menu, asking before something is lost.
import { useContext, useEffect, useRef, useState } from "react";
import { ChevronsUpDown, Compass, LogOut, Menu, Monitor, Moon, Sun, UserRound, X } from "lucide-react";
import { Link, useNavigate } from "react-router";
import { ColorModeContext } from "$/utils/context-registry";
import { formatTime, t } from "../texts/texts.js";
import { START, ask } from "./tour.js";
import { Tour } from "./tour.jsx";
import "./shell.css";

let remembered = { name: "", role: "" }; // of the page before, so that the frame does not blink between pages

/** The side bar: brand, navigation (`children`), account. On narrow screens it is a bar with a menu. */
export function Side({ name, role, children }) {
  const [open, setOpen] = useState(false);
  if (name) remembered = { name, role };
  const label = t(open ? "navigation.close_menu" : "navigation.open_menu");
  return (
    <header className={`fs-side${open ? " is-open" : ""}`} onKeyDown={(event) => event.key === "Escape" && setOpen(false)}>
      <div className="fs-side-top">
        <Link className="fs-brand" to="/"><img src="/logo.svg" alt="" width="28" height="28" />{t("app.name")}</Link>
        <button type="button" className="fs-tool fs-menu-button" aria-expanded={open} aria-controls="fs-side-body" aria-label={label} title={label} onClick={() => setOpen(!open)}>
          {open ? <X size={20} aria-hidden="true" /> : <Menu size={20} aria-hidden="true" />}
        </button>
      </div>
      <div className="fs-side-body" id="fs-side-body">
        {children}
        <Account {...remembered} />
      </div>
      {name && <Tour />}
    </header>
  );
}

/** Goes to the page's content without walking through the navigation. */
export function SkipLink() {
  const skip = (event) => {
    event.preventDefault();
    document.getElementById("main")?.focus();
  };
  return <a className="fs-skip" href="#main" onClick={skip}>{t("app.skip")}</a>;
}

const THEMES = [["light", Sun], ["dark", Moon], ["system", Monitor]];

function Account({ name, role }) {
  const { rawColorMode, setColorMode } = useContext(ColorModeContext);
  const [open, setOpen] = useState(false);
  const frame = useRef(null);
  const button = useRef(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (event) => !frame.current?.contains(event.target) && setOpen(false);
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const keys = (event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    setOpen(false);
    button.current.focus();
  };
  const leave = (event) => event.relatedTarget && !frame.current.contains(event.relatedTarget) && setOpen(false);
  const navigate = useNavigate();
  const showAround = () => {
    setOpen(false);
    ask();
    if (location.pathname === "/") dispatchEvent(new Event(START));
    else navigate("/"); // its page shows the tour that is due
  };
  const signOut = async () => {
    await fetch("/api/logout", { method: "POST" }).catch(() => null);
    sessionStorage.clear(); // the next person in this tab starts with a state of their own
    location.assign("/login");
  };
  return (
    <div className="fs-account" ref={frame} onKeyDown={keys} onBlur={leave}>
      <button type="button" ref={button} className="fs-account-button" aria-expanded={open} aria-label={t("navigation.account", { name })} onClick={() => setOpen(!open)}>
        <span className="fs-avatar" aria-hidden="true">{initials(name)}</span>
        <span className="fs-account-name"><span>{name}</span><small>{role && t(`roles.${role}`)}</small></span>
        <ChevronsUpDown size={15} aria-hidden="true" />
      </button>
      {open && (
        <div className="fs-account-menu" role="group" aria-label={t("navigation.account_menu")}>
          <div className="fs-themes" role="group" aria-label={t("navigation.theme")}>
            {THEMES.map(([mode, Icon]) => (
              <button key={mode} type="button" aria-pressed={rawColorMode === mode} onClick={() => setColorMode(mode)}>
                <Icon size={15} aria-hidden="true" />{t(`navigation.theme_${mode}`)}
              </button>
            ))}
          </div>
          <hr />
          <Link to="/settings" onClick={() => setOpen(false)}><UserRound size={16} aria-hidden="true" />{t("navigation.profile")}</Link>
          <button type="button" onClick={showAround}><Compass size={16} aria-hidden="true" />{t("tour.start")}</button>

          <button type="button" onClick={signOut}><LogOut size={16} aria-hidden="true" />{t("navigation.sign_out")}</button>
        </div>
      )}
    </div>
  );
}

function initials(name) {
  return (name ?? "").split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

/** A modal question. The browser keeps the focus inside and closes it on Escape. */
export function ConfirmDialog({ open, heading, text, confirm, onConfirm, onClose }) {
  const dialog = useRef(null);
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  return (
    <dialog ref={dialog} className="fs-dialog" aria-labelledby="fs-dialog-title" onClose={() => open && onClose()}>
      <h2 id="fs-dialog-title">{heading}</h2>
      <p>{text}</p>
      <div className="fs-dialog-actions">
        <button type="button" className="fs-button" autoFocus onClick={() => onClose()}>{t("app.cancel")}</button>
        <button type="button" className="fs-button fs-button-danger" onClick={() => onConfirm()}>{confirm}</button>
      </div>
    </dialog>
  );
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

/** How long ago, or `ahead` in how long, kept true while the page is open; the exact time in the tooltip. */
export function Ago({ at, ahead }) {
  const [now, setNow] = useState(null); // null while the page is being prerendered: the server has no clock of the reader
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 20000);
    return () => clearInterval(timer);
  }, [at]);
  if (!at || now === null) return null;
  const distance = (new Date(at) - now) / 1000;
  const seconds = ahead ? Math.max(0, distance) : Math.min(0, distance);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  const shown = unit === "day" && Math.abs(seconds) > 6 * 86400 ? formatTime(at)
    : new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
  return <time dateTime={at} title={formatTime(at)}>{shown}</time>;
}
