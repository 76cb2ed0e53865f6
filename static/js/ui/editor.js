/** @import {App} from "./app.js" */
/** @import {MessageNode} from "./message.js" */

import { ApiError } from "../client/api.js";
import { Completion } from "./completion.js";
import { fitHeight, growWithText, sends } from "./composer.js";
import { clone } from "./dom.js";
import { explain } from "./toast.js";

/**
 * Edit a message where it stands. Escape gives up, Enter saves; a refusal is shown and the text stays.
 *
 * @param {App} app
 * @param {MessageNode} node
 */
export function editMessage(app, node) {
  const message = node.row?.message;
  if (!message || node.root.querySelector(".editor")) return;
  const { root, slots } = clone("editor");
  const prose = node.slots.prose;
  const close = () => {
    root.remove();
    prose.hidden = false;
    node.root.focus({ preventScroll: true });
  };
  const completion = new Completion(app, slots.input, root, () => message.conversation);
  slots.input.value = message.text;
  slots.cancel.addEventListener("click", close);
  slots.input.addEventListener("input", () => fitHeight(slots.input));
  slots.input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation(); // these keys are text, not shortcuts of the message around
    if (completion.onKey(event)) return;
    if (event.key === "Escape") close();
    else if (sends(event)) {
      event.preventDefault();
      root.requestSubmit();
    }
  });
  root.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = slots.input.value.trimEnd();
    if (!text.trim()) return;
    slots.save.disabled = true;
    try {
      if (text !== message.text) await app.client.edit(message, text);
      close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      slots.error.textContent = explain(error);
      slots.error.hidden = false;
      slots.save.disabled = false;
    }
  });
  prose.hidden = true;
  prose.after(root);
  growWithText(slots.input);
  fitHeight(slots.input);
  slots.input.focus();
  slots.input.setSelectionRange(message.text.length, message.text.length);
  root.scrollIntoView({ block: "nearest" });
}
