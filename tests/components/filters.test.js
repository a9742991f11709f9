// The filters of the list of executions, their address and their query.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fitting, isFiltered, mergePages, noFilters, queryOf, readFilters, writeFilters } from "../../flowstudio/components/executions/filters.js";

const NOW = Date.UTC(2026, 0, 8);

test("an address and its filters say the same", () => {
  const filters = { ...noFilters(), status: "error", workflow: "w1", mode: "webhook", time: "day" };
  assert.equal(writeFilters(filters), "?status=error&workflow=w1&mode=webhook&time=day");
  assert.deepEqual(readFilters(writeFilters(filters)), filters);
  assert.equal(writeFilters(noFilters()), "");
  assert.equal(isFiltered(noFilters()), false);
  assert.equal(isFiltered(filters), true);
});

test("what an address makes up is left out", () => {
  assert.deepEqual(readFilters("?status=odd&mode=x&time=year&from=2026-01-01"), noFilters());
});

test("times become moments", () => {
  const week = queryOf({ ...noFilters(), time: "week" }, NOW);
  assert.equal(week.get("since"), "2026-01-01T00:00:00.000Z");
  assert.equal(week.get("until"), null);
  const custom = queryOf({ ...noFilters(), time: "custom", from: "2026-01-02T10:00", to: "nonsense" }, NOW);
  assert.equal(custom.get("since"), new Date("2026-01-02T10:00").toISOString());
  assert.equal(custom.get("until"), null);
});

test("totals are not narrowed to one status", () => {
  const filters = { ...noFilters(), status: "error", workflow: "w" };
  assert.equal(String(queryOf(filters, NOW)), "status=error&workflow_id=w");
  assert.equal(String(queryOf(filters, NOW, { totals: true })), "workflow_id=w");
});

test("a refresh replaces the first page and keeps the later ones", () => {
  const shown = [{ id: "5", s: 1 }, { id: "4", s: 1 }, { id: "3" }, { id: "2" }];
  assert.deepEqual(mergePages(shown, [{ id: "6" }, { id: "5", s: 2 }, { id: "4", s: 2 }], true), [{ id: "6" }, { id: "5", s: 2 }, { id: "4", s: 2 }, { id: "3" }, { id: "2" }]);
  assert.deepEqual(mergePages(shown, [{ id: "5" }], false), [{ id: "5" }]);
});

test("actions work on the executions that they fit", () => {
  const rows = [{ id: "1", status: "running" }, { id: "2", status: "error" }, { id: "3", status: "success", data_dropped: true }];
  const chosen = new Set(["1", "2", "3"]);
  const ids = (action) => fitting(action, rows, chosen).map((row) => row.id);
  assert.deepEqual([ids("stop"), ids("retry"), ids("delete")], [["1"], ["2"], ["2", "3"]]);
});
