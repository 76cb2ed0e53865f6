/** @import {Clock} from "./clock.js" */
/** @import {SyncAnswer} from "./types.js" */

import { isProven, REFUSALS } from "./answers.js";
import { fullJitter, ServerClock, serverClock, sleep, systemClock } from "./clock.js";

const TIMEOUT = 15_000; // milliseconds until an unanswered request counts as failed
const ATTEMPTS = 3; // of a request that can be repeated safely
const LONGEST_RETRY_AFTER = 10_000; // milliseconds; the caller learns of a longer wait instead
const REPEATABLE = new Set(["GET", "PUT", "DELETE"]);
const PASSING = new Set([0, 408, 429, 502, 503, 504]); // statuses after which the next attempt may succeed; 0: no answer
const ECHOED = "Parley-Request"; // a header that only the server returns, see README.md
const SIGN_IN_FIRST = 511; // Network Authentication Required

/**
 * An error of the server (an RFC 9457 problem document), or `status` 0 when no answer came. `code` is "portal" when
 * something other than the server has answered.
 */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, title?: string, detail?: string, errors?: Record<string, string[]>}} problem
   * @param {number | null} retryAfter milliseconds the server asked us to wait
   */
  constructor(status, problem, retryAfter = null) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? (status === 0 ? "unreachable" : "unknown");
    this.errors = problem.errors ?? {};
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return PASSING.has(this.status) || this.status >= 500;
  }
}

/**
 * The REST API of one organization. Paths are relative to `base`; an absolute path is used as it is.
 * Returns parsed JSON (null for 204) and throws ApiError. Reads and idempotent writes are repeated when no answer came.
 * An answer counts only if answers.js proves it, an error only if it is a problem document with a known code.
 */
export class Api {
  /** Whether an answer has carried the header. From then on every answer must carry it, until the page is loaded again. */
  #isEchoed = false;
  #name = crypto.randomUUID();
  #count = 0;

  /**
   * @param {object} options
   * @param {string} options.base for example "/o/acme/api/v1/"
   * @param {() => string} options.csrfToken
   * @param {typeof globalThis.fetch} [options.fetch]
   * @param {Clock} [options.clock]
   * @param {ServerClock} [options.time] learns the server's time from every answer
   */
  constructor({
    base,
    csrfToken,
    fetch = globalThis.fetch.bind(globalThis),
    clock = systemClock,
    time = clock === systemClock ? serverClock : new ServerClock(clock),
  }) {
    this.base = base;
    this.csrfToken = csrfToken;
    this.fetch = fetch;
    this.clock = clock;
    this.time = time;
  }

