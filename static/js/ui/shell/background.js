/** @import {App} from "./app.js" */

import { Announcer } from "./announcer.js";
import { Badge } from "./badge.js";
import { watchIdleness } from "./idle.js";
import { Desk, Warnings } from "./moderation.js";
import { Notifications } from "./notifications.js";
import { watchOtherOrganizations } from "./other-organizations.js";
import { Statuses } from "./statuses.js";
import { Tabs } from "./tabs.js";

/** The parts that work in the background: title, notifications, other tabs, announcements, idleness, statuses, other organizations. */
export class Background {
  /** @param {App} app */
  constructor(app) {
    this.tabs = new Tabs(app);
    this.badge = new Badge(app);
    this.announcer = new Announcer(app);
    new Notifications(app, this.tabs);
    new Warnings(app);
    new Desk(app);
    watchIdleness(app);
    watchOtherOrganizations(app);
    fitKeyboard();
    new Statuses(app);
  }

  /** @param {string | undefined} conversation the one that is open now */
  setConversation(conversation) {
    this.tabs.setConversation(conversation);
    this.badge.setConversation(conversation);
    this.announcer.setConversation(conversation);
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
