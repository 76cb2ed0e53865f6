/** @import {Clock} from "./clock.js" */
/** @import {Frame} from "./mailbox.js" */

import { isFrame, isResult, REFUSALS } from "./answers.js";
import { ApiError } from "./api.js";
import { fullJitter, Stopwatch } from "./clock.js";

export const SUBPROTOCOL = "parley.v1";
const OPENING = 10_000; // milliseconds from asking for a socket to its hello
const ANSWER = 10_000; // milliseconds for the answer to a command; after that the caller sends it by REST
const WATCH = 5_000; // milliseconds between two looks at the clock
const SLEPT = 20_000; // milliseconds by which a look was late: the machine slept, or the page was frozen
const SILENCE = 2.5; // heartbeats without a frame: the connection is dead, even without a close
const DOUBTFUL = 1.2; // the same after sleep, or when the member looks at the page: one heartbeat is overdue
const STEADY = 10_000; // milliseconds after which a socket counts as a success; one that closes sooner is followed by a longer pause
const SIGNED_OUT = 4401;
const NOT_A_MEMBER = 4403;
const UNKNOWN_CLIENT = 4404;
const REPLACED = 4409;
const RESTARTING = 1012;

/**
 * The part of a WebSocket that is needed here.
 *
 * @typedef {object} WebSocketLike
 * @property {((event: any) => void) | null} onmessage with `data`
 * @property {((event: any) => void) | null} onclose with `code` and `reason`
 * @property {(text: string) => void} send
 * @property {(code?: number) => void} close
 */

/**
 * Why a socket ended for good: the member is signed out, or was removed from the organization; or the server does not know
 * the client, or another page has connected with the same client.
 *
 * @typedef {"signed-out" | "gone" | "unknown" | "replaced"} Ending
 */

/**
 * The socket of one client. It is opened again whenever it closes: after a random pause within a bound that doubles from
 * half a second to half a minute, or at once when the network is back. It knows frames, not their meaning.
 */
export class Socket {
  /** @type {"idle" | "waiting" | "opening" | "open"} */
  state = "idle";
  /** From the last hello: seconds between two heartbeats, and the number of events that may be unacked. */
  heartbeat = 25;
  window = 1;
  #failures = 0;
  #turn = 0; // counts attempts, so that an event of an earlier one is ignored
  #openedAt = 0;
  /** @type {WebSocketLike | null} */
  #socket = null;
  /** @type {unknown} */
  #timer = null;
  /** @type {unknown} */
  #watch = null;
  /** @type {Map<string, {resolve: (frame: Frame) => void, reject: (error: ApiError) => void}>} by ref; an answer with another ref is ignored */
  #questions = new Map();

  /**
   * @param {object} options
   * @param {(address: string) => WebSocketLike} options.open
   * @param {() => Promise<string>} options.address the query of the address; may throw ApiError
   * @param {(frame: Frame) => void} options.onFrame called with each frame, except answers to commands
   * @param {() => void} options.onChange called when `state` has changed
   * @param {(ending: Ending) => void} options.onEnd called before the next attempt
   * @param {Clock} options.clock
   * @param {() => boolean} options.isOnline false only if the system knows that there is no network
   */
  constructor({ open, address, onFrame, onChange, onEnd, clock, isOnline }) {
    this.open = open;
    this.address = address;
    this.onFrame = onFrame;
    this.onChange = onChange;
    this.onEnd = onEnd;
    this.clock = clock;
    this.heard = new Stopwatch(clock);
    this.looked = new Stopwatch(clock);
    this.isOnline = isOnline;
  }

  start() {
    if (this.state === "idle") void this.#connect();
  }

  /** Close the socket, and do not open another one until `start`. */
  stop() {
    this.#hangUp();
    this.#become("idle");
  }

  /** The member looks at the page, or the network is back: connect now, and drop a connection that has been silent. */
  wake() {
    const doubtful = this.state === "open" && this.#silence > DOUBTFUL * this.heartbeat;
    if (this.state === "waiting" || doubtful) void this.#connect();
  }

  /** Drop the connection and open another one. */
  drop() {
    if (this.state === "open" || this.state === "opening") this.#retry();
  }

