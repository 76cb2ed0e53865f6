import { loadEmojis } from "../emoji/data.js";

/**
 * Fetch what is needed without a connection and was not needed before, so that messages can be edited, reactions chosen and
 * channels described offline. Changes are sent without a further request when the connection is back.
 *
 * @param {() => Promise<unknown>} panel makes the right panel, with its style sheet
 */
export async function fetchOfflineKit(panel) {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  if (connection?.saveData) return;
  await Promise.all([
    import("../../client/apply-change.js"),
    import("../compose/message-editor.js"),
    import("../panel/settings.js"),
    panel(),
    import("../sidebar/row-menu.js"),
    loadEmojis(),
  ]);
  performance.mark("offline-kit"); // for those who measure when the page can do without a connection
}
