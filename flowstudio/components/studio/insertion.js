// Fixed values and expressions: turning one into the other, and putting a piece of data into a text. Knows no page.
import { templateParts } from "./references.js";

export const DRAGGED = "application/x-flowstudio-expression";
export const INSERT = "fs-insert-expression";

export const isExpression = (value) => typeof value === "string" && value.startsWith("=");
const TEXTS = new Set(["text", "multiline", "secret", "url", "cron", undefined]);

/** A fixed value as an expression that gives the same. */
export function toExpression(value, kind) {
  if (isExpression(value)) return value;
  if (value === null || value === undefined || value === "") return "=";
  if (typeof value === "string" && (TEXTS.has(kind) || kind === "json")) return `=${value}`; // braces in it now mean something, which is what people expect
  return `={{ ${JSON.stringify(value)} }}`;
}

/** The fixed value that an expression stands for, if it can be told without running it; else `fallback`. */
export function toFixed(value, kind, fallback) {
  if (!isExpression(value)) return value;
  const parts = templateParts(value.slice(1));
  const codes = parts.filter((part) => part.code !== undefined);
  if (!codes.length) {
    const text = value.slice(1);
    return TEXTS.has(kind) || kind === "json" ? text : text === "" ? fallback : text;
  }
  if (parts.length === 1) {
    try {
      return JSON.parse(codes[0].code);
    } catch {
      return fallback;
    }
  }
  return fallback;
}

/** Where in an expression (with its =) a piece of code goes: {text, caret}. Within braces it needs none of its own. */
export function insertIntoExpression(value, position, code) {
  const at = Math.max(1, Math.min(position ?? value.length, value.length));
  const inside = templateParts(value.slice(1)).some((part) => part.code !== undefined && at - 1 >= part.start + 2 && at - 1 <= part.end - (part.closed ? 2 : 0));
  const piece = inside ? code : `{{ ${code} }}`;
  return { text: value.slice(0, at) + piece + value.slice(at), caret: at + piece.length };
}

/** A field's value after a piece of data was dropped on it. `position` counts the letters of what the field shows. */
export function inserted(value, kind, code, position) {
  if (isExpression(value)) return insertIntoExpression(value, position === undefined ? undefined : position, code);
  const keeps = TEXTS.has(kind) && typeof value === "string" && value.trim() !== "";
  if (!keeps) {
    const text = `={{ ${code} }}`;
    return { text, caret: text.length };
  }
  return insertIntoExpression(toExpression(value, kind), position === undefined ? undefined : position + 1, code);
}

/** Code for the Code step: Python names what JavaScript calls $ with an underscore. */
export const asCode = (code, language) => (language === "python" ? code.replace(/(?<![\w$."'])\$(?=[\w(])/g, "_") : code);
