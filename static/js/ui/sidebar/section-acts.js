/** @import {App} from "../shell/app.js" */
/** @import {Change} from "../../client/sections.js" */

import { ApiError } from "../../client/api.js";
import { moveConversation } from "../../client/section-changes.js";
import { makeChange } from "../conversation/changes.js";
import { explain, toast } from "../lib/toast.js";

/** Make a change of the member's sections; a refusal is shown. @param {App} app @param {Change} change */
export async function changeSections(app, change) {
  await orToast(app.client.sections.change(change));
}

/**
 * Move a conversation to a section.
 *
 * @param {App} app
 * @param {string} id
 * @param {string} section "favourites", the id of an own section, or another name for the section where it belongs by itself
 */
export async function moveTo(app, id, section) {
  const { client, store } = app;
  const isFavourite = section === "favourites";
  const own = client.sections.all.some((one) => one.id === section) ? section : null;
  /** @type {Promise<unknown>[]} */
  const changes = [];
  if (!isFavourite && client.sections.of(id) !== (own ?? undefined)) changes.push(client.sections.change(moveConversation(id, own)));
  if (Boolean(store.ownParticipant(id)?.favourite) !== isFavourite) makeChange(app, "own", id, id, { favourite: isFavourite });
  await orToast(Promise.all(changes));
}

/** @param {Promise<unknown>} work */
async function orToast(work) {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(explain(error));
  }
}
