/** @import {Api} from "./api.js" */
/** @import {Clock} from "./clock.js" */
/** @import {Frame} from "./mailbox.js" */
/** @import {Session} from "./session.js" */
/** @import {Signals} from "./signals.js" */
/** @import {Ending, WebSocketLike} from "./socket.js" */
/** @import {Store} from "./store.js" */

import { Mailbox } from "./mailbox.js";
import { Poller } from "./poller.js";
import { Resync } from "./resync.js";
import { Socket } from "./socket.js";

const ACK_DELAY = 1000; // milliseconds; acks are cumulative, and one for many events costs the server less
const ACK_EVENTS = 32; // events that are applied and not acked before an ack is sent at once
/** @type {Record<"seen" | "hidden", [number, number]>} */
const POLL = { seen: [5_000, 10_000], hidden: [20_000, 30_000] }; // milliseconds between two syncs without a socket, at random

/**
 * `live`: the store is up to date. `resyncing`: the store is being brought up to date over a working connection.
 * `connecting`: there is no socket, and it is not known yet whether the server can be reached. `polling`: the server can be
 * reached, but only by requests. `offline`: it cannot be reached. `portal`: something else answers instead of the server,
 * such as the sign-in page of a hotel's network.
 *
 * @typedef {"live" | "resyncing" | "connecting" | "polling" | "offline" | "portal" | "signed-out" | "gone"} Status
 */

/** Keeps the store up to date with the server: by a socket, or by requests while there is no socket. */
export class Stream {
  /** @type {Status} */
  status = "connecting";
  #restored = false;
  #ready = false; // whether the first state has been fetched
  #wasOpen = false;
  #reached = false; // whether the server has answered since the socket was lost
  #failed = false; // whether the last sync did not reach the server
  /** @type {Ending | null} */
  #ended = null;
  /** @type {unknown} */
  #ackTimer = null;
  /** @type {Set<(status: Status) => void>} */
  #observers = new Set();

  /**
   * @param {object} options
   * @param {Api} options.api
   * @param {Store} options.store
   * @param {Session} options.session
   * @param {Signals} options.signals
   * @param {(query: string) => WebSocketLike} options.open
   * @param {Clock} options.clock
   * @param {() => boolean} options.isVisible
   * @param {() => boolean} options.isOnline
   */
  constructor({ api, store, session, signals, open, clock, isVisible, isOnline }) {
    this.store = store;
    this.time = api.time;
    this.session = session;
    this.signals = signals;
    this.clock = clock;
    this.isVisible = isVisible;
    this.isOnline = isOnline;
    this.mailbox = new Mailbox(store);
    this.resync = new Resync({
      api,
      clock,
      mailbox: this.mailbox,
      onAnswer: (answer) => signals.take(answer),
      onChange: () => this.#onSync(),
    });
    this.socket = new Socket({
      open,
      address: () => this.#address(),
      onFrame: (frame) => this.#onFrame(frame),
      onChange: () => this.#onSocket(),
      onEnd: (ending) => this.#onEnd(ending),
      clock,
      isOnline,
    });
    this.poller = new Poller({ run: () => this.#poll(), pause: () => this.#pollPause(), clock });
  }

  /** Fetch the state, then keep it up to date. Throws ApiError if it cannot be fetched; call it again then. */
  async start() {
    if (!this.#restored) {
      this.#restored = true;
      const tag = await this.session.restore();
      if (tag !== null) this.mailbox.register(tag);
    }
    if (this.session.id) this.socket.start(); // else after the first answer: the state that is shown first has priority
    await this.resync.attempt();
    this.#ready = true;
    this.socket.start();
    this.poller.start();
    this.#look();
  }

  /** @param {(status: Status) => void} observer */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** The member looks at the page again, or the network is back. */
  wake() {
    if (!this.#ready) return;
    const bySocket = this.status !== "polling" && !this.resync.trouble;
    this.socket.wake();
    this.resync.poke();
    if (!bySocket) this.poller.poke();
  }

  /** The server has answered a request: retry now what waits for it. */
  reach() {
    if (!["connecting", "offline", "portal"].includes(this.status)) return;
    this.socket.wake();
    this.resync.poke();
  }

  /** The system reports that there is no network. */
  lose() {
    this.socket.drop();
    this.#notify();
  }

  /** @param {boolean} forGood false if the page enters the back/forward cache */
  suspend(forGood) {
    this.session.keep(this.mailbox.tag);
    this.socket.stop();
    this.poller.stop();
    if (forGood) this.session.close();
    else this.session.suspend();
  }

  /** The page is back from the back/forward cache. */
  async resume() {
    await this.session.resume();
    this.socket.start();
    this.poller.start();
  }

  get #isOpen() {
    return this.socket.state === "open";
  }

  /** @returns {Promise<string>} the query of the socket's address */
  async #address() {
    const tag = await this.session.register();
    if (tag !== null) {
      this.mailbox.register(tag);
      this.#look();
    }
    return new URLSearchParams({ client: this.session.id ?? "", tag: String(this.mailbox.tag) }).toString();
  }

  /** @param {Frame} frame */
  #onFrame(frame) {
    this.mailbox.receive(frame);
    if (frame.op === "events" && frame.events.length) this.time.takeMoment(frame.events.at(-1).at);
    if (frame.op === "signal") this.signals.receive(frame.signal);
    if (frame.op === "heartbeat") this.#acknowledge(); // its timer may be late, in the background
    this.#look();
  }

