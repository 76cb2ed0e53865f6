/** @import {FirstSteps} from "../welcome/first-steps.js" */
/** @import {App} from "./app.js" */

import { DeliveryTicks } from "../conversation/delivery-ticks.js";
import { RefusedChanges } from "../conversation/refused-changes.js";
import { Absence } from "./absence.js";
import { Announcer } from "./announcer.js";
import { AskNotifications } from "./ask-notifications.js";
import { Badge } from "./badge.js";
import { watchIdleness } from "./idle.js";
import { Desk, Warnings } from "./moderation.js";
import { Notifications } from "./notifications.js";
import { watchOtherOrganizations } from "./other-organizations.js";
import { Statuses } from "./statuses.js";
import { Tabs } from "./tabs.js";

/** The parts that work in the background: title, notifications, other tabs, announcements, idleness, statuses, other organizations. */
export class Background {
  /** @type {FirstSteps | undefined} */
  #firstSteps;
  /** @type {string | undefined} */
  #conversation;

  /** @param {App} app */
  constructor(app) {
    this.tabs = new Tabs(app);
    this.badge = new Badge(app);
    this.announcer = new Announcer(app);
    this.refused = new RefusedChanges(app);
    this.ticks = new DeliveryTicks(app);
    new Absence(app);
    new AskNotifications(app);
    new Notifications(app, this.tabs);
    new Warnings(app);
    new Desk(app);
    watchIdleness(app);
    watchOtherOrganizations(app);
    fitKeyboard();
    new Statuses(app);
    void this.#showFirstSteps(app);
  }

  /** @param {App} app */
  async #showFirstSteps(app) {
    const { start = "done" } = app.store.members.get(app.store.me)?.preferences ?? {};
    if (start === "done") return;
    const { FirstSteps } = await import("../welcome/first-steps.js");
    this.#firstSteps = new FirstSteps(app);
    this.#firstSteps.setConversation(this.#conversation);
  }

  /** @param {string | undefined} conversation the one that is open now */
  setConversation(conversation) {
    this.tabs.setConversation(conversation);
    this.badge.setConversation(conversation);
    this.announcer.setConversation(conversation);
    this.refused.setConversation(conversation);
    this.ticks.setConversation(conversation);
    this.#conversation = conversation;
    this.#firstSteps?.setConversation(conversation);
  }
}

/** Make the page smaller where the keyboard of a phone covers it instead. */
function fitKeyboard() {
  const { visualViewport: seen } = window;
  if (!seen || CSS.supports("interactive-widget", "resizes-content")) return;
  seen.addEventListener("resize", () => {
    const covered = innerHeight - seen.height > 1 && seen.scale === 1;
    document.documentElement.style.setProperty("--app-height", covered ? `${seen.height}px` : "100dvh");
  });
}
