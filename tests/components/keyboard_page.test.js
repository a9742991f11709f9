// The keyboard table in docs/editor.md says what the table of the program says.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { GROUPS, SHORTCUTS, keyText } from "../../flowstudio/components/studio/shortcuts.js";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const texts = JSON.parse(read("flowstudio/components/texts/en/shortcuts.json"));

/** The table as the page must have it. */
const table = () => GROUPS.flatMap((group) => [
  `| **${texts[`group_${group}`]}** | |`,
  ...SHORTCUTS.filter((shortcut) => shortcut.group === group)
    .map(({ id, keys }) => `| ${texts[id]} | ${keys.map((key) => `\`${keyText(key, false)}\``).join(", ")} |`),
]);

test("the page about the editor lists the keys that the editor knows", () => {
  const lines = read("docs/editor.md").split("\n");
  const begin = lines.findIndex((line) => line.startsWith("| Action"));
  const end = lines.findIndex((line, index) => index > begin && !line.startsWith("|"));
  assert.deepEqual(lines.slice(begin + 2, end), table());
});
