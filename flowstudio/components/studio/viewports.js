// Where a person looked last, for each workflow, kept in this browser.
const KEY = "flowstudio.viewports";
const MOST = 60;

function all() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

const sound = (view) => view && [view.x, view.y, view.zoom].every(Number.isFinite) && view.zoom > 0;

/** Whether some node is in sight. */
export function shows(view, nodes, width, height) {
  return nodes.some(({ position, measured }) => {
    const x = position.x * view.zoom + view.x, y = position.y * view.zoom + view.y;
    return x < width && y < height && x + measured.width * view.zoom > 0 && y + measured.height * view.zoom > 0;
  });
}

/** The viewport in which `subject` was left, if it shows anything. */
export function recall(subject, nodes, width, height) {
  const view = all()[subject];
  return sound(view) && shows(view, nodes, width, height) ? { x: view.x, y: view.y, zoom: view.zoom } : null;
}

export function remember(subject, { x, y, zoom }) {
  const { [subject]: _, ...others } = all();
  const kept = Object.entries(others).slice(-(MOST - 1));
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...Object.fromEntries(kept), [subject]: { x: Math.round(x), y: Math.round(y), zoom } }));
  } catch {
    // A full or forbidden storage: the next visit simply shows everything.
  }
}
