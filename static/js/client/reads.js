/** @import {Api} from "./api.js" */
/** @import {Clock} from "./clock.js" */
/** @import {Store} from "./store.js" */

import { ApiError } from "./api.js";
import { systemClock } from "./clock.js";

const PAUSE = 400; // milliseconds in which positions are gathered: scrolling past a hundred messages is one request

/** Tells the server how far the member has read. The store moves at once; what could not be told is told later. */
export class Reads {
  /** @type {Map<string, number>} by conversation: the position not yet told */
  #untold = new Map();
  /** @type {unknown} */
  #timer = null;

  /** @param {{api: Api, store: Store, clock?: Clock}} options */
  constructor({ api, store, clock = systemClock }) {
    this.api = api;
    this.store = store;
    this.clock = clock;
  }

  /** @param {string} conversation @param {number} seq */
  mark(conversation, seq) {
    const seat = this.store.ownSeat(conversation);
    if (!seat || (seat.read_seq ?? 0) >= seq) return;
    this.store.moveRead(conversation, seq);
    this.#untold.set(conversation, seq);
    this.#timer ??= this.clock.setTimeout(() => void this.flush(), PAUSE);
  }

  async flush() {
    this.clock.clearTimeout(this.#timer);
    this.#timer = null;
    await Promise.all([...this.#untold].map(([conversation, seq]) => this.#send(conversation, seq)));
  }

  /** @param {string} conversation @param {number} seq */
  async #send(conversation, seq) {
    try {
      await this.api.put(`conversations/${conversation}/read`, { seq });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.passing || error.status === 401) return; // stays untold until the next flush
    }
    if (this.#untold.get(conversation) === seq) this.#untold.delete(conversation);
  }
}
