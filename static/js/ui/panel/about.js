/** @import {App} from "../shell/app.js" */
/** @import {Conversation} from "../../client/types.js" */
/** @import {Subject} from "./panel.js" */

import { ApiError } from "../../client/api.js";
import { clone, setText } from "../lib/dom.js";
import { longDay } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { conversationTitle, isChannel, memberName } from "../lib/names.js";
import { isOpenChannel } from "./panel.js";

/** @param {App} app */
export const make = (app) => new About(app);

/** What a conversation is for, who made it and when, who manages it, and the rules that apply in it. */
class About {
  #id = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("panel-about");
    /** @type {HTMLElement} */
    this.element = root;
    this.slots = slots;
  }

  /** @param {Subject} subject */
  titles({ conversation }) {
    return { title: gettext("About"), subtitle: conversation && conversationTitle(this.app.store, conversation) };
  }

  /** @param {Subject} subject */
  async open({ conversation }) {
    const id = conversation?.id ?? "";
    this.#id = id;
    this.render();
    const { client } = this.app;
    await Promise.all([client.loadParticipants(id), client.meet([conversation?.created_by ?? ""].filter(Boolean))]).catch(ignoreRefusal);
    if (id === this.#id) this.render();
  }

  render() {
    const conversation = this.app.store.conversations.get(this.#id);
    if (!conversation) return;
    const channel = isChannel(conversation);
    this.slots.purpose.hidden = !channel;
    setText(this.slots.topic, conversation.topic || gettext("No topic yet."));
    this.slots.topic.classList.toggle("muted", !conversation.topic);
    this.slots.edit.hidden = !isOpenChannel(conversation) || !this.app.store.ownParticipant(conversation.id);
    this.slots.edit.href = this.app.router.panelPath({ panel: "settings" });
    this.slots.facts.replaceChildren(...this.#facts(conversation).map(([name, value]) => fact(name, value)));
  }

  /** @param {Conversation} conversation @returns {[string, string | Node[]][]} */
  #facts(conversation) {
    const { store, client } = this.app;
    const participants = [...(store.participants.get(conversation.id)?.values() ?? [])].filter((one) => !one.left_at);
    const admins = participants.filter((one) => one.role === "admin").map((one) => this.#person(one.member));
    const people = client.participantCounts.get(conversation.id) ?? (participants.length || conversation.people.length);
    /** @type {[string, string | Node[] | false][]} */
    const facts = [
      [gettext("Kind"), kindLabel(conversation)],
      [gettext("Created"), longDay(conversation.created_at)],
      [gettext("Created by"), conversation.created_by !== null && [this.#person(conversation.created_by)]],
      [gettext("Admins"), isChannel(conversation) && admins.length > 0 && admins],
      [gettext("People"), String(people)],
      [gettext("Writing"), conversation.announcement_only && gettext("Only admins write. Everybody may reply in threads.")],
      [gettext("Slow mode"), conversation.slow_mode > 0 && pauseLabel(conversation.slow_mode)],
      [gettext("Messages"), conversation.retention_days !== null && keptLabel(conversation.retention_days)],
      [gettext("Archived"), conversation.archived_at !== null && longDay(conversation.archived_at)],
    ];
    return /** @type {[string, string | Node[]][]} */ (facts.filter(([, value]) => value !== false));
  }

  /** @param {string} id */
  #person(id) {
    const { root, slots } = clone("person-link");
    setText(slots.name, memberName(this.app.store, id));
    slots.name.dataset.argument = id;
    return root;
  }
}

/** @param {string} name @param {string | Node[]} value */
function fact(name, value) {
  const { root, slots } = clone("fact");
  setText(slots.name, name);
  slots.value.replaceChildren(...(typeof value === "string" ? [value] : value));
  return root;
}

/** @param {Conversation} conversation */
function kindLabel({ kind }) {
  return {
    public: gettext("Public channel: everybody in the organization may join and read."),
    private: gettext("Private channel: only the people in it know of it."),
    direct: gettext("Direct message: only the two of you read it."),
    group: gettext("Group message: only the people in it read it."),
  }[kind];
}

/** @param {number} seconds */
const pauseLabel = (seconds) =>
  interpolate(ngettext("One message every %(count)s second", "One message every %(count)s seconds", seconds), { count: seconds });

/** @param {number} days */
const keptLabel = (days) => interpolate(ngettext("Deleted after %(count)s day", "Deleted after %(count)s days", days), { count: days });

/** @param {unknown} error people who cannot be fetched now are left out */
function ignoreRefusal(error) {
  if (!(error instanceof ApiError)) throw error;
}
