// The part of Intl that luxon and toLocaleString need, over the server's time zone database. QuickJS has none.
// American English is written here. The other languages are those of vendor/locales.json, whose entries hold
//   names      lists of the twelve months or seven weekdays, as different patterns want them
//   patterns   {y} {yy} year, {m} {mm} {M3} month as a number or from list 3, {d} {dd} day, {E3} weekday, {h} {hh} hour, {i} {ii} minute, {s} {ss} second,
//              {a} half of the day, {z} time zone
//   dates, times   the number of the pattern for each choice of fields, in the order of `DATE` and `TIME`; -1 for none. Times as usual there, then
//              with twelve, then with 24 hours
//   cycle, halves  h12 or h23; the names of the halves of the day, or of each hour's part of it
//   glue       for months in digits, short and long, and for weekdays alone: whether the time comes first, what is before, between and after; styles: the same by style
//   number     how numbers, percents and money are written: # number, ¤ currency, - minus
//   plurals, fractions, units, relative, lists   categories of 0 to 199, and of 0.5, 1.5 and 2.5; texts of durations by category; the same for both signs, and
//              texts of numbers near 0; what joins lists
(host) => {
  const { parse } = JSON, { freeze, values } = Object;
  // It outlives the batch that was the first to ask for it.
  const frozen = (value) => {
    if (value !== null && typeof value === "object") values(freeze(value)).forEach(frozen);
    return value;
  };
  const known = new Map();
  const table = (tag) => {
    const text = known.has(tag) ? "" : host.locale(tag);
    if (text) known.set(tag, frozen(parse(text)));
    return known.get(tag); // nothing is noted of the endless others
  };
  const ALIASES = { no: "nb", nn: "nb", iw: "he", in: "id", "zh-SG": "zh", "zh-MO": "zh-HK", "zh-Hant": "zh-TW", "zh-Hant-HK": "zh-HK", "zh-Hant-MO": "zh-HK" };
  const AMERICANS = new Set(["en", "en-US", "en-PR", "en-PH", "en-GU", "en-VI", "en-AS", "en-MH", "en-UM", "en-MP"]);
  const EUROPEANS = new Set(["es-ES", "es-GQ", "es-PH", "es-EA", "es-IC"]);
  /** The first language that was asked for, as it is spelled, and what is known of it; null for American English and unknown ones. */
  const ENGLISH = { locale: "en-US", known: null };
  const language = (locales) => {
    if (locales === undefined || locales === "en-US") return ENGLISH;
    const [asked = "en-US"] = [locales].flat();
    const tag = String(asked);
    if (!/^[a-z]{2,8}(-[a-z\d]{1,8})*$/i.test(tag)) throw new RangeError("Incorrect locale information provided");
    const parts = tag.replace(/-[a-z\d]-.*$/i, "").split("-").map((part, at) => !at ? part.toLowerCase() : part.length === 2 ? part.toUpperCase()
      : part.length === 4 ? part[0].toUpperCase() + part.slice(1).toLowerCase() : part.toLowerCase());
    const locale = parts.join("-"), [first] = parts;
    if (AMERICANS.has(locale)) return { locale, known: null };
    const wider = first === "en" ? "en-001" : first === "es" && parts.length > 1 && !EUROPEANS.has(locale) ? "es-419" : first;
    for (const name of [locale, ALIASES[locale], ALIASES[parts.slice(0, 2).join("-")], wider, ALIASES[first]]) {
      const found = name && table(name);
      if (found) return { locale, known: found };
    }
    return ENGLISH;
  };
  const MONTHS = "January February March April May June July August September October November December".split(" ");
  const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
  const two = (number) => String(number).padStart(2, "0");
  const named = (name, width) => width === "long" ? name : width === "narrow" ? name[0] : name.slice(0, 3);
  const DATE_STYLES = {
    full: { weekday: "long", month: "long", day: "numeric", year: "numeric" },
    long: { month: "long", day: "numeric", year: "numeric" },
    medium: { month: "short", day: "numeric", year: "numeric" },
    short: { month: "numeric", day: "numeric", year: "2-digit" },
  };
  const TIME_STYLES = {
    full: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "long" },
    long: { hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
    medium: { hour: "numeric", minute: "2-digit", second: "2-digit" },
    short: { hour: "numeric", minute: "2-digit" },
  };
  const DATE = [["weekday", "narrow", "short", "long"], ["year", "numeric", "2-digit"],
    ["month", "numeric", "2-digit", "narrow", "short", "long"], ["day", "numeric", "2-digit"]];
  const TIME = ["hour", "minute", "second"].map((name) => [name, "numeric", "2-digit"]);
  const STYLES = ["full", "long", "medium", "short"];
  const KINDS = { y: "year", m: "month", M: "month", d: "day", E: "weekday", h: "hour", i: "minute", s: "second", a: "dayPeriod", z: "timeZoneName" };
  /** The place of a choice of fields in the list of its patterns. */
  const placeOf = (fields, options) => fields.reduce((place, [name, ...values]) =>
    place * (values.length + 1) + (options[name] === undefined ? 0 : Math.max(values.indexOf(options[name]), 0) + 1), 0);
  const FIELDS = ["weekday", "era", "year", "month", "day", "dayPeriod", "hour", "minute", "second", "fractionalSecondDigits", "timeZoneName"];

  // English has abbreviations for these only; the others are written GMT+1.
  const AMERICAN = Object.fromEntries([["E", -300, "New_York Detroit Toronto Indiana/Indianapolis Kentucky/Louisville"],
    ["C", -360, "Chicago Winnipeg Menominee"], ["M", -420, "Denver Phoenix Boise Edmonton"], ["P", -480, "Los_Angeles Vancouver"], ["AK", -540, "Anchorage Juneau"]]
    .flatMap(([letter, minutes, names]) => names.split(" ").map((name) => ["America/" + name, [letter, minutes]])));
  const zoneName = (minutes, zone) => {
    if (zone === "UTC" || zone === "Etc/UTC") return "UTC";
    if (!minutes) return "GMT";
    const american = AMERICAN[zone];
    if (american) return american[0] + (minutes === american[1] ? "S" : "D") + "T";
    const size = Math.abs(minutes);
    return "GMT" + (minutes < 0 ? "-" : "+") + Math.floor(size / 60) + (size % 60 ? ":" + two(Math.round(size % 60)) : "");
  };

  // `format` is handed around as a function, so each instance has its own.
  const bound = (formatter) => {
    const { format } = Object.getPrototypeOf(formatter);
    Object.defineProperty(formatter, "format", { value: format.bind(formatter), configurable: true });
  };

  class DateTimeFormat {
    constructor(locales, options = {}) {
      Object.assign(this, language(locales));
      const zone = options.timeZone === undefined ? "UTC" : String(options.timeZone);
      const fixed = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
      this.minutes = fixed ? (fixed[1] === "-" ? -1 : 1) * (fixed[2] * 60 + +fixed[3]) : undefined;
      const proper = fixed ? zone : zone.toUpperCase() === "UTC" ? "UTC" : host.zone(zone);
      if (!proper) throw new RangeError("Invalid time zone specified: " + zone);
      this.zone = proper;
      const asked = FIELDS.some((field) => options[field] !== undefined);
      this.options = this.known && (options.dateStyle || options.timeStyle) ? options : options.dateStyle || options.timeStyle
        ? { ...options, ...DATE_STYLES[options.dateStyle], ...TIME_STYLES[options.timeStyle] }
        : asked ? options : { ...options, year: "numeric", month: "numeric", day: "numeric" };
      const { hour12, hourCycle } = options;
      this.hourCycle = hour12 === true ? "h12" : hour12 === false ? "h23" : hourCycle === "h24" ? "h23" : hourCycle || this.known?.cycle || "h12";
      this.asked = hour12 !== undefined || hourCycle !== undefined;
      bound(this);
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    resolvedOptions() {
      return { locale: this.locale, calendar: "gregory", numberingSystem: "latn", timeZone: this.zone, hourCycle: this.hourCycle };
    }
    formatToParts(date) {
      const time = date === undefined ? Date.now() : Number(date);
      if (!Number.isFinite(time)) throw new RangeError("Invalid time value");
      const ahead = this.minutes ?? (this.zone === "UTC" ? 0 : host.offset(this.zone, time)), { options } = this;
      const at = new Date(time + ahead * 60000);
      if (this.known) return this._parts(at, ahead);
      const year = at.getUTCFullYear(), month = at.getUTCMonth(), parts = [];
      const put = (type, value) => parts.push({ type, value: String(value) });
      const between = (text) => { if (parts.length) put("literal", text); };
      const words = options.month && options.month !== "numeric" && options.month !== "2-digit";
      if (options.weekday) put("weekday", named(DAYS[at.getUTCDay()], options.weekday));
      if (options.month) {
        between(", ");
        put("month", words ? named(MONTHS[month], options.month) : options.month === "2-digit" ? two(month + 1) : month + 1);
      }
      if (options.day) {
        between(words ? " " : options.month ? "/" : " ");
        put("day", options.day === "2-digit" ? two(at.getUTCDate()) : at.getUTCDate());
      }
      if (options.year) {
        between(words ? (options.day ? ", " : " ") : options.month || options.day ? "/" : ", ");
        put("year", options.year === "2-digit" ? two(Math.abs(year) % 100) : year > 0 || !options.era ? year : 1 - year);
      }
      if (options.era) { between(" "); put("era", year > 0 ? (options.era === "long" ? "Anno Domini" : "AD") : options.era === "long" ? "Before Christ" : "BC"); }
      const hours = at.getUTCHours(), half = this.hourCycle === "h12" || this.hourCycle === "h11";
      const joint = options.month === "long" ? " at " : ", ";
      if (options.hour) {
        between(joint);
        const shown = half ? (this.hourCycle === "h11" ? hours % 12 : hours % 12 || 12) : hours;
        put("hour", options.hour === "2-digit" || !half ? two(shown) : shown);
      }
      if (options.minute) {
        between(options.hour ? ":" : joint);
        put("minute", options.hour || options.second || options.minute === "2-digit" ? two(at.getUTCMinutes()) : at.getUTCMinutes());
      }
      if (options.second) {
        between(options.minute ? ":" : joint);
        put("second", options.minute || options.second === "2-digit" ? two(at.getUTCSeconds()) : at.getUTCSeconds());
      }
      if (options.fractionalSecondDigits) {
        put("literal", ".");
        put("fractionalSecond", String(at.getUTCMilliseconds()).padStart(3, "0").slice(0, options.fractionalSecondDigits));
      }
      if (options.hour && half) { put("literal", " "); put("dayPeriod", hours < 12 ? "AM" : "PM"); }
      if (options.timeZoneName) { between(options.hour ? " " : ", "); put("timeZoneName", zoneName(ahead, this.zone)); }
      return parts;
    }
    /** The parts in another language than American English. */
    _parts(at, ahead) {
      const { known, options, hourCycle, zone, asked } = this, { patterns, styles } = known;
      const year = at.getUTCFullYear(), hours = at.getUTCHours();
      const values = { y: year > 0 || !options.era ? year : 1 - year, m: at.getUTCMonth() + 1, d: at.getUTCDate(), i: at.getUTCMinutes(), s: at.getUTCSeconds() };
      const hourIn = (pattern) => !pattern.includes("{a}") ? hours : hourCycle === "h11" ? hours % 12 : hours % 12 || 12;
      const literal = (value) => ({ type: "literal", value });
      const parts = (pattern) => pattern.split(/\{(\w+)\}/).flatMap((text, at_) => {
        if (at_ % 2 === 0) return text ? [literal(text)] : [];
        const [letter] = text, list = known.names[text.slice(1)];
        let value;
        if (letter === "M") value = list[at.getUTCMonth()];
        else if (letter === "E") value = list[at.getUTCDay()];
        else if (letter === "a") value = known.halves.length === 2 ? known.halves[Number(hours >= 12)] : known.halves[hours];
        else if (letter === "z") value = zoneName(ahead, zone);
        else if (text === "yy") value = two(Math.abs(year) % 100);
        else {
          const number = letter === "h" ? hourIn(pattern) : values[letter];
          value = text.length === 2 ? two(number) : String(number);
        }
        const found = [{ type: KINDS[letter], value }];
        if (letter === "s" && options.fractionalSecondDigits) {
          const fraction = String(at.getUTCMilliseconds()).padStart(3, "0").slice(0, options.fractionalSecondDigits);
          found.push(literal(known.number.decimal), { type: "fractionalSecond", value: fraction });
        }
        return found;
      });
      const chosen = (list, place) => list[place] >= 0 ? parts(patterns[list[place]]) : [];
      let date, time, glue;
      if (options.dateStyle || options.timeStyle) {
        const [day, clock] = [options.dateStyle, options.timeStyle].map((style) => STYLES.indexOf(style));
        date = day < 0 ? [] : parts(styles.date[day]);
        time = clock < 0 ? [] : parts(styles.time[clock]);
        glue = styles.glue[Math.max(day, 0)];
      } else {
        date = chosen(known.dates, placeOf(DATE, options));
        time = chosen(known.times, 27 * (!asked ? 0 : hourCycle === "h23" ? 2 : 1) + placeOf(TIME, options));
        const alone = options.weekday && !options.year && !options.month && !options.day;
        glue = known.glue[alone ? 3 : options.month === "long" ? 2 : options.month === "short" ? 1 : 0];
        if (options.era) date.push(literal(" "), { type: "era", value: year > 0 ? "AD" : "BC" });
        if (options.timeZoneName) (time.length ? time : date).push(literal(time.length ? " " : ", "), { type: "timeZoneName", value: zoneName(ahead, zone) });
      }
      if (!date.length || !time.length) return [...date, ...time];
      const [timeFirst, before, between, after] = glue;
      const [one, other] = timeFirst ? [time, date] : [date, time];
      return [literal(before), ...one, literal(between), ...other, literal(after)].filter((part) => part.value);
    }
    format(date) { return this.formatToParts(date).map((found) => found.value).join("").replaceAll("\u202f", " "); }
  }

  const supported = (locales) => [locales].flat().filter((locale) => locale !== undefined && (language(locale).known || /^en\b/i.test(locale)));
  const AMERICAN_NUMBER = { decimal: ".", group: ",", minus: "-", least: 4, percent: "#%", money: "¤#", debt: "-¤#",
    signs: { EUR: "€", USD: "$", GBP: "£", JPY: "¥", INR: "₹", CNY: "CN¥", KRW: "₩", BRL: "R$", CAD: "CA$", AUD: "A$", MXN: "MX$", ILS: "₪",
      NZD: "NZ$", HKD: "HK$", TWD: "NT$", VND: "₫", PHP: "₱" } };
  const category = ({ plurals, fractions }, number) => {
    const size = Math.abs(number);
    return Number.isInteger(size) ? plurals[size < 100 ? size : 100 + size % 100] : fractions[Math.min(Math.floor(size), 2)];
  };
  /** The text for a number: one for all, or by its category. */
  const spelled = (known, texts, number) => typeof texts === "string" ? texts : texts[category(known, number)] ?? texts.o;
  const WHOLE = new Set(["JPY", "KRW", "CLP", "VND", "ISK", "PYG", "UGX", "XAF", "XOF"]);
  class NumberFormat {
    constructor(locales, options = {}) {
      this.options = options;
      Object.assign(this, language(locales));
      bound(this);
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    resolvedOptions() { return { locale: this.locale, numberingSystem: "latn", ...this.options }; }
    format(value) {
      const { options } = this, { minus, least: from, lakhs, signs, inMoney, ...shapes } = this.known?.number ?? AMERICAN_NUMBER;
      const money = options.style === "currency", percent = options.style === "percent";
      const [group, point] = money && inMoney || [shapes.group, shapes.decimal];
      const whole = WHOLE.has(options.currency);
      const least = options.minimumFractionDigits ?? (money && !whole ? 2 : 0);
      const most = Math.max(options.maximumFractionDigits ?? (money ? (whole ? 0 : 2) : percent ? 0 : 3), least);
      let number = Number(value);
      if (Number.isNaN(number)) return "NaN";
      if (percent) number *= 100;
      let suffix = "";
      if (options.notation === "compact") {
        const step = Math.min(Math.floor(Math.log10(Math.abs(number) || 1) / 3), 4);
        if (step > 0) { number /= 1000 ** step; suffix = " KMBT"[step]; }
      }
      let text;
      if (!Number.isFinite(number)) text = "∞";
      else if (options.maximumSignificantDigits) text = String(Number(Math.abs(number).toPrecision(options.maximumSignificantDigits)));
      else {
        // Half up on the decimal that people see, as ICU does: 1.005 is 1.005.
        const [mantissa, exponent = "0"] = String(Math.abs(number)).split("e");
        const rounded = Number(Math.round(Number(mantissa + "e" + (Number(exponent) + most))) + "e-" + most);
        text = rounded.toFixed(suffix && Math.abs(number) >= 100 ? 0 : suffix ? Math.min(most, 1) : most);
      }
      let [integer, fraction = ""] = text.split(".");
      while (fraction.length > least && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
      if (options.minimumIntegerDigits) integer = integer.padStart(options.minimumIntegerDigits, "0");
      if (options.useGrouping !== false && integer.length >= from)
        integer = integer.replace(lakhs ? /\B(?=(\d\d)*\d{3}$)/g : /\B(?=(\d{3})+$)/g, group);
      text = (fraction ? integer + point + fraction : integer) + suffix;
      if (options.style === "unit") {
        const long = options.unitDisplay === "long", texts = this.known?.units[options.unit];
        if (long && texts) text = spelled(this.known, texts, number).replace("#", () => text);
        else text += ` ${options.unit}${long && Math.abs(number) !== 1 ? "s" : ""}`;
      }
      const negative = number < 0 || Object.is(number, -0), { signDisplay } = options;
      const sign = signDisplay === "never" || signDisplay === "exceptZero" && !number ? ""
        : negative ? minus : signDisplay === "always" || signDisplay === "exceptZero" ? "+" : "";
      if (!money) return sign + (percent ? shapes.percent.replace("#", () => text) : text);
      const code = options.currencyDisplay === "code" ? options.currency : signs[options.currency] ?? options.currency;
      // A code stands apart from the number.
      const shape = sign ? shapes.debt : shapes.money;
      const spaced = shape.includes("¤#") && /\p{L}$/u.test(code) ? code + "\u00a0" : shape.includes("#¤") && /^\p{L}/u.test(code) ? "\u00a0" + code : code;
      return shape.replace(/[-#¤]/g, (mark) => mark === "#" ? text : mark === "-" ? sign.replace("\u200e", "") : spaced);
    }
  }

  const CATEGORIES = { z: "zero", 1: "one", 2: "two", f: "few", m: "many", o: "other" };
  class RelativeTimeFormat {
    constructor(locales, options = {}) {
      this.options = options;
      Object.assign(this, language(locales));
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    resolvedOptions() { return { locale: this.locale, numberingSystem: "latn" }; }
    format(number, unit) {
      unit = String(unit).replace(/s$/, "");
      const auto = this.options.numeric === "auto", size = Math.abs(number), past = number < 0 || Object.is(number, -0);
      if (this.known) {
        const [before, ahead, near] = this.known.relative[unit];
        const close = auto && Number.isInteger(number) && near?.[number + 2];
        if (close) return close;
        return spelled(this.known, past ? before : ahead, size).replace("#", () => new NumberFormat(this.locale).format(size));
      }
      if (auto) {
        const near = { day: ["yesterday", "today", "tomorrow"] }[unit]?.[number + 1]
          ?? (Number.isInteger(number) && size <= 1 && /year|quarter|month|week/.test(unit) ? [`last ${unit}`, `this ${unit}`, `next ${unit}`][number + 1] : undefined);
        if (near) return near;
      }
      const text = `${new NumberFormat().format(size)} ${unit}${size === 1 ? "" : "s"}`;
      return past ? text + " ago" : "in " + text;
    }
  }
  class ListFormat {
    constructor(locales, options = {}) {
      const or = options.type === "disjunction", word = or ? " or " : " and ", narrow = !or && options.style === "narrow";
      this.joins = language(locales).known?.lists[narrow ? 2 : Number(or)] ?? (narrow ? [", ", ", ", ", "] : [word, ", ", "," + word]);
    }
    format(list) {
      const words = [...list], [two, between, last] = this.joins;
      if (words.length < 3) return words.join(two);
      return words.slice(0, -1).join(between) + last + words.at(-1);
    }
  }
  class PluralRules {
    constructor(locales) { Object.assign(this, language(locales)); }
    select(number) { return this.known ? CATEGORIES[category(this.known, number)] : number === 1 ? "one" : "other"; }
    resolvedOptions() { return { locale: this.locale }; }
  }
  class Collator {
    constructor() { this.compare = (left, right) => String(left).localeCompare(String(right)); }
  }
  const Intl = { DateTimeFormat, NumberFormat, RelativeTimeFormat, ListFormat, PluralRules, Collator,
    getCanonicalLocales: (locales) => [locales].flat(), supportedValuesOf: () => [] };
  const hidden = (prototype, name, value) => Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  hidden(Number.prototype, "toLocaleString", function toLocaleString(locale, options) { return new NumberFormat(locale, options).format(this); });
  const dated = (style) => function toLocaleString(locale, options = {}) {
    const date = style !== "time", time = style !== "date";
    const asked = FIELDS.some((field) => options[field] !== undefined && field !== "timeZoneName") || options.dateStyle || options.timeStyle;
    const full = asked ? options : { ...options, ...(date && { year: "numeric", month: "numeric", day: "numeric" }),
      ...(time && { hour: "numeric", minute: "numeric", second: "numeric" }) };
    return Number.isNaN(Number(this)) ? "Invalid Date" : new DateTimeFormat(locale, full).format(this);
  };
  hidden(Date.prototype, "toLocaleString", dated("both"));
  hidden(Date.prototype, "toLocaleDateString", dated("date"));
  hidden(Date.prototype, "toLocaleTimeString", dated("time"));
  return Intl;
}
