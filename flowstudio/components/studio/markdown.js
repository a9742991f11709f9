// Reads the small part of Markdown that notes need.

const SPAN = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\[([^\]\n]+)\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"\n]*")?\s*\)|\*\*(?=\S)([\s\S]*?\S)\*\*|__(?=\S)([\s\S]*?\S)__|~~(?=\S)([\s\S]*?\S)~~|(?<![\w*])\*(?=[^\s*])([\s\S]*?[^\s*])\*(?!\*)|(?<![\w_])_(?=[^\s_])([\s\S]*?[^\s_])_(?![\w_])|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?'"])/g;

const LONGEST = 4000; // characters of one paragraph that are searched for marks

/** Whether a link may be followed: never `javascript:` and the like. */
export function safeLink(href) {
  if (/^(https?:|mailto:)/i.test(href)) return href;
  return /^[/#](?![/\\])/.test(href) ? href : null;
}

/** The pieces of a line: `{kind: text | bold | italic | strike | code | link, text, href?}`. */
export function spans(text) {
  if (text.length > LONGEST) return [{ kind: "text", text }];
  const found = [];
  let at = 0;
  for (const match of text.matchAll(SPAN)) {
    if (match.index > at) found.push({ kind: "text", text: text.slice(at, match.index) });
    const [whole, , code, label, target, bold, bold2, strike, italic, italic2, address] = match;
    const href = target ? safeLink(target) : address;
    if (code !== undefined) found.push({ kind: "code", text: code.trim() || code });
    else if (label !== undefined) found.push(href ? { kind: "link", text: label, href } : { kind: "text", text: label });
    else if (address) found.push({ kind: "link", text: address, href });
    else if (bold ?? bold2) found.push({ kind: "bold", text: bold ?? bold2 });
    else if (strike) found.push({ kind: "strike", text: strike });
    else found.push({ kind: "italic", text: italic ?? italic2 });
    at = match.index + whole.length;
  }
  if (at < text.length) found.push({ kind: "text", text: text.slice(at) });
  return found;
}

const FENCE = /^\s*(```|~~~)/;
const HEADING = /^(#{1,4})\s+(.+?)\s*#*$/;
const BULLET = /^\s*[-*+]\s+(.*)$/;
const NUMBER = /^\s*(\d{1,9})[.)]\s+(.*)$/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^\s*>\s?(.*)$/;
const starts = (line) => [FENCE, HEADING, RULE, BULLET, NUMBER, QUOTE].some((pattern) => pattern.test(line));

/** The blocks of a text: headings, paragraphs, lists, quotes, code and rules. */
export function blocks(text) {
  const lines = String(text ?? "").replace(/\r\n?/g, "\n").split("\n");
  const found = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at];
    let match;
    if (!line.trim()) at++;
    else if ((match = FENCE.exec(line))) {
      const code = [];
      for (at++; at < lines.length && !lines[at].trim().startsWith(match[1]); at++) code.push(lines[at]);
      at++;
      found.push({ kind: "code", text: code.join("\n") });
    } else if ((match = HEADING.exec(line))) {
      found.push({ kind: "heading", level: match[1].length, text: match[2] });
      at++;
    } else if (RULE.test(line)) {
      found.push({ kind: "rule" });
      at++;
    } else if (BULLET.test(line) || NUMBER.test(line)) {
      const ordered = !BULLET.test(line);
      const items = [], start = ordered ? Number(NUMBER.exec(line)[1]) : 1;
      for (; at < lines.length && lines[at].trim(); at++) {
        const item = ordered ? NUMBER.exec(lines[at])?.[2] : BULLET.exec(lines[at])?.[1];
        if (item !== undefined && !RULE.test(lines[at])) items.push(item);
        else if (starts(lines[at])) break;
        else items[items.length - 1] += ` ${lines[at].trim()}`;
      }
      found.push({ kind: "list", ordered, start, items });
    } else if (QUOTE.test(line)) {
      const quoted = [];
      for (; at < lines.length && (match = QUOTE.exec(lines[at])); at++) quoted.push(match[1]);
      found.push({ kind: "quote", lines: quoted });
    } else {
      const words = [];
      do words.push(lines[at++]); while (at < lines.length && lines[at].trim() && !starts(lines[at]));
      found.push({ kind: "paragraph", lines: words });
    }
  }
  return found;
}
