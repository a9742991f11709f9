// What opens over the canvas, one at a time: the palette, menus, search and dialogs.
import { useMemo } from "react";
import { t } from "../texts/texts.js";
import { Commands, Connections } from "./commands.jsx";
import { fits, takesInput } from "./edits.js";
import { Menu } from "./menu.jsx";
import { Palette } from "./palette.jsx";
import { SearchBar } from "./search.jsx";
import { Remark, ShortcutSheet } from "./sheet.jsx";

export const MIME = "application/x-flowstudio-step";

/** What the palette is opened for: its title, and which types fit there. `strict`: no others are shown. */
function purpose(store, at) {
  const name = (id) => store.label(store.node(id));
  const outputs = (type) => store.catalogue.ports(type.type, {}).outputs.length > 0;
  if (at.owner && store.node(at.owner)) {
    const slot = store.node(at.owner).ports.slots.find((one) => one.id === at.slot);
    return { title: t("palette.title_slot", { slot: slot.label, name: name(at.owner) }), fitting: (type) => fits(slot, type), strict: true };
  }
  const follows = (type) => !type.trigger && !type.sub && !type.annotation && takesInput(store, type.type);
  if (at.edge) return { title: t("palette.title_between"), fitting: (type) => follows(type) && outputs(type) };
  if (at.after && store.node(at.after)) return { title: t("palette.title_after", { name: name(at.after) }), fitting: follows };
  if (at.before && store.node(at.before)) return { title: t("palette.title_before", { name: name(at.before) }), fitting: (type) => !type.sub && !type.annotation && outputs(type) };
  if (!store.snapshot.nodes.some((node) => !node.annotation)) return { title: t("palette.title_first"), fitting: (type) => type.trigger };
  return { title: t("palette.title"), fitting: (type) => !type.sub };
}

export function Overlay({ overlay, show, onClose, store, actions, catalogue, signals, mayEdit, mayRun, subject }) {
  const asked = useMemo(() => (overlay.kind === "palette" ? purpose(store, overlay.at) : null), [store, overlay]);
  switch (overlay.kind) {
    case "palette":
      return (
        <Palette catalogue={catalogue} mime={MIME} {...asked} onClose={onClose} onPick={(type) => {
          onClose(false);
          actions.addAt(type, overlay.at);
        }} />
      );
    case "menu":
      return <Menu key={`${overlay.x}/${overlay.y}`} {...overlay} store={store} actions={actions} mayEdit={mayEdit} mayRun={mayRun} onClose={onClose} />;
    case "commands":
      return <Commands store={store} actions={actions} catalogue={catalogue} mayEdit={mayEdit} current={subject.split("/").at(-1)} onClose={onClose} />;
    case "connect":
      return <Connections store={store} id={overlay.id} catalogue={catalogue} show={show} onClose={onClose} />;
    case "search":
      return <SearchBar store={store} actions={actions} catalogue={catalogue} signals={signals} onClose={onClose} />;
    case "remark":
      return <Remark store={store} id={overlay.id} onClose={onClose} />;
    default:
      return <ShortcutSheet mayEdit={mayEdit} onClose={onClose} />;
  }
}
