/** @import {Clock} from "./clock.js" */

import { ApiError } from "./api.js";
import { fullJitter, Pause, ServerClock, serverClock, systemClock } from "./clock.js";

const CONFLICT = 409;
const MOST_ENTRIES = 200; // more than a person writes while offline; a script that writes more gets an error

/**
 * A message that is being sent. `ref` is the idempotency key: sending it twice, from another tab or after a lost answer,
 * creates one message.
 *
 * @typedef {object} Entry
 * @property {string} ref
 * @property {string} conversation
 * @property {string} text
 * @property {string | null} thread
 * @property {number | null} [read] the read position at the time of writing, if the server did not know it yet
 * @property {number} order ascending in the order of writing in this browser; a time would not do, because clocks jump
 * @property {string} created_at by the server's time as far as it is known; for display
 * @property {"sending" | "failed"} state
 * @property {string | null} error the server's reason for a failure
 */

/**
 * The part of the Web Storage interface that the outbox needs.
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} KeyValueStorage
 */

export class OutboxFull extends Error {}

/**
 * Keeps what the member wrote until the server has confirmed it, across reloads, in order within each conversation.
 * A failure that may pass is retried without end. A refused entry becomes "failed" and does not block the ones after it; the
 * member retries or discards it. Each entry has a storage key of its own, so that two tabs cannot overwrite each other's.
 */
export class Outbox {
  /** @type {Map<string, Entry>} by ref, in the order in which they were written */
  #entries = new Map();
  /** @type {Set<string>} conversations with a request under way or a retry planned */
  #busy = new Set();
  /** @type {Map<string, Pause>} by conversation: the one before a retry */
  #pauses = new Map();
  /** @type {Set<(conversation: string) => void>} */
  #observers = new Set();
  /** @type {Set<string>} refs that could be written to storage */
  #kept = new Set();

  /**
   * @param {object} options
   * @param {(entry: Entry) => Promise<unknown>} options.send resolves when the message is confirmed and in the store; throws ApiError
   * @param {(conversation: string) => number | null} [options.shown] the `read` of a new entry
   * @param {KeyValueStorage} options.storage
   * @param {string} options.prefix of the storage keys; contains the member's id, so that nobody sends another member's messages
   * @param {Clock} [options.clock]
   * @param {ServerClock} [options.time]
   * @param {() => string} [options.newRef]
   */
  constructor({
    send,
    shown = () => null,
    storage,
    prefix,
    clock = systemClock,
    time = clock === systemClock ? serverClock : new ServerClock(clock),
    newRef = () => crypto.randomUUID(),
  }) {
    this.send = send;
    this.shown = shown;
    this.storage = storage;
    this.prefix = prefix;
    this.clock = clock;
    this.time = time;
    this.newRef = newRef;
  }

  /** Continue with the entries of an earlier page. */
  restore() {
    const entries = this.#stored().sort((one, other) => one.order - other.order || (one.created_at < other.created_at ? -1 : 1));
    for (const entry of entries) {
      this.#entries.set(entry.ref, entry);
      this.#kept.add(entry.ref);
    }
    for (const entry of entries) this.#run(entry.conversation);
  }

