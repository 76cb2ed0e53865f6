/** @import {Change, Kind, Values} from "./changes.js" */
/** @import {Client} from "./client.js" */

import { changeParticipant, deleteMessage, pinMessage, setReaction, unpinMessage, updateConversation } from "./actions.js";
import { ApiError } from "./api.js";
import { unlessMissing } from "./client.js";

/** @type {Record<Kind, (client: Client, change: Change) => Promise<unknown>>} */
const APPLY = {
  reaction: (client, { target, value }) => setReaction(client, target, value.emoji, value.on),
  pin: (client, { target, value }) => (value.on ? pinMessage(client, target) : unpinMessage(client, target)),
  edit: (client, { target, value }) => edit(client, target, value),
  delete: (client, { target, value }) => remove(client, target, value.reason),
  own: (client, { conversation, value }) => changeParticipant(client, conversation, value),
  details: (client, { conversation, value }) => updateConversation(client, conversation, value),
  join: (client, { conversation }) => client.join(conversation),
};

/**
 * Ask the server for a change that waited in the outbox. Repeating it does no harm. Throws ApiError.
 *
 * @param {Client} client
 * @param {Change} change
 */
export function applyChange(client, change) {
  return APPLY[change.kind](client, change);
}

/**
 * Save an edit. A conflict is none if an earlier attempt was applied without an answer, or if only reactions and pins, which
 * raise the version as well, have changed.
 *
 * @param {Client} client
 * @param {string} id
 * @param {Values["edit"]} edit
 */
async function edit(client, id, { text, base, version }) {
  const save = (/** @type {number} */ at) => client.pages.take(client.api.patch(`messages/${id}`, { text, version: at }));
  try {
    await save(version);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "conflict") throw error;
    const now = await client.loadMessage(id);
    if (now.text === text.trim()) return;
    if (now.text !== base || now.deleted_at || now.hidden_at) throw error;
    await save(now.version);
  }
}

/** @param {Client} client @param {string} id @param {string} reason a message that is deleted already is done */
async function remove(client, id, reason) {
  try {
    await deleteMessage(client, { id }, reason);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    const message = await client.loadMessage(id).catch(unlessMissing);
    if (message && !message.deleted_at) throw error;
  }
}
