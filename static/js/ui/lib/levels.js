/** @import {Store} from "../../client/store.js" */
/** @import {Message} from "../../client/types.js" */

/**
 * What the member's level for a conversation makes of what the server says about its messages. Nothing here decides whom a
 * message concerns.
 *
 * @typedef {object} Attention
 * @property {number} unread messages
 * @property {number} mentions those among them that concern the member
 * @property {number} count what a badge shows: unread messages, or only those that concern the member, or nothing
 * @property {boolean} loud whether the name stands out
 */

/** @param {Store} store @param {string} id of the conversation @returns {Attention} */
export function attention(store, id) {
  const participant = store.ownParticipant(id);
  const unread = store.unread(id);
  if (!participant || participant.muted || unread === 0) return { unread, mentions: 0, count: 0, loud: false };
  const mentions = store.attention(id);
  const count = { all: unread, mentions, none: 0 }[participant.notifications ?? "all"];
  return { unread, mentions, count, loud: true };
}

/** @param {Store} store @param {Message} message whether it is worth a notification */
export function isWorthNotifying(store, message) {
  const participant = store.ownParticipant(message.conversation);
  if (!participant || participant.muted || message.author === store.me || message.deleted_at || message.hidden_at) return false;
  if (!store.isUnread(message)) return false;
  return participant.notifications === "all" || (participant.notifications === "mentions" && store.concerns(message));
}
