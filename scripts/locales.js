// Writes what the cage has to know to write dates and numbers in many languages, as JSON, learned from Node's own Intl.
// Run it by `python -m scripts.make_locales`; flowstudio/sandbox/prelude/intl.js reads the result and documents it.
"use strict";

const LOCALES = ("en-001 en-GB en-CA en-AU en-NZ en-IE en-ZA en-IN de de-AT de-CH fr fr-BE fr-CA fr-CH es es-419 es-MX es-AR es-CL es-CO es-US es-PE " +
  "pt pt-PT it it-CH nl nl-BE sv da nb fi is pl cs sk sl hr hu ro bg ru uk el tr he lt lv et ca ja ko zh zh-TW zh-HK id ms vi hi").split(" ");
const CURRENCIES = ("USD EUR GBP JPY CHF CNY INR KRW BRL CAD AUD MXN NZD SEK NOK DKK ISK PLN CZK HUF RON BGN TRY ILS ZAR RUB UAH SGD HKD TWD THB IDR " +
  "VND PHP MYR AED SAR ARS CLP COP PEN").split(" ");
const UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];
const DURATIONS = ["millisecond", "second", "minute", "hour", "day", "week", "month", "year"];
const WEEKDAY = [undefined, "narrow", "short", "long"], YEAR = [undefined, "numeric", "2-digit"];
const MONTH = [undefined, "numeric", "2-digit", "narrow", "short", "long"], DAY = [undefined, "numeric", "2-digit"];
const STYLES = ["full", "long", "medium", "short"];
const utc = (...given) => new Date(Date.UTC(...given));
const SAMPLE = utc(2005, 2, 7, 9, 4, 5); // no number of it looks like another, and each has one digit
const MONTHS = Array.from({ length: 12 }, (_, month) => utc(2005, month, 7)); // of any weekday
const WEEK = Array.from({ length: 7 }, (_, day) => utc(2005, 2, 6 + day)); // from Sunday on

const without = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
const partsOf = (locale, options, date = SAMPLE) => new Intl.DateTimeFormat(locale, { ...without(options), timeZone: "UTC" }).formatToParts(date);
const partOf = (locale, options, date, type) => partsOf(locale, options, date).find((part) => part.type === type)?.value;
const isTime = (type) => ["hour", "minute", "second", "dayPeriod"].includes(type);

