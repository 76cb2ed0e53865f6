/** @import {Entry} from "../client/outbox.js" */
/** @import {Store} from "../client/store.js" */
/** @import {Message} from "../client/types.js" */

import { dayKey, dayLabel, repliesLabel } from "./format.js";

const GROUP_MINUTES = 7; // messages of one author within this time stand under one name

/**
 * One line of a history. `key` is the same for a message on its way and the message it becomes, so the node stays.
 *
 * @typedef {object} Row
 * @property {string} key
 * @property {"day" | "new" | "count" | "beginning" | "edge" | "message" | "pending"} kind
 * @property {string} [label]
 * @property {Message} [message]
 * @property {Entry} [entry]
 * @property {boolean} [compact] without avatar and name, because it goes on from the one above
 * @property {Message | null} [context] the root of the thread that it replies to, where that is not clear from above
 * @property {boolean} [near] that root, or another reply to it, stands right above
 * @property {"before" | "after"} [edge]
 */

/**
 * @param {Store} store
 * @param {Message[]} messages oldest first
 * @param {Entry[]} entries on their way, oldest first; those whose message has arrived are left out
 * @param {{newAfter?: number | null, inThread?: boolean}} [options] `newAfter`: the seq above the "new" divider
 * @returns {Row[]}
 */
export function rowsOf(store, messages, entries, { newAfter = null, inThread = false } = {}) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {Message | undefined} */
  let previous;
  /** @type {Message | undefined} the one before, whatever stands between */
  let above;
  let marked = false;
  let day = "";
  for (const message of messages) {
    if (day !== dayKey(message.created_at)) {
      day = dayKey(message.created_at);
      rows.push({ key: `day ${day}`, kind: "day", label: dayLabel(message.created_at) });
      previous = undefined;
    }
    /** @type {boolean} */
    const isNew = !marked && newAfter !== null && message.seq > newAfter && message.author !== store.me;
    if (isNew) rows.push({ key: "new", kind: "new" });
    marked ||= isNew;
    const compact = !isNew && !!previous && goesOn(previous, message);
    const context = !inThread && message.thread && !(compact && previous?.thread === message.thread);
    rows.push({
      key: keyOf(message),
      kind: "message",
      message,
      compact: compact && (inThread || previous?.thread === message.thread),
      context: context ? (store.messages.get(message.thread ?? "") ?? null) : undefined,
      near: above !== undefined && (above.id === message.thread || above.thread === message.thread),
    });
    previous = above = message;
    if (inThread && message.reply_count > 0 && !message.thread) {
      rows.push({ key: `count ${message.reply_count}`, kind: "count", label: repliesLabel(message.reply_count) });
      previous = undefined;
    }
  }
  const known = new Set(rows.map((row) => row.key));
  const waiting = entries.filter((entry) => !known.has(`${store.me} ${entry.ref}`));
  return [...rows, ...waiting.map((entry, index) => pendingRow(store, entry, waiting[index - 1], previous, inThread))];
}

/** @param {Message} message */
export function keyOf(message) {
  return message.ref ? `${message.author} ${message.ref}` : message.id;
}

/** @param {Store} store @param {Entry} entry @param {Entry | undefined} above @param {Message | undefined} last @param {boolean} inThread @returns {Row} */
function pendingRow(store, entry, above, last, inThread) {
  const sameThread = above ? above.thread === entry.thread : last?.thread === entry.thread;
  const mine = above !== undefined || (last !== undefined && last.author === store.me && isClose(last.created_at, entry.created_at));
  return {
    key: `${store.me} ${entry.ref}`,
    kind: "pending",
    entry,
    compact: mine && (inThread || sameThread),
    context: !inThread && entry.thread && !sameThread ? (store.messages.get(entry.thread) ?? null) : undefined,
  };
}

/** @param {Message} above @param {Message} message */
function goesOn(above, message) {
  return above.author === message.author && !above.deleted_at && isClose(above.created_at, message.created_at);
}

/** @param {string} earlier @param {string} later */
function isClose(earlier, later) {
  return Date.parse(later) - Date.parse(earlier) < GROUP_MINUTES * 60_000;
}
