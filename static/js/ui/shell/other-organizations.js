/** @import {App} from "./app.js" */
/** @import {ConversationView} from "../../client/client.js" */

import { ApiError } from "../../client/api.js";
import { byId } from "../lib/dom.js";

const MOST = 8; // organizations that are looked into
const EVERY = 5 * 60_000; // milliseconds between two looks, and only when somebody looks at the page

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
    return false; // what cannot be asked for is no news
  }
}

/** A dot at the switcher while another organization has news. @param {App} app */
export function watchElsewhere(app) {
  let looked = -Infinity;
  const look = async () => {
    if (document.visibilityState !== "visible" || performance.now() - looked < EVERY) return;
    looked = performance.now();
    try {
      byId("organization-dot").hidden = (await unreadElsewhere(app)).size === 0;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the next look is another occasion
    }
  };
  void look();
  document.addEventListener("visibilitychange", () => void look());
}
