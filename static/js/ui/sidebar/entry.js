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
 * @property {string} section in which it is listed: "favourites", the id of an own section, "channels" or "direct"
 * @property {boolean} isChannel
 * @property {boolean} favourite
 * @property {boolean} muted
 * @property {boolean} draft
 * @property {number} activity milliseconds; the time of the last message, or of its creation
 * @property {Attention} attention
 */

/**
 * Return the entry of a conversation, or undefined if the sidebar does not list it. Its section and its position do not
 * depend on what is unread, so that no row moves while the member reads.
 *
 * @param {App} app
 * @param {string} id
 * @param {{isOpen: boolean}} options
 * @returns {Entry | undefined}
 */
export function entryOf(app, id, { isOpen }) {
  const { store, client } = app;
  const conversation = store.conversations.get(id);
  const participant = store.ownParticipant(id);
  if (!conversation || !participant || conversation.archived_at) return undefined;
  const draft = client.drafts.has(id) || client.edits.has(id, conversation.first_seq);
  if (!isListed(app, conversation, draft || isOpen)) return undefined;
  return {
    conversation,
    name: conversationName(store, conversation),
    section: participant.favourite ? "favourites" : (client.sections.of(id) ?? homeOf(conversation)),
    isChannel: isChannel(conversation),
    favourite: participant.favourite ?? false,
    muted: participant.muted ?? false,
    draft,
    activity: Date.parse(conversation.last_message_at ?? conversation.created_at),
    attention: attention(store, id),
  };
}

/** @param {Conversation} conversation @returns {string} the section of a conversation that the member has not moved */
export const homeOf = (conversation) => (isChannel(conversation) ? "channels" : "direct");

/** A direct message without messages is only listed for the member who started it. @param {App} app @param {Conversation} conversation @param {boolean} isInUse */
function isListed({ store }, conversation, isInUse) {
  return isInUse || isChannel(conversation) || conversation.last_seq > 0 || conversation.created_by === store.me;
}

/** @param {Entry} entry @returns {string} the same as long as the entry keeps its position in the list */
export function positionKey({ section, name, activity }) {
  return [section, section === "direct" ? activity : name].join(" ");
}

/** @param {Entry} entry @returns {string} the same as long as it does not change whether the entry is shown */
export const visibilityKey = ({ attention, draft }) => `${attention.loud} ${draft}`;

/**
 * Direct messages are ordered by their last message and all others by name: a busy channel does not change its position
 * with each message.
 *
 * @param {string} section
 * @returns {(one: Entry, other: Entry) => number}
 */
export function inOrderOf(section) {
  const byName = (/** @type {Entry} */ one, /** @type {Entry} */ other) => collator.compare(one.name, other.name);
  return section === "direct" ? (one, other) => other.activity - one.activity || byName(one, other) : byName;
}
