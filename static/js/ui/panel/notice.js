import { ApiError } from "../../client/api.js";
import { setText } from "../lib/dom.js";
import { explain } from "../lib/toast.js";

/**
 * Run the work of a content of the panel. A refusal is shown in the notice of the content.
 *
 * @param {HTMLElement} notice
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>} whether it succeeded
 */
export async function attemptIn(notice, work) {
  notice.hidden = true;
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setText(notice, explain(error));
    notice.hidden = false;
    return false;
  }
}
