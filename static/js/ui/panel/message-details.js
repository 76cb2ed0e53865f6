/** @import {App} from "../shell/app.js" */
/** @import {Member, Message} from "../../client/types.js" */
/** @import {Subject} from "./panel.js" */

import { ApiError } from "../../client/api.js";
import { clone, setText } from "../lib/dom.js";
import { fillAvatar, fullDate, writeTime } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { memberName } from "../lib/names.js";
import { attemptIn } from "./notice.js";

/** @typedef {{version: number, text: string, replaced_by: string, replaced_at: string}} Revision */
/** @typedef {{member: string, delivered: boolean, clients: {platform: string | null, label: string, delivered: boolean}[] | null}} Delivery */
/** @typedef {{title: string, items: HTMLElement[]}} Section */

/** @type {Record<string, {title: string, read: (app: App, message: Message) => Section[] | Promise<Section[]>}>} */
const DETAILS = {
  reactions: { title: gettext("Reactions"), read: reactionsOf },
  revisions: { title: gettext("History of the message"), read: revisionsOf },
  receipts: { title: gettext("Delivered and read"), read: receiptsOf },
  original: { title: gettext("Hidden message"), read: originalOf },
};

/** @param {App} app @param {string} name one of DETAILS */
export const make = (app, name) => new MessageDetails(app, name);

/** Details of one message: who has read it, who reacted, its earlier texts. They are fetched when the panel is opened. */
class MessageDetails {
  #asked = 0;

  /** @param {App} app @param {string} name */
  constructor(app, name) {
    this.app = app;
    this.name = name;
    const { root, slots } = clone("panel-details");
    /** @type {HTMLElement} */
    this.element = root;
    this.slots = slots;
  }

  titles() {
    return { title: DETAILS[this.name]?.title ?? "" };
  }

  /** @param {Subject} subject */
  async open({ of }) {
    const asked = (this.#asked += 1);
    this.slots.sections.replaceChildren();
    setText(this.slots.text, "");
    await attemptIn(this.slots.notice, async () => {
      const message = this.app.store.messages.get(of) ?? (await this.app.client.loadMessage(of));
      if (asked !== this.#asked) return;
      setText(this.slots.text, message.text);
      const sections = (await DETAILS[this.name]?.read(this.app, message)) ?? [];
      if (asked === this.#asked) this.slots.sections.replaceChildren(...sections.map(sectionOf));
    });
  }
}

/** Who reacted, by emoji. @param {App} app @param {Message} message @returns {Section[]} */
function reactionsOf(app, message) {
  return message.reactions.map(({ emoji, members }) => ({
    title: interpolate(ngettext("%(emoji)s %(count)s person", "%(emoji)s %(count)s people", members.length), {
      emoji,
      count: members.length,
    }),
    items: members.map((id) => person(app, id)),
  }));
}

/** The present text and the earlier ones. @param {App} app @param {Message} message @returns {Promise<Section[]>} */
async function revisionsOf(app, message) {
  /** @type {Revision[]} */
  const results = await app.client.api.list(`messages/${message.id}/revisions`);
  const versions = results.sort((one, other) => other.version - one.version);
  const written = (/** @type {number} */ index) => versions[index + 1]?.replaced_at ?? message.created_at;
  return [
    { title: gettext("Now"), items: [revision(message.text, message.edited_at ?? message.created_at)] },
    { title: gettext("Before"), items: versions.map(({ text }, index) => revision(text, written(index))) },
  ];
}

/** To whom it was delivered, and who has read it. @param {App} app @param {Message} message @returns {Promise<Section[]>} */
async function receiptsOf(app, message) {
  /** @type {{delivered: Delivery[], read: string[], more: boolean}} */
  const { delivered, read, more } = await app.client.api.get(`messages/${message.id}/receipts`);
  const others = delivered.filter(({ member }) => !read.includes(member));
  await learn(app, [...read, ...others.map(({ member }) => member)]);
  const reached = others.filter((one) => one.delivered);
  const waiting = others.filter((one) => !one.delivered);
  const sections = [
    { title: counted(gettext("Read by"), read.length), items: read.map((id) => person(app, id)) },
    { title: counted(gettext("Delivered to"), reached.length), items: reached.map((one) => person(app, one.member, devices(one))) },
    { title: counted(gettext("Not delivered yet"), waiting.length), items: waiting.map((one) => person(app, one.member, devices(one))) },
  ];
  if (more) sections.push({ title: gettext("There are more participants than can be listed."), items: [] });
  if (read.length + others.length === 0) sections.push({ title: gettext("Nobody else is here."), items: [] });
  return sections;
}

/** The text of a hidden message, for moderators. @param {App} app @param {Message} message @returns {Promise<Section[]>} */
async function originalOf(app, message) {
  /** @type {{text: string}} */
  const { text } = await app.client.api.get(`messages/${message.id}/original`);
  return [{ title: memberName(app.store, message.author), items: [revision(text, message.created_at)] }];
}

// --- The parts ----------------------------------------------------------------------------------------

/** @param {Section} section */
function sectionOf({ title, items }) {
  const { root, slots } = clone("details-section");
  setText(slots.title, title);
  slots.list.append(...items);
  slots.list.hidden = items.length === 0;
  return root;
}

/** @param {App} app @param {string} id @param {string} [detail] */
function person(app, id, detail) {
  const { root, slots } = clone("pick-row");
  const member = app.store.members.get(id);
  fillAvatar(slots.avatar, member);
  setText(slots.name, id === app.store.me ? `${memberName(app.store, id)} (${gettext("you")})` : memberName(app.store, id));
  setText(slots.detail, detail ?? (member ? `@${member.handle}` : ""));
  return root;
}

/** @param {string} text @param {string} at */
function revision(text, at) {
  const { root, slots } = clone("revision");
  setText(slots.text, text);
  writeTime(slots.time, at);
  slots.time.dateTime = at;
  slots.time.title = fullDate(at);
  return root;
}

/** Their clients, for members who may see them. @param {Delivery} delivery */
function devices({ clients }) {
  return clients?.map(({ platform, label }) => label || platform || gettext("a client that is gone")).join(", ");
}

/** @param {string} title @param {number} count */
const counted = (title, count) => `${title} · ${count}`;

/** Fetch the members that the store lacks. @param {App} app @param {string[]} ids */
async function learn({ client, store }, ids) {
  const unknown = ids.filter((id) => !store.members.has(id)).slice(0, 100);
  /** @type {(Member | null)[]} */
  const found = await Promise.all(unknown.map((id) => client.api.get(`members/${id}`).catch(unknownTo)));
  store.batch(() => found.forEach((member) => member && store.putMember(member)));
}

/** @param {unknown} error @returns {null} a member that may not be seen or cannot be fetched now is shown as "Somebody" */
function unknownTo(error) {
  if (error instanceof ApiError) return null;
  throw error;
}
