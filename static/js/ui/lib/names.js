/** @import {Store} from "../../client/store.js" */
/** @import {Conversation} from "../../client/types.js" */

import { setText } from "./dom.js";
import { gettext } from "./i18n.js";

/** @param {Conversation} conversation */
export const isChannel = (conversation) => conversation.kind === "public" || conversation.kind === "private";

/** @param {Store} store @param {string} id */
export function memberName(store, id) {
  return store.members.get(id)?.name ?? gettext("Somebody");
}

/** @param {Store} store @param {Conversation} conversation @returns {string[]} the people of a direct or group message except the member */
export function others(store, conversation) {
  return conversation.people.filter((id) => id !== store.me);
}

/** @param {Store} store @param {Conversation} conversation @returns {string} the other member of a direct message, the member where they write to themselves; "" for others */
export function partnerIn(store, conversation) {
  return conversation.kind === "direct" ? (others(store, conversation)[0] ?? store.me) : "";
}

/** @param {Store} store @param {Conversation} conversation @returns {string} the name of a channel, or of its people */
export function conversationName(store, conversation) {
  if (isChannel(conversation)) return conversation.name ?? "";
  const names = others(store, conversation).map((id) => memberName(store, id));
  if (names.length === 0) return `${memberName(store, store.me)} (${gettext("you")})`;
  return (names.length === 1 ? names : names.map(firstName).sort()).join(", ");
}

/** @param {Store} store @param {Conversation} conversation @returns {string} its name, for a channel with a `#` */
export function conversationTitle(store, conversation) {
  const name = conversationName(store, conversation);
  return isChannel(conversation) ? `#${name}` : name;
}

/** @param {Conversation} conversation @returns {string} name of an icon */
export function conversationIcon(conversation) {
  return { public: "hash", private: "lock", direct: "person", group: "people" }[conversation.kind];
}

/** @param {string} state of presence @returns {string} for people */
export function presenceLabel(state) {
  return { online: gettext("online"), away: gettext("away"), offline: gettext("offline") }[state] ?? "";
}

/**
 * Show the present names of members and channels in messages. The HTML of a message has the names of the time of writing.
 *
 * @param {Store} store
 * @param {ParentNode} root
 * @param {(id: string) => boolean} [changed] returns whether to update an id; all are updated without it
 */
export function showNames(store, root, changed) {
  for (const element of root.querySelectorAll("span.mention[data-member], a.channel[data-conversation]")) {
    const { member, conversation = "" } = /** @type {HTMLElement} */ (element).dataset;
    if (changed && !changed(member ?? conversation)) continue;
    const name = member ? store.members.get(member)?.name : store.conversations.get(conversation)?.name;
    if (name) setText(element, (member ? "@" : "#") + name); // an unknown member keeps the name in the HTML
  }
}

/** @param {string} name */
function firstName(name) {
  return name.split(" ")[0] ?? "";
}
