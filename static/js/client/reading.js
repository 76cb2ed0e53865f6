/** @import {Ranges} from "./ranges.js" */
/** @import {Conversation, Message, Participant} from "./types.js" */

import { clip, closeOver, gapsOf, union } from "./ranges.js";

/**
 * @typedef {object} Read which messages a participant has read
 * @property {Ranges} read
 * @property {number} read_seq the position up to which the main line was shown
 */

/**
 * Merge read states: a message counts as read if it is read in any of them. The participants of other members have no read
 * state; those of an older server have only a position.
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
 * Return the unread messages: those that are neither read nor gone. From `unread_from` on no message counts as read.
 *
 * @param {Conversation} conversation
 * @param {Participant} participant the member
 * @returns {Ranges}
 */
export function unreadOf({ first_seq, last_seq, gone = [] }, { read, read_seq = 0, unread_from }) {
  const counted = readOf({ read, read_seq });
  const kept = unread_from ? clip(counted, 0, unread_from - 1) : counted;
  return gapsOf(union(kept, gone), Math.max(1, first_seq), last_seq);
}

/**
 * Whether the member certainly does not follow the thread: they neither started it nor wrote in it, and nothing in it
 * mentions them. `between` must be all messages from the thread's head to the reply in question.
 *
 * @param {string} me
 * @param {string} head
 * @param {Message[]} between
 */
export function isForeignThread(me, head, between) {
  const thread = between.filter((message) => message.id === head || message.thread === head);
  return thread.every((message) => message.author !== me && !message.mentions.includes(me));
}
