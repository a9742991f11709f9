// From numbers to shapes. No React.

/** The round number at or above a value: 1, 2, 2.5 or 5 times a power of ten. */
export function nice(value) {
  if (!(value > 0)) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].find((step) => step * size >= value * (1 - 1e-9)) * size;
}

/** Columns of values on top of each other, one for each day; those that are not zero are at least a hair high. */
export function columns(days, series, top, width, height) {
  const step = width / days.length, gap = step * 0.22;
  return days.flatMap((day, index) => {
    let floor = height;
    return series.flatMap(({ value, look }) => {
      const amount = value(day) ?? 0;
      if (!amount) return [];
      const tall = Math.max(1.5, (amount / top) * height);
      floor -= tall;
      return [{ look, box: { x: index * step + gap / 2, y: floor, width: step - gap, height: tall } }];
    });
  });
}

/** The days with a value, in runs without a gap, as points. */
function runs(days, value, top, width, height) {
  const step = width / days.length;
  const found = [];
  let open = null;
  days.forEach((day, index) => {
    const amount = value(day);
    if (amount == null) { open = null; return; }
    const point = [(index + 0.5) * step, height - (amount / top) * height];
    if (open) open.push(point);
    else found.push((open = [point]));
  });
  return found;
}

const place = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** A line through the values; a day alone is a short dash. */
export function line(days, value, top, width, height) {
  const dash = (width / days.length) * 0.3;
  return runs(days, value, top, width, height)
    .map((points) => (points.length > 1 ? points : [[points[0][0] - dash, points[0][1]], [points[0][0] + dash, points[0][1]]]))
    .map((points) => `M${points.map(place).join("L")}`).join("");
}

/** The surface under the line. */
export function area(days, value, top, width, height) {
  return runs(days, value, top, width, height).filter((points) => points.length > 1)
    .map((points) => `M${points[0][0].toFixed(1)} ${height}L${points.map(place).join("L")}L${points.at(-1)[0].toFixed(1)} ${height}Z`).join("");
}

/** The days that are named under a chart: the first, the last, and some between. */
export function labels(days) {
  const count = Math.min(5, days.length);
  return Array.from({ length: count }, (_, index) => days[Math.round((index * (days.length - 1)) / Math.max(1, count - 1))].day);
}
