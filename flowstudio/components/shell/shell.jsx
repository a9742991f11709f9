// Parts of the frame that need the browser: theme, signing out, asking before something is lost.
import { useContext, useEffect, useRef, useState } from "react";
import { LogOut, Moon, Sun } from "lucide-react";
import { ColorModeContext } from "$/utils/context-registry";
import { formatTime, t } from "../texts/texts.js";

export function Account({ name, role }) {
  const { resolvedColorMode, setColorMode } = useContext(ColorModeContext);
  const dark = resolvedColorMode === "dark";
  const theme = t(dark ? "navigation.theme_light" : "navigation.theme_dark");
  const signOut = async () => {
    await fetch("/api/logout", { method: "POST" }).catch(() => null);
    sessionStorage.clear(); // the next person in this tab starts with a state of their own
    location.assign("/login");
  };
  return (
    <div className="fs-account">
      <span className="fs-account-name" title={name && t("navigation.account", { name })}><span>{name}</span><small>{role && t(`roles.${role}`)}</small></span>
      <button type="button" className="fs-tool" aria-label={theme} title={theme} onClick={() => setColorMode(dark ? "light" : "dark")}>
        {dark ? <Sun size={16} aria-hidden="true" /> : <Moon size={16} aria-hidden="true" />}
      </button>
      <button type="button" className="fs-tool" aria-label={t("navigation.sign_out")} title={t("navigation.sign_out")} onClick={signOut}>
        <LogOut size={16} aria-hidden="true" />
      </button>
    </div>
  );
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

/** How long ago, kept true while the page is open; the exact time in the tooltip. */
export function Ago({ at }) {
  const [now, setNow] = useState(null); // null while the page is being prerendered: the server has no clock of the reader
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 20000);
    return () => clearInterval(timer);
  }, [at]);
  if (!at || now === null) return null;
  const seconds = Math.min(0, (new Date(at) - now) / 1000);
  const [unit, size] = UNITS.find(([, length]) => -seconds >= length) ?? ["second", 1];
  const shown = unit === "day" && -seconds > 6 * 86400 ? formatTime(at)
    : new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
  return <time dateTime={at} title={formatTime(at)}>{shown}</time>;
}