  /** Do what the mailbox needs now. */
  #look() {
    if (this.#ready && this.mailbox.wantsSync) void this.resync.run();
    const enough = Math.min(ACK_EVENTS, Math.ceil(this.socket.window / 2));
    if (this.mailbox.unacked >= enough) this.#acknowledge();
    else if (this.mailbox.ack !== null) this.#ackTimer ??= this.clock.setTimeout(() => this.#acknowledge(), ACK_DELAY);
    this.#notify();
  }

  #acknowledge() {
    this.clock.clearTimeout(this.#ackTimer);
    this.#ackTimer = null;
    const tag = this.mailbox.ack;
    if (tag === null || !this.socket.send({ op: "ack", tag })) return;
    this.mailbox.acked(tag);
    this.session.keep(tag);
  }

  #onSocket() {
    if (this.#isOpen) this.#ended = null;
    else if (this.#wasOpen) {
      this.#reached = false;
      this.poller.stop(); // start a whole pause: the next socket probably opens before it ends
      if (this.socket.state !== "idle") this.poller.start();
    }
    this.#wasOpen = this.#isOpen;
    this.#notify();
  }

  /** @param {Ending} ending */
  #onEnd(ending) {
    if (ending === "unknown" || ending === "replaced") this.session.forget();
    else {
      this.#ended = ending;
      this.socket.stop();
      // After a sign-out keep polling: a sync that succeeds shows that the member has signed in again.
      if (ending === "gone") this.poller.stop();
      else if (this.#ready) this.poller.start();
      this.#notify();
    }
  }

  #onSync() {
    const status = this.resync.trouble?.status;
    if (status === 401) this.#onEnd("signed-out");
    else if (status === 403 || status === 404) this.#onEnd("gone");
    else if (status === undefined) {
      this.#reached = true;
      if (this.#ended) this.#recover();
      // The server is back: the next attempt need not wait half a minute. Or the system is wrong: there is a way to it.
      if (this.#failed || !this.isOnline()) this.socket.wake();
    }
    this.#failed = status === 0 || (status ?? 0) >= 500;
    this.#look();
  }

  #recover() {
    this.#ended = null;
    this.socket.start();
    this.poller.start();
  }

  async #poll() {
    if (this.#isOpen && this.mailbox.state === "live") return;
    await this.resync.run();
  }

  #pollPause() {
    const [least, most] = this.isVisible() ? POLL.seen : POLL.hidden;
    return least + this.clock.random() * (most - least);
  }

  /** @returns {Status} */
  get #current() {
    if (this.#ended === "signed-out" || this.#ended === "gone") return this.#ended;
    if (this.#isOpen) return this.mailbox.state;
    if (this.resync.trouble?.code === "portal") return "portal";
    if (this.resync.trouble || !this.isOnline()) return "offline";
    return this.#reached ? "polling" : "connecting";
  }

  #notify() {
    const status = this.#current;
    if (status === this.status) return;
    this.status = status;
    for (const observer of this.#observers) observer(status);
  }
}
