// Every key of the editor, in one table: it drives the handlers, the menus and the sheet that lists them.

/** `edit`: only for people who may edit. `canvas`: only while the canvas has the focus. `anywhere`: while typing, too. */
export const SHORTCUTS = [
  { id: "commands", group: "general", keys: ["Mod+k"] },
  { id: "run", group: "general", keys: ["Mod+enter"], anywhere: true },
  { id: "talk", group: "general", keys: ["c"] },
  { id: "search", group: "general", keys: ["Mod+f"] },
  { id: "undo", group: "general", keys: ["Mod+z"], edit: true },
  { id: "redo", group: "general", keys: ["Mod+Shift+z", "Mod+y"], edit: true },
  { id: "sheet", group: "general", keys: ["?"] },

  { id: "add", group: "build", keys: ["n", "tab"], edit: true },
  { id: "connect", group: "build", keys: ["l"], edit: true },
  { id: "note", group: "build", keys: ["Shift+s"], edit: true },
  { id: "tidy", group: "build", keys: ["Alt+Shift+t"], edit: true },

  { id: "open", group: "step", keys: ["enter"], canvas: true },
  { id: "close", group: "step", keys: ["escape"], canvas: true },
  { id: "rename", group: "step", keys: ["f2"], edit: true },
  { id: "toggle", group: "step", keys: ["d"], edit: true },
  { id: "pin", group: "step", keys: ["p"], edit: true },
  { id: "duplicate", group: "step", keys: ["Mod+d"], edit: true },
  { id: "delete", group: "step", keys: ["delete", "backspace"], edit: true, canvas: true },
  { id: "menu", group: "step", keys: ["Shift+f10", "contextmenu"], canvas: true },

  { id: "copy", group: "clipboard", keys: ["Mod+c"], native: true },
  { id: "cut", group: "clipboard", keys: ["Mod+x"], edit: true, native: true },
  { id: "paste", group: "clipboard", keys: ["Mod+v"], edit: true, native: true },
  { id: "select_all", group: "clipboard", keys: ["Mod+a"] },

  { id: "fit", group: "view", keys: ["1"] },
  { id: "reset", group: "view", keys: ["0"] },
  { id: "zoom_in", group: "view", keys: ["+", "="] },
  { id: "zoom_out", group: "view", keys: ["-"] },

  { id: "walk", group: "move", keys: ["arrows"], canvas: true },
  { id: "extend", group: "move", keys: ["Shift+arrows"], canvas: true },
  { id: "nudge", group: "move", keys: ["Alt+arrows"], edit: true, canvas: true },
  { id: "resize", group: "move", keys: ["Alt+Shift+arrows"], edit: true, canvas: true },
];

export const GROUPS = ["general", "build", "step", "clipboard", "view", "move"];
const ARROWS = new Set(["arrowleft", "arrowright", "arrowup", "arrowdown"]);
const byKey = new Map(SHORTCUTS.flatMap((shortcut) => shortcut.keys.map((key) => [key, shortcut])));
const byId = new Map(SHORTCUTS.map((shortcut) => [shortcut.id, shortcut]));

export const isMac = (navigator = globalThis.navigator) => /mac|iphone|ipad/i.test(navigator?.userAgentData?.platform ?? navigator?.platform ?? "");

/** The spelling of a key event in the table, such as `Mod+Shift+z`. */
export function spell(event, mac = isMac()) {
  let key = event.key?.toLowerCase() ?? "";
  if (event.altKey && /^Key[A-Z]$/.test(event.code ?? "")) key = event.code.slice(3).toLowerCase(); // Alt writes other characters on a Mac
  const named = key.length > 1 || /[a-z]/.test(key);
  const parts = [
    (mac ? event.metaKey : event.ctrlKey) && "Mod",
    event.altKey && "Alt",
    event.shiftKey && named && "Shift", // which characters need Shift is the keyboard's business
    ARROWS.has(key) ? "arrows" : key,
  ];
  return parts.filter(Boolean).join("+");
}

/** The shortcut that a key event means, or undefined. */
export const shortcutOf = (event, mac = isMac()) => ((mac ? event.ctrlKey : event.metaKey) ? undefined : byKey.get(spell(event, mac)));

/** left, right, up or down. */
export const directionOf = (event) => event.key.toLowerCase().replace("arrow", "");

const NAMES = { enter: "Enter", escape: "Esc", delete: "Del", backspace: "Backspace", tab: "Tab", contextmenu: "Menu", arrows: "← ↑ → ↓" };
const SIGNS = { Mod: "⌘", Alt: "⌥", Shift: "⇧" };

/** One spelling as people read it: `Ctrl+Shift+Z`, on a Mac `⇧⌘Z`. */
export function keyText(key, mac = isMac()) {
  const parts = key === "+" ? ["+"] : key.split("+");
  const name = parts.at(-1);
  const shown = NAMES[name] ?? (name.length === 1 ? name.toUpperCase() : name.toUpperCase());
  const modifiers = parts.slice(0, -1);
  if (mac) return modifiers.reverse().map((modifier) => SIGNS[modifier]).join("") + shown;
  return [...modifiers.map((modifier) => (modifier === "Mod" ? "Ctrl" : modifier)), shown].join("+");
}

/** The keys of an action, for menus and tool tips: its first ones. */
export const keysOf = (id, mac = isMac()) => (byId.has(id) ? keyText(byId.get(id).keys[0], mac) : "");