  /** @param {Frame} frame @returns {boolean} whether there was a socket to write it to */
  send(frame) {
    if (this.state !== "open" || !this.#socket) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /**
   * @param {Frame & {ref: string}} frame a command
   * @returns {Promise<Frame>} its result; throws ApiError with status 0 when no answer came, and with the code "unproven" when
   *   the answer does not belong to the command or is an error with an unknown code: then use REST
   */
  ask(frame) {
    return new Promise((resolve, reject) => {
      const unanswered = () => {
        this.#settle(frame.ref)?.reject(new ApiError(0, { detail: "no answer" }));
        if (this.#silence * 1000 >= ANSWER) this.drop();
      };
      const timer = this.clock.setTimeout(unanswered, ANSWER);
      this.#questions.set(frame.ref, {
        resolve: (answer) => {
          this.clock.clearTimeout(timer);
          if (isResult(frame, answer)) resolve(answer);
          else reject(unproven());
        },
        reject: (error) => {
          this.clock.clearTimeout(timer);
          reject(error);
        },
      });
      if (!this.send(frame)) unanswered();
    });
  }

  async #connect() {
    this.#hangUp();
    const turn = this.#turn;
    this.#become("opening");
    this.#timer = this.clock.setTimeout(() => this.#retry(), OPENING);
    try {
      const url = await this.address();
      if (turn === this.#turn) this.#listen(this.open(url), turn);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#retry(error instanceof ApiError ? (error.retryAfter ?? undefined) : undefined);
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) this.onEnd("signed-out");
      if (error.status === 403 || error.status === 404) this.onEnd("gone");
    }
  }

  /** @param {WebSocketLike} socket @param {number} turn */
  #listen(socket, turn) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => turn === this.#turn && this.#hear(data);
    socket.onclose = ({ code, reason }) => turn === this.#turn && this.#onClose(code, reason);
  }

  /** @param {any} data */
  #hear(data) {
    const frame = read(data);
    // Text that is not a frame comes from a proxy, and a frame before the hello cannot be interpreted.
    if (!frame || (this.state !== "open" && frame.op !== "hello")) return this.#retry();
    this.heard.start();
    if (frame.op === "hello") this.#onHello(frame);
    // Timers in a background page run once a minute, but frames arrive at once: answer here instead of using a timer.
    if (frame.op === "heartbeat") this.send({ op: "heartbeat" });
    if (frame.op === "result") this.#settle(frame.ref)?.resolve(frame);
    else if (frame.op === "error") this.#settle(frame.ref)?.reject(refusal(frame));
    else this.onFrame(frame);
  }

  /** @param {Frame} hello */
  #onHello({ heartbeat, window }) {
    this.clock.clearTimeout(this.#timer);
    this.heartbeat = heartbeat;
    this.window = window;
    this.#openedAt = this.clock.monotonic();
    this.looked.start();
    this.#plan();
    this.#become("open");
  }

  /** @param {number} code @param {string} reason */
  #onClose(code, reason) {
    const spread = code === RESTARTING ? /^retry=(\d+)$/.exec(reason) : null;
    this.#retry(spread ? this.clock.random() * Number(spread[1]) : undefined);
    if (code === SIGNED_OUT) this.onEnd("signed-out");
    if (code === NOT_A_MEMBER) this.onEnd("gone");
    if (code === UNKNOWN_CLIENT) this.onEnd("unknown");
    if (code === REPLACED) this.onEnd("replaced");
  }

  /** @param {number} [wait] milliseconds */
  #retry(wait) {
    if (this.state === "open" && this.clock.monotonic() - this.#openedAt >= STEADY) this.#failures = 0;
    const pause = wait ?? fullJitter(this.clock, this.#failures);
    this.#failures += 1;
    this.#hangUp();
    this.#wait(pause);
    this.#become("waiting");
  }

  /** @param {number} pause */
  #wait(pause) {
    this.#timer = this.clock.setTimeout(() => {
      if (this.isOnline()) void this.#connect();
      else this.#wait(fullJitter(this.clock, Infinity));
    }, pause);
  }

  #hangUp() {
    this.#turn += 1;
    this.clock.clearTimeout(this.#timer);
    this.clock.clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    for (const ref of [...this.#questions.keys()]) this.#settle(ref)?.reject(new ApiError(0, { detail: "the socket closed" }));
  }

  get #silence() {
    return this.heard.elapsed / 1000;
  }

  #plan() {
    this.#watch = this.clock.setTimeout(() => this.#look(), WATCH);
  }

  /** Look for a dead connection. Timers do not run while the machine sleeps, but the device's clock does. */
  #look() {
    const slept = this.looked.elapsed > WATCH + SLEPT;
    this.looked.start();
    if (this.#silence > (slept ? DOUBTFUL : SILENCE) * this.heartbeat) this.drop();
    else this.#plan();
  }

  /** @param {string} ref */
  #settle(ref) {
    const question = this.#questions.get(ref);
    this.#questions.delete(ref);
    return question;
  }

  /** @param {Socket["state"]} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.onChange();
  }
}

/** @param {any} data @returns {Frame | null} */
function read(data) {
  try {
    const frame = JSON.parse(data);
    return isFrame(frame) ? frame : null;
  } catch {
    return null;
  }
}

const unproven = () => new ApiError(0, { code: "unproven", detail: "the answer is to something else" });

/** @param {Frame} frame an `error` */
function refusal({ code, message, errors, retry_after }) {
  if (!REFUSALS[code]) return unproven();
  return new ApiError(REFUSALS[code], { code, detail: message, errors }, retry_after === undefined ? null : retry_after * 1000);
}
