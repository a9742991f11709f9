// Expressions that name a place in an item's data. A path is a list of keys (text) and positions (numbers).
const PLAIN = /^[A-Za-z_$][\w$]*$/;

/** `.customer.name`, `["first name"]`, `[0]`. */
export const accessor = (path) =>
  path.map((key) => (typeof key === "number" ? `[${key}]` : PLAIN.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)).join("");

/** The path as people read it: `customer.name`, `lines[0].sku`. */
export const pathText = (path) => accessor(path).replace(/^\./, "");

/** The item that an expression starts from: the one that comes in, or the one of an earlier step that led to it. */
export const baseOf = (label) => (label == null ? "$json" : `$('${label.replace(/[\\']/g, "\\$&").replace(/\n/g, "\\n")}').item.json`);

export const expressionOf = (base, path) => base + accessor(path);

/** The kind of transfer data that parameters take; the plain text beside it has the braces. */
export const EXPRESSION = "application/x-flowstudio-expression";

export function carry(transfer, expression) {
  transfer.setData(EXPRESSION, expression);
  transfer.setData("text/plain", `{{ ${expression} }}`);
  transfer.effectAllowed = "copy";
}

/** The value at a path, undefined where there is none. */
export const valueAt = (value, path) => path.reduce((found, key) => (found == null ? undefined : found[key]), value);
