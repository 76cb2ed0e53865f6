/** @import {Conversation, Message, Participant, SyncConversation} from "../types.js" */

import { mergeRead } from "../reading.js";
import { isNewer, Members } from "./entities.js";

const DIRECT = new Set(["direct", "group"]); // conversations whose participants sync always answers with

/**
 * The messages. Those of a conversation are dense by `seq`, so whether a stretch of history is complete can be seen from
 * its numbers alone. Islands (a permalink far back, the replies of a thread) may lie beside each other.
 *
 * What was asked for before something was forgotten must not be put back after it, because the events that would correct
 * it may be forgotten as well. Code that asks REST notes the `moment` before and checks `isCurrent` with the answer.
 */
class Messages extends Members {
  /** @type {Map<string, Conversation>} */
  conversations = new Map();
  /** @type {Map<string, Message>} */
  messages = new Map();
  /** @type {Map<string, Message>} empty messages that are past their time, of threads that go on; in no history */
  heads = new Map();
  /** @type {Map<string, Map<number, string>>} by conversation: seq to message id */
  #histories = new Map();
  #replacedAt = 0;
  /** @type {Map<string, number>} by conversation: the moment at which something of it was forgotten */
  #forgottenAt = new Map();

  /** The present moment, for `isCurrent` later. */
  get moment() {
    return this.now;
  }

  /** @param {string} conversation @param {number} moment whether nothing of it was forgotten since then */
  isCurrent(conversation, moment) {
    return Math.max(this.#forgottenAt.get(conversation) ?? 0, this.#replacedAt) <= moment;
  }

  /** @param {Message} message */
  putMessage(message) {
    const known = this.messages.get(message.id);
    const conversation = this.conversations.get(message.conversation);
    if (conversation && message.expired) {
      this.#putHead(message);
      return;
    }
    if (!conversation || message.seq < conversation.first_seq || !isNewer(message, known)) return;
    this.batch(() => {
      this.messages.set(message.id, message);
      this.history(message.conversation).set(message.seq, message.id);
      this.changes.messages.add(message.id);
      this.changes.histories.add(message.conversation);
      if (!known) this.#moveLast(message);
    });
  }

  /**
   * Forget the messages of a conversation outside `from`–`to`, except thread roots and replies that are shown elsewhere.
   *
   * @param {string} conversation
   * @param {number} from
   * @param {number} to
   * @param {(message: Message) => boolean} [keep]
   */
  trim(conversation, from, to, keep = () => false) {
    const history = this.history(conversation);
    const { size } = history;
    for (const [seq, id] of history) {
      const message = this.messages.get(id);
      if ((seq >= from && seq <= to) || !message || keep(message)) continue;
      history.delete(seq);
      this.messages.delete(id);
    }
    if (history.size < size) this.noteForgotten(conversation);
  }

  /** @param {string} conversation @param {number} seq */
  at(conversation, seq) {
    const id = this.#histories.get(conversation)?.get(seq);
    return id === undefined ? undefined : this.messages.get(id);
  }

  /** @param {string} conversation how many messages of it are known */
  size(conversation) {
    return this.#histories.get(conversation)?.size ?? 0;
  }

  /** @param {string} conversation whether any message of it is known */
  has(conversation) {
    return (this.#histories.get(conversation)?.size ?? 0) > 0;
  }

  /**
   * The unbroken stretch around `seq`: how far it reaches, at most `reach` messages each way; null when `seq` is unknown.
   *
   * @param {string} conversation
   * @param {number} seq
   * @param {number} [reach]
   */
  stretch(conversation, seq, reach = Infinity) {
    const history = this.#histories.get(conversation);
    if (!history?.has(seq)) return null;
    let from = seq;
    let to = seq;
    while (history.has(from - 1) && seq - from < reach) from -= 1;
    while (history.has(to + 1) && to - seq < reach) to += 1;
    return { from, to };
  }

  /**
   * @param {string} conversation
   * @param {number} from
   * @param {number} to
   * @returns {Message[]} those that are known, oldest first
   */
  between(conversation, from, to) {
    const found = [];
    for (let seq = from; seq <= to; seq += 1) {
      const message = this.at(conversation, seq);
      if (message) found.push(message);
    }
    return found;
  }

  /** @param {Message} root @returns {Message[]} the replies that are known, oldest first */
  replies(root) {
    const found = [];
    for (const id of this.#histories.get(root.conversation)?.values() ?? []) {
      const message = this.messages.get(id);
      if (message?.thread === root.id) found.push(message);
    }
    return found.sort((one, other) => one.seq - other.seq);
  }

  /** @param {string} conversation @param {number} [before] the messages with a lower seq, else all of them */
  forgetHistory(conversation, before = Infinity) {
    this.batch(() => {
      const history = this.history(conversation);
      for (const [seq, id] of history) {
        if (seq >= before) continue;
        history.delete(seq);
        this.messages.delete(id);
      }
      this.noteForgotten(conversation);
      this.changes.histories.add(conversation);
    });
  }

  /** @protected @override */
  replaceAll() {
    super.replaceAll();
    this.#replacedAt = this.now;
  }

  /** @protected @param {string} conversation something of it was forgotten */
  noteForgotten(conversation) {
    this.#forgottenAt.set(conversation, (this.now += 1));
  }

  /** @protected @param {string} conversation @returns {Map<number, string>} seq to message id */
  history(conversation) {
    const history = this.#histories.get(conversation) ?? new Map();
    this.#histories.set(conversation, history);
    return history;
  }

  /** @protected @param {string} conversation all its messages, and that it had any */
  dropHistory(conversation) {
    this.forgetHistory(conversation);
    this.#histories.delete(conversation);
    for (const head of this.heads.values()) if (head.conversation === conversation) this.heads.delete(head.id);
  }

  /** @param {Message} message */
  #moveLast({ conversation: id, seq, created_at }) {
    const conversation = this.conversations.get(id);
    if (!conversation || conversation.last_seq >= seq) return;
    this.conversations.set(id, { ...conversation, last_seq: seq, last_message_at: created_at });
    this.changes.conversations.add(id);
  }

  /** @param {Message} head */
  #putHead(head) {
    if (this.heads.has(head.id)) return; // it cannot change any more
    this.batch(() => {
      this.heads.set(head.id, head);
      this.changes.histories.add(head.conversation);
    });
  }
}

