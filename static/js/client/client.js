/** @import {Clock} from "./clock.js" */
/** @import {Conversation, Member, Message, Participant} from "./types.js" */
/** @import {Entry, KeyValueStorage} from "./outbox.js" */
/** @import {Shown} from "./reads.js" */
/** @import {Locks} from "./session.js" */
/** @import {WebSocketLike} from "./socket.js" */
/** @import {Changes} from "./store/entities.js" */

import { Api, ApiError } from "./api.js";
import { systemClock } from "./clock.js";
import { Drafts } from "./drafts.js";
import { Edits } from "./edits.js";
import { Outbox } from "./outbox.js";
import { Pages } from "./pages.js";
import { Poller } from "./poller.js";
import { Reads } from "./reads.js";
import { Session } from "./session.js";
import { Signals } from "./signals.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";

const AT_ONCE = 100; // unknown members in one request: more would make the address too long
const LOOK_AGAIN = 10_000; // milliseconds between two refreshes of a channel that the member has not joined: they get no events of it
const PRESENCE = 60_000; // milliseconds, on average, between two requests for presence while there are no signals, or after some may have been missed
const LONGEST_FRAME = 60_000; // bytes; a longer message is posted, so that no frame exceeds the server's bound

/** @typedef {Conversation & {participant: Participant | null, participant_count: number, unread_count: number}} ConversationView */

/**
 * What the page shows now. Only this is refreshed.
 *
 * @typedef {object} Focus
 * @property {string} conversation
 * @property {{from: number, to: number}} range seqs on the screen
 * @property {string | null} thread id of the message whose thread is open
 */

/**
 * One tab's view of an organization, and everything a member can do in it. The interface reads the store and calls these
 * methods; only this class and its parts know the server.
 */
export class Client {
  /** @type {() => Focus | null} */
  focus = () => null;
  /** @type {Map<string, number>} by conversation: the number of participants, where it was requested */
  participantCounts = new Map();
  /** @type {Set<string>} members that were requested and have not arrived, or that the member must not see */
  #askedFor = new Set();
  #hasBeenLive = false;
  #missesSignals = false;

