/** @import {App} from "../shell/app.js" */
/** @import {Member, Message} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { attempt, openDialog } from "../dialogs/dialog.js";
import { byId, clone, setText } from "../lib/dom.js";
import { fillAvatar, fullDate, writeTime } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { memberName } from "../lib/names.js";
import { toast } from "../lib/toast.js";

/** @typedef {{version: number, text: string, replaced_by: string, replaced_at: string}} Revision */
/** @typedef {{member: string, delivered: boolean, clients: {platform: string | null, label: string, delivered: boolean}[] | null}} Delivery */

/** @type {Record<string, (app: App, message: Message) => unknown>} */
const DETAILS = {
  reactions: showReactions,
  revisions: showRevisions,
  receipts: showReceipts,
  original: showOriginal,
  report: askForReport,
};

/**
 * Show details of a message in a dialog.
 *
 * @param {string} name
 * @param {App} app
 * @param {Message} message
 */
export function show(name, app, message) {
  return DETAILS[name]?.(app, message);
}

/** Show who reacted, by emoji. @param {App} app @param {Message} message */
function showReactions(app, message) {
  open(gettext("Reactions"));
  for (const { emoji, members } of message.reactions) {
    section(
      interpolate(ngettext("%(emoji)s %(count)s person", "%(emoji)s %(count)s people", members.length), { emoji, count: members.length }),
      members.map((id) => person(app, id)),
    );
  }
}

/** Show the earlier texts. @param {App} app @param {Message} message */
async function showRevisions(app, message) {
  const dialog = open(gettext("History of the message"));
  await attempt(dialog, async () => {
    /** @type {Revision[]} */
    const results = await app.client.api.list(`messages/${message.id}/revisions`);
    const versions = results.sort((one, other) => other.version - one.version);
    const written = (/** @type {number} */ index) => versions[index + 1]?.replaced_at ?? message.created_at;
    section(gettext("Now"), [revision(message.text, message.edited_at ?? message.created_at)]);
    section(
      gettext("Before"),
      versions.map(({ text }, index) => revision(text, written(index))),
    );
  });
}

/** Show to whom it was delivered, and who has read it. @param {App} app @param {Message} message */
async function showReceipts(app, message) {
  const dialog = open(gettext("Delivered and read"));
  await attempt(dialog, async () => {
    /** @type {{delivered: Delivery[], read: string[], more: boolean}} */
    const { delivered, read, more } = await app.client.api.get(`messages/${message.id}/receipts`);
    const others = delivered.filter(({ member }) => !read.includes(member));
    const arrived = (/** @type {Delivery} */ one) => one.delivered;
    await learn(app, [...read, ...others.map(({ member }) => member)]);
    section(
      counted(gettext("Read by"), read.length),
      read.map((id) => person(app, id)),
    );
    const reached = others.filter(arrived);
    section(
      counted(gettext("Delivered to"), reached.length),
      reached.map((one) => person(app, one.member, devices(one))),
    );
    const waiting = others.filter((one) => !arrived(one));
    section(
      counted(gettext("Not delivered yet"), waiting.length),
      waiting.map((one) => person(app, one.member, devices(one))),
    );
    if (more) section(gettext("There are more participants than can be listed."), []);
    if (read.length + others.length === 0) section(gettext("Nobody else takes part here."), []);
  });
}

/** Show the text of a hidden message to moderators. @param {App} app @param {Message} message */
async function showOriginal(app, message) {
  const dialog = open(gettext("Hidden message"));
  await attempt(dialog, async () => {
    /** @type {{text: string}} */
    const { text } = await app.client.api.get(`messages/${message.id}/original`);
    section(memberName(app.store, message.author), [revision(text, message.created_at)]);
  });
}

/** Report the message to the moderators. @param {App} app @param {Message} message */
function askForReport(app, message) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("report"));
  const form = /** @type {HTMLFormElement} */ (byId("report-form"));
  const { drafts } = app.client;
  const draft = `report:${message.id}`; // the comment is kept until the report is sent
  const field = /** @type {HTMLTextAreaElement} */ (byId("report-comment"));
  form.reset();
  field.value = drafts.get(draft);
  field.oninput = () => drafts.set(draft, field.value);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const { reason, comment } = Object.fromEntries(new FormData(form));
    const sent = await attempt(dialog, () => app.client.api.post(`messages/${message.id}/report`, { reason, comment }));
    if (!sent) return;
    drafts.set(draft, "");
    dialog.close();
    toast(gettext("Thank you. The moderators will look at it."));
  };
  openDialog(dialog);
}

// --- The parts ----------------------------------------------------------------------------------------

/** @param {string} title @returns {HTMLDialogElement} */
function open(title) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("details"));
  setText(byId("details-title"), title);
  byId("details-body").replaceChildren();
  openDialog(dialog);
  return dialog;
}

/** @param {string} title @param {HTMLElement[]} items */
function section(title, items) {
  const { root, slots } = clone("details-section");
  setText(slots.title, title);
  slots.list.append(...items);
  slots.list.hidden = items.length === 0;
  byId("details-body").append(root);
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
