/** @import {Api} from "./api.js" */
/** @import {Clock} from "./clock.js" */
/** @import {Store} from "./store.js" */

import { ApiError } from "./api.js";
import { systemClock } from "./clock.js";

const PAUSE = 400; // milliseconds in which positions are gathered: scrolling past a hundred messages is one
const EVERY = 2_000; // milliseconds between two of one conversation: each is a transaction and an event for one's other clients

/** Tells the server how far the member has read. The store moves at once; what could not be told is told later. */
export class Reads {
  /** @type {Map<string, number>} by conversation: the position not yet told */
  #untold = new Map();
  /** @type {Map<string, number>} by conversation: when it was last told */
  #toldAt = new Map();
  /** @type {Map<string, Promise<unknown>>} by conversation: the last telling */
  #telling = new Map();
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {Store} options.store
   * @param {(conversation: string, seq: number) => Promise<unknown> | null} [options.say] over the socket; null without one
   * @param {Clock} [options.clock]
   */
  constructor({ api, store, say = () => null, clock = systemClock }) {
    this.api = api;
    this.store = store;
    this.say = say;
    this.clock = clock;
  }

  /** @param {string} conversation @param {number} seq */
  mark(conversation, seq) {
    const seat = this.store.ownSeat(conversation);
    if (!seat || ((seat.read_seq ?? 0) >= seq && !seat.unread_from)) return;
    this.store.moveRead(conversation, seq);
    this.#untold.set(conversation, seq);
    this.#plan(PAUSE);
  }

  /**
   * Unread from `seq` on, until one next reads there. What was read a moment ago and is not told yet is not told any more.
   *
   * @param {string} conversation
   * @param {number} seq
   */
  async markUnread(conversation, seq) {
    this.#untold.delete(conversation);
    await this.#telling.get(conversation);
    this.store.putParticipant(await this.api.put(`conversations/${conversation}/read`, { seq, unread: true }));
  }

  /** Tell what is untold, however short ago the last one was: the page goes, or the network is back. */
  async flush() {
    this.clock.clearTimeout(this.#timer);
    this.#timer = null;
    await Promise.all([...this.#untold.keys()].map((conversation) => this.#send(conversation)));
  }

  /** @param {number} wait */
  #plan(wait) {
    this.#timer ??= this.clock.setTimeout(() => this.#tell(), wait);
  }

  #tell() {
    this.#timer = null;
    let next = Infinity;
    for (const conversation of this.#untold.keys()) {
      const rest = (this.#toldAt.get(conversation) ?? -Infinity) + EVERY - this.clock.monotonic();
      if (rest > 0) next = Math.min(next, rest);
      else void this.#send(conversation);
    }
    if (next < Infinity) this.#plan(next);
  }

  /** @param {string} conversation */
  async #send(conversation) {
    const seq = this.#untold.get(conversation);
    if (seq === undefined) return;
    this.#toldAt.set(conversation, this.clock.monotonic());
    const telling = Promise.resolve(this.say(conversation, seq) ?? this.api.put(`conversations/${conversation}/read`, { seq }));
    this.#telling.set(conversation, telling.catch(() => null)); // whoever waits for its end does not mind how it ended
    try {
      await telling;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.passing || error.status === 401) return; // stays untold until the next one, or the next flush
    }
    if (this.#untold.get(conversation) === seq) this.#untold.delete(conversation);
  }
}
