/** @import {Api} from "./api.js" */
/** @import {Clock} from "./clock.js" */
/** @import {Store} from "./store.js" */
/** @import {Participant} from "./types.js" */

import { ApiError } from "./api.js";
import { systemClock } from "./clock.js";

const PAUSE = 400; // milliseconds in which positions are collected: scrolling past a hundred messages is one request
const EVERY = 2_000; // milliseconds between two requests for a conversation: each is a transaction and an event for the member's other clients
const AGAIN = 30_000; // milliseconds until a request without an answer is repeated; a new connection repeats it sooner

/**
 * What was shown of a conversation: its main line up to `seq`; with `thread` only the replies in that thread up to `seq`;
 * with `threads` everything up to `seq`, replies included.
 *
 * @typedef {{seq: number, thread?: string, threads?: true}} Shown
 */

/** Sends what the member has read. The store changes at once; a position that could not be sent is sent later. */
export class Reads {
  /** @type {Map<string, {conversation: string, shown: Shown}>} by line (see lineOf): what is not sent yet */
  #unsent = new Map();
  /** @type {Map<string, number>} by line: when it was last sent */
  #sentAt = new Map();
  /** @type {Map<string, Promise<unknown>>} by line: the last request */
  #requests = new Map();
  /** @type {unknown} */
  #timer = null;

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {Store} options.store
   * @param {(conversation: string, shown: Shown) => Promise<Participant> | null} [options.say] sends over the socket; null without a socket
   * @param {Clock} [options.clock]
   */
  constructor({ api, store, say = () => null, clock = systemClock }) {
    this.api = api;
    this.store = store;
    this.say = say;
    this.clock = clock;
  }

  /** Mark the main line as read up to `seq`. @param {string} conversation @param {number} seq */
  mark(conversation, seq) {
    const participant = this.store.ownParticipant(conversation);
    if (!participant || ((participant.read_seq ?? 0) >= seq && !participant.unread_from)) return;
    this.store.moveRead(conversation, seq);
    this.#plan(conversation, { seq });
  }

  /** Mark the replies of a thread as read up to `seq`. @param {string} conversation @param {string} thread its head @param {number} seq */
  markThread(conversation, thread, seq) {
    if (this.store.moveThreadRead(conversation, thread, seq)) this.#plan(conversation, { seq, thread });
  }

  /** Mark everything as read, replies in threads included. @param {string} conversation @param {number} [seq] */
  markAll(conversation, seq = this.store.conversations.get(conversation)?.last_seq ?? 0) {
    const participant = this.store.ownParticipant(conversation);
    if (!participant || (this.store.unread(conversation) === 0 && !participant.unread_from && (participant.read_seq ?? 0) >= seq)) return;
    this.store.moveAllRead(conversation, seq);
    this.#plan(conversation, { seq, threads: true });
  }

  /**
   * Mark a conversation as unread from `seq` on, until the member next reads it. Positions that are not sent yet are dropped.
   *
   * @param {string} conversation
   * @param {number} seq
   */
  async markUnread(conversation, seq) {
    for (const line of [...this.#unsent.keys()]) if (line.startsWith(conversation)) this.#unsent.delete(line);
    await Promise.all([...this.#requests].filter(([line]) => line.startsWith(conversation)).map(([, request]) => request));
    this.store.putParticipant(await this.api.put(`conversations/${conversation}/read`, { seq, unread: true }));
  }

  /** @param {string} conversation @returns {number | null} the read position that the server does not know yet */
  unsent(conversation) {
    return this.#unsent.get(lineOf(conversation, { seq: 0 }))?.shown.seq ?? null;
  }

  /** Send every position now, regardless of EVERY: the page is about to be closed, or the network is back. */
  async flush() {
    this.clock.clearTimeout(this.#timer);
    this.#timer = null;
    await Promise.all([...this.#unsent.keys()].map((line) => this.#send(line)));
  }

  /** @param {string} conversation @param {Shown} shown */
  #plan(conversation, shown) {
    const line = lineOf(conversation, shown);
    const seq = Math.max(shown.seq, this.#unsent.get(line)?.shown.seq ?? 0);
    this.#unsent.set(line, { conversation, shown: { ...shown, seq } });
    this.#wait(PAUSE);
  }

  /** @param {number} pause */
  #wait(pause) {
    this.#timer ??= this.clock.setTimeout(() => this.#sendDue(), pause);
  }

  #sendDue() {
    this.#timer = null;
    let next = Infinity;
    for (const line of this.#unsent.keys()) {
      const rest = (this.#sentAt.get(line) ?? -Infinity) + EVERY - this.clock.monotonic();
      if (rest > 0) next = Math.min(next, rest);
      else void this.#send(line);
    }
    if (next < Infinity) this.#wait(next);
  }

  /** @param {string} line */
  async #send(line) {
    const unsent = this.#unsent.get(line);
    if (!unsent) return;
    this.#sentAt.set(line, this.clock.monotonic());
    const request = this.#ask(unsent.conversation, unsent.shown);
    this.#requests.set(
      line,
      request.catch(() => null),
    ); // markUnread waits for the end of the request, whatever its result is
    try {
      await request;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.passing || error.status === 401) return this.#wait(AGAIN); // stays unsent
    }
    if (this.#unsent.get(line) === unsent) this.#unsent.delete(line);
  }

  /** The answer contains what counts as read now, because the server knows which threads the member follows. @param {string} conversation @param {Shown} shown */
  async #ask(conversation, shown) {
    const { moment } = this.store;
    const participant = await (this.say(conversation, shown) ?? this.api.put(`conversations/${conversation}/read`, shown));
    if (participant?.conversation !== conversation || participant.member !== this.store.me)
      throw new ApiError(0, { detail: "not an answer" });
    if (this.store.isCurrent(conversation, moment)) this.store.putParticipant(participant);
  }
}

/** @param {string} conversation @param {Shown} shown @returns {string} the same for positions of which only the highest is sent */
function lineOf(conversation, { thread, threads }) {
  return `${conversation} ${threads ? "*" : (thread ?? "")}`;
}
