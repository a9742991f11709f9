// What models consumed, in words: tokens and US dollars.
import { formatNumber, t } from "../texts/texts.js";

const SMALL = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 3 });
const USUAL = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });

/** $0.00014, $12.30 */
export const formatCost = (dollars) => (dollars < 1 ? SMALL : USUAL).format(dollars);

export const tokensOf = (usage = {}) => (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0);

/** "300 tokens · $0.00014"; empty when no model was asked. */
export function usageText(usage = {}) {
  const tokens = tokensOf(usage);
  return [tokens > 0 && t("steps.tokens", { count: formatNumber(tokens) }), usage.cost > 0 && formatCost(usage.cost)].filter(Boolean).join(" · ");
}
