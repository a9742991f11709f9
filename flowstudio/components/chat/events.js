// Server-sent events of a fetch, which unlike an EventSource can send a message along.

const TURN = 12; // ms after which a reader with a backlog lets the page draw and take clicks

/** Call `handle(kind, data)` for each event of a response until it ends. */
export async function readEvents(response, handle) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "", since = performance.now();
  for (;;) {
    const asked = performance.now();
    const { done, value } = await reader.read();
    if (done) return;
    const now = performance.now();
    if (now - asked > 1) since = now; // it had to wait: nothing piles up
    else if (now - since > TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
    rest += decoder.decode(value, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      let kind = null, data = "";
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) kind = line.slice(7);
        else if (line.startsWith("data: ")) data += line.slice(6);
      }
      if (kind) handle(kind, JSON.parse(data));
    }
  }
}