  /**
   * @param {string} path
   * @param {Record<string, string | number | undefined | null>} [query]
   */
  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
    const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
    return this.request("GET", search ? `${path}?${search}` : path);
  }

  /** @param {string} path @param {unknown} [body] */
  post(path, body) {
    return this.request("POST", path, body);
  }

  /** @param {string} path @param {unknown} [body] */
  put(path, body) {
    return this.request("PUT", path, body);
  }

  /** @param {string} path @param {unknown} [body] */
  patch(path, body) {
    return this.request("PATCH", path, body);
  }

  /** @param {string} path @param {unknown} [body] */
  delete(path, body) {
    return this.request("DELETE", path, body);
  }

  /**
   * Fetch every page of a list by following `next`; `pages` is a bound that no list reaches.
   *
   * @param {string} path
   * @param {Record<string, string | number | undefined | null>} [query]
   * @param {number} [pages]
   */
  async list(path, query = {}, pages = 200) {
    let page = await this.get(path, query);
    const results = page.results;
    for (let count = 1; page.next && count < pages; count += 1) {
      page = await this.get(samePath(page.next));
      results.push(...page.results);
    }
    return results;
  }

  /**
   * Fetch the state since a cursor. It makes one attempt, because its callers decide when to try again.
   *
   * @param {string} cursor "" for all of it
   * @param {string} [etag] of the last answer, which the server need not send again
   * @returns {Promise<{answer: SyncAnswer | null, etag: string}>} a null answer when nothing has changed
   */
  async sync(cursor, etag) {
    const path = cursor ? `sync?${new URLSearchParams({ cursor })}` : "sync";
    const { answer, response } = await this.#attempt("GET", path, undefined, etag);
    return { answer, etag: response.headers.get("ETag") ?? "" };
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async request(method, path, body) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.#attempt(method, path, body)).answer;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const wait = error.retryAfter ?? fullJitter(this.clock, attempt);
        const again = REPEATABLE.has(method) && PASSING.has(error.status) && attempt < ATTEMPTS;
        if (!again || wait > LONGEST_RETRY_AFTER) throw error;
        await sleep(this.clock, wait);
      }
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body
   * @param {string} [etag]
   */
  async #attempt(method, path, body, etag) {
    const abort = new AbortController();
    const timer = this.clock.setTimeout(() => abort.abort(), TIMEOUT);
    const askedAt = this.clock.monotonic();
    const request = `${this.#name}.${(this.#count += 1)}`;
    try {
      const response = await this.fetch(path.startsWith("/") ? path : this.base + path, {
        method,
        headers: { ...this.#headers(method, body), [ECHOED]: request, ...(etag && { "If-None-Match": etag }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin",
        redirect: "manual", // the server never redirects here
        signal: abort.signal,
      });
      const answer = await jsonOf(response);
      if (!this.#isOurs(response, request)) throw failure(response, answer);
      const isEchoed = response.headers.get(ECHOED) === request;
      const isKnown = response.status === 304 ? Boolean(etag) : response.ok && isProven(method, path, body, answer, isEchoed);
      if (!isKnown)
        throw isProblem(response, answer) ? new ApiError(response.status, answer, retryAfter(response)) : failure(response, answer);
      this.time.takeDate(response.headers.get("Date"), askedAt);
      return { answer, response };
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0, { detail: String(error) });
    } finally {
      this.clock.clearTimeout(timer);
    }
  }

  /** @param {Response} response @param {string} request */
  #isOurs({ headers }, request) {
    const echoed = headers.get(ECHOED);
    this.#isEchoed ||= echoed === request;
    return echoed === request || (echoed === null && !this.#isEchoed);
  }

  /** @param {string} method @param {unknown} body */
  #headers(method, body) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method !== "GET") headers["X-CSRFToken"] = this.csrfToken();
    return headers;
  }
}

/** @param {string} url the server may use another host name than the page @returns {string} path and query */
function samePath(url) {
  const { pathname, search } = new URL(url, "http://localhost");
  return pathname + search;
}

/** @param {Response} response @returns {Promise<any>} null where there is no body; undefined when the body is not JSON */
async function jsonOf(response) {
  if (response.status === 204 || response.status === 304) return null;
  return (await response.json().catch(() => null)) ?? undefined;
}

/** @param {Response} response @param {any} answer @returns {boolean} whether it is an error of the server */
function isProblem({ status, headers }, answer) {
  return Boolean(headers.get("Content-Type")?.startsWith("application/problem+json")) && REFUSALS[answer?.code] === status;
}

/** @param {Response} response of a proxy or a portal @param {unknown} answer its JSON */
function failure({ status, type, headers }, answer) {
  if (status !== SIGN_IN_FIRST && status > 0 && (status >= 500 || PASSING.has(status))) return new ApiError(status, {});
  const isPage = headers.get("Content-Type")?.startsWith("text/html");
  const isPortal = status === SIGN_IN_FIRST || type === "opaqueredirect" || isPage || answer !== undefined; // otherwise it was cut off
  return new ApiError(0, { ...(isPortal && { code: "portal" }), detail: "the answer is not the server's" });
}

/** @param {Response} response a date is compared with the header `Date`, which is of the same clock @returns {number | null} milliseconds */
function retryAfter(response) {
  const value = response.headers.get("Retry-After");
  if (!value) return null;
  const seconds = Number(value);
  if (!Number.isNaN(seconds)) return seconds * 1000;
  const wait = Date.parse(value) - Date.parse(response.headers.get("Date") ?? "");
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}
