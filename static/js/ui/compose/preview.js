/** @import {Field} from "./writing.js" */

import { ApiError } from "../../client/api.js";
import { enrich } from "../conversation/message.js";
import { explain, toast } from "../lib/toast.js";
import { setMessageHtml } from "../lib/trusted-html.js";

/** Shows a text as the message that it will be, in place of the field. */
export class Preview {
  #asked = 0;

  /** @param {Field} field */
  constructor(field) {
    this.field = field;
    this.slots = field.slots;
  }

  get isShown() {
    return !this.slots.preview.hidden;
  }

  async toggle() {
    if (this.isShown) this.close({ focus: true });
    else if (this.field.input.value.trim()) await this.#open();
  }

  /** @param {{focus?: boolean}} [options] whether the field gets the focus */
  close({ focus = false } = {}) {
    this.#asked += 1;
    if (this.isShown) this.#show(false);
    if (focus) this.field.focus();
  }

  /** The server renders the preview as it will render the message, because only its HTML may be inserted. */
  async #open() {
    const { app, conversation, input } = this.field;
    const asked = (this.#asked += 1);
    try {
      const { html } = await app.client.api.post(`conversations/${conversation}/preview`, { text: input.value.trimEnd() });
      if (asked !== this.#asked) return;
      setMessageHtml(this.slots.preview, html);
      enrich(app, this.slots.preview);
      this.#show(true);
      this.slots.preview.focus();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(explain(error));
    }
  }

  /** @param {boolean} shown */
  #show(shown) {
    this.slots.preview.hidden = !shown;
    this.field.input.hidden = shown;
    this.slots["preview-button"].setAttribute("aria-pressed", String(shown));
  }
}
