// The menu of a workflow, and the dialogs that it opens.
import { useState } from "react";
import { useReactFlow } from "@xyflow/react";
import { Copy, Download, Ellipsis, History as HistoryIcon, ListChecks, Settings2, Trash2, Upload } from "lucide-react";
import { toast } from "sonner";
import { count, t } from "../texts/texts.js";
import { ImportDialog } from "../transfer/importing.jsx";
import { below } from "../transfer/inserting.js";
import { call, get, post } from "./api.js";
import { Dropdown } from "./dropdown.jsx";
import { SettingsDialog } from "./workflow_settings.jsx";
import { History } from "./versions.jsx";

/** Let the browser download a file of the own origin. */
export function download(href, name = "") {
  const link = document.createElement("a");
  Object.assign(link, { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

export function MoreMenu({ store, workflow, sync, mayEdit, dark }) {
  const [shown, setShown] = useState(null); // "settings", "history", "import"
  const { fitView } = useReactFlow();
  const path = `/workflows/${encodeURIComponent(workflow.id)}`;
  const close = () => setShown(null);
  /** What acts on the stored workflow waits until everything is stored. */
  const afterSaving = (act) => async () => {
    try {
      if (!(await sync.flush())) throw new Error(t("editing.not_saved_yet"));
      await act();
    } catch (error) {
      toast.error(error.message);
    }
  };
  const duplicate = afterSaving(async () => {
    const document = store.document();
    const { id } = await post("/workflows/", { ...document, name: t("editing.copy_name", { name: document.name ?? "" }).slice(0, 200) });
    location.assign(`/workflows/${encodeURIComponent(id)}`);
  });
  const insert = (document) => {
    const part = below(document, store.snapshot.nodes);
    store.paste(part);
    toast(count(part.nodes.length, "transfer.inserted_one", "transfer.inserted_many"));
    requestAnimationFrame(() => fitView({ padding: 0.2, maxZoom: 1 }));
  };
  const remove = afterSaving(() => call("DELETE", `${path}/`));
  const exportForN8n = async () => {
    const { items: losses } = await get(`${path}/losses`);
    download(`/api${path}/export?format=n8n`);
    if (losses.length) toast.warning(t("transfer.losses"), { description: losses.slice(0, 6).map((loss) => loss.message).join("\n"), duration: 12_000 });
  };
  const items = [
    mayEdit && { label: t("editing.settings"), icon: Settings2, onPick: () => setShown("settings") },
    { label: t("editing.history"), icon: HistoryIcon, onPick: () => setShown("history") },
    { label: t("editor.executions"), icon: ListChecks, onPick: () => location.assign(`/executions?workflow=${encodeURIComponent(workflow.id)}`) },
    mayEdit && { label: t("editing.duplicate"), icon: Copy, onPick: duplicate },
    mayEdit && { label: t("transfer.import"), icon: Upload, onPick: () => setShown("import") },
    { label: t("editing.export"), icon: Download, onPick: afterSaving(() => download(`/api${path}/export`)) },
    { label: t("transfer.export_n8n"), icon: Download, onPick: afterSaving(exportForN8n) },
    mayEdit && { label: t("editing.delete"), icon: Trash2, onPick: remove },
  ].filter(Boolean);
  return (
    <>
      <Dropdown label={t("editing.more")} icon={Ellipsis} items={items} />
      {shown === "settings" && <SettingsDialog store={store} workflowId={workflow.id} onClose={close} />}
      {mayEdit && <ImportDialog open={shown === "import"} onClose={close} onInsert={insert} />}
      {shown === "history" && <History store={store} workflowId={workflow.id} sync={sync} mayEdit={mayEdit} dark={dark} onClose={close} />}
    </>
  );
}
