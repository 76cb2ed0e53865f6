/** @import {Conversation, Member, Message, Organization, Participant} from "./types.js" */

/**
 * What changed in one batch. Sets of ids; `histories` are conversations whose messages changed.
 *
 * @typedef {object} Changes
 * @property {Set<string>} members
 * @property {Set<string>} conversations
 * @property {Set<string>} participants conversations in which somebody's seat changed
 * @property {Set<string>} messages
 * @property {Set<string>} histories
 * @property {boolean} organization
 */

/**
 * The organization as far as this client knows it. Applying an entity is "replace if newer" by `version`, so repeating
 * and reordering do no harm. What only grows (`last_seq`, `read_seq`) never goes back.
 *
 * Messages of a conversation are dense by `seq`, so whether a stretch of history is complete can be seen from its
 * numbers alone; islands (a permalink far back, the replies of a thread) may lie beside each other.
 */
export class Store {
  /** @type {Map<string, Member>} */
  members = new Map();
  /** @type {Map<string, Conversation>} */
  conversations = new Map();
  /** @type {Map<string, Map<string, Participant>>} by conversation, then member; who left is not in it */
  participants = new Map();
  /** @type {Map<string, Message>} */
  messages = new Map();
  /** @type {Organization | null} */
  organization = null;

  /** @type {Map<string, Map<number, string>>} by conversation: seq to message id */
  #histories = new Map();
  /** @type {Map<string, number>} the version of a seat that was left, so that an older event does not bring it back */
  #left = new Map();
  /** @type {Set<(changes: Changes) => void>} */
  #observers = new Set();
  #changes = noChanges();
  #depth = 0;

  /** @param {string} me id of the caller's own member */
  constructor(me) {
    this.me = me;
  }

  /**
   * @param {(changes: Changes) => void} observer
   * @returns {() => void} ends it
   */
  observe(observer) {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /**
   * Run `work`; observers hear of all that it changed at once, afterwards.
   *
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  batch(work) {
    this.#depth += 1;
    try {
      return work();
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) this.#tell();
    }
  }

  /** @param {Organization} organization */
  putOrganization(organization) {
    if (this.organization && this.organization.version >= organization.version) return;
    this.batch(() => {
      this.organization = organization;
      this.#changes.organization = true;
    });
  }

  /** @param {Member} member */
  putMember(member) {
    if (!isNewer(member, this.members.get(member.id))) return;
    this.batch(() => {
      this.members.set(member.id, member);
      this.#changes.members.add(member.id);
    });
  }

  /** @param {Conversation} conversation */
  putConversation(conversation) {
    const known = this.conversations.get(conversation.id);
    const last_seq = Math.max(conversation.last_seq, known?.last_seq ?? 0);
    if (known && !isNewer(conversation, known) && known.last_seq === last_seq) return;
    this.batch(() => {
      const newest = isNewer(conversation, known) ? conversation : /** @type {Conversation} */ (known);
      this.conversations.set(conversation.id, { ...newest, last_seq });
      this.#changes.conversations.add(conversation.id);
    });
  }

  /** @param {string} id it is gone, or no longer the member's to see: nothing of it may stay */
  removeConversation(id) {
    this.batch(() => {
      for (const message of this.#histories.get(id)?.values() ?? []) this.messages.delete(message);
      this.#histories.delete(id);
      this.participants.delete(id);
      this.conversations.delete(id);
      this.#changes.conversations.add(id);
      this.#changes.histories.add(id);
    });
  }

  /** @param {Participant} participant what others are told of a seat lacks the private fields; ours keeps them */
  putParticipant(participant) {
    const { conversation, member } = participant;
    const seats = this.participants.get(conversation) ?? new Map();
    const known = seats.get(member);
    const version = known?.version ?? this.#left.get(`${conversation} ${member}`) ?? -1;
    if (participant.version < version || (participant.version === version && !known)) return;
    const merged = { ...known, ...participant, read_seq: furthest(known, participant) };
    if (known && sameSeat(known, merged)) return;
    this.batch(() => {
      this.participants.set(conversation, seats);
      if (participant.left_at) {
        seats.delete(member);
        this.#left.set(`${conversation} ${member}`, participant.version);
      } else seats.set(member, merged);
      this.#changes.participants.add(conversation);
    });
  }

  /** @param {string} conversation @param {number} seq */
  moveRead(conversation, seq) {
    const own = this.ownSeat(conversation);
    if (!own || (own.read_seq ?? 0) >= seq) return;
    this.batch(() => {
      this.participants.get(conversation)?.set(this.me, { ...own, read_seq: seq });
      this.#changes.participants.add(conversation);
    });
  }

  /** @param {Message} message */
  putMessage(message) {
    const known = this.messages.get(message.id);
    if (!isNewer(message, known)) return;
    this.batch(() => {
      this.messages.set(message.id, message);
      this.#history(message.conversation).set(message.seq, message.id);
      this.#changes.messages.add(message.id);
      this.#changes.histories.add(message.conversation);
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
    const history = this.#history(conversation);
    for (const [seq, id] of history) {
      const message = this.messages.get(id);
      if ((seq >= from && seq <= to) || !message || keep(message)) continue;
      history.delete(seq);
      this.messages.delete(id);
    }
  }

  /** @param {string} conversation @returns {Participant | undefined} the caller's own */
  ownSeat(conversation) {
    return this.participants.get(conversation)?.get(this.me);
  }

  /** @param {string} conversation how many messages are after the caller's read position; 0 where they take no part */
  unread(conversation) {
    const seat = this.ownSeat(conversation);
    const last = this.conversations.get(conversation)?.last_seq ?? 0;
    return seat ? Math.max(0, last - (seat.read_seq ?? 0)) : 0;
  }

  /** @param {string} conversation @param {number} seq */
  at(conversation, seq) {
    const id = this.#histories.get(conversation)?.get(seq);
    return id === undefined ? undefined : this.messages.get(id);
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

  /** @param {Message} message */
  #moveLast(message) {
    const conversation = this.conversations.get(message.conversation);
    if (conversation && conversation.last_seq < message.seq) {
      this.conversations.set(conversation.id, { ...conversation, last_seq: message.seq });
      this.#changes.conversations.add(conversation.id);
    }
    if (message.author === this.me) this.moveRead(message.conversation, message.seq);
  }

  /** @param {string} conversation */
  #history(conversation) {
    const history = this.#histories.get(conversation) ?? new Map();
    this.#histories.set(conversation, history);
    return history;
  }

  #tell() {
    const changes = this.#changes;
    this.#changes = noChanges();
    const { members, conversations, participants, messages, histories, organization } = changes;
    const count = members.size + conversations.size + participants.size + messages.size + histories.size;
    if (count || organization) for (const observer of this.#observers) observer(changes);
  }
}

/** @returns {Changes} */
function noChanges() {
  return {
    members: new Set(),
    conversations: new Set(),
    participants: new Set(),
    messages: new Set(),
    histories: new Set(),
    organization: false,
  };
}

/** @param {{version: number}} entity @param {{version: number} | undefined} known */
function isNewer(entity, known) {
  return !known || entity.version > known.version;
}

/** @param {Participant | undefined} known @param {Participant} participant */
function furthest(known, participant) {
  if (participant.read_seq === undefined) return known?.read_seq;
  return Math.max(participant.read_seq, known?.read_seq ?? 0);
}

/** @param {Participant} one @param {Participant} other */
function sameSeat(one, other) {
  const fields = /** @type {const} */ (["version", "role", "left_at", "read_seq", "notifications", "muted", "favourite"]);
  return fields.every((field) => one[field] === other[field]);
}
