/** @import {App} from "../shell/app.js" */
/** @import {Conversation} from "../../client/types.js" */
/** @import {Attention} from "../lib/levels.js" */

import { attention } from "../lib/levels.js";
import { conversationName, isChannel } from "../lib/names.js";

const collator = new Intl.Collator(document.documentElement.lang || undefined, { numeric: true });

/**
 * A conversation as the sidebar lists it.
 *
 * @typedef {object} Entry
 * @property {Conversation} conversation
 * @property {string} name
 * @property {string} home the section to which it belongs
 * @property {string} section the section in which it is listed now: "unread" while it needs attention, else its home
 * @property {boolean} favourite
 * @property {boolean} muted
 * @property {boolean} draft
 * @property {number} activity milliseconds; the time of the last message, or of its creation
 * @property {Attention} attention
 */

/**
 * Return the entry of a conversation, or undefined if the sidebar does not list it. The open conversation stays in the
 * section of its entry `before`, so that rows do not move under the pointer while it is read and written to.
 *
 * @param {App} app
 * @param {string} id
 * @param {{isOpen: boolean, before: Entry | undefined}} options
 * @returns {Entry | undefined}
 */
export function entryOf(app, id, { isOpen, before }) {
  const { store, client } = app;
  const conversation = store.conversations.get(id);
  const participant = store.ownParticipant(id);
  if (!conversation || !participant || conversation.archived_at) return undefined;
  const draft = client.drafts.has(id) || client.edits.has(id, conversation.first_seq);
  if (!isListed(app, conversation, draft || isOpen)) return undefined;
  const seen = attention(store, id);
  const home = participant.favourite ? "favourites" : isChannel(conversation) ? "channels" : "direct";
  const isUnread = isOpen ? before?.section === "unread" : seen.loud;
  return {
    conversation,
    name: conversationName(store, conversation),
    home,
    section: isUnread ? "unread" : home,
    favourite: participant.favourite ?? false,
    muted: participant.muted ?? false,
    draft,
    activity: Date.parse(conversation.last_message_at ?? conversation.created_at),
    attention: seen,
  };
}

/** A direct message without messages is only listed for the member who started it. @param {App} app @param {Conversation} conversation @param {boolean} isInUse */
function isListed({ store }, conversation, isInUse) {
  return isInUse || isChannel(conversation) || conversation.last_seq > 0 || conversation.created_by === store.me;
}

/** @param {Entry} entry @returns {string} the same as long as the entry keeps its position in the list */
export function positionKey(entry) {
  const { section, name, activity, draft, attention } = entry;
  return [section, attention.loud, draft, urgency(entry), section === "direct" ? activity : name].join(" ");
}

/** The order in the section "unread": mentions, direct messages, channels. @param {Entry} entry */
const urgency = ({ home, attention: { mentions } }) => (mentions > 0 ? 0 : home === "direct" ? 1 : 2);

/**
 * Direct messages are ordered by their last message and all others by name, also while they are unread: a busy channel
 * does not change its position with each message.
 *
 * @param {string} section
 * @returns {(one: Entry, other: Entry) => number}
 */
export function inOrderOf(section) {
  const byName = (/** @type {Entry} */ one, /** @type {Entry} */ other) => collator.compare(one.name, other.name);
  if (section === "unread") return (one, other) => urgency(one) - urgency(other) || byName(one, other);
  return section === "direct" ? (one, other) => other.activity - one.activity || byName(one, other) : byName;
}
