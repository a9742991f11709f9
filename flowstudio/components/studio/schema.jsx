// The fields that the items of a page have, as a tree with kinds and a sample of each.
import { useContext, useId, useMemo, useState } from "react";
import { ChevronRight, GripVertical } from "lucide-react";
import { t } from "../texts/texts.js";
import { shapeOf } from "./shapes.js";
import { Files } from "./files.jsx";
import { Marked, ValueContext, brief, useCarried, valueLook } from "./values.jsx";

const OPEN = 2; // levels that are unfolded at first

const kindText = (shape) => shape.kinds.map((kind) => t(`kinds.${kind}`)).join(" | ");

function Field({ name, path, shape, missing, depth }) {
  const { open, search, base, mayUse } = useContext(ValueContext);
  const carried = useCarried();
  const id = useId();
  const inner = shape.fields?.length ? shape.fields : null;
  const listed = shape.entry;
  const [unfolded, setUnfolded] = useState(depth < OPEN);
  const folds = inner || listed;
  const shown = unfolded || (search && folds);
  return (
    <li>
      <div className="fs-schema-row" {...carried(path)}>
        {folds
          ? <button type="button" className="fs-schema-fold" aria-expanded={Boolean(shown)} aria-controls={id} aria-label={t(shown ? "panel.fold" : "panel.unfold", { name })} onClick={() => setUnfolded(!unfolded)}><ChevronRight size={14} aria-hidden="true" /></button>
          : <span className="fs-schema-fold" aria-hidden="true">{base != null && mayUse && <GripVertical size={12} />}</span>}
        <button type="button" className="fs-schema-field" title={t(base != null && mayUse ? "panel.open_or_drag" : "panel.open_value")} onClick={(event) => open(event.currentTarget, path, shape.sample)}>
          <span className={`fs-kind fs-kind-${shape.kinds[0]}`}>{kindText(shape)}</span>
          <span className="fs-schema-name"><Marked text={name} /></span>
          {missing && <span className="fs-quiet">{t("panel.optional")}</span>}
          {!folds && <span className={`fs-schema-sample ${valueLook(shape.sample)}`}><Marked text={brief(shape.sample)} /></span>}
        </button>
      </div>
      {shown && folds && (
        <ul id={id}>
          {inner?.map((field) => <Field key={field.name} {...field} path={[...path, field.name]} depth={depth + 1} />)}
          {listed && <Field name={t("panel.entries")} path={[...path, 0]} shape={listed} depth={depth + 1} />}
        </ul>
      )}
    </li>
  );
}

export function Schema({ items, name, fileAddress }) {
  const shape = useMemo(() => shapeOf(items.map((item) => item.json)), [items]);
  const filed = items.find((item) => item.binary);
  return (
    <div className="fs-schema">
      {shape.fields?.length
        ? <ul aria-label={name}>{shape.fields.map((field) => <Field key={field.name} {...field} path={[field.name]} depth={0} />)}</ul>
        : <p className="fs-quiet">{t("panel.no_fields")}</p>}
      {filed && <Files item={filed} fileAddress={fileAddress} />}
    </div>
  );
}
