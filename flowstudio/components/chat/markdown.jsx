// Answers of models as React elements, block by block: a block whose text stays the same is not drawn again. Nothing becomes HTML.
import { Fragment, memo, useRef, useState } from "react";
import { Check, Copy } from "lucide-react";
import { t } from "../texts/texts.js";
import { copyText } from "./copying.js";
import { empty, grow, ownPicture, safeLink } from "./growing.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
const plain = (text) => text.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]);

function Picture({ href, text }) {
  const own = ownPicture(href);
  if (own) return <img src={own} alt={text} />;
  const link = safeLink(href);
  const label = t("chat.image_blocked", { name: text || href.slice(0, 80) });
  return link ? <a href={link} target="_blank" rel="noopener noreferrer nofollow">{label}</a> : label;
}

function Inline({ tokens }) {
  return tokens.map((token, index) => {
    const inside = token.tokens && <Inline tokens={token.tokens} />;
    switch (token.type) {
      case "strong": return <strong key={index}>{inside}</strong>;
      case "em": return <em key={index}>{inside}</em>;
      case "del": return <s key={index}>{inside}</s>;
      case "codespan": return <code key={index}>{plain(token.text)}</code>;
      case "br": return <br key={index} />;
      case "image": return <Picture key={index} href={token.href} text={token.text} />;
      case "link": {
        const href = safeLink(token.href);
        return href ? <a key={index} href={href} target="_blank" rel="noopener noreferrer nofollow">{inside}</a> : <Fragment key={index}>{inside}</Fragment>;
      }
      case "checkbox": return <input key={index} type="checkbox" checked={token.checked} disabled readOnly />;
      default: return <Fragment key={index}>{inside ?? plain(token.text ?? token.raw)}</Fragment>;
    }
  });
}

function CodeBlock({ text, language }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    setCopied(await copyText(text));
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div className="fs-chat-code">
      <div className="fs-chat-code-head">
        <span>{language || t("chat.language")}</span>
        <button type="button" className="fs-chat-act" aria-label={t("chat.copy_code")} title={t("chat.copy_code")} onClick={copy}>
          {copied ? <Check size={14} aria-hidden="true" /> : <Copy size={14} aria-hidden="true" />}
        </button>
      </div>
      <pre tabIndex={0} aria-label={language || t("chat.language")}><code>{text}</code></pre>
    </div>
  );
}

function Cell({ as: As, cell, align }) {
  return <As style={align ? { textAlign: align } : undefined}><Inline tokens={cell.tokens} /></As>;
}

function Token({ token }) {
  switch (token.type) {
    case "space": case "def": return null;
    case "heading": {
      const Heading = `h${Math.min(6, token.depth + 2)}`;
      return <Heading className={`fs-chat-h${token.depth}`}><Inline tokens={token.tokens} /></Heading>;
    }
    case "code": return <CodeBlock text={token.text} language={(token.lang ?? "").split(/\s/)[0]} />;
    case "blockquote": return <blockquote><Tokens tokens={token.tokens} /></blockquote>;
    case "hr": return <hr />;
    case "list": {
      const List = token.ordered ? "ol" : "ul";
      return <List start={token.ordered && token.start !== 1 ? token.start : undefined}>{token.items.map((item, index) => <li key={index}><Tokens tokens={item.tokens} /></li>)}</List>;
    }
    case "table": return (
      <div className="fs-chat-table" tabIndex={0}>
        <table>
          <thead><tr>{token.header.map((cell, index) => <Cell key={index} as="th" cell={cell} align={token.align[index]} />)}</tr></thead>
          <tbody>{token.rows.map((row, at) => <tr key={at}>{row.map((cell, index) => <Cell key={index} as="td" cell={cell} align={token.align[index]} />)}</tr>)}</tbody>
        </table>
      </div>
    );
    case "paragraph": return <p><Inline tokens={token.tokens} /></p>;
    case "text": return token.tokens ? <Inline tokens={token.tokens} /> : plain(token.text);
    case "html": return <p>{token.raw}</p>;
    default: return <Inline tokens={[token]} />;
  }
}

const Tokens = ({ tokens }) => tokens.map((token, index) => <Token key={index} token={token} />);

/** A block is what its source says: equal source, equal picture. */
const Block = memo(Token, (before, after) => before.token.raw === after.token.raw && before.token.type === after.token.type);

export const Markdown = memo(function Markdown({ text }) {
  const kept = useRef(null);
  if (kept.current?.of !== text) kept.current = { ...grow(kept.current ?? empty(), text), of: text };
  return <div className="fs-chat-md">{kept.current.shown.map((token, index) => <Block key={index} token={token} />)}</div>;
});
