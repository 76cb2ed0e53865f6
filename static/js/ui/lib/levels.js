/** @import {Store} from "../../client/store.js" */
/** @import {Message, Participant} from "../../client/types.js" */

const LOOKED_AT = 200; // unread messages that are searched for mentions; further back they are no news

/**
 * How much a conversation wants to be looked at, by what the member asked to be told of.
 *
 * @typedef {object} Attention
 * @property {number} unread messages
 * @property {number} mentions among them, as far as they are known
 * @property {number} count what a badge shows: unread messages, or mentions alone, or nothing
 * @property {boolean} loud whether the name stands out
 */

/** @param {Store} store @param {string} id of the conversation @returns {Attention} */
export function attention(store, id) {
  const seat = store.ownParticipant(id);
  const unread = store.unread(id);
  if (!seat || seat.muted || unread === 0) return { unread, mentions: 0, count: 0, loud: false };
  const mentions = store.unreadMessages(id, { most: LOOKED_AT }).filter((message) => isMention(store, message)).length;
  const count = seat.notifications === "none" ? 0 : seat.notifications === "mentions" ? mentions : unread;
  return { unread, mentions, count, loud: true };
}

/** @param {Store} store @param {Message} message */
export function isMention(store, message) {
  const named = message.mentions.includes(store.me) || message.wide_mention !== null;
  return named && message.author !== store.me && !message.deleted_at && !message.hidden_at;
}

/**
 * Whether a new message is worth a notification.
 *
 * @param {Store} store
 * @param {Message} message
 * @param {Participant | undefined} seat the member's own
 */
export function isWorthTelling(store, message, seat = store.ownParticipant(message.conversation)) {
  if (!seat || seat.muted || message.author === store.me || message.deleted_at || message.hidden_at) return false;
  if (!store.isUnread(message)) return false;
  if (seat.notifications === "none") return false;
  return seat.notifications === "all" || isMention(store, message);
}
