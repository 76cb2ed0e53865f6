/** @import {App} from "./app.js" */
/** @import {ConversationView} from "../../client/client.js" */

import { ApiError } from "../../client/api.js";
import { byId } from "../lib/dom.js";

const MOST = 8; // other organizations that are requested
const EVERY = 5 * 60_000; // milliseconds between two rounds of requests; there are none while the page is hidden

/** @typedef {{slug: string, name: string}} Organization */

/** @param {App} app @returns {Promise<Set<string>>} slugs of the user's other organizations in which something is unread; throws ApiError */
export async function unreadElsewhere({ client, config }) {
  /** @type {{organizations: Organization[]}} */
  const { organizations } = await client.api.get("/api/v1/me");
  const others = organizations.filter(({ slug }) => `/o/${slug}/` !== config.root).slice(0, MOST);
  const unread = await Promise.all(others.map(({ slug }) => isUnread(client, slug)));
  return new Set(others.filter((_, index) => unread[index]).map(({ slug }) => slug));
}

/** @param {App["client"]} client @param {string} slug */
async function isUnread(client, slug) {
  try {
    /** @type {{results: ConversationView[]}} */
    const { results } = await client.api.get(`/o/${slug}/api/v1/conversations`, { limit: 100 });
    return results.some(
      ({ participant, unread_count, archived_at }) => unread_count > 0 && !archived_at && participant && !participant.muted,
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return false; // without an answer it counts as read
  }
}

/** Show a dot at the switcher while something is unread in another organization. @param {App} app */
export function watchOtherOrganizations(app) {
  let looked = -Infinity;
  const look = async () => {
    if (document.visibilityState !== "visible" || performance.now() - looked < EVERY) return;
    looked = performance.now();
    try {
      byId("organization-dot").hidden = (await unreadElsewhere(app)).size === 0;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the next round tries again
    }
  };
  void look();
  document.addEventListener("visibilitychange", () => void look());
}
