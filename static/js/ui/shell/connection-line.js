/** @import {App} from "./app.js" */
/** @import {Status} from "../../client/stream.js" */

import { byId, setText } from "../lib/dom.js";
import { gettext } from "../lib/i18n.js";

const PATIENCE = 2_000; // milliseconds before a lost connection is shown: most come back within this time
const PROMPT = 500; // milliseconds before a resync is shown

/** A line that shows the state of the connection. It is hidden while the connection is good. */
export class ConnectionLine {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app */
  constructor(app) {
    app.client.stream.observe((status) => this.#onStatus(status));
  }

  /** @param {Status} status */
  #onStatus(status) {
    clearTimeout(this.#timer);
    const line = byId("connection");
    line.dataset.status = status;
    if (status === "live") line.hidden = true;
    else if (!line.hidden)
      this.#show(status); // replace one sentence by the other at once
    else this.#timer = setTimeout(() => this.#show(status), status === "resyncing" ? PROMPT : PATIENCE);
  }

  /** @param {Status} status */
  #show(status) {
    const line = byId("connection");
    line.hidden = false;
    line.classList.toggle("is-quiet", status === "connecting" || status === "polling" || status === "resyncing");
    if (status === "signed-out") {
      const to = `/accounts/login/?${new URLSearchParams({ next: location.pathname })}`;
      line.replaceChildren(gettext("You are signed out. What you wrote is kept."), " ", link(to, gettext("Sign in again")));
    } else if (status === "portal") {
      // The portal shows its page at the address of the server.
      const page = Object.assign(link("/", gettext("Open its page")), { target: "_blank", rel: "noopener" });
      line.replaceChildren(gettext("This network asks you to sign in first. What you write is kept and sent later."), " ", page);
    } else if (status === "gone") {
      line.replaceChildren(gettext("You are no longer a member here."), " ", link("/", gettext("To your organizations")));
    } else setText(line, sentence(status));
  }
}

/** @param {Status} status */
function sentence(status) {
  if (status === "offline") return gettext("No connection. What you write is sent later.");
  if (status === "polling") return gettext("No live updates. Messages come with a delay.");
  return status === "connecting" ? gettext("Reconnecting…") : gettext("Catching up…");
}

/** @param {string} href @param {string} text */
function link(href, text) {
  const element = document.createElement("a");
  element.href = href;
  element.textContent = text;
  return element;
}
