import assert from "node:assert/strict";
import test from "node:test";
import { area, columns, labels, line, nice } from "../../flowstudio/components/insights/charts.js";

const days = [{ day: "a", n: 4 }, { day: "b", n: null }, { day: "c", n: 0 }, { day: "d", n: 8 }];
const value = (day) => day.n;

test("a scale ends at a round number that is not exceeded", () => {
  assert.deepEqual([0, 1, 3, 7, 12, 99, 240, 0.0004].map(nice), [1, 1, 5, 10, 20, 100, 250, 0.0005].map((n) => n));
});

test("columns stand on each other, and days without anything have none", () => {
  const bars = columns(days, [{ look: "good", value }, { look: "bad", value: () => 4 }], 16, 400, 160).map(({ look, box }) => [look, box.y, box.height]);
  assert.deepEqual(bars, [["good", 120, 40], ["bad", 80, 40], ["bad", 120, 40], ["bad", 120, 40], ["good", 80, 80], ["bad", 40, 40]]);
});

test("a line breaks where a day has no value, and a day alone is a dash", () => {
  assert.equal(line(days, value, 8, 400, 80), "M20.0 40.0L80.0 40.0M250.0 80.0L350.0 0.0");
  assert.equal(area(days, value, 8, 400, 80), "M250.0 80L250.0 80.0L350.0 0.0L350.0 80Z");
});

test("the first and the last day are always named", () => {
  assert.deepEqual(labels(days), ["a", "b", "c", "d"].filter((day) => labels(days).includes(day)));
  assert.deepEqual(labels([{ day: "a" }]), ["a"]);
  assert.equal(labels(Array.from({ length: 90 }, (_, index) => ({ day: index }))).length, 5);
});
