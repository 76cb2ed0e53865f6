/** @import {App} from "../shell/app.js" */
/** @import {Conversation, Member} from "../../client/types.js" */

import { createConversation } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { attempt, openDialog } from "../dialogs/dialog.js";
import { byId, clone, setIcon, setText } from "../lib/dom.js";
import { fillAvatar, longDay } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { conversationIcon, conversationName, isChannel, presenceLabel } from "../lib/names.js";
import { roleLabel } from "../lib/people.js";

/** The profile of a member: their details, the channels in common, and a button to write to them. */
export class ProfileCard {
  /** @type {Member | undefined} */
  #member;
  /** @type {Conversation[]} */
  #shared = [];

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLDialogElement} */
    this.dialog = byId("profile");
    byId("profile-message").addEventListener("click", () => void this.#write());
    this.dialog.addEventListener(
      "click",
      (event) => event.target instanceof Element && event.target.closest("a[href]") && this.dialog.close(),
    );
    const render = () => this.dialog.open && this.#show();
    app.client.signals.observe(render);
    app.store.observe(render);
  }

  /** @param {string} id of a member */
  async open(id) {
    this.#shared = [];
    this.#member = this.app.store.members.get(id) ?? (await this.#load(id));
    this.#show();
    openDialog(this.dialog);
    await this.#learnShared(id);
  }

  /** Fetch the channels in common, because the store lacks most participants. @param {string} id */
  async #learnShared(id) {
    if (id === this.app.store.me) return;
    try {
      const { results } = await this.app.client.api.get("conversations", { member: id });
      if (this.#member?.id !== id) return;
      this.#shared = results.filter((/** @type {Conversation} */ one) => isChannel(one) && !one.archived_at);
      this.#show();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the profile is shown without them
    }
  }

  /** @param {string} id @returns {Promise<Member>} */
  async #load(id) {
    const member = await this.app.client.api.get(`members/${id}`);
    this.app.store.putMember(member);
    return member;
  }

  #show() {
    const { store, client, router } = this.app;
    const member = store.members.get(this.#member?.id ?? "") ?? this.#member;
    if (!member) return;
    const mine = member.id === store.me;
    const state = client.signals.presence.get(member.id) ?? "offline";
    fillAvatar(byId("profile-avatar"), member);
    byId("profile-avatar").dataset.presence = state;
    setText(byId("profile-name"), member.name);
    setText(byId("profile-title"), member.title);
    byId("profile-status").setAttribute("member", member.id);
    setText(byId("profile-handle"), `@${member.handle}`);
    setText(byId("profile-presence"), member.deactivated_at ? gettext("deactivated") : presenceLabel(state));
    setText(byId("profile-role"), roleLabel(member.role));
    setText(byId("profile-joined"), longDay(member.joined_at));
    byId("profile-message").hidden = mine || member.deactivated_at !== null || !this.app.config.rights.includes("start_direct");
    byId("profile-edit").hidden = byId("profile-set-status").hidden = !mine;
    byId("profile-search").href = router.searchPath({ q: `from:@${member.handle}` });
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
    byId("profile-shared-box").hidden = links.length === 0 || member.id === store.me;
    byId("profile-shared").replaceChildren(...links);
    const title = gettext("Channels you share with %(name)s");
    byId("profile-shared").setAttribute("aria-label", interpolate(title, { name: member.name }));
  }

  async #write() {
    const member = this.#member;
    if (!member) return;
    await attempt(this.dialog, async () => {
      const { id } = await createConversation(this.app.client, { kind: "direct", members: [member.id] });
      this.dialog.close();
      this.app.router.go(this.app.router.path(id));
    });
  }
}
