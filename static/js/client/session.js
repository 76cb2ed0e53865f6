/** @import {Api} from "./api.js" */

/**
 * The part of `navigator.locks` that is needed here.
 *
 * @typedef {object} Locks
 * @property {(name: string, options: {ifAvailable: boolean}, hold: (lock: unknown) => unknown) => Promise<unknown>} request
 */

/**
 * Who this tab is: one tab, one client. Its id and tag are kept in the tab's own storage, so whatever page comes after one
 * that crashed, was discarded or lies in the back/forward cache goes on with the same mailbox. A duplicated tab comes with a copy of that storage: a lock that lives as long as the page tells which of
 * the two is the client, and the other registers anew. (Without Web Locks, outside https, both connect; the server then
 * closes the first one's socket as replaced, and that one registers anew.)
 */
export class Session {
  /** @type {string | null} */
  id = null;
  /** @type {() => void} */
  #release = () => {};
  /** @type {Promise<{id: string, tag: number}> | null} */
  #registering = null;

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} options.storage the tab's own: sessionStorage
   * @param {string} options.key where in it; names the member
   * @param {string} [options.label] what the client is called in the member's list of devices
   * @param {Locks} [options.locks]
   * @param {(url: string, body: URLSearchParams) => boolean} [options.beacon] navigator.sendBeacon
   */
  constructor({ api, storage, key, label = "", locks, beacon = () => false }) {
    this.api = api;
    this.storage = storage;
    this.key = key;
    this.label = label;
    this.locks = locks;
    this.beacon = beacon;
  }

  /** @returns {Promise<number | null>} the tag to go on after, when an earlier page of this tab left its client behind */
  async restore() {
    const kept = this.#read();
    if (!kept || !(await this.#claim(kept.id))) return null;
    this.id = kept.id;
    return kept.tag;
  }

  /**
   * Register a client, unless there is one. Throws ApiError.
   *
   * @returns {Promise<number | null>} the tag that a new one begins after
   */
  async register() {
    if (this.id) return null;
    this.#registering ??= this.api.post("clients", { platform: "web", label: this.label }).finally(() => (this.#registering = null));
    const { id, tag } = await this.#registering;
    if (this.id) return null;
    this.id = id;
    this.keep(tag);
    await this.#claim(id);
    return tag;
  }

  /** @param {number} tag applied by now */
  keep(tag) {
    if (!this.id) return;
    try {
      this.storage.setItem(this.key, JSON.stringify({ id: this.id, tag }));
    } catch {
      // Storage is full or forbidden: the next page of this tab registers a client of its own.
    }
  }

  /** The client is no more, or somebody else's: be a new one. */
  forget() {
    this.#release();
    this.id = null;
    this.storage.removeItem(this.key);
  }

  /** The page goes into the back/forward cache: whoever comes next in this tab goes on. */
  suspend() {
    this.#release();
  }

  /** Back from the cache. Another page of this tab, or a duplicate of it, may be the client by now. */
  async resume() {
    if (this.id && !(await this.#claim(this.id))) this.forget();
  }

  /** The page is closed for good: its mailbox need not collect any more. (No browser tells a reload from that.) */
  close() {
    if (!this.id) return;
    this.beacon(`${this.api.base}clients/${this.id}/close`, new URLSearchParams({ csrfmiddlewaretoken: this.api.csrfToken() }));
    this.forget();
  }

  /** @param {string} id @returns {Promise<boolean>} whether no other page holds it */
  async #claim(id) {
    const { locks } = this;
    if (!locks) return true;
    return new Promise((resolve) => {
      const hold = (/** @type {unknown} */ lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise((release) => (this.#release = () => release(undefined)));
      };
      locks.request(`${this.key}:${id}`, { ifAvailable: true }, hold).catch(() => resolve(true)); // where they are forbidden
    });
  }

  /** @returns {{id: string, tag: number} | null} */
  #read() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.key) ?? "null");
      return kept && typeof kept.id === "string" && Number.isSafeInteger(kept.tag) ? kept : null;
    } catch {
      return null;
    }
  }
}
