/** @import {Clock} from "./clock.js" */
/** @import {Conversation, Member, Message, Participant} from "./types.js" */
/** @import {Entry, KeyValueStorage} from "./outbox.js" */

import { Api, ApiError } from "./api.js";
import { systemClock } from "./clock.js";
import { Drafts } from "./drafts.js";
import { Outbox } from "./outbox.js";
import { Pages } from "./pages.js";
import { Poller } from "./poller.js";
import { Reads } from "./reads.js";
import { Store } from "./store.js";

const MEMBERS_AT_MOST_EVERY = 10_000; // milliseconds between two refreshes because of an unknown author

/** @typedef {Conversation & {participant: Participant | null, participant_count: number, unread_count: number}} ConversationView */

/**
 * What the page looks at now, so that refreshing brings just that.
 *
 * @typedef {object} Focus
 * @property {string} conversation
 * @property {{from: number, to: number}} range seqs on the screen
 * @property {string | null} thread id of the message whose thread is open
 */

/**
 * One tab's view of an organization and everything a member can do in it: the seam between the interface, which reads the
 * store and calls methods here, and the server. How the store is kept fresh is this module's business alone.
 */
export class Client {
  /** @type {() => Focus | null} */
  focus = () => null;
  /** @type {Map<string, number>} by conversation: how many take part */
  participantCounts = new Map();
  #membersAt = 0;

  /**
   * @param {object} options
   * @param {string} options.base of the organization's REST, "/o/acme/api/v1/"
   * @param {string} options.me the caller's member id
   * @param {() => string} options.csrfToken
   * @param {KeyValueStorage} options.storage
   * @param {() => boolean} [options.isVisible]
   * @param {Clock} [options.clock]
   * @param {typeof globalThis.fetch} [options.fetch]
   */
  constructor({ base, me, csrfToken, storage, isVisible = () => true, clock = systemClock, fetch }) {
    this.clock = clock;
    this.api = new Api({ base, csrfToken, clock, fetch });
    this.store = new Store(me);
    this.pages = new Pages({ api: this.api, store: this.store });
    this.reads = new Reads({ api: this.api, store: this.store, clock });
    this.drafts = new Drafts({ storage, prefix: `parley:draft:${me}:` });
    this.outbox = new Outbox({
      send: (entry) => this.#send(entry),
      onSent: (message) => this.store.putMessage(message),
      storage,
      prefix: `parley:outbox:${me}:`,
      clock,
    });
    this.poller = new Poller({
      tasks: [
        { run: () => this.refreshConversations(), interval: 4_000, hidden: 20_000 },
        { run: () => this.refreshFocus(), interval: 1_500, hidden: 30_000 },
        { run: () => this.refreshMembers(), interval: 60_000, hidden: 300_000 },
      ],
      isVisible,
      clock,
    });
  }

  /** Bring what every view needs, then keep it fresh. Throws ApiError when nothing could be brought. */
  async start() {
    await Promise.all([this.refreshConversations(), this.refreshMembers()]);
    this.outbox.restore();
    this.poller.start();
  }

  /** The page is looked at again, or the network came back. */
  wake() {
    this.poller.poke();
    this.outbox.poke();
    void this.reads.flush();
  }

  async refreshConversations() {
    const before = [...this.store.conversations.keys()].filter((id) => this.store.ownSeat(id));
    /** @type {ConversationView[]} */
    const views = await this.api.list("conversations");
    const present = new Set(views.map((view) => view.id));
    this.store.batch(() => {
      for (const view of views) this.putView(view);
      for (const id of before) if (!present.has(id)) this.store.removeConversation(id);
    });
  }

  async refreshMembers() {
    this.#membersAt = this.clock.now();
    /** @type {Member[]} */
    const members = await this.api.list("members");
    this.store.batch(() => members.forEach((member) => this.store.putMember(member)));
  }

  /** What is on the screen: its news and, because no event tells us yet, its edits, reactions and deletions. */
  async refreshFocus() {
    const focus = this.focus();
    if (!focus) return;
    const { conversation, range, thread } = focus;
    const limit = Math.min(200, range.to - range.from + 1 + 50);
    const wanted = [this.pages.after(conversation, range.from - 1, limit)];
    if (thread) wanted.push(this.pages.thread(thread));
    if (!this.store.ownSeat(conversation)) await this.loadConversation(conversation);
    await Promise.all(wanted);
    this.#learnAuthors(conversation, range);
  }

