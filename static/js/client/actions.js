/** @import {Client, ConversationView} from "./client.js" */
/** @import {Message} from "./types.js" */

/**
 * What a member does by hand. The parts of the page that offer it import this file, so it is not part of the first load.
 */

import { plainEmoji } from "./answers.js";
import { ApiError } from "./api.js";
import { unlessMissing } from "./client.js";

/** @param {Client} client @param {string} q @returns {Promise<ConversationView[]>} public channels, joined or not */
export async function browseChannels(client, q) {
  const { results } = await client.api.get("conversations", { browse: "true", q });
  return results;
}

/** @param {Client} client @param {{kind: string, name?: string, topic?: string, members?: string[]}} wanted */
export function createConversation(client, wanted) {
  return client.takeView(client.api.post("conversations", wanted));
}

/** @param {Client} client @param {string} id @param {{name?: string, topic?: string}} changes */
export function updateConversation(client, id, changes) {
  return client.takeView(client.api.patch(`conversations/${id}`, changes));
}

/** @param {Client} client @param {string} id @param {string} reason required of moderators who are not admins of the channel */
export function archiveChannel(client, id, reason = "") {
  return client.takeView(client.api.post(`conversations/${id}/archive`, { reason }));
}

/** @param {Client} client @param {string} id of an archived channel, which is restored @param {string} reason as above */
export function restoreChannel(client, id, reason = "") {
  return client.takeView(client.api.patch(`conversations/${id}`, { archived: false, reason }));
}

/** @param {Client} client @param {string} id */
export async function leaveConversation(client, id) {
  await settle(client.api.post(`conversations/${id}/leave`), async () => {
    const view = await client.loadConversation(id).catch(unlessMissing);
    return !view?.participant;
  });
  client.store.removeConversation(id);
}

/** @param {Client} client @param {string} id @param {string} member */
export async function addParticipant(client, id, member) {
  await client.api.post(`conversations/${id}/participants`, { member });
  await client.loadConversation(id);
}

/** @param {Client} client @param {string} id @param {string} member */
export async function removeParticipant(client, id, member) {
  const path = `conversations/${id}/participants/${member}`;
  await settle(client.api.delete(path), async () => !(await client.api.get(path).catch(unlessMissing)));
  await client.loadConversation(id);
}

/** @param {Client} client @param {string} id @param {{notifications?: string, muted?: boolean, favourite?: boolean}} changes of the member's own settings for the conversation */
export async function changeParticipant(client, id, changes) {
  const { moment } = client.store;
  const participant = await client.api.patch(`conversations/${id}/participants/${client.store.me}`, changes);
  if (client.store.isCurrent(id, moment)) client.store.putParticipant(participant); // otherwise a sync has brought it, or an event will
}

/** @param {Client} client @param {Message} message @param {string} text */
export async function saveEdit(client, message, text) {
  await client.pages.take(client.api.patch(`messages/${message.id}`, { text, version: message.version }));
}

/** @param {Client} client @param {Message} message @param {string} reason required of moderators who are not admins of the channel */
export async function deleteMessage(client, message, reason = "") {
  const deleting = client.api.delete(`messages/${message.id}`, reason ? { reason } : undefined);
  await settle(deleting, async () => Boolean((await client.loadMessage(message.id)).deleted_at));
}

/** @param {Client} client @param {Message} message @param {string} emoji adds the caller's reaction, or removes it */
export async function toggleReaction(client, message, emoji) {
  const path = `messages/${message.id}/reactions/${encodeURIComponent(emoji)}`;
  const wanted = !hasReacted(client, message, emoji);
  const asked = wanted ? client.api.put(path) : client.api.delete(path);
  await settle(asked, async () => hasReacted(client, await client.loadMessage(message.id), emoji) === wanted);
}

/** @param {Client} client @param {Message} message is pinned for everybody in the conversation, or unpinned */
export async function togglePin(client, { id, pinned_at }) {
  if (pinned_at) await unpinMessage(client, id);
  else await client.pages.take(client.api.put(`messages/${id}/pin`));
}

/** @param {Client} client @param {string} id of a message */
export async function unpinMessage(client, id) {
  await settle(client.api.delete(`messages/${id}/pin`), async () => !(await client.loadMessage(id)).pinned_at);
}

/** @param {Client} client @param {{text: string, emoji: string, until: string | null}} status the member's own from now on */
export async function setStatus(client, status) {
  client.store.putEntity("status", await client.api.put("members/me/status", status));
}

/** @param {Client} client */
export async function clearStatus(client) {
  const { api, store } = client;
  await settle(api.delete("members/me/status"), async () => {
    store.putMember(await api.get(`members/${store.me}`));
    const { text, emoji } = store.entities.statuses.get(store.me) ?? {};
    return !text && !emoji;
  });
}

/** @param {Client} client @param {Record<string, string | undefined>} query */
export function search(client, query) {
  return client.api.get("search", query);
}

/**
 * Wait for a write whose answer proves nothing by itself (204), then check its effect. Check also when no answer came,
 * because the write may have been done. Throws ApiError when it was not.
 *
 * @param {Promise<unknown>} asked
 * @param {() => Promise<boolean>} look returns whether the write is done
 */
async function settle(asked, look) {
  /** @type {ApiError | undefined} */
  let silence;
  await asked.catch((error) => {
    if (!(error instanceof ApiError) || error.status !== 0) throw error;
    silence = error;
  });
  if (!(await look())) throw silence ?? new ApiError(0, { code: "unproven" });
}

/** @param {Client} client @param {Message} message @param {string} emoji */
function hasReacted(client, { reactions }, emoji) {
  return reactions.some((one) => plainEmoji(one.emoji) === plainEmoji(emoji) && one.members.includes(client.store.me));
}