  /**
   * @param {object} options
   * @param {string} options.base of the organization's REST, "/o/acme/api/v1/"
   * @param {string} options.me the caller's member id
   * @param {() => string} options.csrfToken
   * @param {KeyValueStorage} options.storage kept across tabs and time: localStorage
   * @param {KeyValueStorage} options.tabStorage the tab's own: sessionStorage
   * @param {(query: string) => WebSocketLike} options.open a socket
   * @param {string} [options.label] what the client is called among the member's devices
   * @param {Locks} [options.locks]
   * @param {(url: string, body: URLSearchParams) => boolean} [options.beacon]
   * @param {() => boolean} [options.isVisible]
   * @param {() => boolean} [options.isOnline]
   * @param {Clock} [options.clock]
   * @param {typeof globalThis.fetch} [options.fetch]
   */
  constructor({
    base,
    me,
    csrfToken,
    storage,
    tabStorage,
    open,
    label,
    locks,
    beacon,
    isVisible = () => true,
    isOnline = () => true,
    clock = systemClock,
    fetch,
  }) {
    this.clock = clock;
    this.api = new Api({ base, csrfToken, clock, fetch });
    this.time = this.api.time;
    this.store = new Store(me);
    this.signals = new Signals({ clock, me, say: (conversation) => this.stream.socket.send({ op: "typing", conversation }) });
    const session = new Session({ api: this.api, storage: tabStorage, key: `parley:client:${me}`, label, locks, beacon });
    this.stream = new Stream({ api: this.api, store: this.store, session, signals: this.signals, open, clock, isVisible, isOnline });
    this.pages = new Pages({ api: this.api, store: this.store });
    this.reads = new Reads({ api: this.api, store: this.store, say: (conversation, shown) => this.#sayRead(conversation, shown), clock });
    this.drafts = new Drafts({ storage, prefix: `parley:draft:${me}:` });
    this.edits = new Edits({ storage, prefix: `parley:edit:${me}:` });
    this.outbox = new Outbox({
      send: (entry) => this.#send(entry),
      shown: (conversation) => this.reads.unsent(conversation),
      storage,
      prefix: `parley:outbox:${me}:`,
      clock,
      time: this.time,
    });
    this.previews = new Poller({ run: () => this.#lookAgain(), pause: () => (isVisible() ? LOOK_AGAIN : 6 * LOOK_AGAIN), clock });
    this.presence = new Poller({ run: () => this.#lookAround(), pause: () => (0.5 + clock.random()) * PRESENCE, clock });
    this.store.observe((changes) => this.#onChanges(changes));
    this.stream.observe((status) => this.#onStatus(status));
    this.signals.observe(() => this.#onSignals());
  }

  /** Fetch what every view needs, then keep it up to date. Throws ApiError if nothing could be fetched. */
  async start() {
    await this.stream.start();
    this.#learn(this.store.strangers());
    this.outbox.restore();
    this.previews.start();
    this.presence.start();
  }

  /** The member looks at the page again, or the network is back. */
  wake() {
    this.stream.wake();
    this.previews.poke();
    this.outbox.poke();
    void this.reads.flush();
  }

  /** The system reports that there is no network. */
  lose() {
    this.stream.lose();
  }

  /** @param {boolean} forGood see Stream.suspend */
  suspend(forGood) {
    void this.reads.flush();
    this.stream.suspend(forGood);
    this.previews.stop();
    this.presence.stop();
  }

  /** The page is back from the back/forward cache. */
  async resume() {
    await this.stream.resume();
    this.previews.start();
    this.presence.start();
    this.outbox.poke();
  }

  /** @param {string} q @returns {Promise<Member[]>} active members by name or handle; "" for all of them */
  async findMembers(q) {
    const { moment } = this.store;
    /** @type {{results: Member[]}} */
    const { results } = await this.api.get("members", { q, active: "true" });
    if (!this.store.areMembersCurrent(moment)) return this.findMembers(q);
    this.store.batch(() => results.forEach((member) => this.store.putMember(member)));
    return results;
  }

  /** Fetch what is on the screen, for a conversation without events: new messages, edits and the open thread. */
  async refreshFocus() {
    const focus = this.focus();
    if (!focus) return;
    const { conversation, range, thread } = focus;
    const limit = Math.min(200, range.to - range.from + 1 + 50);
    const wanted = [this.pages.after(conversation, range.from - 1, limit)];
    if (thread) wanted.push(this.pages.thread(thread));
    await Promise.all([...wanted, this.loadConversation(conversation)]);
  }

  /** @param {string} id @returns {Promise<ConversationView>} */
  loadConversation(id) {
    return this.takeView(this.api.get(`conversations/${id}`));
  }

  /** @param {string} id */
  join(id) {
    return this.takeView(this.api.post(`conversations/${id}/join`));
  }

  /** @param {string} id @returns {Promise<Participant[]>} */
  async loadParticipants(id) {
    const { moment } = this.store;
    const participants = await this.api.list(`conversations/${id}/participants`);
    if (!this.store.isCurrent(id, moment)) return this.loadParticipants(id);
    this.store.putParticipants(id, participants);
    await this.meet(participants.map((/** @type {Participant} */ participant) => participant.member));
    return participants;
  }

  /** Fetch those members that the store lacks. @param {string[]} ids */
  async meet(ids) {
    await this.#learn(new Set(ids.filter((id) => !this.store.members.has(id))));
  }

  /** @param {string} id @returns {Promise<Message>} */
  loadMessage(id) {
    return this.pages.message(id);
  }

  /**
   * @param {Promise<ConversationView>} asked the answer to a request made just now; if the store has forgotten the
   *   conversation since then, it is requested again, because it may be outdated
   * @returns {Promise<ConversationView>}
   */
  async takeView(asked) {
    const { moment } = this.store;
    const view = await asked;
    return this.store.isCurrent(view.id, moment) ? this.#putView(view) : this.loadConversation(view.id);
  }

  /** @param {ConversationView} view */
  #putView(view) {
    const { participant, participant_count, unread_count: _, ...conversation } = view;
    this.store.batch(() => {
      this.participantCounts.set(view.id, participant_count);
      this.store.putConversation(conversation);
      if (participant) this.store.putParticipant(participant);
    });
    return view;
  }

  /** @param {Entry} entry is sent over the socket if there is one; because of its ref it becomes one message */
  async #send({ conversation, ref, text, thread, read }) {
    const body = { ref, text, ...(thread && { thread }), ...(read && { read }) };
    const { socket } = this.stream;
    const byFrame = socket.state === "open" && text.length * 6 <= LONGEST_FRAME;
    const post = () => this.api.post(`conversations/${conversation}/messages`, body);
    const ask = () => socket.ask({ op: "message.send", conversation, ...body }).then(({ message }) => message, ifUnproven(post));
    const asked = byFrame ? ask() : post();
    await this.pages.take(asked); // before the entry is removed, so that the message does not flicker
    if (!byFrame) this.stream.reach();
  }

  /** @param {string} conversation @param {Shown} shown */
  #sayRead(conversation, shown) {
    const { socket } = this.stream;
    if (socket.state !== "open") return null;
    const put = () => this.api.put(`conversations/${conversation}/read`, shown);
    return socket
      .ask({ op: "conversation.read", ref: crypto.randomUUID(), conversation, ...shown })
      .then(({ participant }) => participant, ifUnproven(put));
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    const spokenOf = new Set();
    for (const id of changes.messages) {
      const message = this.store.messages.get(id);
      if (!message) continue;
      this.signals.ended(message.conversation, message.author);
      spokenOf.add(message.author);
      for (const { members } of message.reactions) members.forEach((one) => spokenOf.add(one));
    }
    for (const id of changes.conversations) this.store.conversations.get(id)?.people.forEach((one) => spokenOf.add(one));
    const strangers = [...spokenOf].filter((id) => !this.store.members.has(id));
    if (strangers.length) void this.#learn(strangers);
    if (changes.members.size && this.stream.status !== "connecting") void this.#learn(this.store.strangers());
  }

  /** Fetch the members who type, whom the store may not know yet. */
  #onSignals() {
    const typists = this.signals.typists(this.focus()?.conversation ?? "");
    void this.#learn(typists.filter((id) => !this.store.members.has(id)));
  }

  /** @param {string} status */
  #onStatus(status) {
    if (status === "polling") this.outbox.poke(); // the server answers again
    if (status !== "live") {
      this.#missesSignals ||= this.#hasBeenLive && status !== "resyncing";
      return;
    }
    this.#hasBeenLive = true;
    this.outbox.poke();
    void this.reads.flush();
  }

  /** Fetch members that messages refer to and the store lacks. @param {Iterable<string>} ids */
  async #learn(ids) {
    const wanted = [...ids].filter((id) => !this.#askedFor.has(id));
    if (wanted.length === 0) return;
    wanted.forEach((id) => this.#askedFor.add(id));
    const { moment } = this.store;
    try {
      const parts = Array.from({ length: Math.ceil(wanted.length / AT_ONCE) }, (_, at) => wanted.slice(at * AT_ONCE, (at + 1) * AT_ONCE));
      const answers = await Promise.all(parts.map((some) => this.api.get("members", { ids: some.join(",") })));
      /** @type {Member[]} */
      const found = answers.flatMap(({ results }) => results);
      const isCurrent = this.store.areMembersCurrent(moment);
      if (isCurrent) this.store.batch(() => found.forEach((member) => this.store.putMember(member)));
      for (const id of wanted) if (!isCurrent || this.store.members.has(id)) this.#askedFor.delete(id);
      if (!isCurrent) await this.#learn(this.store.strangers());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      wanted.forEach((id) => this.#askedFor.delete(id)); // they are requested again when something refers to them again
    }
  }

  /** Refresh a channel that the member looks at without having joined it. */
  async #lookAgain() {
    const focus = this.focus();
    if (!focus || this.store.ownParticipant(focus.conversation)) return;
    await this.refreshFocus().catch(quietly);
  }

  /** Fetch presence while there are no signals, and after signals may have been missed. */
  async #lookAround() {
    const { status } = this.stream;
    if (status !== "polling" && !(status === "live" && this.#missesSignals)) return;
    try {
      const { results } = await this.api.get("presence");
      this.signals.replace(results);
      this.#missesSignals = false;
    } catch (error) {
      quietly(error);
    }
  }
}

/** @param {unknown} error an ApiError is ignored here, because the status of the stream shows it */
function quietly(error) {
  if (!(error instanceof ApiError)) throw error;
}

/** @param {unknown} error a 404 is ignored: the object does not exist, or the caller may not see it */
export function unlessMissing(error) {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
}

/** @param {() => Promise<unknown>} ask by REST, when the frame on the socket did not answer the command */
function ifUnproven(ask) {
  return (/** @type {unknown} */ error) => {
    if (error instanceof ApiError && error.code === "unproven") return ask();
    throw error;
  };
}
