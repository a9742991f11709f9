// The data methods of expressions: `$json.name.toTitleCase()` arrives here as `$extend($json.name, "toTitleCase", [], false)`.
(host, part, scope) => {
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const luxon = () => part("dates");
  const isDateTime = (value) => isObject(value) && value.isLuxonDateTime === true;
  const isDate = (value) => value instanceof Date || isDateTime(value);
  const fail = (text) => { throw new Error(text); };
  const SMALL = /^(an?|and|as|at|because|but|by|en|for|if|in|neither|nor|of|on|or|only|over|per|so|some|that|than|the|to|up|upon|vs?\.?|versus|via|when|with|without|yet)$/;
  const utf8 = (text) => unescape(encodeURIComponent(text));
  const same = (left, right) => left === right || (typeof left === "object" && typeof right === "object" && JSON.stringify(left) === JSON.stringify(right));
  // Keys keep equal values together without comparing each with each.
  const keyOf = (value) => typeof value === "object" && value !== null ? "o" + JSON.stringify(value) : typeof value + String(value);
  const words = (text) => text.normalize("NFKC").replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2").replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

  const dateTime = (value) => {
    const { DateTime } = luxon();
    if (isDateTime(value)) return value;
    if (value instanceof Date) return DateTime.fromJSDate(value);
    if (typeof value === "number") return DateTime.fromMillis(value);
    const text = String(value).trim();
    for (const read of ["fromISO", "fromRFC2822", "fromHTTP", "fromSQL"]) {
      const found = DateTime[read](text, { setZone: false });
      if (found.isValid) return found;
    }
    if (/^\d{10}$/.test(text)) return DateTime.fromSeconds(Number(text));
    if (/^\d{13}$/.test(text)) return DateTime.fromMillis(Number(text));
    const parsed = new Date(text);
    if (!Number.isNaN(parsed.getTime())) return DateTime.fromJSDate(parsed);
    return fail(`"${text}" is not a date that can be understood; use DateTime.fromFormat() to say how it is written`);
  };
  const UNITS = { y: "years", year: "years", quarter: "quarters", q: "quarters", month: "months", M: "months", week: "weeks", w: "weeks",
    day: "days", d: "days", hour: "hours", h: "hours", minute: "minutes", m: "minutes", second: "seconds", s: "seconds", millisecond: "milliseconds", ms: "milliseconds" };
  const unitOf = (unit) => UNITS[unit] || UNITS[String(unit).toLowerCase().replace(/s$/, "")] || fail(`'${unit}' is not a unit of time; use years, months, weeks, days, hours, minutes or seconds`);
  const amount = (value, unit) => typeof value === "number" || typeof value === "string" ? { [unitOf(unit || "milliseconds")]: Number(value) } : value;
  // A Date gives a Date, a DateTime gives a DateTime.
  const kept = (like, found) => like instanceof Date ? found.toJSDate() : found;
  const TRUE = ["true", "1", "yes", "y", "on", "t"], FALSE = ["false", "0", "no", "n", "off", "f", ""];
  const ADDRESS = /[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.[\p{L}]{2,}/u;
  const LINK = /\b(?:https?|ftp):\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/i;
  const DOMAIN = /^(?=.{1,253}$)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+\p{L}{2,63}$/u;
  const number = (text) => {
    const found = Number(String(text).trim().replace(/,(?=\d{3}(\D|$))/g, ""));
    return String(text).trim() === "" || Number.isNaN(found) ? fail(`"${text}" is not a number`) : found;
  };

  const string = {
    base64Encode: (text) => btoa(utf8(text)),
    base64Decode: (text) => decodeURIComponent(escape(atob(text.replace(/-/g, "+").replace(/_/g, "/")))),
    extractDomain: (text) => {
      const found = /(?:[a-z][a-z0-9+.-]*:\/\/(?:[^\s/@]*@)?|@)?((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,}|localhost|\d+(?:\.\d+){3})/iu.exec(text);
      return found ? found[1] : undefined;
    },
    extractEmail: (text) => ADDRESS.exec(text)?.[0],
    extractUrl: (text) => LINK.exec(text)?.[0],
    extractUrlPath: (text) => /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]+([^?#]*)/i.exec(text)?.[1]?.replace(/^$/, "/"),
    hash: (text, algorithm = "md5") => {
      if (algorithm === "base64") return btoa(utf8(text));
      return host.digest(algorithm, text) || fail(`Unknown hash '${algorithm}'; use md5, sha1, sha224, sha256, sha384, sha512 or sha3`);
    },
    isDomain: (text) => DOMAIN.test(text),
    isEmail: (text) => new RegExp(`^${ADDRESS.source}$`, "u").test(text),
    isUrl: (text) => /^(?:https?|ftp):\/\/[^\s/?#]+(?:[/?#]\S*)?$/i.test(text),
    isEmpty: (text) => text === "",
    isNotEmpty: (text) => text !== "",
    isNumeric: (text) => !/\s/.test(text) && text !== "" && !Number.isNaN(Number(text)),
    parseJson: (text) => {
      try { return JSON.parse(text); } catch (error) { return fail(`This text is not JSON: ${error.message}`); }
    },
    quote: (text, mark = '"') => mark + text.replaceAll("\\", "\\\\").replaceAll(mark, "\\" + mark) + mark,
    removeMarkdown: (text) => text.replace(/^```[^\n]*\n?|^~~~[^\n]*\n?/gm, "").replace(/^#{1,6}\s+|^\s*>\s?|^\s*(?:[-*+]|\d+\.)\s+/gm, "")
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/(\*\*|__|~~)(.+?)\1/g, "$2").replace(/([*_`])(.+?)\1/g, "$2").replace(/^\s*(?:[-*_]\s*){3,}$/gm, ""),
    removeTags: (text) => text.replace(/<[^>]*>?/g, ""),
    replaceSpecialChars: (text) => text.replace(/[ßæœøłđþðÆŒØŁĐÞÐ]/g, (found) => ({ ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", þ: "th", ð: "d",
      Æ: "AE", Œ: "OE", Ø: "O", Ł: "L", Đ: "D", Þ: "Th", Ð: "D" })[found]).normalize("NFD").replace(/\p{M}/gu, ""),
    toBoolean: (text) => !FALSE.includes(text.trim().toLowerCase()),
    toCamelCase: (text) => words(text).map((word, index) => index ? capital(word.toLowerCase()) : word.toLowerCase()).join(""),
    toDate: (text) => dateTime(text).toJSDate(),
    toDateTime: (text, options) => {
      const written = typeof options === "string" ? options : options?.format;
      if (written && written !== "ms" && written !== "s") return luxon().DateTime.fromFormat(text, written);
      return written === "s" ? luxon().DateTime.fromSeconds(Number(text)) : dateTime(text);
    },
    toDecimalNumber: number, toFloat: number, toNumber: number,
    toInt: (text, base = 10) => { const found = parseInt(text, base); return Number.isNaN(found) ? fail(`"${text}" is not a number`) : found; },
    toWholeNumber: (text) => Math.trunc(number(text)),
    toSentenceCase: (text) => text.toLowerCase().replace(/(^\s*|[.!?]\s+)(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase()),
    toSnakeCase: (text) => words(text).join("_").toLowerCase(),
    // Short prepositions and conjunctions stay small, unless they begin or end the text; other letters are left as they are.
    toTitleCase: (text) => text.replace(/[^\s:–—-]+/g, (word, at) =>
      (SMALL.test(word) && at > 0 && at + word.length < text.length) || /.(?=\p{Lu}|\..)/u.test(word)
        ? word : word.replace(/[\p{L}\p{N}]/u, (letter) => letter.toUpperCase())),
    toJsonString: (text) => JSON.stringify(text),
    transliterate: (text) => string.replaceSpecialChars(text),
    urlDecode: (text, whole = false) => whole ? decodeURI(text) : decodeURIComponent(text.replace(/\+/g, " ")),
    urlEncode: (text, whole = false) => whole ? encodeURI(text) : encodeURIComponent(text),
  };

  const numeric = {
    abs: Math.abs, ceil: Math.ceil, floor: Math.floor,
    round: (value, places = 0) => {
      const [mantissa, exponent = "0"] = String(value).split("e");
      const found = Number(Math.round(Number(mantissa + "e" + (Number(exponent) + places))) + "e" + -places);
      return Number.isNaN(found) ? value : found;
    },
    format: (value, locale = "en-US", options) => new (part("intl").NumberFormat)(locale, options).format(value),
    isEmpty: () => false, isNotEmpty: () => true,
    isEven: (value) => Number.isInteger(value) ? value % 2 === 0 : fail(`${value} is not a whole number`),
    isOdd: (value) => Number.isInteger(value) ? Math.abs(value) % 2 === 1 : fail(`${value} is not a whole number`),
    isInteger: Number.isInteger,
    isNumeric: (value) => !Number.isNaN(value),
    toBoolean: (value) => value !== 0 && !Number.isNaN(value),
    toDateTime: (value, options) => {
      const kind = (typeof options === "string" ? options : options?.format) || "ms", { DateTime } = luxon();
      if (kind === "excel") return DateTime.fromMillis((value - 25569) * 86400000, { zone: "utc" });
      const scale = { ms: 1, s: 1000, us: 0.001 }[kind] ?? fail(`'${kind}' is not a format of a number; use ms, s, us or excel`);
      return DateTime.fromMillis(value * scale);
    },
    toInt: Math.trunc, toWholeNumber: Math.trunc, toFloat: (value) => value, toNumber: (value) => value, toDecimalNumber: (value) => value,
    toJsonString: (value) => JSON.stringify(value),
  };

  const boolean = {
    isEmpty: () => false, isNotEmpty: () => true,
    toBoolean: (value) => value, toInt: Number, toNumber: Number, toFloat: Number, toWholeNumber: Number, toDecimalNumber: Number,
    toJsonString: (value) => JSON.stringify(value),
  };

  const numbers = (list) => list.map((value) => typeof value === "number" ? value : number(value));
  const isBlank = (value) => value === null || value === undefined || value === "" || (typeof value === "object" && !isDate(value) && Object.keys(value).length === 0);
  const unique = (list, ...keys) => {
    keys = keys.flat();
    const seen = new Set();
    return list.filter((value) => {
      const key = keyOf(keys.length && isObject(value) ? keys.map((name) => value[name]) : value);
      return !seen.has(key) && seen.add(key);
    });
  };
  const array = {
    append: (list, ...values) => list.concat(values),
    average: (list) => list.length ? numbers(list).reduce((sum, value) => sum + value, 0) / list.length : 0,
    chunk: (list, size) => {
      if (!(size > 0)) fail("chunk() needs a length above 0, such as chunk(10)");
      const found = [];
      for (let start = 0; start < list.length; start += size) found.push(list.slice(start, start + size));
      return found;
    },
    compact: (list) => list.filter((value) => value !== null && value !== undefined && value !== "" && value !== "nil")
      .map((value) => isObject(value) && !isDate(value) ? object.compact(value) : value),
    difference: (list, other) => { const seen = new Set(other.map(keyOf)); return unique(list.filter((value) => !seen.has(keyOf(value)))); },
    intersection: (list, other) => { const seen = new Set(other.map(keyOf)); return unique(list.filter((value) => seen.has(keyOf(value)))); },
    union: (list, other) => unique(list.concat(other)),
    unique, removeDuplicates: unique,
    first: (list) => list[0],
    last: (list) => list[list.length - 1],
    isEmpty: (list) => list.length === 0,
    isNotEmpty: (list) => list.length > 0,
    length: (list) => list.length, size: (list) => list.length, count: (list) => list.length,
    max: (list) => Math.max(...numbers(list)),
    min: (list) => Math.min(...numbers(list)),
    merge: (list, other) => list.map((value, index) => isObject(value) && isObject(other[index]) ? { ...other[index], ...value } : value),
    pluck: (list, ...names) => list.map((value) => names.length === 1 ? value?.[names[0]]
      : Object.fromEntries(names.filter((name) => isObject(value) && name in value).map((name) => [name, value[name]]))),
    randomItem: (list) => list[Math.floor(Math.random() * list.length)],
    renameKeys: (list, ...pairs) => list.map((value) => {
      if (!isObject(value)) return value;
      const names = new Map();
      for (let index = 0; index + 1 < pairs.length; index += 2) names.set(pairs[index], pairs[index + 1]);
      return Object.fromEntries(Object.entries(value).map(([name, found]) => [names.get(name) ?? name, found]));
    }),
    smartJoin: (list, key, value) => Object.fromEntries(list.filter((entry) => isObject(entry) && entry[key] !== undefined).map((entry) => [entry[key], entry[value]])),
    sum: (list) => numbers(list).reduce((sum, value) => sum + value, 0),
    toJsonString: (list) => JSON.stringify(list),
  };

  const object = {
    compact: (value) => Object.fromEntries(Object.entries(value).filter(([, found]) => !isBlank(found) && found !== "nil")
      .map(([name, found]) => [name, isObject(found) && !isDate(found) ? object.compact(found) : found])),
    hasField: (value, name) => Object.hasOwn(value, name),
    isEmpty: (value) => Object.keys(value).length === 0,
    isNotEmpty: (value) => Object.keys(value).length > 0,
    keepFieldsContaining: (value, text) => Object.fromEntries(Object.entries(value).filter(([, found]) => typeof found === "string" && found.includes(text))),
    removeFieldsContaining: (value, text) => Object.fromEntries(Object.entries(value).filter(([, found]) => !(typeof found === "string" && found.includes(text)))),
    keys: Object.keys,
    merge: (value, other) => ({ ...other, ...value }),
    removeField: (value, ...names) => Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))),
    toJsonString: (value) => JSON.stringify(value),
    urlEncode: (value) => Object.entries(value).map((pair) => pair.map((found) => encodeURIComponent(found).replace(/%20/g, "+")).join("=")).join("&"),
    values: Object.values,
  };

  const units = (value) => Array.isArray(value) ? value.map(unitOf) : unitOf(value);
  const date = {
    beginningOf: (value, unit = "week") => kept(value, dateTime(value).startOf(unitOf(unit).slice(0, -1))),
    startOf: (value, unit = "week") => kept(value, dateTime(value).startOf(unitOf(unit).slice(0, -1))),
    endOf: (value, unit = "week") => kept(value, dateTime(value).endOf(unitOf(unit).slice(0, -1))),
    endOfMonth: (value) => kept(value, dateTime(value).endOf("month")),
    diffTo: (value, other, unit = "days") => {
      const difference = dateTime(value).diff(dateTime(other), units(unit));
      return Array.isArray(unit) ? difference.toObject() : difference.as(unitOf(unit));
    },
    diffToNow: (value, unit = "days") => date.diffTo(value, luxon().$now, unit),
    extract: (value, part = "week") => {
      const at = dateTime(value);
      if (part === "yearDayNumber") return at.ordinal;
      const name = unitOf(part).slice(0, -1);
      return name === "week" ? at.weekNumber : at.get(name);
    },
    format: (value, written, options) => dateTime(value).toFormat(written || "yyyy-MM-dd", options),
    isBetween: (value, first, second) => {
      const at = dateTime(value).toMillis(), one = dateTime(first).toMillis(), two = dateTime(second).toMillis();
      return at > Math.min(one, two) && at < Math.max(one, two);
    },
    isDst: (value) => dateTime(value).isInDST,
    isEmpty: () => false, isNotEmpty: () => true,
    isInLast: (value, count = 0, unit = "minutes") => {
      const at = dateTime(value), now = luxon().$now;
      return at >= now.minus({ [unitOf(unit)]: count }) && at <= now;
    },
    isWeekend: (value) => dateTime(value).weekday > 5,
    minus: (value, count, unit) => kept(value, dateTime(value).minus(amount(count, unit))),
    plus: (value, count, unit) => kept(value, dateTime(value).plus(amount(count, unit))),
    toDateTime: (value) => dateTime(value),
    toInt: (value) => dateTime(value).toMillis(), toNumber: (value) => dateTime(value).toMillis(),
    toBoolean: () => fail("A date cannot be turned into true or false"),
    toJsonString: (value) => JSON.stringify(value),
  };

  const tableOf = (value) => {
    switch (typeof value) {
      case "string": return string;
      case "number": case "bigint": return numeric;
      case "boolean": return boolean;
    }
    if (Array.isArray(value)) return array;
    if (isDate(value)) return date;
    const prototype = Object.getPrototypeOf(value);
    return prototype === null || prototype === Object.prototype ? object : {};
  };
  const nothing = { isEmpty: () => true, isNotEmpty: () => false, toBoolean: () => false, toJsonString: (value) => JSON.stringify(value ?? null) };

  const extend = (value, name, given, optional) => {
    if (value === undefined || value === null) {
      if (optional) return undefined;
      if (Object.hasOwn(nothing, name)) return nothing[name](value);
      fail(`${name}() cannot be used on ${value}. To ignore this, put a ? before it: ?.${name}()`);
    }
    const table = tableOf(value);
    if (Object.hasOwn(table, name)) return table[name](value, ...given);
    if (typeof value[name] === "function") return value[name](...given);
    // A text with a date in it takes the methods of dates.
    if (typeof value === "string" && Object.hasOwn(date, name)) return date[name](dateTime(value), ...given);
    const kind = Array.isArray(value) ? "an array" : isDate(value) ? "a date" : typeof value === "object" ? "an object" : `a ${typeof value}`;
    return fail(`${name}() cannot be used on ${kind}`);
  };
  extend.names = [...new Set([string, numeric, boolean, array, object, date, nothing].flatMap(Object.keys))].sort();
  return extend;
}
