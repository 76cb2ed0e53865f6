/** @import {Clock} from "./clock.js" */
/** @import {Frame} from "./mailbox.js" */

import { isFrame, isResult, REFUSALS } from "./answers.js";
import { ApiError } from "./api.js";
import { fullJitter, Stopwatch } from "./clock.js";

export const SUBPROTOCOL = "parley.v1";
const OPENING = 10_000; // milliseconds from asking for a socket to its hello
const ANSWER = 10_000; // milliseconds for the answer to a command; then it is sent again another way
const WATCH = 5_000; // milliseconds between two looks at the clock
const SLEPT = 20_000; // milliseconds that a look came late: the machine slept, or the page was frozen
const SILENCE = 2.5; // heartbeats without a frame: the connection is dead, though nobody has said so
const DOUBTFUL = 1.2; // the same after sleep, or when somebody looks: one heartbeat is overdue
const STEADY = 10_000; // milliseconds after which a socket counts as a success: one that closes at once must not be tried at once
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
 * What became of a socket for good: the member is signed out, is no member any more, or the server does not know the
 * client (any more), or gave it to somebody who came with the same id.
 *
 * @typedef {"signed-out" | "gone" | "unknown" | "replaced"} Ending
 */

/**
 * One client's socket, opened again whenever it closes: at random within a bound that doubles from half a second to half
 * a minute, at once when there is reason to hope. Knows frames, not what they mean.
 */
export class Socket {
  /** @type {"idle" | "waiting" | "opening" | "open"} */
  state = "idle";
  /** Seconds between two heartbeats, and events in flight: from the last hello. */
  heartbeat = 25;
  window = 1;
  #failures = 0;
  #turn = 0; // of attempts: what an earlier one still hears is nobody's business
  #openedAt = 0;
  /** @type {WebSocketLike | null} */
  #socket = null;
  /** @type {unknown} */
  #timer = null;
  /** @type {unknown} */
  #watch = null;
  /** @type {Map<string, {resolve: (frame: Frame) => void, reject: (error: ApiError) => void}>} by ref; an answer to none of them is ignored */
  #questions = new Map();

  /**
   * @param {object} options
   * @param {(address: string) => WebSocketLike} options.open
   * @param {() => Promise<string>} options.address where to connect now; may throw ApiError
   * @param {(frame: Frame) => void} options.onFrame hello included; answers to commands are not
   * @param {() => void} options.onChange `state` is another
   * @param {(ending: Ending) => void} options.onEnd told before the next attempt
   * @param {Clock} options.clock
   * @param {() => boolean} options.isOnline false only when the system is sure that there is no network
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

  /** Close it and try no more, until `start`. */
  stop() {
    this.#hangUp();
    this.#become("idle");
  }

  /** Somebody looks, or the network is back: connect now; doubt a connection that has been silent. */
  wake() {
    const doubtful = this.state === "open" && this.#silence > DOUBTFUL * this.heartbeat;
    if (this.state === "waiting" || doubtful) void this.#connect();
  }

  /** What is open is of no use any more. */
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
   * @returns {Promise<Frame>} its result; throws ApiError, with status 0 when no answer came, and with the code "unproven"
   *   when what came does not belong to the command or is a refusal with an unknown code: ask another way then
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
    // What is no frame comes from something in between, and what comes before a hello may follow on something unknown.
    if (!frame || (this.state !== "open" && frame.op !== "hello")) return this.#retry();
    this.heard.start();
    if (frame.op === "hello") this.#onHello(frame);
    // Timers of a page in the background come once a minute, frames come at once: so it answers, instead of counting.
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

  /** Timers stand still while a machine sleeps; the device's clock does not. */
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
