// The table of keys: one meaning for each, on every keyboard.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { GROUPS, SHORTCUTS, directionOf, keyText, shortcutOf } from "../../flowstudio/components/studio/shortcuts.js";

const press = (key, modifiers = {}) => ({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...modifiers });
const id = (key, modifiers, mac = false) => shortcutOf(press(key, modifiers), mac)?.id;

test("no key means two things, and every group and action has a text", () => {
  const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys);
  assert.equal(new Set(keys).size, keys.length);
  const texts = JSON.parse(readFileSync(new URL("../../flowstudio/components/texts/en/shortcuts.json", import.meta.url)));
  for (const { id: name, group } of SHORTCUTS) assert.ok(texts[name] && GROUPS.includes(group), name);
  for (const group of GROUPS) assert.ok(texts[`group_${group}`], group);
});

test("keys mean what they mean elsewhere", () => {
  const expected = [
    ["k", { ctrlKey: true }, "commands"], ["n", {}, "add"], ["Tab", {}, "add"], ["Enter", {}, "open"], ["Escape", {}, "close"], ["Enter", { ctrlKey: true }, "run"],
    ["z", { ctrlKey: true }, "undo"], ["Z", { ctrlKey: true, shiftKey: true }, "redo"], ["y", { ctrlKey: true }, "redo"], ["c", { ctrlKey: true }, "copy"], ["x", { ctrlKey: true }, "cut"],
    ["v", { ctrlKey: true }, "paste"], ["d", { ctrlKey: true }, "duplicate"], ["a", { ctrlKey: true }, "select_all"], ["Delete", {}, "delete"], ["Backspace", {}, "delete"], ["d", {}, "toggle"],
    ["p", {}, "pin"], ["F2", {}, "rename"], ["S", { shiftKey: true }, "note"], ["T", { altKey: true, shiftKey: true }, "tidy"], ["1", {}, "fit"], ["0", {}, "reset"], ["f", { ctrlKey: true }, "search"],
    ["?", { shiftKey: true }, "sheet"], ["ArrowLeft", {}, "walk"], ["ArrowLeft", { shiftKey: true }, "extend"], ["ArrowUp", { altKey: true }, "nudge"], ["F10", { shiftKey: true }, "menu"], ["ContextMenu", {}, "menu"], ["c", {}, "talk"], ["l", {}, "connect"],
  ];
  for (const [key, modifiers, meaning] of expected) assert.equal(id(key, modifiers), meaning, `${JSON.stringify(modifiers)} ${key}`);
});

test("a Mac has its own key for commands, and letters behind Alt", () => {
  assert.equal(id("k", { metaKey: true }, true), "commands");
  assert.equal(id("k", { ctrlKey: true }, true), undefined);
  assert.equal(id("k", { metaKey: true }, false), undefined);
  assert.equal(id("ˇ", { altKey: true, shiftKey: true, code: "KeyT" }, true), "tidy");
  assert.equal(keyText("Mod+Shift+z", true), "⇧⌘Z");
  assert.equal(keyText("Mod+Shift+z", false), "Ctrl+Shift+Z");
  assert.equal(keyText("+", false), "+");
});

test("digits and signs count whether or not they need Shift; other modifiers change the meaning", () => {
  assert.equal(id("1", { shiftKey: true }), "fit");
  assert.equal(id("?", {}), "sheet");
  assert.equal(id("n", { altKey: true }), undefined);
  assert.equal(id("s", {}), undefined);
  assert.equal(directionOf(press("ArrowDown")), "down");
});