function learned(locale) {
  const found = { names: [], patterns: [] };
  const numbered = (list, value) => {
    const at = list.findIndex((one) => JSON.stringify(one) === JSON.stringify(value));
    return at < 0 ? list.push(value) - 1 : at;
  };
  const token = (options, { type, value }) => {
    const digits = /^\d+$/.test(value);
    switch (type) {
      case "literal": return value;
      case "year": return value === "2005" ? "{y}" : "{yy}";
      case "day": return value === "07" ? "{dd}" : "{d}";
      case "month": return digits ? (value === "03" ? "{mm}" : "{m}")
        : `{M${numbered(found.names, MONTHS.map((date) => partOf(locale, options, date, "month")))}}`;
      case "weekday": return `{E${numbered(found.names, WEEK.map((date) => partOf(locale, options, date, "weekday")))}}`;
      case "hour": return value === "09" ? "{hh}" : "{h}";
      case "minute": return value === "04" ? "{ii}" : "{i}";
      case "second": return value === "05" ? "{ss}" : "{s}";
      case "dayPeriod": return "{a}";
      case "timeZoneName": return "{z}";
      default: throw new Error(`${locale}: ${type}`);
    }
  };
  const pattern = (options) => partsOf(locale, options).map((part) => token(options, part)).join("");
  // What stands before, between and after date and time, and whether the time comes first.
  const glue = (options) => {
    const parts = partsOf(locale, options);
    const kinds = parts.map((part) => part.type === "literal" || part.type === "timeZoneName" ? null : isTime(part.type));
    const first = kinds.findIndex((kind) => kind !== null), last = kinds.findLastIndex((kind) => kind !== null);
    const turn = kinds.findIndex((kind, at) => kind !== null && kind !== kinds[first]);
    const text = (from, to) => parts.slice(from, to).map((part) => part.value).join("");
    const before = kinds.findLastIndex((kind, at) => at < turn && kind !== null);
    // What belongs to the date or the time itself is in their own patterns.
    const own = (isOf) => partsOf(locale, Object.fromEntries(Object.entries(options).filter(([name]) => isTime(name) === isOf || name === "hourCycle")));
    const edges = (list) => [list[0].type === "literal" ? list[0].value : "", list.at(-1).type === "literal" ? list.at(-1).value : ""];
    const [start, end] = [edges(own(kinds[first])), edges(own(!kinds[first]))];
    const cut = (whole, head, tail) => whole.slice(head.length, tail.length ? -tail.length : undefined);
    return [kinds[first] ? 1 : 0, cut(text(0, first), start[0], ""), cut(text(before + 1, turn), start[1], end[0]), cut(text(last + 1), "", end[1])];
  };

  found.dates = WEEKDAY.map((weekday) => YEAR.map((year) => MONTH.map((month) => DAY.map((day) =>
    weekday || year || month || day ? numbered(found.patterns, pattern({ weekday, year, month, day })) : -1)))).flat(3);
  const choice = [undefined, "numeric", "2-digit"];
  found.times = [undefined, "h12", "h23"].map((hourCycle) => choice.map((hour) => choice.map((minute) => choice.map((second) =>
    hour || minute || second ? numbered(found.patterns, pattern({ hour, minute, second, hourCycle })) : -1)))).flat(3);
  const usual = new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions().hourCycle;
  found.cycle = usual === "h12" || usual === "h11" ? "h12" : "h23";
  found.halves = Array.from({ length: 24 }, (_, hour) => partOf(locale, { hour: "numeric", hourCycle: "h12" }, utc(2005, 2, 7, hour), "dayPeriod"));
  if (new Set(found.halves).size === 2 && found.halves[0] === found.halves[11] && found.halves[12] === found.halves[23]) found.halves = [found.halves[0], found.halves[12]];
  const clock = { hour: "numeric", minute: "2-digit" };
  found.glue = [...["numeric", "short", "long"].map((month) => glue({ year: "numeric", month, day: "numeric", ...clock })), glue({ weekday: "long", ...clock })];
  found.styles = {
    date: STYLES.map((dateStyle) => pattern({ dateStyle })),
    time: STYLES.map((timeStyle) => pattern({ timeStyle })),
    glue: STYLES.map((dateStyle) => {
      const whole = partsOf(locale, { dateStyle, timeStyle: "short" }).map((part) => part.value).join("");
      const date = partsOf(locale, { dateStyle }).map((part) => part.value).join(""), time = partsOf(locale, { timeStyle: "short" }).map((part) => part.value).join("");
      const [one, two, order] = whole.indexOf(date) < whole.indexOf(time) ? [date, time, 0] : [time, date, 1];
      const at = whole.indexOf(one), then = whole.indexOf(two, at + one.length);
      if (at < 0 || then < 0) throw new Error(`${locale}: ${whole}`);
      return [order, whole.slice(0, at), whole.slice(at + one.length, then), whole.slice(then + two.length)];
    }),
  };

  const number = (options, value) => new Intl.NumberFormat(locale, options).formatToParts(value);
  const shape = (parts) => parts.map(({ type, value }) => type === "integer" ? "#" : type === "minusSign" ? "-" : type === "currency" ? "¤"
    : type === "literal" || type === "percentSign" ? value : "").join("");
  const grouped = number({}, 1234567);
  const parts = Object.fromEntries(number({}, -12345.6).map(({ type, value }) => [type, value]));
  const signOf = (currency) => number({ style: "currency", currency }, 1).find((part) => part.type === "currency").value;
  const money = { style: "currency", currency: CURRENCIES.find((currency) => !/\p{L}/u.test(signOf(currency))) ?? "EUR", maximumFractionDigits: 0 };
  found.number = {
    decimal: parts.decimal, group: parts.group,
    minus: number({}, -1).map((part) => part.type === "integer" ? "" : part.value).join(""),
    least: number({}, 1234).some((part) => part.type === "group") ? 4 : 5, // digits from which on they are grouped
    lakhs: grouped[0].value === "12",
    percent: shape(number({ style: "percent" }, 0)),
    money: shape(number(money, 5)),
    debt: shape(number(money, -5)),
    signs: Object.fromEntries(CURRENCIES.map((currency) => [currency, signOf(currency)])
      .filter(([currency, sign]) => sign !== currency)),
  };
  const odd = new Intl.NumberFormat(locale, { style: "currency", currency: "CHF" }).formatToParts(12345.6);
  const [point, thousands] = ["decimal", "group"].map((type) => odd.find((part) => part.type === type)?.value);
  const euros = Object.fromEntries(number({ style: "currency", currency: "EUR" }, 12345.6).map(({ type, value }) => [type, value]));
  if (point !== parts.decimal || thousands !== parts.group || euros.decimal !== parts.decimal || euros.group !== parts.group)
    found.number.inMoney = [euros.group ?? "", euros.decimal];

  const plural = new Intl.PluralRules(locale);
  const category = (value) => ({ zero: "z", one: "1", two: "2", few: "f", many: "m", other: "o" })[plural.select(value)];
  found.plurals = Array.from({ length: 200 }, (_, value) => category(value)).join("");
  found.fractions = [0.5, 1.5, 2.5].map(category).join("");
  // Texts with # for the number, by category; one for all where they are equal.
  const byCategory = (say) => {
    const texts = {};
    for (const value of [...Array(200).keys(), 0.5, 1.5, 2.5])
      texts[category(value)] ??= say(value).reduce((text, part) => ["literal", "unit"].includes(part.type) ? text + part.value : text.endsWith("#") ? text : text + "#", "");
    const every = [...new Set(Object.values(texts))];
    return every.length === 1 ? every[0] : texts;
  };
  found.units = Object.fromEntries(DURATIONS.map((unit) => [unit, byCategory((value) => number({ style: "unit", unit, unitDisplay: "long" }, value))]));
  const always = new Intl.RelativeTimeFormat(locale, { numeric: "always" }), auto = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  found.relative = Object.fromEntries(UNITS.map((unit) => {
    const told = [-1, 1].map((sign) => byCategory((value) => always.formatToParts(value ? sign * value : sign * 0, unit)));
    const near = [-2, -1, 0, 1, 2].map((value) => auto.format(value, unit) === always.format(value, unit) ? "" : auto.format(value, unit));
    return [unit, near.some(Boolean) ? [...told, near] : told];
  }));
  found.lists = [{ type: "conjunction" }, { type: "disjunction" }, { type: "conjunction", style: "narrow" }].map((options) => {
    const list = new Intl.ListFormat(locale, options);
    const two = list.formatToParts(["A", "B"]).filter((part) => part.type === "literal").map((part) => part.value);
    const more = list.formatToParts(["A", "B", "C", "D"]).filter((part) => part.type === "literal").map((part) => part.value);
    return [two[0], more[1], more[2]];
  });
  return found;
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : LOCALES;
const all = Object.fromEntries(wanted.map((locale) => [locale, learned(locale)]));
process.stdout.write("{\n" + Object.entries(all).map(([locale, found]) => `${JSON.stringify(locale)}:${JSON.stringify(found)}`).join(",\n") + "\n}\n");
