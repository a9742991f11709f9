// Help texts: docstrings with **bold** and `code`.

/** One line of help. */
export function Prose({ text }) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((piece, index) =>
    piece.startsWith("**") ? <strong key={index}>{piece.slice(2, -2)}</strong>
      : piece.startsWith("`") && piece.length > 1 ? <code key={index}>{piece.slice(1, -1)}</code> : piece);
}

/** A whole docstring. */
export function Paragraphs({ text }) {
  return text.trim().split(/\n\s*\n/).map((paragraph, index) => <p key={index}><Prose text={paragraph} /></p>);
}
