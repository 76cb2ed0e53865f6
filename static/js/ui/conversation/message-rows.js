/** @import {Entry} from "../../client/outbox.js" */
/** @import {Store} from "../../client/store.js" */
/** @import {Message} from "../../client/types.js" */

import { dayKey, repliesLabel } from "../lib/format.js";

const GROUP_MINUTES = 7; // messages of one author within this time are grouped under one name
const FACES = 3; // avatars of repliers beside the count of replies

/**
 * The replies to a message: their authors, the latest last, and the latest reply if the store has all of them.
 *
 * @typedef {{authors: string[], last: Message | null}} Replies
 */

/**
 * One row of a history. A message that is being sent and the message it becomes have the same `key`, so the node stays.
 *
 * @typedef {object} Row
 * @property {string} key
 * @property {"day" | "new" | "count" | "beginning" | "edge" | "message" | "pending" | "activity"} kind
 * @property {string} [label]
 * @property {string} [at] for a day: a time in it
 * @property {Message} [message]
 * @property {Entry} [entry]
 * @property {boolean} [compact] without avatar and name, because it continues the message above
 * @property {Message | null} [context] the root of its thread, if the row above does not show it
 * @property {boolean} [near] whether that root, or another reply to it, is the row above
 * @property {Replies} [replies]
 * @property {number} [unreadReplies] how many of the known replies are unread
 * @property {Message[]} [activity] consecutive replies in one thread
 * @property {"before" | "after"} [edge]
 */

/**
 * Turn messages into rows. In a conversation, replies are read in their thread: the root message counts them, and where they
 * arrived later a row of the thread's activity stands for them. Every message that counts as unread is part of a row.
 *
 * @param {Store} store
 * @param {Message[]} messages oldest first
 * @param {Entry[]} entries being sent, oldest first; entries whose message has arrived are left out
 * @param {{newAfter?: number | null, inThread?: boolean}} [options] `newAfter`: the seq above the "new" divider
 * @returns {Row[]}
 */
export function rowsOf(store, messages, entries, { newAfter = null, inThread = false } = {}) {
  const builder = new RowBuilder(store, messages, { newAfter, inThread });
  for (const message of messages) builder.add(message);
  const known = new Set(messages.map(keyOf));
  const waiting = entries.filter((entry) => !known.has(`${store.me} ${entry.ref}`));
  const pending = waiting.map((entry, index) => pendingRow(store, entry, waiting[index - 1], builder.previous, inThread));
  return [...builder.rows, ...pending];
}

/** Turn messages, oldest first, into rows. */
class RowBuilder {
  /** @type {Row[]} */
  rows = [];
  /** @type {Message | undefined} the message above, while nothing separates the next one from it */
  previous;
  /** @type {Row | undefined} the root, or the line of a thread, under which the next replies in that thread belong */
  #open;
  #isMarked = false; // whether the "new" divider is in the list
  #day = "";

  /** @param {Store} store @param {Message[]} messages @param {{newAfter: number | null, inThread: boolean}} options */
  constructor(store, messages, { newAfter, inThread }) {
    this.me = store.me;
    this.newAfter = newAfter;
    this.inThread = inThread;
    this.replies = inThread ? new Map() : repliesIn(messages);
    this.unread = inThread ? new Map() : unreadReplies(store, messages[0]?.conversation);
  }