  /** @param {string} id @returns {Promise<ConversationView>} */
  async loadConversation(id) {
    return this.putView(await this.api.get(`conversations/${id}`));
  }

  /** @param {string} q @returns {Promise<ConversationView[]>} public channels, joined or not */
  async browse(q) {
    const { results } = await this.api.get("conversations", { browse: "true", q });
    return results;
  }

  /** @param {{kind: string, name?: string, topic?: string, members?: string[]}} wanted */
  async createConversation(wanted) {
    return this.putView(await this.api.post("conversations", wanted));
  }

  /** @param {string} id @param {{name?: string, topic?: string}} changes */
  async updateConversation(id, changes) {
    return this.putView(await this.api.patch(`conversations/${id}`, changes));
  }

  /** @param {string} id */
  async archive(id) {
    return this.putView(await this.api.post(`conversations/${id}/archive`));
  }

  /** @param {string} id open an archived channel again */
  async restore(id) {
    return this.putView(await this.api.patch(`conversations/${id}`, { archived: false }));
  }

  /** @param {string} id */
  async join(id) {
    return this.putView(await this.api.post(`conversations/${id}/join`));
  }

  /** @param {string} id */
  async leave(id) {
    await this.api.post(`conversations/${id}/leave`);
    this.store.removeConversation(id);
  }

  /** @param {string} id @returns {Promise<Participant[]>} */
  async loadParticipants(id) {
    const seats = await this.api.list(`conversations/${id}/participants`);
    this.store.batch(() => seats.forEach((/** @type {Participant} */ seat) => this.store.putParticipant(seat)));
    return seats;
  }

  /** @param {string} id @param {string} member */
  async addParticipant(id, member) {
    await this.api.post(`conversations/${id}/participants`, { member });
    await this.loadConversation(id);
  }

  /** @param {string} id @param {string} member */
  async removeParticipant(id, member) {
    await this.api.delete(`conversations/${id}/participants/${member}`);
    await this.loadConversation(id);
  }

  /** @param {string} id @param {{notifications?: string, muted?: boolean, favourite?: boolean}} changes how loud it is for oneself */
  async changePreferences(id, changes) {
    this.store.putParticipant(await this.api.patch(`conversations/${id}/participants/${this.store.me}`, changes));
  }

  /** @param {string} id @returns {Promise<Message>} */
  async loadMessage(id) {
    const message = await this.api.get(`messages/${id}`);
    this.store.putMessage(message);
    return message;
  }

  /** @param {Message} message @param {string} text */
  async edit(message, text) {
    this.store.putMessage(await this.api.patch(`messages/${message.id}`, { text, version: message.version }));
  }

  /** @param {Message} message */
  async remove(message) {
    await this.api.delete(`messages/${message.id}`);
    await this.loadMessage(message.id);
  }

  /** @param {Message} message @param {string} emoji adds the caller's reaction, or takes it back */
  async toggleReaction(message, emoji) {
    const path = `messages/${message.id}/reactions/${encodeURIComponent(emoji)}`;
    const mine = message.reactions.some((one) => one.emoji === emoji && one.members.includes(this.store.me));
    if (mine) await this.api.delete(path);
    else await this.api.put(path);
    await this.loadMessage(message.id);
  }

  /** @param {Record<string, string | undefined>} query */
  search(query) {
    return this.api.get("search", query);
  }

  /** @param {ConversationView} view */
  putView(view) {
    const { participant, participant_count, unread_count: _, ...conversation } = view;
    this.store.batch(() => {
      this.participantCounts.set(view.id, participant_count);
      if (participant) this.store.putParticipant(participant);
      this.store.putConversation(conversation);
    });
    return view;
  }

  /** @param {Entry} entry @returns {Promise<Message>} */
  #send({ conversation, ref, text, thread }) {
    const body = thread ? { ref, text, thread } : { ref, text };
    return this.api.post(`conversations/${conversation}/messages`, body);
  }

  /** @param {string} conversation @param {{from: number, to: number}} range */
  #learnAuthors(conversation, { from, to }) {
    const unknown = this.store.between(conversation, from, to).some(({ author }) => !this.store.members.has(author));
    if (!unknown || this.clock.now() - this.#membersAt < MEMBERS_AT_MOST_EVERY) return;
    this.refreshMembers().catch((error) => {
      if (!(error instanceof ApiError)) throw error; // a failure here shows in the poller's own refresh
    });
  }
}
