/** @import {App} from "../shell/app.js" */
/** @import {Conversation, Participant} from "../../client/types.js" */

import {
  addParticipant,
  archiveChannel,
  changeParticipant,
  leaveConversation,
  removeParticipant,
  restoreChannel,
  updateConversation,
} from "../../client/actions.js";
import { ask, attempt, confirm, openDialog } from "../dialogs/dialog.js";
import { PeoplePicker } from "../dialogs/people-picker.js";
import { byId, clone, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { conversationTitle, isChannel, memberName } from "../lib/names.js";
import { toast } from "../lib/toast.js";

/** The settings of a conversation: name, topic, notifications and participants. */
export class Settings {
  /** @type {string} */
  #id = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLDialogElement} */
    this.dialog = byId("channel-settings");
    /** @type {HTMLFormElement} */
    this.form = byId("settings-form");
    this.picker = new PeoplePicker(app.client, byId("settings-add"), {
      label: gettext("Add somebody"),
      most: 1,
      without: () => new Set(app.store.participants.get(this.#id)?.keys()),
      onChange: () => void this.#add(),
    });
    this.form.addEventListener("submit", (event) => void this.#save(event));
    byId("settings-preferences").addEventListener("change", () => void this.#savePreferences());
    byId("settings-actions").addEventListener("click", (/** @type {Event} */ event) => void this.#act(event));
  }

  /** @param {Conversation} conversation */
  open(conversation) {
    this.#id = conversation.id;
    this.form.reset();
    this.picker.clear();
    this.#show(conversation);
    openDialog(this.dialog);
    void this.#loadPeople();
  }

  get #conversation() {
    return this.app.store.conversations.get(this.#id);
  }

  /** Whether the member may manage this channel: as its admin, or as a moderator of the organization. */
  get #isAdmin() {
    const participant = this.app.store.ownParticipant(this.#id);
    return participant?.role === "admin" || this.app.config.rights.includes("manage_channels");
  }

  /** Whether the member is the channel's admin. A moderator of the organization must give a reason instead. */
  get #isOwn() {
    return this.app.store.ownParticipant(this.#id)?.role === "admin";
  }

  /** @param {Conversation} conversation */
  #show(conversation) {
    const participant = this.app.store.ownParticipant(conversation.id);
    const channel = isChannel(conversation);
    const open = channel && !conversation.archived_at;
    const browses = this.app.config.rights.includes("browse");
    setText(byId("settings-title"), conversationTitle(this.app.store, conversation));
    this.form.hidden = !open || !(this.#isAdmin || (participant && browses));
    byId("settings-name-field").hidden = !this.#isAdmin;
    byId("settings-name").value = conversation.name ?? "";
    byId("settings-topic").value = conversation.topic;
    byId("settings-preferences").hidden = !participant;
    byId("settings-notifications").value = participant?.notifications ?? "all";
    byId("settings-muted").checked = participant?.muted ?? false;
    byId("settings-favourite").checked = participant?.favourite ?? false;
    byId("settings-add").hidden = !open || !(this.#isAdmin || (participant && browses));
    byId("settings-actions").hidden = !channel;
    this.#button("archive").hidden = !open || !this.#isAdmin;
    this.#button("restore").hidden = !conversation.archived_at || !this.#isAdmin;
    this.#button("leave").hidden = !participant;
  }

  /** @param {string} action @returns {HTMLElement} */
  #button(action) {
    return byId("settings-actions").querySelector(`[data-action=${action}]`);
  }

  async #loadPeople() {
    const id = this.#id;
    byId("settings-people").replaceChildren();
    setText(byId("settings-people-count"), "");
    await attempt(this.dialog, async () => {
      const participants = await this.app.client.loadParticipants(id);
      if (id === this.#id) this.#showPeople(participants);
    });
  }

  /** @param {Participant[]} participants */
  #showPeople(participants) {
    const name = (/** @type {Participant} */ participant) => memberName(this.app.store, participant.member);
    participants.sort((one, other) => name(one).localeCompare(name(other)));
    setText(byId("settings-people-count"), String(participants.length));
    byId("settings-people").replaceChildren(...participants.map((participant) => this.#person(participant)));
  }

  /** @param {Participant} participant */
  #person(participant) {
    const { root, slots } = clone("pick-row");
    const member = this.app.store.members.get(participant.member);
    const name = memberName(this.app.store, participant.member);
    const mine = participant.member === this.app.store.me;
    fillAvatar(slots.avatar, member);
    setText(slots.name, mine ? `${name} (${gettext("you")})` : name);
    const role = participant.role === "admin" ? ` · ${gettext("channel admin")}` : "";
    setText(slots.detail, `@${member?.handle ?? ""}${role}`);
    const channel = this.#conversation && isChannel(this.#conversation);
    slots.button.hidden = mine || !channel || !this.#isAdmin;
    setText(slots.button, gettext("Remove"));
    slots.button.setAttribute("aria-label", interpolate(gettext("Remove %(name)s"), { name }));
    slots.button.addEventListener("click", () => void this.#remove(participant.member));
    return root;
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    const conversation = this.#conversation;
    if (!conversation) return;
    const name = byId("settings-name").value.trim();
    const topic = byId("settings-topic").value.trim();
    const changes = { ...(name !== conversation.name && { name }), ...(topic !== conversation.topic && { topic }) };
    const saved = await attempt(this.dialog, () => updateConversation(this.app.client, conversation.id, changes));
    if (saved) {
      this.dialog.close();
      toast(gettext("Saved."));
    }
  }

  async #savePreferences() {
    const id = this.#id;
    await attempt(this.dialog, () =>
      changeParticipant(this.app.client, id, {
        notifications: byId("settings-notifications").value,
        muted: byId("settings-muted").checked,
        favourite: byId("settings-favourite").checked,
      }),
    );
  }

  async #add() {
    const [member] = this.picker.chosen;
    if (!member) return;
    const id = this.#id;
    this.picker.clear();
    if (await attempt(this.dialog, () => addParticipant(this.app.client, id, member))) await this.#loadPeople();
  }

  /** @param {string} member */
  async #remove(member) {
    const id = this.#id;
    const name = memberName(this.app.store, member);
    const title = interpolate(gettext("Remove %(name)s from this channel?"), { name });
    const text = gettext("They keep what they have written, and can be added again.");
    if (!(await confirm({ title, text, yes: gettext("Remove") }))) return;
    if (await attempt(this.dialog, () => removeParticipant(this.app.client, id, member))) await this.#loadPeople();
  }

  /** @param {Event} event */
  async #act(event) {
    const action = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-action]"));
    const conversation = this.#conversation;
    if (!action || !conversation) return;
    if (action.dataset.action === "restore") await this.#restore(conversation);
    if (action.dataset.action === "archive") await this.#archive(conversation);
    if (action.dataset.action === "leave") await this.leave(conversation);
  }

  /** @param {Conversation} conversation */
  async #archive(conversation) {
    const title = interpolate(gettext("Archive #%(name)s?"), { name: conversation.name ?? "" });
    const text = gettext("It can still be read and searched. Nobody can write in it until it is restored.");
    const reason = await ask({ title, text, yes: gettext("Archive"), reason: !this.#isOwn });
    if (reason === null) return;
    if (await attempt(this.dialog, () => archiveChannel(this.app.client, conversation.id, reason))) this.dialog.close();
  }

  /** @param {Conversation} conversation */
  async #restore(conversation) {
    const title = interpolate(gettext("Restore #%(name)s?"), { name: conversation.name ?? "" });
    const text = gettext("Everybody in it can write again.");
    const reason = this.#isOwn ? "" : await ask({ title, text, yes: gettext("Restore"), reason: true });
    if (reason === null) return;
    const restored = await attempt(this.dialog, () => restoreChannel(this.app.client, conversation.id, reason));
    if (restored) this.#show(this.#conversation ?? conversation);
  }

  /** @param {Conversation} conversation */
  async leave(conversation) {
    if (conversation.kind === "private") {
      const title = interpolate(gettext("Leave #%(name)s?"), { name: conversation.name ?? "" });
      const text = gettext("This channel is private: to come back, somebody in it has to add you.");
      if (!(await confirm({ title, text, yes: gettext("Leave") }))) return;
    }
    const leave = () => leaveConversation(this.app.client, conversation.id);
    if (!this.dialog.open)
      await leave(); // called from the list, which shows a refusal itself
    else if (await attempt(this.dialog, leave)) this.dialog.close();
    else return;
    if (this.app.router.route.conversation === conversation.id) this.app.router.go(this.app.router.root);
  }
}
