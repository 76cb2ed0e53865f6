/** @import {App} from "./app.js" */

import { byId, clone } from "../lib/dom.js";
import { DESKTOP, isSupported } from "./notifications.js";

const ASKED = "parley:asked-notifications"; // in localStorage: "yes" after the member has answered

/** Asks once, after the first mention, whether the member wants desktop notifications. The browser asks only after that. */
export class AskNotifications {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    app.store.observe((changes) => changes.attention.size && this.#look());
    this.#look();
  }

  #look() {
    const { store } = this.app;
    const container = byId("ask-notifications");
    const canShow = isSupported() && !matchMedia("(pointer: coarse)").matches; // phones show them from installed pages only
    const isOpen = canShow && Notification.permission === "default" && !localStorage.getItem(DESKTOP) && !localStorage.getItem(ASKED);
    if (!isOpen || container.childElementCount) return;
    const isMentioned = [...store.entities.attention.values()].some(
      ({ reason, author, withdrawn_at }) => reason === "mention" && author !== store.me && !withdrawn_at,
    );
    if (isMentioned) container.append(this.#bar(container));
  }

  /** @param {HTMLElement} container */
  #bar(container) {
    const { root, slots } = clone("ask-notifications");
    const close = () => {
      localStorage.setItem(ASKED, "yes");
      container.replaceChildren();
    };
    slots.no.addEventListener("click", close);
    slots.yes.addEventListener("click", async () => {
      close();
      localStorage.setItem(DESKTOP, (await Notification.requestPermission()) === "granted" ? "on" : "off");
    });
    return root;
  }
}
