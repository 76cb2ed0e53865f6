/** @import {App} from "../shell/app.js" */
/** @import {Member} from "../../client/types.js" */

import { clone, setIcon, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { fold } from "../lib/fuzzy.js";
import { conversationIcon, conversationTitle } from "../lib/names.js";
import { people } from "../lib/people.js";

/**
 * A person, a conversation or a day that a search can be narrowed to.
 *
 * @typedef {object} Offer
 * @property {string} id
 * @property {string} folded what it is found by
 * @property {string} label
 * @property {string} detail
 * @property {string} [value] as it is typed after an operator
 * @property {Member} [member]
 * @property {string} [icon]
 */

/** @param {App} app @returns {Offer[]} the members that are known, the caller first */
export function peopleOffers({ store }) {
  const me = store.members.get(store.me);
  return [...(me ? [me] : []), ...people(store)].map((member) => ({
    id: member.id,
    folded: fold(`${member.name} @${member.handle}`),
    label: member.name,
    detail: `@${member.handle}`,
    value: `@${member.handle}`,
    member,
  }));
}

/** @param {App} app @returns {Offer[]} the conversations that are known, by name; those that no operator can name have no value */
export function conversationOffers({ store }) {
  const all = [...store.conversations.values()].map((one) => {
    const label = conversationTitle(store, one);
    const other = store.members.get(one.people.find((id) => id !== store.me) ?? "");
    const value = one.name ? `#${one.name}` : one.kind === "direct" && other ? `@${other.handle}` : undefined;
    return { id: one.id, folded: fold(label), label, detail: one.topic, icon: conversationIcon(one), value };
  });
  return all.sort((one, other) => one.label.localeCompare(other.label));
}

/** @param {Offer} offer */
export function offerOption({ label, detail, member, icon }) {
  const { root, slots } = clone("palette-option");
  slots.avatar.hidden = !member;
  slots["icon-box"].toggleAttribute("hidden", Boolean(member));
  if (member) fillAvatar(slots.avatar, member);
  else setIcon(slots.icon, icon ?? "hash");
  setText(slots.name, label);
  setText(slots.detail, detail);
  slots.keys.hidden = slots.badge.hidden = true;
  return root;
}
