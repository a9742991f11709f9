// Files of items: what they are, a look at those that can be shown safely, and saving them.
import { useContext, useEffect, useRef, useState } from "react";
import { Download, Eye, File, FileText, Image, X } from "lucide-react";
import { formatNumber, t } from "../texts/texts.js";
import { Marked, ValueContext } from "./values.jsx";

const TEXT_SHOWN = 100_000; // characters
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);
const TEXTS = /^(text\/|application\/(json|xml|javascript|x-ndjson|[\w.-]+\+(json|xml)))/;

export function fileKind(type = "") {
  const kind = type.split(";")[0].trim().toLowerCase();
  if (IMAGES.has(kind)) return "image";
  if (kind === "application/pdf") return "pdf";
  if (kind === "image/svg+xml") return "drawing";
  return TEXTS.test(kind) ? "text" : "other";
}

const ICONS = { image: Image, drawing: Image, pdf: FileText, text: FileText, other: File };
const UNITS = ["B", "kB", "MB", "GB"];

export function fileSize(bytes) {
  let size = bytes;
  let unit = 0;
  for (; size >= 1000 && unit < UNITS.length - 1; unit++) size /= 1000;
  return `${formatNumber(unit && size < 10 ? Math.round(size * 10) / 10 : Math.round(size))} ${UNITS[unit]}`;
}

/** The files of one item. `fileAddress(item, name)` gives where a file is. */
export function Files({ item, fileAddress }) {
  const [shown, setShown] = useState(null);
  return (
    <>
      <ul className="fs-files">
        {Object.entries(item.binary ?? {}).map(([name, file]) => {
          const kind = fileKind(file.mime_type);
          const Icon = ICONS[kind];
          const address = fileAddress?.(item, name);
          const label = file.file_name || name;
          return (
            <li key={name}>
              <Icon size={14} aria-hidden="true" />
              <span className="fs-file-name" title={`${name} · ${file.mime_type}`}><Marked text={label} /></span>
              <span className="fs-quiet">{fileSize(file.size)}</span>
              {address && kind !== "other" && <button type="button" className="fs-tool" aria-label={t("panel.look_at", { name: label })} title={t("panel.look_at", { name: label })} onClick={() => setShown({ name, label, kind, file, address })}><Eye size={14} aria-hidden="true" /></button>}
              {address && <a className="fs-tool" href={`${address}&download=true`} download={label} aria-label={t("panel.save_file", { name: label })} title={t("panel.save_file", { name: label })}><Download size={14} aria-hidden="true" /></a>}
            </li>
          );
        })}
      </ul>
      {shown && <Preview {...shown} onClose={() => setShown(null)} />}
    </>
  );
}

function Preview({ label, kind, file, address, onClose }) {
  const dialog = useRef(null);
  useEffect(() => { dialog.current.showModal(); }, []);
  return (
    <dialog ref={dialog} className="fs-preview" aria-label={label} onClose={onClose} onKeyDown={(event) => event.stopPropagation()} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      <header>
        <strong>{label}</strong><span className="fs-quiet">{file.mime_type} · {fileSize(file.size)}</span><span className="fs-gap" />
        <a className="fs-button fs-button-small" href={`${address}&download=true`} download={label}><Download size={14} aria-hidden="true" /> {t("panel.save")}</a>
        <button type="button" className="fs-tool" aria-label={t("app.close")} onClick={() => dialog.current.close()}><X size={16} aria-hidden="true" /></button>
      </header>
      <div className="fs-preview-body">
        {kind === "image" && <img src={address} alt={label} />}
        {kind === "drawing" && <Drawing address={address} label={label} />}
        {kind === "text" && <TextFile address={address} />}
        {kind === "pdf" && <Pdf address={address} label={label} />}
      </div>
    </dialog>
  );
}

function useFetched(address, read) {
  const [found, setFound] = useState({});
  useEffect(() => {
    const gone = new AbortController();
    fetch(address, { signal: gone.signal })
      .then(async (response) => {
        if (!response.ok) throw new Error((await response.json()).error.message);
        setFound({ value: await read(response, gone) });
      })
      .catch((error) => error.name !== "AbortError" && setFound({ error: error.message }));
    return () => gone.abort();
  }, [address, read]);
  return found;
}

/** The beginning of a text; the rest of a large file is never fetched. */
async function beginning(response, gone) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (text.length < TEXT_SHOWN) {
    const { done, value } = await reader.read();
    if (done) return { text, cut: false };
    text += value;
  }
  void gone;
  await reader.cancel();
  return { text: text.slice(0, TEXT_SHOWN), cut: true };
}

function TextFile({ address }) {
  const { value, error } = useFetched(address, beginning);
  if (error) return <p role="alert">{error}</p>;
  if (!value) return <p className="fs-quiet" role="status">{t("app.loading")}</p>;
  return <>{value.cut && <p className="fs-quiet">{t("panel.beginning")}</p>}<pre tabIndex={0}>{value.text}</pre></>;
}

const as = (type) => async (response) => URL.createObjectURL(new Blob([await response.arrayBuffer()], { type }));
const asPdf = as("application/pdf");
const asSvg = as("image/svg+xml");

function useObject(address, read) {
  const { value, error } = useFetched(address, read);
  useEffect(() => () => value && URL.revokeObjectURL(value), [value]);
  return { value, error };
}

/** An SVG: in an image it neither runs scripts nor loads anything. */
function Drawing({ address, label }) {
  const { value, error } = useObject(address, asSvg);
  if (error) return <p role="alert">{error}</p>;
  return value ? <img src={value} alt={label} /> : <p className="fs-quiet" role="status">{t("app.loading")}</p>;
}

function Pdf({ address, label }) {
  const { value, error } = useObject(address, asPdf);
  if (error) return <p role="alert">{error}</p>;
  return value ? <iframe src={value} title={label} /> : <p className="fs-quiet" role="status">{t("app.loading")}</p>;
}