/** The conversations and who takes part in them. */
export class Conversations extends Messages {
  /** @type {Map<string, Map<string, Participant>>} by conversation, then member; who left is not in it */
  participants = new Map();
  /** @type {Map<string, number>} by conversation and member: the version with which they left. An older event does not bring them back */
  #left = new Map();
  /** @type {Set<string>} conversations of which everybody who takes part is known */
  #peopled = new Set();

  /** @param {Conversation} conversation with `first_seq` higher than before, what lies below it is gone for good */
  putConversation(conversation) {
    const known = this.conversations.get(conversation.id);
    if (known && !isNewer(conversation, known) && known.last_seq >= conversation.last_seq) return;
    this.batch(() => {
      const newest = isNewer(conversation, known) ? conversation : /** @type {Conversation} */ (known);
      const { last_seq, last_message_at } = known && known.last_seq > conversation.last_seq ? known : conversation;
      this.conversations.set(conversation.id, { ...newest, last_seq, last_message_at });
      if (!known && DIRECT.has(conversation.kind)) this.#peopled.add(conversation.id);
      if (known && newest.first_seq > known.first_seq) this.forgetHistory(conversation.id, newest.first_seq);
      this.changes.conversations.add(conversation.id);
    });
  }

  /** @param {string} id it is gone, or no longer the member's to see: nothing of it may stay */
  removeConversation(id) {
    this.batch(() => {
      this.dropHistory(id);
      this.forgetOwned("conversation", (owner) => owner === id);
      this.participants.delete(id);
      this.conversations.delete(id);
      this.#peopled.delete(id);
      this.changes.conversations.add(id);
    });
  }

  /** @param {Participant} participant comes without the private fields when it was sent to everybody; the member's own keeps them */
  putParticipant(participant) {
    const { conversation, member } = participant;
    if (!this.conversations.has(conversation) && !(member === this.me && participant.left_at)) return;
    const others = this.participants.get(conversation) ?? new Map();
    const known = others.get(member);
    const version = known?.version ?? this.#left.get(`${conversation} ${member}`) ?? -1;
    if (participant.version < version || (participant.version === version && !known)) return;
    const merged = { ...known, ...participant, ...(member === this.me && mergeRead(known, participant)) };
    if (known && isSame(known, merged)) return;
    this.batch(() => {
      this.changes.participants.add(conversation);
      if (participant.left_at) this.#leave(participant, others);
      else {
        this.participants.set(conversation, others);
        others.set(member, merged);
        // A member who looks at a channel from outside gets no events of it: what was seen then may be outdated.
        if (member === this.me && !known) this.forgetHistory(conversation);
      }
    });
  }

