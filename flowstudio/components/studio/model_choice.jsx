// The name of a model: a list that the provider of the chosen account gives, or any name that is typed.
import { useEffect, useState } from "react";
import { t } from "../texts/texts.js";
import { get } from "./api.js";
import { Combobox } from "./controls.jsx";

const KEPT = 5 * 60_000; // ms for which a list is good
const lists = new Map(); // credential -> {at, options}
const NONE = [];

const fresh = (account) => {
  const known = lists.get(account);
  return known && Date.now() - known.at < KEPT ? known.options : null;
};

/** The models of an account, asked for when the list is opened: {options, busy, failure, load}. */
function useModels(account) {
  const [state, setState] = useState({ busy: false, failure: "" });
  useEffect(() => setState({ busy: false, failure: "" }), [account]);
  const load = async () => {
    if (!account || state.busy || fresh(account)) return;
    setState({ busy: true, failure: "" });
    try {
      const { models } = await get(`/credentials/${encodeURIComponent(account)}/models`);
      lists.set(account, { at: Date.now(), options: models.map((name) => ({ value: name, label: name })) });
      setState({ busy: false, failure: "" });
    } catch (error) {
      setState({ busy: false, failure: error.message });
    }
  };
  return { ...state, options: (account && fresh(account)) || NONE, load };
}

/** `account` is the id of the chosen credential. */
export function ModelChoice({ account, field, ...common }) {
  const { options, busy, failure, load } = useModels(account);
  const hint = !account ? t("models.no_account") : busy ? t("models.loading") : failure ? t("models.failed", { reason: failure }) : t(options.length ? "models.own" : "models.empty");
  return (
    <>
      <Combobox {...common} options={options} free hint={hint} onShow={load} placeholder={t(field.required ? "models.choose" : "models.usual")} />
      {failure && <p className="fs-fault" role="status"><span>{t("models.failed", { reason: failure })}</span></p>}
    </>
  );
}
