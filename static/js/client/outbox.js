/** @import {Change, Kind} from "./changes.js" */
/** @import {Clock} from "./clock.js" */

import { ApiError } from "./api.js";
import { fold, slotOf } from "./changes.js";
import { fullJitter, Pause, ServerClock, serverClock, systemClock } from "./clock.js";
import { OutboxStorage } from "./outbox-storage.js";

const CONFLICT = 409;
const MOST_ENTRIES = 200; // messages and changes: more than a person makes while offline; a script that makes more gets an error

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

/** @typedef {Entry | Change} Item */

/**
 * The part of the Web Storage interface that the outbox needs.
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} KeyValueStorage
 */

export class OutboxFull extends Error {}

/**
 * Keeps what the member wrote and changed until the server has confirmed it, across reloads, in order within each
 * conversation. A failure that may pass is retried without end. A refused entry becomes "failed" and does not block the ones
 * after it; the member retries or discards it.
 */
export class Outbox {
  /** @type {Map<string, Item>} by ref, in the order in which they were made */
  #items = new Map();
  /** @type {Set<string>} conversations with a request under way or a retry planned */
  #busy = new Set();
  /** @type {Map<string, Pause>} by conversation: the one before a retry */
  #pauses = new Map();
  /** @type {Set<(conversation: string, change: Change | null) => void>} */
  #observers = new Set();
  /** @type {Set<(change: Change, error: ApiError) => boolean>} */
  #takers = new Set();

  /**
   * @param {object} options
   * @param {(entry: Entry) => Promise<unknown>} options.send resolves when the message is confirmed and in the store; throws ApiError
   * @param {(change: Change) => Promise<unknown>} [options.apply] the same for a change
   * @param {(change: Change, error: ApiError) => boolean} [options.refuse] called with a refused change; returns whether it is kept elsewhere and leaves the outbox
   * @param {(change: Change, earlier: any, isCertain: boolean) => any} [options.left] see `fold`; `isCertain`: no other change alters the entity before
   * @param {() => boolean} [options.isReachable] whether a request may reach the server; until then changes are not tried, so that opposite ones fold
   * @param {(conversation: string) => number | null} [options.shown] the `read` of a new entry
   * @param {KeyValueStorage} options.storage
   * @param {string} options.prefix of the storage keys; contains the member's id, so that nobody sends another member's messages
   * @param {Clock} [options.clock]
   * @param {ServerClock} [options.time]
   * @param {() => string} [options.newRef]
   */
  constructor({
    send,
    apply = () => Promise.reject(new ApiError(0, {})),
    refuse = () => false,
    left = (change, earlier) => fold(change.kind, earlier, change.value),
    isReachable = () => true,
    shown = () => null,
    storage,
    prefix,
    clock = systemClock,
    time = clock === systemClock ? serverClock : new ServerClock(clock),
    newRef = () => crypto.randomUUID(),
  }) {
    this.send = send;
    this.apply = apply;
    this.refuse = refuse;
    this.left = left;
    this.isReachable = isReachable;
    this.shown = shown;
    this.kept = new OutboxStorage(storage, prefix);
    this.clock = clock;
    this.time = time;
    this.newRef = newRef;
  }

  /** Continue with the entries of an earlier page. */
  restore() {
    const items = this.kept.all();
    for (const item of items) {
      this.#items.set(item.ref, item);
      this.kept.claim(item);
    }
    for (const item of items) {
      this.#notify(item);
      void this.#run(item.conversation);
    }
  }

  /**
   * @param {string} conversation
   * @param {string} text
   * @param {string | null} [thread]
   * @returns {Entry}
   */
  add(conversation, text, thread = null) {
    /** @type {Entry} */
    const entry = {
      ...this.#newItem(conversation),
      text: text.toWellFormed(), // a text may be cut in the middle of an emoji; the server replaces the half in the same way
      thread,
      read: this.shown(conversation),
    };
    this.#put(entry);
    void this.#run(conversation);
    return entry;
  }

