// The texts of the page alone: the bundle takes this module in place of the studio's.
import chat from "../texts/en/chat.json";
import pub from "../texts/en/public.json";

const en = { chat, public: pub };

/** The text of a dotted key, with {placeholders} filled in. */
export function t(key, values) {
  const found = key.split(".").reduce((table, part) => table?.[part], en);
  if (typeof found !== "string") throw new Error(`No text '${key}' in texts/en`);
  return values ? found.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole)) : found;
}
