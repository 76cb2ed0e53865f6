/** @import {Store} from "./store.js" */
/** @import {Event as WireEvent, SyncAnswer} from "./types.js" */

/**
 * A frame of the server: `{op, …}`, see the protocol.
 *
 * @typedef {{op: string, [name: string]: any}} Frame
 */

/**
 * A sync that is running. If events are lost while it runs, its answers are dropped and another one is started.
 *
 * @typedef {object} Sync
 * @property {string} cursor for the next request
 * @property {number} covers the tag up to which its answer covers everything
 * @property {SyncAnswer[]} answers
 */

/**
 * The state machine of a client: what each frame changes. It has no input or output of its own.
 *
 *     frames    → receive()                   → the store changes, `ack` grows
 *     wantsSync → beginSync(), takeAnswer() … → the store changes, the frames that arrived meanwhile are applied
 *
 * The mailbox is live while every tag follows the one before. A gap, an emptied mailbox or a first start makes it resync:
 * it keeps frames aside until the state since `cursor` has been fetched and applied. Every event that was sent before the
 * sync request was committed before it and is in its answer, so `tag` continues from there. Frames that arrived later are
 * applied "if newer"; a gap among them starts another sync.
 */
export class Mailbox {
  /** @type {"resyncing" | "live"} */
  state = "resyncing";
  /** The last tag that was applied; the next socket continues after it. */
  tag = 0;
  /** The cursor of the last sync answer. */
  cursor = "";
  #known = 0; // the highest tag of the server that the client has seen
  #sent = 0; // the highest tag on this socket: an ack beyond it is a protocol error
  #acked = 0;
  /** @type {{first: number, events: WireEvent[]}[]} in the order of arrival */
  #kept = [];
  /** @type {Sync | null} */
  #sync = null;

  /** @param {Store} store */
  constructor(store) {
    this.store = store;
  }

  /** Whether a sync is needed and none is running. */
  get wantsSync() {
    return this.state === "resyncing" && this.#sync === null;
  }

  /** @returns {number | null} the cumulative ack that is due, if any */
  get ack() {
    const tag = Math.min(this.tag, this.#sent);
    return this.state === "live" && tag > this.#acked ? tag : null;
  }

  /** The number of events that are applied and not acked. */
  get unacked() {
    return Math.max(0, Math.min(this.tag, this.#sent) - this.#acked);
  }

  /** @param {number} tag of an ack that was written to the socket */
  acked(tag) {
    this.#acked = tag;
  }

  // --- Frames ---------------------------------------------------------------------------------------

  /** @param {number} tag the mailbox of a new client begins after it; earlier events come with a sync */
  register(tag) {
    this.#lose(tag);
    this.tag = this.#sent = this.#acked = tag;
  }

  /** @param {Frame} frame a frame with an unknown op belongs to a later version and is ignored */
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

  /** @param {Frame} frame events of an earlier socket that were not applied will be sent again, or are lost */
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
      // The server sent it twice, because our ack was lost: ack again.
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

  /** @param {number} tag some event up to it is lost: only a sync that starts from now on contains it */
  #lose(tag) {
    this.state = "resyncing";
    this.#known = tag;
    this.#kept = [];
    this.#sync = null;
    this.store.forgetParticipants();
  }

  // --- Syncs ----------------------------------------------------------------------------------------

  /**
   * Start a sync. Request with its `cursor` and pass every answer to `takeAnswer`. After a failure start another one. A sync
   * that was not needed (polling) does no harm.
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
   * @returns {boolean} whether to request again with the sync's new `cursor`; false also if the sync was replaced meanwhile
   */
  takeAnswer(sync, answer) {
    if (sync !== this.#sync) return false;
    sync.cursor = answer.cursor;
    sync.answers.push(answer);
    return answer.more || this.finish(sync);
  }

  /** @param {Sync} sync that has its last answer, or for which nothing has changed @returns {false} */
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

  /** @param {Sync} sync without an answer; another one is started later */
  abandon(sync) {
    if (sync === this.#sync) this.#sync = null;
  }
}