  /**
   * Make a change. It is folded into an earlier one of the same thing that was not sent yet: two opposite ones cancel each
   * other out. Throws OutboxFull.
   *
   * @template {Kind} K
   * @param {K} kind
   * @param {string} conversation
   * @param {string} target
   * @param {import("./changes.js").Values[K]} value
   */
  change(kind, conversation, target, value) {
    const change = { ...this.#newItem(conversation), kind, target, value };
    this.#dropReplaced(change);
    const waiting = this.changesOf(target).filter((one) => one.state === "sending" && slotOf(one) === slotOf(change));
    const last = waiting.at(-1);
    const earlier = last && !last.tried ? last : undefined;
    const left = this.left(change, earlier?.value, waiting.length === (earlier ? 1 : 0));
    if (left && earlier) this.#put({ ...earlier, value: left });
    else if (left) this.#put(change);
    else if (earlier) this.#drop(earlier);
    void this.#run(conversation);
  }

  /** @param {string} ref of a failed entry; it moves to the end of its conversation */
  retry(ref) {
    const item = this.#items.get(ref);
    if (!item) return;
    this.#items.delete(ref);
    this.#put({ ...item, order: this.#nextOrder(), state: "sending", error: null });
    void this.#run(item.conversation);
  }

  /** @param {string} ref */
  discard(ref) {
    const item = this.#items.get(ref);
    if (item) this.#drop(item);
  }

  /** Retry waiting entries now: the network is back, or the member looks at the page again. */
  poke() {
    for (const pause of this.#pauses.values()) pause.end();
  }

  /** @param {string} conversation @returns {Entry[]} its messages, in the order in which they were written */
  entries(conversation) {
    return this.#of(conversation).filter(isMessage);
  }

  /** @param {string} target @returns {Change[]} its changes, in the order in which they were made */
  changesOf(target) {
    return [...this.#items.values()].filter(isChange).filter((change) => change.target === target);
  }

  /** @returns {Entry[]} the messages of all conversations, in the order in which they were written */
  get all() {
    return [...this.#items.values()].filter(isMessage);
  }

  get size() {
    return this.#items.size;
  }

  /**
   * @param {(conversation: string, change: Change | null) => void} observer
   * @returns {() => void} removes the observer
   */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** @param {(change: Change, error: ApiError) => boolean} taker called with a refused change; returns whether it shows it, and the change leaves the outbox */
  takeRefusals(taker) {
    this.#takers.add(taker);
  }

  /** @param {string} conversation @returns {Pick<Entry, "ref" | "conversation" | "order" | "created_at" | "state" | "error">} */
  #newItem(conversation) {
    if (this.#items.size >= MOST_ENTRIES) throw new OutboxFull();
    const created_at = new Date(this.time.now()).toISOString();
    return { ref: this.newRef(), conversation, order: this.#nextOrder(), created_at, state: "sending", error: null };
  }

  /** Drop what a new change makes pointless: refused ones of the same slot, and with a deletion everything that was not sent. @param {Change} change */
  #dropReplaced(change) {
    for (const one of this.changesOf(change.target)) {
      const latest = /** @type {Change} */ (this.kept.latest(one));
      if (latest.tried && !one.tried) this.#items.set(one.ref, latest); // by another tab
      const isRefused = one.state === "failed" && slotOf(one) === slotOf(change);
      const isUnsent = change.kind === "delete" && one.state === "sending" && !latest.tried;
      if (isRefused || isUnsent || this.kept.isSettledElsewhere(one)) this.#drop(one);
    }
  }

  /** @param {string} conversation */
  async #run(conversation) {
    if (this.#busy.has(conversation)) return;
    this.#busy.add(conversation);
    let attempt = 0;
    for (let item = this.#next(conversation); item; item = this.#next(conversation)) {
      const wait = await this.#deliver(item, attempt);
      attempt = wait === null ? 0 : attempt + 1;
      if (wait !== null) await this.#pause(conversation, wait);
    }
    this.#busy.delete(conversation);
  }

  /**
   * Try once to send an entry.
   *
   * @param {Item} item
   * @param {number} attempt
   * @returns {Promise<number | null>} milliseconds to wait before the next attempt; null when the entry is settled
   */
  async #deliver(item, attempt) {
    if (this.kept.isSettledElsewhere(item)) {
      this.#drop(item);
      return null;
    }
    try {
      if (!isChange(item)) await this.send(item);
      else if (this.isReachable()) await this.apply(this.#try(item));
      else return fullJitter(this.clock, attempt);
      this.#drop(item);
      return null;
    } catch (error) {
      // 401 does not refuse the message: it is sent when the member has signed in again.
      if (!(error instanceof ApiError) || error.passing || error.status === 401) {
        const asked = error instanceof ApiError ? error.retryAfter : null;
        return asked ?? fullJitter(this.clock, attempt);
      }
      if (this.#items.has(item.ref)) this.#fail(item, error);
      return null;
    }
  }

  /** From now on the change may have reached the server. @param {Change} change */
  #try(change) {
    const tried = { ...change, tried: true };
    if (!change.tried) this.#keep(tried);
    return tried;
  }

  /** @param {Item} item @param {ApiError} error */
  #fail(item, error) {
    if (isChange(item)) {
      if (this.refuse(item, error) || [...this.#takers].some((taker) => taker(item, error))) this.#drop(item);
      else this.#put({ ...item, state: "failed", error: reasonOf(error), tried: false });
      return;
    }
    // Another message has this ref for good: to be sent again, the text needs a new one.
    const ref = error.status === CONFLICT ? this.newRef() : item.ref;
    this.#put({ ...item, ref, state: "failed", error: error.message });
    if (ref !== item.ref) this.#drop(item);
  }

  /** @param {string} conversation */
  #of(conversation) {
    return [...this.#items.values()].filter((item) => item.conversation === conversation);
  }

  /** @param {string} conversation */
  #next(conversation) {
    return this.#of(conversation).find((item) => item.state === "sending");
  }

  /** @param {string} conversation @param {number} milliseconds */
  async #pause(conversation, milliseconds) {
    const pause = new Pause(this.clock);
    this.#pauses.set(conversation, pause);
    await pause.wait(milliseconds);
    this.#pauses.delete(conversation);
  }

  /** @param {Item} item */
  #keep(item) {
    this.#items.set(item.ref, item);
    this.kept.put(item);
  }

  /** @param {Item} item */
  #put(item) {
    this.#keep(item);
    this.#notify(item);
  }

  /** @param {Item} item */
  #drop(item) {
    this.#items.delete(item.ref);
    this.kept.remove(item);
    this.#notify(item);
  }

  /** @returns {number} higher than that of every entry in this browser, other tabs included */
  #nextOrder() {
    return 1 + Math.max(0, ...[...this.#items.values(), ...this.kept.all()].map(({ order }) => order));
  }

  /** @param {Item} item */
  #notify(item) {
    for (const observer of this.#observers) observer(item.conversation, isChange(item) ? item : null);
  }
}

/** @param {Item} item @returns {item is Change} */
function isChange(item) {
  return "kind" in item;
}

/** @param {Item} item @returns {item is Entry} */
function isMessage(item) {
  return !isChange(item);
}

/** @param {ApiError} error @returns {string} */
function reasonOf({ errors, message }) {
  return Object.values(errors).flat()[0] ?? message;
}
