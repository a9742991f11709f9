// What calls of models cost: the shipped prices, and those that an admin sets.
import { useMemo, useState } from "react";
import { Pencil, Plus, RotateCcw } from "lucide-react";
import { toast } from "sonner";
import { Cancel, Confirm, Dialog, Failure, TextField, useSubmit } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { call } from "../studio/api.js";
import { t } from "../texts/texts.js";

const KINDS = ["input", "output", "cached", "cache_write"];
const OPTIONAL = new Set(["cached", "cache_write"]);
const NUMBER = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 4 });
const same = (one, other) => one.model.toLowerCase() === other.model.toLowerCase();

export function Prices({ mayAdmin }) {
  const [prices, failure, reload] = useAnswer("/models/prices");
  const [open, setOpen] = useState(null); // {edit: price or {}} or {drop: price}
  const rows = useMemo(() => prices && [
    ...prices.own.map((price) => ({ ...price, own: true, replaced: prices.shipped.some((other) => same(price, other)) })),
    ...prices.shipped.filter((price) => !prices.own.some((other) => same(price, other))),
  ].sort((one, other) => one.model.localeCompare(other.model)), [prices]);
  if (!rows) return <Pending failure={failure} reload={reload} />;
  const store = async (own, said) => {
    await call("PUT", "/models/prices", { body: { own } });
    setOpen(null);
    reload();
    toast.success(said);
  };
  const others = (price) => prices.own.filter((other) => !same(price, other));
  const save = (before, price) => store([...others(before).filter((other) => !same(price, other)), price], t("prices.saved", { model: price.model }));
  return (
    <section aria-labelledby="prices" style={{ display: "grid", gap: 16 }}>
      <div className="fs-section-head">
        <div><h2 id="prices">{t("settings.prices")}</h2><p className="fs-quiet">{t("prices.text")}{!mayAdmin && ` ${t("prices.admins")}`}</p></div>
        {mayAdmin && <button type="button" className="fs-button fs-button-primary" onClick={() => setOpen({ edit: {} })}><Plus size={16} aria-hidden="true" />{t("prices.add")}</button>}
      </div>
      <div className="fs-card"><div className="fs-card-scroll" tabIndex={0} role="group" aria-label={t("settings.prices")}>
        <table className="fs-table">
          <thead>
            <tr>
              <th scope="col">{t("prices.model")}</th>{KINDS.map((kind) => <th key={kind} scope="col" className="fs-number">{t(`prices.${kind}`)}</th>)}
              <th scope="col">{t("prices.source")}</th>{mayAdmin && <th scope="col"><span className="fs-visually-hidden">{t("settings.actions")}</span></th>}
            </tr>
          </thead>
          <tbody>
            {rows.map((price) => (
              <tr key={price.model}>
                <td><span className="fs-title">{price.model}</span></td>
                {KINDS.map((kind) => <td key={kind} className="fs-number">{price[kind] == null ? <span title={t("prices.as_input")}>{NUMBER.format(price.input)}</span> : NUMBER.format(price[kind])}</td>)}
                <td>{price.own ? <span className="fs-tag">{t("prices.own")}</span> : <small>{t("prices.shipped")}</small>}</td>
                {mayAdmin && (
                  <td><div className="fs-table-actions">
                    {price.own && <Tool icon={RotateCcw} label={t(price.replaced ? "prices.back" : "prices.drop", { model: price.model })} onClick={() => setOpen({ drop: price })} />}
                    <Tool icon={Pencil} label={t("prices.edit", { model: price.model })} onClick={() => setOpen({ edit: price })} />
                  </div></td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div></div>
      {open?.edit && <PriceForm price={open.edit} onClose={() => setOpen(null)} onSave={(price) => save(open.edit.model ? open.edit : price, price)} />}
      {open?.drop && (
        <Confirm
          heading={t(open.drop.replaced ? "prices.back" : "prices.drop", { model: open.drop.model })} text={t(open.drop.replaced ? "prices.back_text" : "prices.drop_text")}
          confirm={t(open.drop.replaced ? "prices.back_confirm" : "prices.drop_confirm")} onClose={() => setOpen(null)} onConfirm={() => store(others(open.drop), t("prices.dropped", { model: open.drop.model }))}
        />
      )}
    </section>
  );
}

function Tool({ icon: Icon, label, onClick }) {
  return <button type="button" className="fs-tool" aria-label={label} title={label} onClick={onClick}><Icon size={16} aria-hidden="true" /></button>;
}

function PriceForm({ price, onClose, onSave }) {
  const { failure, busy, submit } = useSubmit(({ model, ...amounts }) => onSave({
    model: model.trim(), ...Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount !== "").map(([kind, amount]) => [kind, Number(amount)])),
  }));
  return (
    <Dialog heading={price.model ? t("prices.edit", { model: price.model }) : t("prices.add")} text={t("prices.form_text")} onClose={onClose}>
      <form className="fs-form" onSubmit={submit} autoComplete="off">
        <TextField label={t("prices.model")} name="model" defaultValue={price.model ?? ""} maxLength={200} autoFocus={!price.model} readOnly={Boolean(price.model)} help={price.model ? undefined : t("prices.model_help")} />
        {KINDS.map((kind) => (
          <TextField
            key={kind} label={t(`prices.${kind}_label`)} name={kind} type="number" min="0" max="1000000" step="any" defaultValue={price[kind] ?? ""} autoFocus={Boolean(price.model) && kind === "input"}
            required={!OPTIONAL.has(kind)} help={OPTIONAL.has(kind) ? t("prices.empty_as_input") : undefined}
          />
        ))}
        <Failure text={failure} />
        <div className="fs-dialog-actions"><Cancel onClick={onClose} /><button className="fs-button fs-button-primary" disabled={busy}>{t("prices.save")}</button></div>
      </form>
    </Dialog>
  );
}
