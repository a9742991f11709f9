// Whether a pointer is held down. What makes the page jump waits until it is let go: else the button under it moves away and the click is lost.
let pressed = false;
const press = () => { pressed = true; };
const release = () => { pressed = false; };

if (typeof document !== "undefined") {
  document.addEventListener("pointerdown", press, true);
  for (const name of ["pointerup", "pointercancel", "dragend"]) document.addEventListener(name, release, true);
}

/** Do something now, or right after the click that is on its way. */
export function afterPress(act) {
  if (!pressed) return act();
  const names = ["pointerup", "pointercancel", "dragend"];
  const once = () => {
    names.forEach((name) => document.removeEventListener(name, once, true));
    setTimeout(act);
  };
  names.forEach((name) => document.addEventListener(name, once, true));
}
