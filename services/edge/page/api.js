/** The REST surface as functions. Every failure is a `Problem`; every call has a time limit. */

const TIME_LIMIT_MS = 20000;
const KEY_STORED = "fournil.key";

/** What the server, or the way to it, said no to. `reason` is one of the API's, or NETWORK. Times in seconds. */
export class Problem extends Error {
  constructor({ status = 0, reason = "NETWORK", detail = "", request_id = "", retry_after = null, metadata = {}, refusal = null }) {
    super(detail || reason);
    Object.assign(this, { status, reason, detail, refusal, metadata, requestId: request_id, retryAfter: retry_after });
  }

  /** Whether the same call may succeed a little later. */
  get transient() {
    return this.status === 0 || this.status >= 500;
  }
}

/** One caller: a key, a language, and how far this machine's clock is from the server's. */
export class Api {
  constructor() {
    this.key = localStorage.getItem(KEY_STORED) ?? "";
    this.language = "en";
    this.skewMs = 0;
  }

  /** Takes a key and remembers it in this browser; an empty one forgets. */
  useKey(key) {
    this.key = key;
    if (key) localStorage.setItem(KEY_STORED, key);
    else localStorage.removeItem(KEY_STORED);
  }

  /** The server's time, in milliseconds since 1970. */
  now() {
    return Date.now() + this.skewMs;
  }

  allowance(options) { return this.call("GET", "/v1/me/allowance", options); }
  line(options) { return this.call("GET", "/v1/queue", options); }
  models(options) { return this.call("GET", "/v1/models", options); }
  demoKeys(options) { return this.call("GET", "/v1/demo-key", options); }
  job(id, options) { return this.call("GET", `/v1/jobs/${encodeURIComponent(id)}`, options); }
  cancel(id, options) { return this.call("POST", `/v1/jobs/${encodeURIComponent(id)}:cancel`, options); }
  remove(id, options) { return this.call("DELETE", `/v1/jobs/${encodeURIComponent(id)}`, options); }
  fileAppeal(body, options) { return this.call("POST", "/v1/moderation/appeals", { body, ...options }); }

  appeals({ size = 20, token = "", ...options } = {}) {
    return this.call("GET", `/v1/moderation/appeals?page_size=${size}&page_token=${encodeURIComponent(token)}`, options);
  }

  /** What a picture, a Blob, says of where it comes from. */
  provenance(picture, options) {
    return this.call("POST", "/v1/content_provenance_checks", { body: picture, ...options });
  }

  jobs({ size = 20, token = "", ...options } = {}) {
    return this.call("GET", `/v1/jobs?page_size=${size}&page_token=${encodeURIComponent(token)}`, options);
  }

  /** What an order would cost and how long it would wait; takes nothing. */
  estimate(order, options) {
    return this.call("POST", "/v1/jobs", { body: { ...order, validate_only: true }, ...options });
  }

  /** Places an order. The same `requestId` is never ordered, nor charged, twice; so a lost answer is asked for again. */
  async order(order, requestId) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.call("POST", "/v1/jobs", { body: order, headers: { "idempotency-key": requestId } });
      } catch (problem) {
        if (problem.status !== 0 || attempt >= 2) throw problem;
        await new Promise((resolve) => { setTimeout(resolve, 800 * (attempt + 1)); });
      }
    }
  }

  /** A JSON answer, null where there is none. A `body` is JSON too, unless it is a Blob. Throws Problem, or the AbortError of `signal`. */
  async call(method, path, { body, headers = {}, signal } = {}) {
    const limit = AbortSignal.timeout(TIME_LIMIT_MS);
    const init = { method, headers, signal: signal ? AbortSignal.any([signal, limit]) : limit };
    if (body instanceof Blob) {
      init.body = body;
      init.headers = { ...headers, "content-type": body.type || "application/octet-stream" };
    } else if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { ...headers, "content-type": "application/json" };
    }
    const answer = await this.open(path, init);
    if (answer.status === 204) return null;
    try {
      return await answer.json();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem({ status: answer.ok ? 0 : answer.status });
    }
  }

  /** The answer itself, once it is known to be a success. Throws Problem, or the AbortError of `init.signal`. */
  async open(path, { cache = "no-store", ...init } = {}) {
    const headers = { ...init.headers, "accept-language": this.language };
    if (this.key) headers.authorization = `Bearer ${this.key}`;
    let answer;
    try {
      answer = await fetch(path, { ...init, headers, cache, credentials: "omit" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem({});
    }
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(date)) this.skewMs = Math.abs(date - Date.now()) > 2000 ? date - Date.now() : 0;
    if (!answer.ok) throw await asProblem(answer);
    return answer;
  }
}

/** A fresh idempotency key. `crypto.randomUUID` is missing on plain http, so random bytes do. */
export function newRequestId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function asProblem(answer) {
  const fallback = { status: answer.status, reason: answer.status >= 500 ? "UNAVAILABLE" : "OTHER" };
  fallback.request_id = answer.headers.get("x-request-id") ?? "";
  try {
    const body = await answer.json();
    const inner = body.error ?? body;
    return new Problem({ ...fallback, detail: inner.message, ...inner, status: answer.status });
  } catch {
    return new Problem(fallback);
  }
}
