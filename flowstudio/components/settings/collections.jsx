// Collections of passages that workflows search by meaning.
import { useState } from "react";
import { Trash2 } from "lucide-react";
import { toast } from "sonner";
import { Confirm } from "../shell/dialog.jsx";
import { Pending, useAnswer } from "../shell/loading.jsx";
import { call } from "../studio/api.js";
import { formatNumber, t } from "../texts/texts.js";
import { formatSize } from "./about.jsx";

export function Collections({ mayEdit }) {
  const [found, failure, reload] = useAnswer("/collections");
  const [doomed, setDoomed] = useState(null);
  if (!found) return <Pending failure={failure} reload={reload} />;
  const remove = async () => {
    await call("DELETE", `/collections/${encodeURIComponent(doomed.name)}`);
    setDoomed(null);
    reload();
    toast.success(t("collections.deleted", { name: doomed.name }));
  };
  return (
    <section aria-labelledby="collections" style={{ display: "grid", gap: 16 }}>
      <div className="fs-section-head"><div><h2 id="collections">{t("settings.collections")}</h2><p className="fs-quiet">{t("collections.text")}</p></div></div>
      <div className="fs-card">
        {found.items.length === 0 ? <p className="fs-empty">{t("collections.none")}</p> : (
          <div className="fs-card-scroll">
            <table className="fs-table">
              <thead>
                <tr>
                  <th scope="col">{t("settings.name")}</th><th scope="col" className="fs-number">{t("collections.sources")}</th><th scope="col" className="fs-number">{t("collections.passages")}</th>
                  <th scope="col" className="fs-number">{t("collections.size")}</th><th scope="col">{t("collections.embedder")}</th>{mayEdit && <th scope="col"><span className="fs-visually-hidden">{t("settings.actions")}</span></th>}
                </tr>
              </thead>
              <tbody>
                {found.items.map((collection) => (
                  <tr key={collection.name}>
                    <td><span className="fs-title">{collection.name}</span></td>
                    <td className="fs-number">{formatNumber(collection.sources)}</td><td className="fs-number">{formatNumber(collection.passages)}</td><td className="fs-number fs-nowrap">{formatSize(collection.size)}</td>
                    <td>{collection.embedder.provider === "local" ? t("collections.here") : collection.embedder.provider}<br /><small>{t("collections.model", { model: collection.embedder.model, dimensions: formatNumber(collection.embedder.dimensions) })}</small></td>
                    {mayEdit && <td><div className="fs-table-actions"><button type="button" className="fs-tool" aria-label={t("collections.delete", { name: collection.name })} title={t("collections.delete", { name: collection.name })} onClick={() => setDoomed(collection)}><Trash2 size={16} aria-hidden="true" /></button></div></td>}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </div>
      {doomed && <Confirm heading={t("collections.delete", { name: doomed.name })} text={t("collections.delete_text")} confirm={t("collections.delete_confirm")} onConfirm={remove} onClose={() => setDoomed(null)} />}
    </section>
  );
}
