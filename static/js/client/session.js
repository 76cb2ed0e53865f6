/** @import {Api} from "./api.js" */

/**
 * The part of `navigator.locks` that is needed here.
 *
 * @typedef {object} Locks
 * @property {(name: string, options: {ifAvailable: boolean}, hold: (lock: unknown) => unknown) => Promise<unknown>} request
 */

/**
 * The identity of this tab: one tab is one client. The client's id and tag are kept in the tab's own storage, so that the
 * page after one that crashed, was discarded or is in the back/forward cache continues with the same mailbox. A duplicated
 * tab starts with a copy of that storage: the page that holds a lock is the client, and the other one registers a new client.
 * Outside https there are no Web Locks: then both connect, the server closes the first socket as replaced, and that page
 * registers a new client.
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
   * @param {string} options.key in it; contains the member's id
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

  /** @returns {Promise<number | null>} the tag to continue after, if an earlier page of this tab left its client */
  async restore() {
    const kept = this.#read();
    if (!kept || !(await this.#claim(kept.id))) return null;
    this.id = kept.id;
    return kept.tag;
  }

  /**
   * Register a client, unless there is one. Throws ApiError.
   *
   * @returns {Promise<number | null>} the tag after which a new client begins
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

  /** @param {number} tag the last one that is applied */
  keep(tag) {
    if (!this.id) return;
    try {
      this.storage.setItem(this.key, JSON.stringify({ id: this.id, tag }));
    } catch {
      // Storage is full or forbidden: the next page of this tab registers a client of its own.
    }
  }

  /** The client no longer exists, or belongs to another page: forget it, so that a new one is registered. */
  forget() {
    this.#release();
    this.id = null;
    this.storage.removeItem(this.key);
  }

  /** The page enters the back/forward cache: the next page of this tab may use the client. */
  suspend() {
    this.#release();
  }

  /** The page is back from the cache. Another page of this tab, or a duplicate of it, may use the client now. */
  async resume() {
    if (this.id && !(await this.#claim(this.id))) this.forget();
  }

  /** The page is closed: its mailbox need not collect events any more. (A page cannot distinguish a reload from being closed.) */
  close() {
    if (!this.id) return;
    this.beacon(`${this.api.base}clients/${this.id}/close`, new URLSearchParams({ csrfmiddlewaretoken: this.api.csrfToken() }));
    this.forget();
  }

  /** @param {string} id @returns {Promise<boolean>} whether no other page uses it */
  async #claim(id) {
    const { locks } = this;
    if (!locks) return true;
    return new Promise((resolve) => {
      const hold = (/** @type {unknown} */ lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise((release) => (this.#release = () => release(undefined)));
      };
      locks.request(`${this.key}:${id}`, { ifAvailable: true }, hold).catch(() => resolve(true)); // where locks are forbidden
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
