// The node types of this installation, and which ports a node has.
import { nodeIcons } from "./node_icons.js";
import { get } from "./api.js";

const MAIN = [{ id: "main", label: "" }];
const ERROR_PORT = "error";

export class Catalogue {
  constructor(types) {
    this.types = types;
    this.bySlug = new Map(types.map((type) => [type.type, type]));
  }

  /** The type, or a stand-in for one that is not installed. */
  type(slug) {
    return this.bySlug.get(slug) ?? { type: slug, label: slug, group: "", icon: "box", fields: [], slots: [], fills: [], inputs: MAIN, outputs: MAIN, missing: true };
  }

  icon(slug) {
    return nodeIcons[this.type(slug).icon] ?? nodeIcons.box;
  }

  color(slug) {
    return this.type(slug).color || "var(--fs-muted)";
  }

  /**
   * Ports of a node: the server's (they may depend on parameters), else the type's, plus whatever edges use.
   * `slots` take sub-nodes; `sub` is set for those, and for any node that only works for others; notes have a `size` instead.
   */
  ports(slug, data, known, used = { inputs: [], outputs: [] }) {
    const type = this.type(slug);
    if (type.annotation) return { inputs: [], outputs: [], slots: [], size: noteSize(type, data?.properties) };
    const slots = (type.slots ?? []).map(({ name, title, many, takes, required }) => ({ id: name, label: title, many, takes, required }));
    if (type.sub) return { inputs: [], outputs: [(type.outputs ?? MAIN)[0] ?? MAIN[0]], slots, sub: true };
    if (used.called) return { inputs: [], outputs: [used.outputs.length ? { id: used.outputs[0], label: "" } : (known?.outputs ?? type.outputs ?? MAIN)[0] ?? MAIN[0]], slots, sub: true };
    const taken = used.inputs.filter((id) => !slots.some((slot) => slot.id === id));
    const inputs = withUsed(known?.inputs ?? type.inputs ?? MAIN, taken);
    let outputs = known?.outputs ?? type.outputs ?? MAIN;
    if (data?.settings?.on_error === "error_output" && !outputs.some((port) => port.id === ERROR_PORT)) {
      outputs = [...outputs, { id: ERROR_PORT, label: "Error" }];
    }
    return { inputs, outputs: withUsed(outputs, used.outputs), slots };
  }

  /** Subtitle template such as `{method}: {url}`, filled from the node's properties. */
  subtitle(slug, properties = {}) {
    const type = this.type(slug);
    const defaults = Object.fromEntries((type.fields ?? []).map((field) => [field.name, field.default]));
    const shown = (type.subtitle ?? "").replace(/\{(\w+)\}/g, (_, name) => {
      const value = properties[name] ?? defaults[name];
      const option = type.fields?.find((field) => field.name === name)?.options?.find((o) => o.value === value);
      return option?.label ?? (typeof value === "object" ? "" : String(value ?? "").replace(/^=/, ""));
    });
    return shown.replace(/^[\s:·–-]+|[\s:·–-]+$/g, "");
  }

  /**
   * Types that match a search, by group; those for which `fitting` holds come first, triggers before others.
   * With `subs`, those that are made for slots come before any other step that fits.
   */
  search(text, fitting = () => true, subs = false) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.types.filter((type) => {
      if (type.offered === false) return false;
      const haystack = `${type.label} ${type.type} ${type.group} ${type.help ?? ""}`.toLowerCase();
      return words.every((word) => haystack.includes(word));
    });
    const rank = (type) => (fitting(type) ? 0 : 4) + (words.length && type.label.toLowerCase().includes(words[0]) ? 0 : 2) + (subs && !type.sub ? 1 : 0);
    found.sort((a, b) => rank(a) - rank(b) || Number(b.trigger) - Number(a.trigger) || a.label.localeCompare(b.label));
    const groups = new Map();
    for (const type of found) {
      const fit = fitting(type);
      const key = `${fit}/${type.group}`;
      if (!groups.has(key)) groups.set(key, { key, label: type.group, fits: fit, types: [] });
      groups.get(key).types.push(type);
    }
    return [...groups.values()];
  }
}

function noteSize(type, properties = {}) {
  const of = (name) => {
    const wanted = Number(properties[name] ?? type.fields?.find((field) => field.name === name)?.default);
    return Number.isFinite(wanted) ? Math.min(10_000, Math.max(48, wanted)) : 160;
  };
  return [of("width"), of("height")];
}

function withUsed(ports, used) {
  const missing = [...new Set(used)].filter((id) => !ports.some((port) => port.id === id));
  return missing.length ? [...ports, ...missing.map((id) => ({ id, label: id }))] : ports;
}

let loading;

/** Fetched once per page. */
export function loadCatalogue() {
  loading ??= get("/node-types/").then((answer) => new Catalogue(answer.items ?? answer)).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
