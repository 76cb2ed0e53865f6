/** @import {Clock} from "./clock.js" */
/** @import {Presence, SyncAnswer} from "./types.js" */

const TYPING = 6_000; // milliseconds for which a notice holds: the next two come before, if they go on
const SAY_AGAIN = 2_500; // milliseconds between two of our own; the server passes on one in two seconds

/** What is never stored and may be lost: who is typing where, who is there. */
export class Signals {
  /** @type {Map<string, Presence["state"]>} by member; who is not in it is offline */
  presence = new Map();
  /** @type {Map<string, Map<string, unknown>>} by conversation and member: the timer that ends it */
  #typing = new Map();
  /** @type {Map<string, number>} by conversation: when we last said that we type */
  #said = new Map();
  /** @type {Set<() => void>} */
  #observers = new Set();

  /** @param {{clock: Clock, me: string, say: (conversation: string) => boolean}} options `say`: whether there was a socket to say it on */
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
    this.#tell();
  }

  /** @param {string} conversation @param {string} member their message is here, so they type no more */
  ended(conversation, member) {
    const typists = this.#typing.get(conversation);
    if (!typists?.has(member)) return;
    this.clock.clearTimeout(typists.get(member));
    typists.delete(member);
    this.#tell();
  }

  /** @param {SyncAnswer} answer says who is there of the people that it speaks of */
  take({ members, presence }) {
    for (const { id } of members) this.presence.delete(id);
    for (const { member, state } of presence) this.#setPresence(member, state);
    this.#tell();
  }

  /** @param {Presence[]} states everybody who is there */
  replace(states) {
    this.presence.clear();
    for (const { member, state } of states) this.#setPresence(member, state);
    this.#tell();
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

  #tell() {
    for (const observer of this.#observers) observer();
  }
}
