// The part of Intl that luxon and toLocaleString need, in English, over the server's time zone database. QuickJS has none.
(host) => {
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
    constructor(locale, options = {}) {
      const zone = options.timeZone === undefined ? "UTC" : String(options.timeZone);
      const fixed = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
      this.minutes = fixed ? (fixed[1] === "-" ? -1 : 1) * (fixed[2] * 60 + +fixed[3]) : undefined;
      const proper = fixed ? zone : zone.toUpperCase() === "UTC" ? "UTC" : host.zone(zone);
      if (!proper) throw new RangeError("Invalid time zone specified: " + zone);
      this.zone = proper;
      const asked = FIELDS.some((field) => options[field] !== undefined);
      this.options = options.dateStyle || options.timeStyle
        ? { ...options, ...DATE_STYLES[options.dateStyle], ...TIME_STYLES[options.timeStyle] }
        : asked ? options : { ...options, year: "numeric", month: "numeric", day: "numeric" };
      const { hour12, hourCycle } = options;
      this.hourCycle = hour12 === true ? "h12" : hour12 === false ? "h23" : hourCycle === "h24" ? "h23" : hourCycle || "h12";
      bound(this);
    }
    static supportedLocalesOf() { return ["en-US"]; }
    resolvedOptions() {
      return { locale: "en-US", calendar: "gregory", numberingSystem: "latn", timeZone: this.zone, hourCycle: this.hourCycle };
    }
    formatToParts(date) {
      const time = date === undefined ? Date.now() : Number(date);
      if (!Number.isFinite(time)) throw new RangeError("Invalid time value");
      const ahead = this.minutes ?? (this.zone === "UTC" ? 0 : host.offset(this.zone, time)), { options } = this;
      const at = new Date(time + ahead * 60000), year = at.getUTCFullYear(), month = at.getUTCMonth(), parts = [];
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
    format(date) { return this.formatToParts(date).map((found) => found.value).join(""); }
  }

  const SIGNS = { EUR: "€", USD: "$", GBP: "£", JPY: "¥", INR: "₹", CNY: "CN¥", KRW: "₩", BRL: "R$", CAD: "CA$", AUD: "A$", MXN: "MX$", ILS: "₪" };
  const PUNCTUATION = { de: [".", ","], es: [".", ","], it: [".", ","], nl: [".", ","], pt: [".", ","], id: [".", ","], tr: [".", ","], da: [".", ","],
    fr: [" ", ","], ru: [" ", ","], pl: [" ", ","], cs: [" ", ","], sv: [" ", ","], fi: [" ", ","], nb: [" ", ","], uk: [" ", ","] };
  class NumberFormat {
    constructor(locale, options = {}) {
      this.options = options;
      this.locale = String(Array.isArray(locale) ? locale[0] : locale || "en-US");
      bound(this);
    }
    static supportedLocalesOf() { return ["en-US"]; }
    resolvedOptions() { return { locale: this.locale, numberingSystem: "latn", ...this.options }; }
    format(value) {
      const { options } = this, [group, point] = PUNCTUATION[this.locale.slice(0, 2)] || [",", "."];
      const money = options.style === "currency", percent = options.style === "percent";
      const whole = options.currency === "JPY" || options.currency === "KRW";
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
      if (options.useGrouping !== false) integer = integer.replace(/\B(?=(\d{3})+$)/g, group);
      text = (fraction ? integer + point + fraction : integer) + suffix + (percent ? "%" : "");
      if (money) {
        const sign = options.currencyDisplay === "code" ? options.currency + " " : SIGNS[options.currency] || options.currency + " ";
        text = point === "," ? text + " " + sign.trim() : sign + text;
      }
      if (options.style === "unit") text += " " + options.unit;
      return (number < 0 || Object.is(number, -0) ? "-" : "") + text;
    }
  }

  class RelativeTimeFormat {
    constructor(locale, options = {}) { this.options = options; }
    resolvedOptions() { return { locale: "en-US", numberingSystem: "latn" }; }
    format(number, unit) {
      unit = String(unit).replace(/s$/, "");
      if (this.options.numeric === "auto") {
        const near = { day: ["yesterday", "today", "tomorrow"] }[unit]?.[number + 1]
          ?? (Number.isInteger(number) && Math.abs(number) <= 1 && /year|quarter|month|week/.test(unit) ? [`last ${unit}`, `this ${unit}`, `next ${unit}`][number + 1] : undefined);
        if (near) return near;
      }
      const size = Math.abs(number), text = `${new NumberFormat().format(size)} ${unit}${size === 1 ? "" : "s"}`;
      return number < 0 || Object.is(number, -0) ? text + " ago" : "in " + text;
    }
  }
  class ListFormat {
    constructor(locale, options = {}) { this.word = options.type === "disjunction" ? "or" : "and"; }
    format(list) {
      const words = [...list];
      if (words.length < 3) return words.join(` ${this.word} `);
      return `${words.slice(0, -1).join(", ")}, ${this.word} ${words.at(-1)}`;
    }
  }
  class PluralRules {
    select(number) { return number === 1 ? "one" : "other"; }
    resolvedOptions() { return { locale: "en-US" }; }
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
      ...(time && { hour: "numeric", minute: "2-digit", second: "2-digit" }) };
    return Number.isNaN(Number(this)) ? "Invalid Date" : new DateTimeFormat(locale, full).format(this);
  };
  hidden(Date.prototype, "toLocaleString", dated("both"));
  hidden(Date.prototype, "toLocaleDateString", dated("date"));
  hidden(Date.prototype, "toLocaleTimeString", dated("time"));
  return Intl;
}
