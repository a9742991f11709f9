// The page on credentials: who may look sees names, admins add, change and delete.
import { useEffect, useState } from "react";
import { CircleAlert, CircleCheck, Info, KeyRound, LogIn, Pencil, PlugZap, Plus, Trash2 } from "lucide-react";
import { Link } from "react-router";
import { toast } from "sonner";
import { Confirm } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { Ago } from "../shell/shell.jsx";
import { call, post } from "../studio/api.js";
import { count, t } from "../texts/texts.js";
import { signedIn, signIn } from "./connecting.js";
import { CredentialDialog } from "./form.jsx";
import "./credentials.css";

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const OUTCOMES = { yes: toast.success, failed: toast.error, late: toast.error };
const tell = (outcome) => OUTCOMES[outcome](t(`credentials.signed_in_${outcome}`));

export function CredentialList({ ready, mayEdit, mayAdmin }) {
  const [stored, failure, reload] = useAnswer("/credentials", mayEdit);
  const [types] = useAnswer("/credential-types", mayEdit);
  const [open, setOpen] = useState(null); // {change} with a credential or without, or {remove}
  const [said, setSaid] = useState({}); // what came of a test, by credential
  const close = () => setOpen(null);
  useEffect(() => {
    const outcome = signedIn();
    if (outcome) tell(outcome);
  }, []);
  if (ready && !mayEdit) return <div className="fs-card"><Nothing text={t("credentials.viewers")} /></div>;
  if (!stored || !types) return <Pending failure={failure} reload={reload} />;
  const label = (slug) => types.items.find((type) => type.type === slug)?.label ?? slug;
  const say = (id, verdict) => setSaid((before) => ({ ...before, [id]: verdict }));
  const saved = (credential) => {
    close();
    say(credential.id, null);
    reload();
    toast.success(t("credentials.saved"));
  };
  const test = async (item) => {
    say(item.id, { busy: true });
    try {
      say(item.id, await post(`/credentials/${encodeURIComponent(item.id)}/test`));
    } catch (error) {
      say(item.id, { works: false, message: error.message });
    }
    reload();
  };
  const connect = async (item) => {
    try {
      tell(await signIn(item.id));
    } catch (error) {
      toast.error(error.message);
    }
    say(item.id, null);
    reload();
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
                    <th scope="col"><span className="fs-visually-hidden">{t("credentials.actions")}</span></th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((item) => (
                    <tr key={item.id}>
                      <td><span className="fs-title">{item.name}</span><Said item={item} verdict={said[item.id]} /></td>
                      <td><span className="fs-tag">{label(item.type)}</span></td>
                      <td><Uses workflows={item.used_by} /></td>
                      <td className="fs-nowrap"><small><Ago at={item.updated_at} /></small></td>
                      <td>
                        <div className="fs-table-actions">
                          {item.needs_sign_in && item.may_change && (
                            <button type="button" className="fs-button fs-button-small" aria-label={t(item.connected_at ? "credentials.reconnect_it" : "credentials.connect_it", { name: item.name })} onClick={() => connect(item)}>
                              <LogIn size={14} aria-hidden="true" />{t(item.connected_at ? "credentials.reconnect" : "credentials.connect")}
                            </button>
                          )}
                          <button type="button" className="fs-button fs-button-small" aria-label={t("credentials.test_it", { name: item.name })} disabled={said[item.id]?.busy} onClick={() => test(item)}>
                            <PlugZap size={14} aria-hidden="true" />{t("credentials.test")}
                          </button>
                          {item.may_change && <Tool icon={Pencil} label={t("credentials.change", { name: item.name })} onClick={() => setOpen({ change: item })} />}
                          {item.may_change && <Tool icon={Trash2} label={t("credentials.delete", { name: item.name })} onClick={() => setOpen({ remove: item })} />}
                        </div>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
      </div>
      {open && "change" in open && <CredentialDialog credential={open.change} mayShare={mayAdmin} onClose={close} onDone={saved} />}
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

/** What came of the last test; before one, what somebody should do about the credential. */
function Said({ item, verdict }) {
  if (verdict?.busy) return <p className="fs-credential-said fs-quiet" role="status">{t("credentials.testing")}</p>;
  if (verdict) {
    const [Icon, kind] = { true: [CircleCheck, "success"], false: [CircleAlert, "error"] }[verdict.works] ?? [Info, "skipped"];
    return <p className={`fs-credential-said fs-text-${kind}`} role="status"><Icon size={14} aria-hidden="true" /><span>{verdict.message}</span></p>;
  }
  const { kind, at, text } = item.warning ?? {};
  const words = kind === "problem" ? text
    : kind === "short" ? t("credentials.short")
    : kind ? t(`credentials.${kind}_at`, { at: DAY.format(new Date(at)) })
    : item.needs_sign_in && !item.connected_at ? t("credentials.not_connected") : "";
  if (!words) return item.usable_by === "editor" ? null : <p className="fs-credential-said fs-quiet">{t(`credentials.only_${item.usable_by}`)}</p>;
  return <p className={`fs-credential-said fs-text-${kind === "problem" || kind === "ended" ? "error" : "waiting"}`}><CircleAlert size={14} aria-hidden="true" /><span>{words}</span></p>;
}

function Uses({ workflows }) {
  if (!workflows.length) return <small className="fs-nowrap">{t("credentials.unused")}</small>;
  const links = workflows.map((workflow) => <Link key={workflow.id} className="fs-link" to={`/workflows/${workflow.id}`}>{workflow.name}</Link>);
  if (workflows.length === 1) return links[0];
  return (
    <details className="fs-credential-uses">
      <summary>{count(workflows.length, "credentials.used_one", "credentials.used_many")}</summary>
      <ul>{links.map((link) => <li key={link.key}>{link}</li>)}</ul>
    </details>
  );
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
