// The page on credentials: who may look sees names, admins add, change and delete.
import { useState } from "react";
import { KeyRound, Pencil, Plus, Trash2 } from "lucide-react";
import { Link } from "react-router";
import { toast } from "sonner";
import { Confirm } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { Ago } from "../shell/shell.jsx";
import { call } from "../studio/api.js";
import { count, t } from "../texts/texts.js";
import { CredentialDialog } from "./form.jsx";

export function CredentialList({ ready, mayEdit, mayAdmin }) {
  const [stored, failure, reload] = useAnswer("/credentials", mayEdit);
  const [types] = useAnswer("/credential-types", mayEdit);
  const [open, setOpen] = useState(null); // {change} with a credential or without, or {remove}
  const close = () => setOpen(null);
  if (ready && !mayEdit) return <div className="fs-card"><Nothing text={t("credentials.viewers")} /></div>;
  if (!stored || !types) return <Pending failure={failure} reload={reload} />;
  const label = (slug) => types.items.find((type) => type.type === slug)?.label ?? slug;
  const saved = () => {
    close();
    reload();
    toast.success(t("credentials.saved"));
  };
  const remove = async () => {
    await call("DELETE", `/credentials/${encodeURIComponent(open.remove.id)}`);
    close();
    reload();
    toast.success(t("credentials.deleted"));
  };
  const add = mayAdmin && (
    <button type="button" className="fs-button fs-button-primary" onClick={() => setOpen({ change: null })}>
      <Plus size={16} aria-hidden="true" />{t("credentials.add")}
    </button>
  );
  const items = stored.items;
  return (
    <>
      {items.length > 0 && add && <div className="fs-toolbar"><p className="fs-quiet">{t("credentials.promise")}</p><span className="fs-gap" />{add}</div>}
      <div className="fs-card">
        {items.length === 0
          ? <Nothing text={mayAdmin ? t("credentials.empty_text") : t("credentials.ask_admin")}>{add}</Nothing>
          : (
            <div className="fs-card-scroll">
              <table className="fs-table">
                <thead>
                  <tr>
                    <th scope="col">{t("workflows.name")}</th><th scope="col">{t("credentials.type")}</th>
                    <th scope="col">{t("credentials.used_by")}</th><th scope="col">{t("credentials.changed")}</th>
                    {mayAdmin && <th scope="col"><span className="fs-visually-hidden">{t("credentials.actions")}</span></th>}
                  </tr>
                </thead>
                <tbody>
                  {items.map((item) => (
                    <tr key={item.id}>
                      <td><span className="fs-title">{item.name}</span></td>
                      <td><span className="fs-tag">{label(item.type)}</span></td>
                      <td><Uses workflows={item.used_by} /></td>
                      <td className="fs-nowrap"><small><Ago at={item.updated_at} /></small></td>
                      {mayAdmin && (
                        <td>
                          <div className="fs-table-actions">
                            <Tool icon={Pencil} label={t("credentials.change", { name: item.name })} onClick={() => setOpen({ change: item })} />
                            <Tool icon={Trash2} label={t("credentials.delete", { name: item.name })} onClick={() => setOpen({ remove: item })} />
                          </div>
                        </td>
                      )}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
      </div>
      {open && "change" in open && <CredentialDialog credential={open.change} onClose={close} onDone={saved} />}
      {open?.remove && (
        <Confirm
          heading={t("credentials.delete_title", { name: open.remove.name })} confirm={t("app.delete")} onConfirm={remove} onClose={close}
          text={open.remove.used_by.length ? t("credentials.delete_used") : t("credentials.delete_unused")}
        >
          {open.remove.used_by.length > 0 && <ul className="fs-uses">{open.remove.used_by.map((workflow) => <li key={workflow.id}>{workflow.name}</li>)}</ul>}
        </Confirm>
      )}
    </>
  );
}

function Uses({ workflows }) {
  if (!workflows.length) return <small>{t("credentials.unused")}</small>;
  if (workflows.length === 1) return <Link className="fs-link" to={`/workflows/${workflows[0].id}`}>{workflows[0].name}</Link>;
  return <span title={workflows.map((workflow) => workflow.name).join(", ")}>{count(workflows.length, "credentials.used_one", "credentials.used_many")}</span>;
}

function Nothing({ text, children }) {
  return (
    <div className="fs-empty">
      <KeyRound size={32} strokeWidth={1.5} aria-hidden="true" />
      <h2>{t("credentials.empty_title")}</h2>
      <p>{text}</p>
      {children}
    </div>
  );
}

function Tool({ icon: Icon, label, onClick }) {
  return <button type="button" className="fs-tool" aria-label={label} title={label} onClick={onClick}><Icon size={16} aria-hidden="true" /></button>;
}
