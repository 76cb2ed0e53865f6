/** @import {Clock} from "./clock.js" */
/** @import {Presence, SyncAnswer} from "./types.js" */

const TYPING = 6_000; // milliseconds for which somebody counts as typing; two more notices arrive in this time if they continue
const SAY_AGAIN = 2_500; // milliseconds between two notices of our own; the server passes on one in two seconds

/** Signals, which are never stored and may be lost: who is typing where, and who is online. */
export class Signals {
  /** @type {Map<string, Presence["state"]>} by member; a member without an entry is offline */
  presence = new Map();
  /** @type {Map<string, Map<string, unknown>>} by conversation and member: the timer that ends the typing */
  #typing = new Map();
  /** @type {Map<string, number>} by conversation: when we last sent a notice */
  #said = new Map();
  /** @type {Set<() => void>} */
  #observers = new Set();

  /** @param {{clock: Clock, me: string, say: (conversation: string) => boolean}} options `say` sends a notice and returns whether there was a socket */
  constructor({ clock, me, say }) {
    this.clock = clock;
    this.me = me;
    this.say = say;
  }

  /** @param {() => void} observer */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** @param {string} conversation @returns {string[]} members who are typing in it */
  typists(conversation) {
    return [...(this.#typing.get(conversation)?.keys() ?? [])];
  }

  /** @param {string} conversation the member pressed a key */
  type(conversation) {
    const now = this.clock.monotonic();
    if (now - (this.#said.get(conversation) ?? -Infinity) < SAY_AGAIN) return;
    if (this.say(conversation)) this.#said.set(conversation, now);
  }

  /** @param {{type: string, conversation?: string, member?: string, state?: Presence["state"]}} signal */
  receive({ type, conversation, member, state }) {
    if (type === "presence" && member && state) this.#setPresence(member, state);
    if (type === "typing" && conversation && member && member !== this.me) this.#start(conversation, member);
    this.#notify();
  }

  /** @param {string} conversation @param {string} member their message has arrived, so they are not typing any more */
  ended(conversation, member) {
    const typists = this.#typing.get(conversation);
    if (!typists?.has(member)) return;
    this.clock.clearTimeout(typists.get(member));
    typists.delete(member);
    this.#notify();
  }

  /** @param {SyncAnswer} answer has the presence of the members in it */
  take({ members, presence }) {
    for (const { id } of members) this.presence.delete(id);
    for (const { member, state } of presence) this.#setPresence(member, state);
    this.#notify();
  }

  /** @param {Presence[]} states of everybody who is not offline */
  replace(states) {
    this.presence.clear();
    for (const { member, state } of states) this.#setPresence(member, state);
    this.#notify();
  }

  /** @param {string} member @param {Presence["state"]} state */
  #setPresence(member, state) {
    if (state === "offline") this.presence.delete(member);
    else this.presence.set(member, state);
  }

  /** @param {string} conversation @param {string} member */
  #start(conversation, member) {
    const typists = this.#typing.get(conversation) ?? new Map();
    this.#typing.set(conversation, typists);
    this.clock.clearTimeout(typists.get(member));
    typists.set(
      member,
      this.clock.setTimeout(() => this.ended(conversation, member), TYPING),
    );
  }

  #notify() {
    for (const observer of this.#observers) observer();
  }
}
