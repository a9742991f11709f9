// What a step that asks a model needs: one that is attached to it, or an account. No React.

const SLOT = "model"; // of those that take a model from outside
const FIELD = "model"; // the kind of parameter that names a model

export const namesModel = (type) => (type.fields ?? []).some((field) => field.kind === FIELD);

/** The credential slot whose account lists the models of a type. */
export const accountSlot = (type) => (namesModel(type) ? type.credentials?.[0]?.name ?? null : null);

/** Whether a chat model is attached; then neither account nor name of the step itself matter. `used` are its ports with connections. */
export const hasModel = (type, used) => (type.slots ?? []).some((slot) => slot.name === SLOT) && used.has(`in/${SLOT}`);

/**
 * What keeps a step from asking a model unless a run brings it along: "model" or "account"; null when nothing does.
 * The server refuses no such workflow, because a run may come with a key.
 */
export function lacksModel(type, data, used) {
  const slot = accountSlot(type);
  if (!slot || !type.credentials[0].ambient || data.credentials?.[slot] || hasModel(type, used)) return null;
  return type.slots?.some(({ name }) => name === SLOT) ? "model" : "account";
}

/** The parameters that matter: with a model attached, that of the step itself does not. */
export const fieldsOf = (type, attached) => (attached ? (type.fields ?? []).filter((field) => field.kind !== FIELD) : type.fields ?? []);
