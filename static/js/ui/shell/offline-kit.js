import "../../client/apply-change.js";
import { loadEmojis } from "../emoji/data.js";

/**
 * Fetch what is needed without a connection and was not needed before: reactions can be chosen offline, and changes are sent
 * without another request when the connection is back.
 */
export async function fetchOfflineKit() {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  if (!connection?.saveData) await loadEmojis();
}
