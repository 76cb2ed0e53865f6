/** @import {Ranges} from "./ranges.js" */
/** @import {Conversation, Message, Participant} from "./types.js" */

import { clip, closeOver, gapsOf, union } from "./ranges.js";

/**
 * @typedef {object} Read what counts as read for a participant
 * @property {Ranges} read the messages that do
 * @property {number} read_seq how far the main line was shown
 */

/**
 * What counts as read by either of two states; neither takes anything back. A seat that others are told of says nothing,
 * one of an older server says its position alone.
 *
 * @param {...(Partial<Read> | undefined)} states
 * @returns {Read}
 */
export function mergeRead(...states) {
  const position = Math.max(0, ...states.map((state) => state?.read_seq ?? 0));
  const read = union(...states.map(readOf));
  return { read, read_seq: closeOver(position, read) };
}

/** @param {Partial<Read> | undefined} state @returns {Ranges} */
function readOf(state) {
  return state?.read ?? [[0, state?.read_seq ?? 0]];
}

/**
 * The messages that are unread: neither read, nor gone. From the mark on, nothing counts as read.
 *
 * @param {Conversation} conversation
 * @param {Participant} seat
 * @returns {Ranges}
 */
export function unreadOf({ first_seq, last_seq, gone = [] }, { read, read_seq = 0, unread_from }) {
  const counted = readOf({ read, read_seq });
  const kept = unread_from ? clip(counted, 0, unread_from - 1) : counted;
  return gapsOf(union(kept, gone), Math.max(1, first_seq), last_seq);
}

/**
 * Whether the member certainly does not follow the thread: they neither started it nor wrote in it, and nothing in it names
 * them. `between` are all messages from its head to the reply in question; without one of them nothing is certain.
 *
 * @param {string} me
 * @param {string} head
 * @param {Message[]} between
 */
export function isForeignThread(me, head, between) {
  const thread = between.filter((message) => message.id === head || message.thread === head);
  return thread.every((message) => message.author !== me && !message.mentions.includes(me));
}
