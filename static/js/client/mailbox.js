/** @import {Store} from "./store.js" */
/** @import {Event as WireEvent, SyncAnswer} from "./types.js" */

/**
 * A frame of the server: `{op, …}`, see the protocol.
 *
 * @typedef {{op: string, [name: string]: any}} Frame
 */

/**
 * One sync under way; what is found out while it runs may make it worthless.
 *
 * @typedef {object} Sync
 * @property {string} cursor to ask with next
 * @property {number} covers the tag up to which its answer tells everything
 * @property {SyncAnswer[]} answers
 */

/**
 * What a frame means: the state machine of "what a client does", without input or output.
 *
 *     frames    → receive()                   → the store changes, `ack` grows
 *     wantsSync → beginSync(), takeAnswer() … → the store changes, the frames that came meanwhile are applied
 *
 * It is live while every tag follows the one before. What breaks that (a gap, an emptied mailbox, a first start) makes it
 * resync: frames are kept aside until the state since `cursor` has been asked for and applied. What had been sent when a
 * sync was asked for was committed before, and so is in its answer: `tag` goes on from there, and what came later is
 * applied "if newer". Gaps among what came later are gaps, too.
 */
export class Mailbox {
  /** @type {"resyncing" | "live"} */
  state = "resyncing";
  /** The last that was applied; what the next socket begins with. */
  tag = 0;
  /** From the last sync, nowhere else. */
  cursor = "";
  #known = 0; // the highest tag the server has given out, as far as we were told
  #sent = 0; // the highest it has sent on this socket: beyond that an ack would be a protocol error
  #acked = 0;
  /** @type {{first: number, events: WireEvent[]}[]} in the order of arrival */
  #kept = [];
  /** @type {Sync | null} */
  #sync = null;

  /** @param {Store} store */
  constructor(store) {
    this.store = store;
  }

  /** Whether the state has to be asked for, and nobody is doing so. */
  get wantsSync() {
    return this.state === "resyncing" && this.#sync === null;
  }

  /** @returns {number | null} the cumulative ack that is due, if any */
  get ack() {
    const tag = Math.min(this.tag, this.#sent);
    return this.state === "live" && tag > this.#acked ? tag : null;
  }

  /** How many events were applied and not acked. */
  get unacked() {
    return Math.max(0, Math.min(this.tag, this.#sent) - this.#acked);
  }

  /** @param {number} tag it was written to the socket */
  acked(tag) {
    this.#acked = tag;
  }

  // --- Frames ---------------------------------------------------------------------------------------

  /** @param {number} tag a client whose mailbox begins after it; what happened before is told by a sync */
  register(tag) {
    this.#lose(tag);
    this.tag = this.#sent = this.#acked = tag;
  }

  /** @param {Frame} frame one with an op that is not known belongs to a later version */
  receive(frame) {
    const { op, tag } = frame;
    if (op === "hello") this.#takeHello(frame);
    else if (op === "events") this.#takeEvents(tag, frame.events);
    else if (op === "signal" || op === "heartbeat") this.#takeEvents(tag + 1, []);
    else if (op === "resync") {
      this.#sent = Math.max(this.#sent, tag);
      this.#lose(tag);
    }
  }

  /** @param {Frame} frame what an earlier socket brought and was not applied will be sent again, or is lost */
  #takeHello({ tag, outcome }) {
    this.#kept = [];
    this.#sent = this.#acked = tag;
    if (outcome === "resync" || tag > this.#known) this.#lose(tag);
  }

  /** @param {number} first @param {WireEvent[]} events */
  #takeEvents(first, events) {
    const last = first + events.length - 1;
    this.#sent = Math.max(this.#sent, last);
    this.#known = Math.max(this.#known, last);
    if (this.state === "resyncing") this.#kept.push({ first, events });
    else if (first > this.tag + 1) this.#lose(this.#known);
    else {
      this.#apply(first, events);
      // It came twice: our ack was lost, so it is said again.
      if (events.length && last <= this.#acked) this.#acked = last - 1;
    }
  }

  /** @param {number} first @param {WireEvent[]} events */
  #apply(first, events) {
    this.store.batch(() => {
      for (const event of events.slice(Math.max(0, this.tag + 1 - first))) {
        this.store.apply(event);
        this.tag += 1;
      }
    });
  }

  /** @param {number} tag something up to it will not come any more: only a sync that begins from now on tells it */
  #lose(tag) {
    this.state = "resyncing";
    this.#known = tag;
    this.#kept = [];
    this.#sync = null;
    this.store.forgetParticipants();
  }

  // --- Syncs ----------------------------------------------------------------------------------------

  /**
   * Ask with its `cursor` and hand every answer to `takeAnswer`. One that failed is begun anew; one that nobody needed
   * (polling) does no harm.
   */
  beginSync() {
    this.state = "resyncing";
    this.#sync = { cursor: this.cursor, covers: this.#known, answers: [] };
    this.#kept = [];
    return this.#sync;
  }

  /**
   * @param {Sync} sync
   * @param {SyncAnswer} answer
   * @returns {boolean} whether to ask on, with the sync's new `cursor`; false too for one that has become worthless
   */
  takeAnswer(sync, answer) {
    if (sync !== this.#sync) return false;
    sync.cursor = answer.cursor;
    sync.answers.push(answer);
    return answer.more || this.finish(sync);
  }

  /** @param {Sync} sync nothing more is to be told: that was the last answer, or nothing has changed @returns {false} */
  finish(sync) {
    if (sync !== this.#sync) return false;
    this.#sync = null;
    const kept = this.#kept;
    this.#kept = [];
    this.store.batch(() => {
      this.store.take(sync.answers);
      this.cursor = sync.cursor;
      this.tag = sync.covers;
      this.state = "live";
      for (const { first, events } of kept) {
        if (first > this.tag + 1) return this.#lose(this.#known);
        this.#apply(first, events);
      }
    });
    return false;
  }

  /** @param {Sync} sync no answer came: begin anew later */
  abandon(sync) {
    if (sync === this.#sync) this.#sync = null;
  }
}