  /**
   * @param {string} conversation
   * @param {string} text
   * @param {string | null} [thread]
   * @returns {Entry}
   */
  add(conversation, text, thread = null) {
    if (this.#entries.size >= MOST_ENTRIES) throw new OutboxFull();
    /** @type {Entry} */
    const entry = {
      ref: this.newRef(),
      conversation,
      text: text.toWellFormed(), // a text may be cut in the middle of an emoji; the server replaces the half in the same way
      thread,
      read: this.shown(conversation),
      order: this.#nextOrder(),
      created_at: new Date(this.time.now()).toISOString(),
      state: "sending",
      error: null,
    };
    this.#put(entry);
    this.#run(conversation);
    return entry;
  }

  /** @param {string} ref of a failed entry; it moves to the end of its conversation */
  retry(ref) {
    const entry = this.#entries.get(ref);
    if (!entry) return;
    this.#entries.delete(ref);
    this.#put({ ...entry, order: this.#nextOrder(), state: "sending", error: null });
    this.#run(entry.conversation);
  }

  /** @param {string} ref */
  discard(ref) {
    const entry = this.#entries.get(ref);
    if (entry) this.#drop(entry);
  }

  /** Retry waiting entries now: the network is back, or the member looks at the page again. */
  poke() {
    for (const pause of this.#pauses.values()) pause.end();
  }

  /** @param {string} conversation @returns {Entry[]} in the order in which they were written */
  entries(conversation) {
    return [...this.#entries.values()].filter((entry) => entry.conversation === conversation);
  }

  get size() {
    return this.#entries.size;
  }

  /**
   * @param {(conversation: string) => void} observer
   * @returns {() => void} removes the observer
   */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** @param {string} conversation */
  async #run(conversation) {
    if (this.#busy.has(conversation)) return;
    this.#busy.add(conversation);
    let attempt = 0;
    for (let entry = this.#next(conversation); entry; entry = this.#next(conversation)) {
      const wait = await this.#deliver(entry, attempt);
      attempt = wait === null ? 0 : attempt + 1;
      if (wait !== null) await this.#pause(conversation, wait);
    }
    this.#busy.delete(conversation);
  }

  /**
   * Try once to send an entry.
   *
   * @param {Entry} entry
   * @param {number} attempt
   * @returns {Promise<number | null>} milliseconds to wait before the next attempt; null when the entry is settled
   */
  async #deliver(entry, attempt) {
    if (this.#settledElsewhere(entry)) {
      this.#drop(entry);
      return null;
    }
    try {
      await this.send(entry);
      this.#drop(entry);
      return null;
    } catch (error) {
      // 401 does not refuse the message: it is sent when the member has signed in again.
      if (!(error instanceof ApiError) || error.passing || error.status === 401) {
        const asked = error instanceof ApiError ? error.retryAfter : null;
        return asked ?? fullJitter(this.clock, attempt);
      }
      if (this.#entries.has(entry.ref)) this.#fail(entry, error);
      return null;
    }
  }

  /** @param {Entry} entry @param {ApiError} error */
  #fail(entry, { status, message }) {
    // Another message has this ref for good: to be sent again, the text needs a new one.
    const ref = status === CONFLICT ? this.newRef() : entry.ref;
    this.#put({ ...entry, ref, state: "failed", error: message });
    if (ref !== entry.ref) this.#drop(entry);
  }

  /** @param {string} conversation */
  #next(conversation) {
    return this.entries(conversation).find((entry) => entry.state === "sending");
  }

  /** @param {string} conversation @param {number} milliseconds */
  async #pause(conversation, milliseconds) {
    const pause = new Pause(this.clock);
    this.#pauses.set(conversation, pause);
    await pause.wait(milliseconds);
    this.#pauses.delete(conversation);
  }

  /** @param {Entry} entry @returns {boolean} whether another tab sent or discarded it */
  #settledElsewhere(entry) {
    return this.#kept.has(entry.ref) && this.storage.getItem(this.prefix + entry.ref) === null;
  }

  /** @param {Entry} entry */
  #put(entry) {
    this.#entries.set(entry.ref, entry);
    try {
      this.storage.setItem(this.prefix + entry.ref, JSON.stringify(entry));
      this.#kept.add(entry.ref);
    } catch {
      this.#kept.delete(entry.ref); // storage is full or forbidden: keep the entry as long as the page is open
    }
    this.#notify(entry.conversation);
  }

  /** @param {Entry} entry */
  #drop(entry) {
    this.#entries.delete(entry.ref);
    this.#kept.delete(entry.ref);
    this.storage.removeItem(this.prefix + entry.ref);
    this.#notify(entry.conversation);
  }

  /** @returns {number} higher than that of every entry in this browser, other tabs included */
  #nextOrder() {
    return 1 + Math.max(0, ...[...this.#entries.values(), ...this.#stored()].map(({ order }) => order));
  }

  /** @returns {Entry[]} */
  #stored() {
    const keys = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
    return keys
      .filter((key) => key?.startsWith(this.prefix))
      .map((key) => this.#read(key ?? ""))
      .filter((entry) => entry !== null);
  }

  /** @param {string} key @returns {Entry | null} */
  #read(key) {
    try {
      const entry = JSON.parse(this.storage.getItem(key) ?? "null");
      if (!entry || typeof entry.ref !== "string" || typeof entry.text !== "string") return null;
      return { ...entry, order: Number.isSafeInteger(entry.order) ? entry.order : 0 }; // entries of earlier versions have none
    } catch {
      return null;
    }
  }

  /** @param {string} conversation */
  #notify(conversation) {
    for (const observer of this.#observers) observer(conversation);
  }
}
