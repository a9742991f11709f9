// Calls the HTTP API of the own origin. Every failure is an ApiError with a sentence for people.
import { LOST } from "../shell/lost.js";
import { t } from "../texts/texts.js";

export class ApiError extends Error {
  constructor(status, error) {
    super(error?.message || t("app.unexpected", { status }));
    this.status = status;
    this.code = error?.code ?? "unexpected";
    this.detail = error?.detail;
  }
}

export async function call(method, path, { body, headers, signal, keepalive } = {}) {
  let response;
  try {
    response = await fetch(`/api${path}`, {
      method,
      signal,
      keepalive,
      headers: { accept: "application/json", ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error?.name === "AbortError") throw error;
    globalThis.dispatchEvent?.(new Event(LOST));
    throw new ApiError(0, { code: "offline", message: t("app.offline") });
  }
  const data = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return data;
  if (response.status === 401 && !location.pathname.startsWith("/login")) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  }
  throw new ApiError(response.status, data?.error);
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body, options) => call("POST", path, { body: body ?? {}, ...options });
