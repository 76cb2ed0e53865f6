/** @import {App} from "../shell/app.js" */
/** @import {Step} from "./start.js" */

import { Checklist } from "./checklist.js";
import { startOf, stepsOf } from "./start.js";
import { Welcome } from "./welcome.js";

/** Shows a new member the first steps, then what is left of them. Loaded for members who have not finished them. */
export class FirstSteps {
  /** @param {App} app */
  constructor(app) {
    const welcome = new Welcome(app);
    this.checklist = new Checklist(app, (/** @type {Step} */ step) => welcome.openStep(step));
    if (stepsOf(app).some((step) => step === startOf(app))) welcome.resume();
  }

  /** @param {string | undefined} conversation the one that is open */
  setConversation(conversation) {
    this.checklist.setConversation(conversation);
  }
}
