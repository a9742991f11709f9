// When the tour is shown: once to everybody after the first sign-in, and to whoever asks for it.
const DUE = "flowstudio.tour"; // in the session: whose tour is due
const SEEN = "flowstudio.tour:"; // in the browser, with the person's address: they have seen it
export const START = "flowstudio:tour";

/** Somebody has signed in: their tour is due unless they had it in this browser. */
export function arrived(email, session = sessionStorage, local = localStorage) {
  const person = email.trim().toLowerCase();
  if (!local.getItem(SEEN + person)) session.setItem(DUE, person);
}

export const isDue = (session = sessionStorage) => session.getItem(DUE) !== null;

/** The tour was seen or skipped. */
export function finished(session = sessionStorage, local = localStorage) {
  const person = session.getItem(DUE);
  if (person) local.setItem(SEEN + person, "seen");
  session.removeItem(DUE);
}

/** Somebody asks for it. */
export function ask(session = sessionStorage) {
  session.setItem(DUE, session.getItem(DUE) ?? "");
}

const GAP = 14;
const EDGE = 12;

/** Where a card of a size stands beside its anchor: at the right of it if there is room, else below, else above. */
export function placed(anchor, card, screen) {
  const clamp = (value, most) => Math.max(EDGE, Math.min(value, most - EDGE));
  if (!anchor) return { left: clamp((screen.width - card.width) / 2, screen.width - card.width), top: clamp(screen.height - card.height - 24, screen.height - card.height) };
  const right = anchor.left + anchor.width + GAP;
  if (right + card.width + EDGE <= screen.width) return { left: right, top: clamp(anchor.top, screen.height - card.height) };
  const below = anchor.top + anchor.height + GAP;
  const left = clamp(anchor.left + anchor.width - card.width, screen.width - card.width);
  return { left, top: below + card.height + EDGE <= screen.height ? below : clamp(anchor.top - GAP - card.height, screen.height - card.height) };
}
