/** @import {Conversation, Message, Participant} from "./types.js" */

import { plainEmoji } from "./answers.js";

/**
 * A change that the member has made and the server has not confirmed. It is shown at once. `value` is the state that the
 * member wants, not a step towards it, so applying it twice does what applying it once does.
 *
 * @typedef {object} Change
 * @property {string} ref
 * @property {Kind} kind
 * @property {string} conversation
 * @property {string} target id of the message, or of the conversation
 * @property {any} value see `Values`
 * @property {number} order ascending in the order of making in this browser, together with messages
 * @property {string} created_at by the server's time as far as it is known; for display
 * @property {"sending" | "failed"} state
 * @property {string | null} error the server's reason for a refusal
 * @property {boolean} [tried] whether a request may have reached the server: then the change is not withdrawn, an opposite one follows it
 */

/** @typedef {"reaction" | "pin" | "edit" | "delete" | "own" | "details" | "join"} Kind */

/**
 * @typedef {object} Values
 * @property {{emoji: string, on: boolean}} reaction
 * @property {{on: boolean}} pin
 * @property {{text: string, base: string, version: number}} edit `base` and `version`: of the message that was edited
 * @property {{reason: string}} delete
 * @property {{notifications?: string, muted?: boolean, favourite?: boolean}} own the member's settings for the conversation
 * @property {{name?: string, topic?: string}} details
 * @property {{}} join
 */

/** @typedef {"message" | "participant" | "conversation"} Subject what a change is shown on */
/** @typedef {{me: string, at: string}} Context who makes the change, and when */

/** @type {Record<Kind, Subject | null>} */
export const SUBJECTS = {
  reaction: "message",
  pin: "message",
  edit: "message",
  delete: "message",
  own: "participant",
  details: "conversation",
  join: null, // the store has no participant to show it on
};

/** @type {Record<Exclude<Kind, "join">, (entity: any, value: any, context: Context) => any>} */
const SHOWN = {
  reaction: (message, { emoji, on }, { me }) => ({
    ...message,
    reactions: on ? withReaction(message, emoji, me) : without(message, emoji, me),
  }),
  pin: (message, { on }, { me, at }) =>
    on === Boolean(message.pinned_at) ? message : { ...message, pinned_at: on ? at : null, pinned_by: on ? me : null },
  edit: (message, { text }, { at }) => ({ ...message, text, html: paragraphs(text), edited_at: at }),
  delete: (message, _, { at }) => ({
    ...message,
    text: "",
    html: "",
    reactions: [],
    mentions: [],
    attachments: [],
    pinned_at: null,
    pinned_by: null,
    deleted_at: at,
  }),
  own: (participant, value) => ({ ...participant, ...value }),
  details: (conversation, value) => ({ ...conversation, ...value }),
};

/** @param {Pick<Change, "kind" | "target" | "value">} change @returns {string} the same for changes of which the later one replaces the earlier */
export function slotOf({ kind, target, value }) {
  return kind === "reaction" ? `${kind} ${target} ${plainEmoji(value.emoji)}` : `${kind} ${target}`;
}

/**
 * @template {Message | Participant | Conversation} T
 * @param {T} entity as the server has it
 * @param {Change[]} changes that are not confirmed, in their order
 * @param {string} me
 * @returns {T} as it will be
 */
export function withChanges(entity, changes, me) {
  let shown = entity;
  for (const { kind, value, created_at } of changes) {
    if (kind !== "join" && !isGone(shown)) shown = SHOWN[kind](shown, value, { me, at: created_at });
  }
  return shown;
}

/**
 * Fold a change into an earlier one of the same slot that was not sent yet.
 *
 * @param {Kind} kind
 * @param {any} earlier its value; undefined without an earlier one
 * @param {any} wanted
 * @param {any} [entity] as the server has it; undefined if that is not known, or if an earlier change may still alter it
 * @param {string} [me]
 * @returns {any} the value that is left to be sent; null if nothing is
 */
export function fold(kind, earlier, wanted, entity, me = "") {
  if (kind === "own" || kind === "details") return different({ ...earlier, ...wanted }, entity);
  if (kind === "edit") {
    const edit = { ...wanted, ...(earlier && { base: earlier.base, version: earlier.version }) };
    return edit.text === edit.base ? null : edit;
  }
  if (kind === "pin") return entity && Boolean(entity.pinned_at) === wanted.on ? null : wanted;
  if (kind === "reaction") return entity && hasReacted(entity, wanted.emoji, me) === wanted.on ? null : wanted;
  return wanted;
}

/** @param {Message} message @param {string} emoji @param {string} member */
export function hasReacted({ reactions }, emoji, member) {
  return reactions.some((one) => isSame(one.emoji, emoji) && one.members.includes(member));
}

/** @param {Record<string, unknown>} wanted @param {any} entity */
function different(wanted, entity) {
  const left = Object.entries(wanted).filter(([name, value]) => entity?.[name] !== value);
  return left.length ? Object.fromEntries(left) : null;
}

/** @param {any} entity */
const isGone = ({ deleted_at, hidden_at, expired }) => Boolean(deleted_at || hidden_at || expired);

/** @param {string} one @param {string} other */
const isSame = (one, other) => plainEmoji(one) === plainEmoji(other);

/** @param {Message} message @param {string} emoji @param {string} me */
function withReaction({ reactions }, emoji, me) {
  if (!reactions.some((one) => isSame(one.emoji, emoji))) return [...reactions, { emoji, members: [me] }];
  return reactions.map((one) => (isSame(one.emoji, emoji) && !one.members.includes(me) ? { ...one, members: [...one.members, me] } : one));
}

/** @param {Message} message @param {string} emoji @param {string} me */
function without({ reactions }, emoji, me) {
  return reactions
    .map((one) => (isSame(one.emoji, emoji) ? { ...one, members: one.members.filter((member) => member !== me) } : one))
    .filter((one) => one.members.length);
}

/** @param {string} text which the server has not rendered yet @returns {string} it as it was typed, in HTML */
function paragraphs(text) {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  return `<p>${escaped.replaceAll("\n", "<br>")}</p>`;
}
