// Signing in at a service: in a small window of its own, or in this one where the browser allows no other.
import { post } from "../studio/api.js";

const NAME = "flowstudio-sign-in";

/** Begin, and wait for what comes of it: "yes", "failed" or "late". Never settles when this page goes away for it. */
export async function signIn(id) {
  const popup = window.open("", NAME, "popup,width=560,height=720"); // at once: later the browser would not allow it
  let url;
  try {
    ({ url } = await post(`/credentials/${encodeURIComponent(id)}/connect`));
  } catch (error) {
    popup?.close();
    throw error;
  }
  if (!popup) {
    location.assign(url);
    return new Promise(() => {});
  }
  const told = new Promise((settle) => {
    const channel = new BroadcastChannel(NAME);
    channel.onmessage = ({ data }) => {
      channel.close();
      settle(data);
    };
  });
  popup.location = url;
  return told;
}

/** What the address says came of a sign-in; tells the window that began it and closes this one, if there is another. */
export function signedIn() {
  const outcome = new URLSearchParams(location.search).get("signed-in");
  if (!["yes", "failed", "late"].includes(outcome)) return null;
  history.replaceState(history.state, "", location.pathname);
  const channel = new BroadcastChannel(NAME);
  channel.postMessage(outcome);
  channel.close();
  if (window.opener || window.name === NAME) window.close();
  return outcome;
}
