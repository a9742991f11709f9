// Help texts: docstrings with **bold**, *emphasis*, `code`, [links](https://…) and lists.

const PIECE = /(\*\*[^*]+\*\*|`[^`]+`|\[[^\]]+\]\((?:https?:\/\/|\/)[^)\s]+\)|(?<![\w*])\*[^*\s][^*]*\*(?![\w*]))/;

/** One line of help. */
export function Prose({ text }) {
  return text.split(PIECE).map((piece, index) => {
    if (index % 2 === 0) return piece;
    if (piece.startsWith("**")) return <strong key={index}>{piece.slice(2, -2)}</strong>;
    if (piece.startsWith("`")) return <code key={index}>{piece.slice(1, -1)}</code>;
    if (piece.startsWith("*")) return <em key={index}>{piece.slice(1, -1)}</em>;
    const [, label, address] = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(piece);
    return <a key={index} className="fs-link" href={address} {...(address.startsWith("http") && { target: "_blank", rel: "noreferrer" })}>{label}</a>;
  });
}

const ITEM = /^\s*[-*] /;

/** A whole docstring. */
export function Paragraphs({ text }) {
  return text.trim().split(/\n\s*\n/).map((paragraph, index) => {
    const lines = paragraph.split("\n");
    if (!ITEM.test(lines[0])) return <p key={index}><Prose text={paragraph} /></p>;
    const items = lines.reduce((found, line) => (ITEM.test(line) ? [...found, line.replace(ITEM, "")] : [...found.slice(0, -1), `${found.at(-1)} ${line.trim()}`]), []);
    return <ul key={index}>{items.map((item, at) => <li key={at}><Prose text={item} /></li>)}</ul>;
  });
}
