// Markdown that grows: what is finished is read once, only the end is read again.
import { Lexer } from "marked";

const OPEN = 2; // so many blocks at the end may still change when more text comes

export const empty = () => ({ text: "", at: 0, blocks: [] });

/** The blocks of a text, given those of an earlier one that it continues, or that lost its end. `blocks` are marked's tokens. */
export function grow(before, text) {
  const clean = text.replace(/\r\n?/g, "\n");
  const goesOn = clean.startsWith(before.text) || (clean.length > before.at && before.text.startsWith(clean));
  const start = goesOn ? before : empty();
  const tail = new Lexer({ gfm: true, breaks: true }).lex(clean.slice(start.at)).filter((token) => token.raw);
  const closed = tail.slice(0, -OPEN);
  const raw = closed.map((token) => token.raw).join("");
  if (!raw || !clean.startsWith(raw, start.at)) return { ...start, text: clean, shown: [...start.blocks, ...tail] };
  const blocks = [...start.blocks, ...closed];
  return { text: clean, at: start.at + raw.length, blocks, shown: [...blocks, ...tail.slice(-OPEN)] };
}

/** Whether a link may be followed: never `javascript:` and the like. */
export function safeLink(href) {
  return /^(https?:|mailto:)/i.test(href) ? href : null;
}

/** Pictures that come with the text itself; those of other servers would tell them who reads. */
export const ownPicture = (href) => (/^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/.test(href) ? href : null);
