/**
 * The parts of the page that are not visible at first. They are one file, which is fetched when the page is idle, or when one
 * of them is needed before that. All other scripts that are imported later find them loaded (config/bundles.py).
 */
export { Writing } from "../compose/writing.js";
export { MessageActions } from "../conversation/message-actions.js";
export { makeThread } from "../conversation/thread.js";
export { Extras } from "../sidebar/extras.js";
export { Inbox } from "../views/inbox.js";
export { People } from "../views/people.js";
export { Search } from "../views/search.js";
export { Background } from "./background.js";
export { commandsOf } from "./commands.js";
