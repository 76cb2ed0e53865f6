/** @import {App} from "./app.js" */

import { Announcer } from "./announcer.js";
import { Badge } from "./badge.js";
import { watchIdleness } from "./idle.js";
import { Desk, Warnings } from "./moderation.js";
import { Notifications } from "./notifications.js";
import { watchElsewhere } from "./other-organizations.js";
import { Tabs } from "./tabs.js";

/** What goes on beside what is looked at: the title, notifications, the other tabs, announcements, being away, other organizations. */
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
    watchElsewhere(app);
    fitKeyboard();
  }

  /** @param {string | undefined} conversation the one that is open now */
  setPlace(conversation) {
    this.tabs.setPlace(conversation);
    this.badge.setPlace(conversation);
    this.announcer.setPlace(conversation);
  }
}

/** Where the keyboard of a phone lies over the page instead of making it smaller. */
function fitKeyboard() {
  const { visualViewport: seen } = window;
  if (!seen || CSS.supports("interactive-widget", "resizes-content")) return;
  seen.addEventListener("resize", () => {
    const covered = innerHeight - seen.height > 1 && seen.scale === 1;
    document.documentElement.style.setProperty("--app-height", covered ? `${seen.height}px` : "100dvh");
  });
}
