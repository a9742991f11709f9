// Which templates a search finds, and which steps of a setup are done.

/** Templates that match all words of a search, a category (null: any), and need no account if `easy`. */
export function matching(templates, { search = "", category = null, easy = false }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return templates.filter((template) => {
    if (category && template.category !== category) return false;
    if (easy && template.needs === "account") return false;
    const labels = template.document.nodes.map((node) => node.data?.label ?? "").join(" ");
    const text = `${template.title} ${template.purpose} ${template.about} ${template.category} ${labels}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/**
 * Whether a step of a template's setup is done. `find` gives the data of the workflow's node by id, `ran` says whether the
 * workflow ran without an error, `active` whether it is switched on. Steps without a check are never done by themselves.
 */
export function isDone(step, template, { find, ran, active }) {
  const check = step.check;
  if (!check) return false;
  if (check.kind === "run") return Boolean(ran);
  if (check.kind === "active") return Boolean(active);
  const data = find(step.node);
  if (!data) return false;
  if (check.kind === "credential") return Boolean(data.credentials?.[check.slot]);
  const value = data.properties?.[check.property];
  const original = template.document.nodes.find((node) => node.id === step.node)?.data?.properties?.[check.property];
  return value != null && value !== "" && !same(value, original);
}
