/** @import {App} from "../shell/app.js" */
/** @import {Conversation} from "../../client/types.js" */
/** @import {Entry} from "./entry.js" */

import { setIcon, setText } from "../lib/dom.js";
import { clearTime, fillAvatar, writeTime } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { conversationIcon, isChannel, others, partnerIn, presenceLabel } from "../lib/names.js";

const MOST_COUNTED = 99; // the highest number in a badge

/** @typedef {{root: HTMLElement, slots: Record<string, any>}} Row a clone of templates/chat/components/side-row.html */

/** @param {App} app @param {Row} row @param {Entry} entry @param {{isOpen: boolean}} options show the entry in the row */
export function showRow(app, { root, slots }, entry, { isOpen }) {
  const { conversation, attention } = entry;
  root.dataset.conversation = conversation.id;
  setText(slots.name, entry.name);
  showIcon(app, slots, conversation);
  showLink(app, slots.link, entry, isOpen);
  slots.draft.toggleAttribute("hidden", isOpen || !entry.draft);
  slots.muted.toggleAttribute("hidden", !entry.muted);
  slots.badge.hidden = attention.count === 0;
  slots.badge.classList.toggle("badge-accent", !isChannel(conversation) || attention.mentions > 0);
  setText(slots.count, countLabel(attention.count));
  if (entry.home === "direct" && conversation.last_seq > 0) writeTime(slots.time, new Date(entry.activity).toISOString());
  else clearTime(slots.time);
  slots.more.setAttribute("aria-label", interpolate(gettext("Actions for %(name)s"), { name: entry.name }));
}

/** @param {App} app @param {HTMLAnchorElement} link @param {Entry} entry @param {boolean} isOpen */
function showLink(app, link, { conversation, attention, muted }, isOpen) {
  const href = app.router.path(conversation.id);
  if (link.getAttribute("href") !== href) link.setAttribute("href", href);
  link.classList.toggle("is-unread", attention.loud);
  link.classList.toggle("is-muted", muted);
  toggleCurrent(link, isOpen);
  link.title = isChannel(conversation) ? conversation.topic : handles(app, conversation);
}

/** A direct message has the avatar and the presence of the other member instead of an icon. @param {App} app @param {Row["slots"]} slots @param {Conversation} conversation */
function showIcon({ store, client }, slots, conversation) {
  const id = partnerIn(store, conversation);
  const direct = id !== "";
  const presence = direct ? (client.signals.presence.get(id) ?? "offline") : "";
  if (direct) fillAvatar(slots.avatar, store.members.get(id));
  slots.avatar.dataset.presence = presence;
  setText(slots.presence, presence === "offline" ? "" : presenceLabel(presence));
  slots.avatar.hidden = !direct;
  slots.status.setAttribute("member", id);
  slots["icon-box"].toggleAttribute("hidden", direct);
  setIcon(slots.icon, conversationIcon(conversation));
}

/** @param {App} app @param {Conversation} conversation */
function handles({ store }, conversation) {
  const found = others(store, conversation).map((id) => store.members.get(id)?.handle);
  return found.length ? interpolate(gettext("With %(people)s"), { people: found.map((one) => `@${one}`).join(", ") }) : "";
}

/** @param {number} count @returns {string} */
export const countLabel = (count) => (count > MOST_COUNTED ? `${MOST_COUNTED}+` : String(count));

/** @param {Element} link @param {boolean} current */
export function toggleCurrent(link, current) {
  if (current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
