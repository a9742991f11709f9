// Markdown as React elements: headings, lists, quotes, code, bold, italic and links. Never as HTML, so nothing can slip in.
import { Fragment } from "react";
import { blocks, spans } from "./markdown.js";

function Inline({ text }) {
  return spans(text).map((span, index) => {
    switch (span.kind) {
      case "bold": return <strong key={index}><Inline text={span.text} /></strong>;
      case "italic": return <em key={index}><Inline text={span.text} /></em>;
      case "strike": return <s key={index}><Inline text={span.text} /></s>;
      case "code": return <code key={index}>{span.text}</code>;
      case "link": return <a key={index} href={span.href} target="_blank" rel="noopener noreferrer nofollow" className="nodrag">{span.text}</a>;
      default: return <Fragment key={index}>{span.text}</Fragment>;
    }
  });
}

const Lines = ({ lines }) => lines.map((line, index) => <Fragment key={index}>{index > 0 && <br />}<Inline text={line} /></Fragment>);

export function Markdown({ text }) {
  return blocks(text).map((block, index) => {
    switch (block.kind) {
      case "heading": {
        const Heading = `h${block.level + 2}`; // below the headings of the page
        return <Heading key={index} className={`fs-md-${block.level}`}><Inline text={block.text} /></Heading>;
      }
      case "list": {
        const List = block.ordered ? "ol" : "ul";
        return <List key={index} start={block.ordered ? block.start : undefined}>{block.items.map((item, number) => <li key={number}><Inline text={item} /></li>)}</List>;
      }
      case "code": return <pre key={index}><code>{block.text}</code></pre>;
      case "quote": return <blockquote key={index}><Lines lines={block.lines} /></blockquote>;
      case "rule": return <hr key={index} />;
      default: return <p key={index}><Lines lines={block.lines} /></p>;
    }
  });
}
