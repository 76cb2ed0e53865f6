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

const ACK_DELAY = 1000; // milliseconds; acks are cumulative, and one for many events is much cheaper for the server
const ACK_EVENTS = 32; // applied and not acked: then at once
/** @type {Record<"seen" | "hidden", [number, number]>} */
const POLL = { seen: [5_000, 10_000], hidden: [20_000, 30_000] }; // milliseconds between two syncs without a socket, at random

/**
 * `live`: the store follows. `resyncing`: it is being put right, over a good connection. `connecting`: no socket, and not
 * known yet whether the server can be reached. `polling`: it can, but by requests only. `offline`: it cannot. `portal`: it
 * cannot, because something else answers in its place, such as the sign-in page of a hotel's network.
 *
 * @typedef {"live" | "resyncing" | "connecting" | "polling" | "offline" | "portal" | "signed-out" | "gone"} Status
 */

/** Keeps the store in step with the server: by a socket while there is one, else by asking. */
export class Stream {
  /** @type {Status} */
  status = "connecting";
  #restored = false;
  #ready = false; // whether there is a state to keep in step
  #wasOpen = false;
  #reached = false; // whether the server has answered since the socket was lost
  #failed = false; // whether the last answer to a sync was that there is no server
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

  /** Bring the state, then keep it in step. Throws ApiError when it could not be brought; call it again then. */
  async start() {
    if (!this.#restored) {
      this.#restored = true;
      const tag = await this.session.restore();
      if (tag !== null) this.mailbox.register(tag);
    }
    if (this.session.id) this.socket.start(); // else after the first answer: what is shown first comes first
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

  /** The page is looked at again, or the network came back. */
  wake() {
    if (!this.#ready) return;
    const bySocket = this.status !== "polling" && !this.resync.trouble;
    this.socket.wake();
    this.resync.poke();
    if (!bySocket) this.poller.poke();
  }

  /** The server has answered a request: what waits for it need not wait any longer. */
  reach() {
    if (!["connecting", "offline", "portal"].includes(this.status)) return;
    this.socket.wake();
    this.resync.poke();
  }

  /** The system says that there is no network. */
  lose() {
    this.socket.drop();
    this.#tell();
  }

  /** @param {boolean} forGood false: the page goes into the back/forward cache */
  suspend(forGood) {
    this.session.keep(this.mailbox.tag);
    this.socket.stop();
    this.poller.stop();
    if (forGood) this.session.close();
    else this.session.suspend();
  }

  /** Out of the back/forward cache. */
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

  /** What the mailbox wants now. */
  #look() {
    if (this.#ready && this.mailbox.wantsSync) void this.resync.run();
    const enough = Math.min(ACK_EVENTS, Math.ceil(this.socket.window / 2));
    if (this.mailbox.unacked >= enough) this.#acknowledge();
    else if (this.mailbox.ack !== null) this.#ackTimer ??= this.clock.setTimeout(() => this.#acknowledge(), ACK_DELAY);
    this.#tell();
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
      this.poller.stop(); // a whole pause from here: the next socket is likely to come before it ends
      if (this.socket.state !== "idle") this.poller.start();
    }
    this.#wasOpen = this.#isOpen;
    this.#tell();
  }

  /** @param {Ending} ending */
  #onEnd(ending) {
    if (ending === "unknown" || ending === "replaced") this.session.forget();
    else {
      this.#ended = ending;
      this.socket.stop();
      // Signed out, one asks on: the answer to a sync says when there is hope again.
      if (ending === "gone") this.poller.stop();
      else if (this.#ready) this.poller.start();
      this.#tell();
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

  #tell() {
    const status = this.#current;
    if (status === this.status) return;
    this.status = status;
    for (const observer of this.#observers) observer(status);
  }
}
