/** @import {ApiError} from "../../client/api.js" */
/** @import {App} from "../shell/app.js" */

import { clone, setText } from "./dom.js";
import { explain } from "./toast.js";

/** A line that says why something could not be loaded, with a button. When the connection is back, it is loaded by itself. */
export class LoadFailure {
  /** @param {App} app @param {HTMLElement} before the line comes after this element @param {() => unknown} again */
  constructor(app, before, again) {
    const { root, slots } = clone("load-failure");
    this.root = root;
    this.text = slots.text;
    before.after(root);
    slots.again.addEventListener("click", () => void again());
    app.client.stream.observe((status) => {
      if (!root.hidden && root.checkVisibility() && (status === "live" || status === "polling")) void again();
    });
  }

  /** @param {ApiError} error */
  show(error) {
    setText(this.text, explain(error));
    this.root.hidden = false;
  }

  hide() {
    this.root.hidden = true;
  }
}
