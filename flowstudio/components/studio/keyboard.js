// Keys and the clipboard's events, led to the canvas's actions.
import { useLayoutEffect } from "react";
import { toast } from "sonner";
import { count } from "../texts/texts.js";
import { pack } from "./packing.js";
import { shortcutOf } from "./shortcuts.js";

const FIELDS = "input, textarea, select, [contenteditable=true], .cm-editor";
const DIALOGS = "dialog, [role=dialog], [role=menu], [role=alertdialog]";
const CONTROLS = "button, a[href], summary, [role=tab], [role=menuitem], [role=option], [role=switch]";

const CHOICES = ["checkbox", "radio", "range", "button", "submit", "color"]; // inputs that hold no text to undo in
const TEXTS = `input${CHOICES.map((type) => `:not([type=${type}])`).join("")}, textarea, [contenteditable=true], .cm-editor`;
const OVER_DETAILS = "dialog, [role=dialog]:not(.fs-details), [role=menu], [role=alertdialog]";

/** Whether undo belongs to a text that is written or to a dialog: in a step's details it is the workflow that is undone. */
const undoesElsewhere = (target) => Boolean(target.closest?.(`${TEXTS}, ${OVER_DETAILS}`)) || Boolean(document.querySelector("dialog[open], [aria-modal=true]"));

/** Whether a key belongs to a field or a dialog. */
const elsewhere = (target) => Boolean(target.closest?.(`${FIELDS}, ${DIALOGS}`)) || Boolean(document.querySelector("dialog[open], [aria-modal=true]"));
const onCanvas = (target) => target === document.body || Boolean(target.closest?.(".fs-canvas"));

/** While a step's details cover the canvas, only the keys of the whole editor mean something. */
const covered = () => Boolean(document.querySelector(".fs-canvas")?.closest("[inert]"));

const pressesControl = (event) => (event.key === "Enter" || event.key === " ") && Boolean(event.target.closest?.(CONTROLS));

export function useKeyboard({ store, actions, mayEdit }) {
  useLayoutEffect(() => { // before anybody can see the canvas and press a key
    // Tab goes on to the next control for those who walk by it; after a click on the canvas it means "add".
    let pointed = true;
    const pointerdown = () => { pointed = true; };
    const keydown = (event) => {
      if (event.defaultPrevented || event.isComposing) return;
      const walks = event.key === "Tab" && !(pointed && onCanvas(event.target));
      if (event.key === "Tab") pointed = false;
      const shortcut = shortcutOf(event);
      if (!shortcut || shortcut.native || (shortcut.edit && !mayEdit)) return;
      const undoes = shortcut.id === "undo" || shortcut.id === "redo";
      if (!shortcut.anywhere && (undoes ? undoesElsewhere : elsewhere)(event.target)) return;
      if (shortcut.group !== "general" && covered()) return;
      if ((shortcut.canvas && !onCanvas(event.target)) || walks || pressesControl(event)) return;
      if (shortcut.id === "open" && !store.snapshot.nodes.some((node) => node.selected)) return;
      event.preventDefault();
      actions[shortcut.id](undefined, event);
    };
    const copy = (event) => {
      if (elsewhere(event.target) || String(getSelection())) return;
      const selection = store.selection();
      if (!selection.nodes.length) return;
      event.clipboardData.setData("text/plain", pack(selection));
      event.preventDefault();
      toast(count(selection.nodes.length, "canvas.copied_one", "canvas.copied"));
      if (event.type === "cut" && mayEdit) actions.delete();
    };
    const paste = (event) => {
      if (elsewhere(event.target) || !mayEdit) return;
      const text = event.clipboardData.getData("text/plain");
      if (!text) return;
      event.preventDefault();
      actions.paste(text);
    };
    const listeners = { keydown, pointerdown, copy, cut: copy, paste };
    Object.entries(listeners).forEach(([name, listener]) => document.addEventListener(name, listener));
    return () => Object.entries(listeners).forEach(([name, listener]) => document.removeEventListener(name, listener));
  }, [store, actions, mayEdit]);
}