  /** @param {Message} message */
  add(message) {
    const isReply = !this.inThread && Boolean(message.thread);
    if (isReply && this.#continues(message)) this.#open?.activity?.push(message);
    else {
      this.#addDay(message);
      const isFirstNew = this.#addDivider(message);
      if (isReply) this.#addActivity(message);
      else this.#addMessage(message, isFirstNew);
    }
  }

  /** Whether the reply belongs under the row that is open. The first new reply starts a line of its own. @param {Message} message */
  #continues(message) {
    const open = this.#open;
    if (!open || threadOf(open) !== message.thread) return false;
    return !(open.activity && !this.#isMarked && this.#isNew(message));
  }

  /** @param {Message} message */
  #addDay(message) {
    const day = dayKey(message.created_at);
    if (day === this.#day) return;
    this.#day = day;
    this.rows.push({ key: `day ${day}`, kind: "day", at: message.created_at });
    this.previous = undefined;
  }

  /** @param {Message} message @returns {boolean} whether the message is the first new one, and the divider stands above it */
  #addDivider(message) {
    if (this.#isMarked || !this.#isNew(message)) return false;
    this.rows.push({ key: "new", kind: "new" });
    this.#isMarked = true;
    return true;
  }

  /** @param {Message} message */
  #addActivity(message) {
    this.#open = { key: `activity ${message.id}`, kind: "activity", activity: [message] };
    this.rows.push(this.#open);
    this.previous = undefined;
  }

  /** @param {Message} message @param {boolean} isFirstNew */
  #addMessage(message, isFirstNew) {
    const known = this.replies.get(message.id);
    this.#open = {
      key: keyOf(message),
      kind: "message",
      message,
      compact: !isFirstNew && this.previous !== undefined && goesOn(this.previous, message),
      replies: known && { ...known, last: known.count === message.reply_count ? known.last : null },
      unreadReplies: this.unread.get(message.id) ?? 0,
    };
    this.rows.push(this.#open);
    this.previous = message;
    if (!this.inThread || message.reply_count === 0 || message.thread) return;
    this.rows.push({ key: `count ${message.reply_count}`, kind: "count", label: repliesLabel(message.reply_count) });
    this.previous = undefined;
  }

  /** @param {Message} message */
  #isNew({ seq, author, deleted_at, hidden_at }) {
    return this.newAfter !== null && seq > this.newAfter && author !== this.me && !deleted_at && !hidden_at;
  }
}

/**
 * Find how far a window of at most `most` rows reaches from one end of `messages`.
 *
 * @param {Message[]} messages oldest first
 * @param {number} most
 * @param {"first" | "last"} end the end at which the window starts
 * @returns {number | null} the seq of the last message that fits; null if all fit
 */
export function reach(messages, most, end) {
  let rows = 0;
  let thread = "";
  /** @type {number | null} */
  let fits = null;
  for (const message of end === "first" ? messages : messages.toReversed()) {
    if (!message.thread || message.thread !== thread) rows += 1;
    if (rows > most) return fits;
    thread = message.thread ?? "";
    fits = message.seq;
  }
  return null;
}

/** @param {Message} message */
export function keyOf(message) {
  return message.ref ? `${message.author} ${message.ref}` : message.id;
}

/** @param {Row} row */
function threadOf(row) {
  return row.activity ? row.activity[0]?.thread : row.message?.id;
}

/** @param {Message[]} messages @returns {Map<string, {authors: string[], last: Message, count: number}>} by root; deleted and hidden replies do not count */
function repliesIn(messages) {
  const found = new Map();
  for (const message of messages) {
    if (!message.thread || message.deleted_at || message.hidden_at) continue;
    const known = found.get(message.thread) ?? { authors: [], count: 0 };
    const authors = [...known.authors.filter((/** @type {string} */ one) => one !== message.author), message.author];
    found.set(message.thread, { authors: authors.slice(-FACES), last: message, count: known.count + 1 });
  }
  return found;
}

/** @param {Store} store @param {string | undefined} conversation @returns {Map<string, number>} by root */
function unreadReplies(store, conversation) {
  const found = new Map();
  for (const { thread } of store.unreadMessages(conversation ?? "")) if (thread) found.set(thread, (found.get(thread) ?? 0) + 1);
  return found;
}

/** @param {Store} store @param {Entry} entry @param {Entry | undefined} above @param {Message | undefined} last @param {boolean} inThread @returns {Row} */
function pendingRow(store, entry, above, last, inThread) {
  const sameThread = (above?.thread ?? null) === entry.thread;
  const mine = above !== undefined || (last !== undefined && last.author === store.me && isClose(last.created_at, entry.created_at));
  return {
    key: `${store.me} ${entry.ref}`,
    kind: "pending",
    entry,
    compact: mine && (inThread || sameThread),
    context: !inThread && entry.thread && !(above && sameThread) ? (store.messages.get(entry.thread) ?? null) : undefined,
  };
}

/** @param {Message} above @param {Message} message */
function goesOn(above, message) {
  return above.author === message.author && !above.deleted_at && !message.pinned_at && isClose(above.created_at, message.created_at);
}

/** @param {string} earlier @param {string} later */
function isClose(earlier, later) {
  return Date.parse(later) - Date.parse(earlier) < GROUP_MINUTES * 60_000;
}
