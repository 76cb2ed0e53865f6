/** @import {Api} from "./api.js" */
/** @import {Clock} from "./clock.js" */
/** @import {Store} from "./store.js" */
/** @import {Participant} from "./types.js" */

import { ApiError } from "./api.js";
import { systemClock } from "./clock.js";

const PAUSE = 400; // milliseconds in which positions are gathered: scrolling past a hundred messages is one
const EVERY = 2_000; // milliseconds between two of one conversation: each is a transaction and an event for one's other clients
const AGAIN = 30_000; // milliseconds after one that was not answered; a new connection or a look at the page comes sooner

/**
 * What was shown of a conversation: its main line up to `seq`; with `thread` the replies of that thread up to `seq` and
 * nothing else; with `threads` all of it, replies included.
 *
 * @typedef {{seq: number, thread?: string, threads?: true}} Shown
 */

/** Sends what the member has read. The store changes at once; what could not be sent is sent later. */
export class Reads {
  /** @type {Map<string, {conversation: string, shown: Shown}>} by line: what is not sent yet */
  #untold = new Map();
  /** @type {Map<string, number>} by line: when it was last sent */
  #toldAt = new Map();
  /** @type {Map<string, Promise<unknown>>} by line: the last request */
  #telling = new Map();
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {Store} options.store
   * @param {(conversation: string, shown: Shown) => Promise<Participant> | null} [options.say] over the socket; null without one
   * @param {Clock} [options.clock]
   */
  constructor({ api, store, say = () => null, clock = systemClock }) {
    this.api = api;
    this.store = store;
    this.say = say;
    this.clock = clock;
  }

  /** The main line was shown up to `seq`. @param {string} conversation @param {number} seq */
  mark(conversation, seq) {
    const seat = this.store.ownSeat(conversation);
    if (!seat || ((seat.read_seq ?? 0) >= seq && !seat.unread_from)) return;
    this.store.moveRead(conversation, seq);
    this.#plan(conversation, { seq });
  }

  /** The replies of a thread were shown up to `seq`. @param {string} conversation @param {string} thread its head @param {number} seq */
  markThread(conversation, thread, seq) {
    if (this.store.moveThreadRead(conversation, thread, seq)) this.#plan(conversation, { seq, thread });
  }

  /** The member says that all of it is read, replies in threads included. @param {string} conversation @param {number} [seq] */
  markAll(conversation, seq = this.store.conversations.get(conversation)?.last_seq ?? 0) {
    const seat = this.store.ownSeat(conversation);
    if (!seat || (this.store.unread(conversation) === 0 && !seat.unread_from && (seat.read_seq ?? 0) >= seq)) return;
    this.store.moveAllRead(conversation, seq);
    this.#plan(conversation, { seq, threads: true });
  }

  /**
   * Unread from `seq` on, until one next reads there. What was read a moment ago and is not sent yet is not sent any more.
   *
   * @param {string} conversation
   * @param {number} seq
   */
  async markUnread(conversation, seq) {
    for (const line of [...this.#untold.keys()]) if (line.startsWith(conversation)) this.#untold.delete(line);
    await Promise.all([...this.#telling].filter(([line]) => line.startsWith(conversation)).map(([, telling]) => telling));
    this.store.putParticipant(await this.api.put(`conversations/${conversation}/read`, { seq, unread: true }));
  }

  /** @param {string} conversation @returns {number | null} how far its main line was shown, where the server does not know it yet */
  untold(conversation) {
    return this.#untold.get(lineOf(conversation, { seq: 0 }))?.shown.seq ?? null;
  }

  /** Send what is not sent, however short ago the last one was: the page goes, or the network is back. */
  async flush() {
    this.clock.clearTimeout(this.#timer);
    this.#timer = null;
    await Promise.all([...this.#untold.keys()].map((line) => this.#send(line)));
  }

  /** @param {string} conversation @param {Shown} shown */
  #plan(conversation, shown) {
    const line = lineOf(conversation, shown);
    const seq = Math.max(shown.seq, this.#untold.get(line)?.shown.seq ?? 0);
    this.#untold.set(line, { conversation, shown: { ...shown, seq } });
    this.#wait(PAUSE);
  }

  /** @param {number} pause */
  #wait(pause) {
    this.#timer ??= this.clock.setTimeout(() => this.#tell(), pause);
  }

  #tell() {
    this.#timer = null;
    let next = Infinity;
    for (const line of this.#untold.keys()) {
      const rest = (this.#toldAt.get(line) ?? -Infinity) + EVERY - this.clock.monotonic();
      if (rest > 0) next = Math.min(next, rest);
      else void this.#send(line);
    }
    if (next < Infinity) this.#wait(next);
  }

  /** @param {string} line */
  async #send(line) {
    const untold = this.#untold.get(line);
    if (!untold) return;
    this.#toldAt.set(line, this.clock.monotonic());
    const telling = this.#ask(untold.conversation, untold.shown);
    this.#telling.set(
      line,
      telling.catch(() => null),
    ); // whoever waits for its end does not mind how it ended
    try {
      await telling;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.passing || error.status === 401) return this.#wait(AGAIN); // stays untold
    }
    if (this.#untold.get(line) === untold) this.#untold.delete(line);
  }

  /** The answer says what counts as read now: the server knows which threads the member follows. @param {string} conversation @param {Shown} shown */
  async #ask(conversation, shown) {
    const { moment } = this.store;
    const seat = await (this.say(conversation, shown) ?? this.api.put(`conversations/${conversation}/read`, shown));
    if (seat?.conversation !== conversation || seat.member !== this.store.me) throw new ApiError(0, { detail: "not an answer" });
    if (this.store.isCurrent(conversation, moment)) this.store.putParticipant(seat);
  }
}

/** @param {string} conversation @param {Shown} shown what is gathered into one */
function lineOf(conversation, { thread, threads }) {
  return `${conversation} ${threads ? "*" : (thread ?? "")}`;
}
