// One of what a plural title names, for buttons such as "Add condition".
const ENDINGS = [[/ies$/, "y"], [/(ch|sh|ss|x)es$/, "$1"], [/([^su])s$/, "$1"]];

/** `Query parameters` -> `query parameter`; null when the title is no plural. */
export function singular(title) {
  const ending = ENDINGS.find(([pattern]) => pattern.test(title));
  if (!ending) return null;
  const one = title.replace(ending[0], ending[1]);
  return /^[A-Z][^A-Z]/.test(one) ? one[0].toLowerCase() + one.slice(1) : one;
}