  /** @param {string} conversation @param {Participant[]} participants everybody who takes part, asked for in a moment that is still current */
  putParticipants(conversation, participants) {
    this.batch(() => {
      for (const participant of participants) this.putParticipant(participant);
      if (this.conversations.has(conversation)) this.#peopled.add(conversation);
    });
  }

  /** @param {string} conversation whether everybody who takes part is known */
  knowsParticipants(conversation) {
    return this.#peopled.has(conversation);
  }

  /**
   * Forget who takes part in channels, after events were lost. No later event or answer may say that somebody left
   * meanwhile, so the lists are asked for anew when they are looked at. Sync and versions correct everything else.
   */
  forgetParticipants() {
    this.batch(() => {
      for (const { id, kind } of this.conversations.values()) if (!DIRECT.has(kind)) this.#forgetParticipants(id);
    });
  }

  /** @param {string} conversation @returns {Participant | undefined} the caller's own */
  ownParticipant(conversation) {
    return this.participants.get(conversation)?.get(this.me);
  }

  /** @returns {Set<string>} members that something here refers to and who are not known; they are asked for */
  strangers() {
    const referredTo = this.#referredTo();
    for (const id of this.members.keys()) referredTo.delete(id);
    return referredTo;
  }

  /** @protected @param {SyncConversation} given @param {number} oldest seq of its messages in the same answer */
  takeConversation({ history_gap, participants_gap, ...conversation }, oldest) {
    if (!this.conversations.has(conversation.id)) this.#peopled.add(conversation.id);
    this.putConversation(conversation);
    if (history_gap) this.forgetHistory(conversation.id, oldest);
    if (participants_gap) this.#forgetParticipants(conversation.id);
  }

  /** @param {string} conversation all its participants but the member's own */
  #forgetParticipants(conversation) {
    const own = this.ownParticipant(conversation);
    if (this.participants.has(conversation)) this.participants.set(conversation, new Map(own ? [[this.me, own]] : []));
    this.#peopled.delete(conversation);
    this.noteForgotten(conversation);
    this.changes.participants.add(conversation);
  }

  /** @param {Participant} participant @param {Map<string, Participant>} others of the same conversation */
  #leave({ conversation, member, version }, others) {
    others.delete(member);
    this.#left.set(`${conversation} ${member}`, version);
    if (member !== this.me) return;
    this.removeConversation(conversation);
    this.forgetUnmet();
  }

  /** @protected @param {string} conversation @param {Partial<Participant>} changes that the server receives, or makes as well */
  changeOwnParticipant(conversation, changes) {
    const own = this.ownParticipant(conversation);
    if (!own || isSame(own, { ...own, ...changes })) return;
    this.batch(() => {
      this.participants.get(conversation)?.set(this.me, { ...own, ...changes });
      this.changes.participants.add(conversation);
    });
  }

  /** @protected @override */
  replaceAll() {
    super.replaceAll();
    for (const id of [...this.conversations.keys()]) this.removeConversation(id);
    this.#left.clear();
  }

  /** @protected Guests get events about people with whom they share a conversation. They may not keep others, who would become outdated. */
  forgetUnmet() {
    if (this.members.get(this.me)?.role === "guest") this.batch(() => this.forgetMembers(this.#referredTo()));
  }

  /** The ids of all members that something here refers to. */
  #referredTo() {
    const found = new Set([this.me]);
    const add = (/** @type {string} */ id) => found.add(id);
    for (const conversation of this.conversations.values()) conversation.people.forEach(add);
    for (const participants of this.participants.values()) for (const id of participants.keys()) found.add(id);
    for (const { author } of this.heads.values()) found.add(author);
    for (const message of this.messages.values()) {
      found.add(message.author);
      for (const reaction of message.reactions) reaction.members.forEach(add);
    }
    return found;
  }
}

/** @param {Participant} one @param {Participant} other */
function isSame(one, other) {
  const fields = /** @type {const} */ (["version", "role", "left_at", "read_seq", "unread_from", "notifications", "muted", "favourite"]);
  return fields.every((field) => one[field] === other[field]) && JSON.stringify(one.read) === JSON.stringify(other.read);
}
