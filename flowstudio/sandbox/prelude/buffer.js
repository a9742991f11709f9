// Bytes for Code nodes: the part of Node's Buffer that code uses to turn texts into Base64, hexadecimal and back.
() => {
  const toBinary = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return text;
  };
  const ofBinary = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 255);
  const ofUtf8 = (text) => ofBinary(unescape(encodeURIComponent(text.toWellFormed())));
  // What is no UTF-8 becomes U+FFFD.
  const toUtf8 = (bytes) => {
    try { return decodeURIComponent(escape(toBinary(bytes))); } catch { /* some of it is no UTF-8 */ }
    const parts = [];
    for (let at = 0; at < bytes.length;) {
      const first = bytes[at], size = first < 128 ? 1 : first >= 194 && first < 224 ? 2 : first >= 224 && first < 240 ? 3 : first >= 240 && first < 245 ? 4 : 0;
      let end = at + 1;
      while (end < at + size && (bytes[end] & 192) === 128) end++;
      let letter = "\ufffd";
      if (size && end === at + size) try { letter = decodeURIComponent(escape(toBinary(bytes.subarray(at, end)))); } catch { /* not a character */ }
      parts.push(letter);
      at = end;
    }
    return parts.join("");
  };
  const ofBase64 = (text) => {
    const clean = text.replace(/-/g, "+").replace(/_/g, "/").replace(/=[^]*$/, "").replace(/[^A-Za-z0-9+/]/g, "");
    return ofBinary(atob(clean.length % 4 === 1 ? clean.slice(0, -1) : clean.padEnd(Math.ceil(clean.length / 4) * 4, "=")));
  };
  const ofHex = (text) => Uint8Array.from((/^(?:[0-9a-f]{2})*/i.exec(text)[0].match(/../g) || []), (pair) => parseInt(pair, 16));
  const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const ofUtf16 = (text) => {
    const bytes = new Uint8Array(text.length * 2);
    for (let at = 0; at < text.length; at++) {
      bytes[2 * at] = text.charCodeAt(at) & 255;
      bytes[2 * at + 1] = text.charCodeAt(at) >> 8;
    }
    return bytes;
  };
  const toUtf16 = (bytes) => Array.from({ length: bytes.length >> 1 }, (_, at) => String.fromCharCode(bytes[2 * at] | bytes[2 * at + 1] << 8)).join("");
  const latin = [ofBinary, toBinary], utf8 = [ofUtf8, toUtf8], utf16 = [ofUtf16, toUtf16];
  const ways = {
    utf8, "utf-8": utf8, base64: [ofBase64, (bytes) => btoa(toBinary(bytes))], hex: [ofHex, toHex], latin1: latin, binary: latin,
    base64url: [ofBase64, (bytes) => btoa(toBinary(bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")],
    ascii: [ofBinary, (bytes) => toBinary(bytes.map((byte) => byte & 127))], ucs2: utf16, "ucs-2": utf16, utf16le: utf16, "utf-16le": utf16,
  };
  const way = (name = "utf8") => {
    const found = ways[String(name).toLowerCase()];
    if (!found) throw new TypeError(`Unknown encoding: ${name}`);
    return found;
  };

  class Buffer extends Uint8Array {
    static from(value, how, size) {
      if (typeof value === "string") return new Buffer(way(how)[0](value));
      if (value instanceof ArrayBuffer) return new Buffer(value, how, size);
      if (value?.type === "Buffer" && Array.isArray(value.data)) return new Buffer(value.data);
      if (value && typeof value === "object" && "length" in value) return new Buffer(Array.from(value, (byte) => byte & 255));
      throw new TypeError("Buffer.from needs a text, bytes or a list of numbers");
    }
    static alloc(size, fill = 0, how) {
      const made = new Buffer(size);
      return fill ? made.fill(fill, how) : made;
    }
    static concat(list, size = list.reduce((sum, one) => sum + one.length, 0)) {
      const made = new Buffer(size);
      let at = 0;
      for (const one of list) {
        made.set(one.subarray(0, Math.max(size - at, 0)), at);
        at += one.length;
      }
      return made;
    }
    static isBuffer(value) { return value instanceof Buffer; }
    static isEncoding(name) { return typeof name === "string" && Object.hasOwn(ways, name.toLowerCase()); }
    static byteLength(value, how) { return typeof value === "string" ? way(how)[0](value).length : value.byteLength; }
    static compare(one, two) { return one.compare(two); }
    fill(value, how) {
      if (typeof value !== "string") return super.fill(value);
      const bytes = way(how)[0](value);
      for (let at = 0; at < this.length; at++) this[at] = bytes.length ? bytes[at % bytes.length] : 0;
      return this;
    }
    toString(how, start = 0, end = this.length) { return way(how)[1](this.subarray(start, end)); }
    toJSON() { return { type: "Buffer", data: Array.from(this) }; }
    equals(other) { return this.compare(other) === 0; }
    compare(other) {
      const end = Math.min(this.length, other.length);
      for (let at = 0; at < end; at++) if (this[at] !== other[at]) return this[at] < other[at] ? -1 : 1;
      return Math.sign(this.length - other.length);
    }
    write(text, at = 0, how) {
      const bytes = way(how)[0](text).subarray(0, this.length - at);
      this.set(bytes, at);
      return bytes.length;
    }
    slice(start, end) { return this.subarray(start, end); }
    readUInt8(at = 0) { return this[at]; }
    readUInt16BE(at = 0) { return this[at] << 8 | this[at + 1]; }
    readUInt32BE(at = 0) { return (this[at] * 2 ** 24) + (this[at + 1] << 16 | this[at + 2] << 8 | this[at + 3]); }
  }
  Buffer.allocUnsafe = (size) => new Buffer(size);
  return Buffer;
}
