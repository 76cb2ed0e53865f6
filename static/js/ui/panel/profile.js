/** @import {App} from "../shell/app.js" */
/** @import {Conversation, Member} from "../../client/types.js" */
/** @import {Subject} from "./panel.js" */

import { createConversation } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { clone, setIcon, setText } from "../lib/dom.js";
import { fillAvatar, longDay } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { conversationIcon, conversationName, isChannel, partnerIn, presenceLabel } from "../lib/names.js";
import { roleLabel } from "../lib/people.js";
import { attemptIn } from "./notice.js";

/** @param {App} app */
export const make = (app) => new Profile(app);

/** The profile of a member: face, presence, status, role, the channels in common, and ways to write to them. */
class Profile {
  anywhere = true;
  #id = "";
  /** @type {Member | undefined} */
  #member;
  /** @type {Conversation[]} */
  #shared = [];

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("panel-profile");
    /** @type {HTMLElement} */
    this.element = root;
    this.slots = slots;
    slots.message.addEventListener("click", () => void this.#write());
  }

  titles() {
    return { title: gettext("Profile") };
  }

  /** @param {Subject} subject */
  async open({ of: id }) {
    if (id === this.#id) return this.render();
    this.#id = id;
    this.#shared = [];
    this.#member = this.app.store.members.get(id);
    this.slots.notice.hidden = true;
    this.slots.card.hidden = !this.#member;
    this.render();
    this.#member ??= await this.#load(id);
    if (id !== this.#id) return;
    this.slots.card.hidden = false;
    this.render();
    await this.#learnShared(id);
  }

  /** Fetch the channels in common, because the store lacks most participants. @param {string} id */
  async #learnShared(id) {
    if (id === this.app.store.me) return;
    try {
      const { results } = await this.app.client.api.get("conversations", { member: id });
      if (this.#id !== id) return;
      this.#shared = results.filter((/** @type {Conversation} */ one) => isChannel(one) && !one.archived_at);
      this.render();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the profile is shown without them
    }
  }

  /** @param {string} id @returns {Promise<Member>} */
  async #load(id) {
    try {
      const member = await this.app.client.api.get(`members/${id}`);
      this.app.store.putMember(member);
      return member;
    } catch (error) {
      if (this.#id === id) this.#id = ""; // the next press tries again
      throw error;
    }
  }

  render() {
    const { store, client, router, config } = this.app;
    const member = store.members.get(this.#id) ?? this.#member;
    if (!member) return;
    const mine = member.id === store.me;
    const state = client.signals.presence.get(member.id) ?? "offline";
    const { slots } = this;
    fillAvatar(slots.avatar, member);
    slots.avatar.dataset.presence = state;
    setText(slots.name, member.name);
    setText(slots.title, member.title);
    slots.status.setAttribute("member", member.id);
    setText(slots.handle, `@${member.handle}`);
    setText(slots.presence, member.deactivated_at ? gettext("deactivated") : presenceLabel(state));
    setText(slots.role, roleLabel(member.role));
    setText(slots.joined, longDay(member.joined_at));
    const open = store.conversations.get(router.route.conversation ?? "");
    const isHere = open !== undefined && partnerIn(store, open) === member.id;
    slots.message.hidden = mine || isHere || member.deactivated_at !== null || !config.rights.includes("start_direct");
    slots.edit.hidden = slots["set-status"].hidden = !mine;
    slots.search.href = router.searchPath({ q: `from:@${member.handle}` });
    this.#showShared(member);
  }

  /** @param {Member} member */
  #showShared(member) {
    const { store, router } = this.app;
    const shared = this.#shared.sort((one, other) => conversationName(store, one).localeCompare(conversationName(store, other)));
    const links = shared.map((conversation) => {
      const { root, slots } = clone("shared-channel");
      slots.link.href = router.path(conversation.id);
      setIcon(slots.icon, conversationIcon(conversation));
      setText(slots.name, conversationName(store, conversation));
      return root;
    });
    this.slots["shared-box"].hidden = links.length === 0 || member.id === store.me;
    if (links.length !== this.slots.shared.childElementCount || !this.slots.shared.contains(document.activeElement))
      this.slots.shared.replaceChildren(...links);
    const title = gettext("Channels you share with %(name)s");
    this.slots.shared.setAttribute("aria-label", interpolate(title, { name: member.name }));
  }

  async #write() {
    await attemptIn(this.slots.notice, async () => {
      const { id } = await createConversation(this.app.client, { kind: "direct", members: [this.#id] });
      this.app.router.go(this.app.router.path(id));
    });
  }
}
