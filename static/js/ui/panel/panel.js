/** @import {App} from "../shell/app.js" */
/** @import {Route} from "../shell/router.js" */
/** @import {Conversation} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { byId, everyFrame, once, setText } from "../lib/dom.js";
import { isChannel } from "../lib/names.js";
import { steady } from "../lib/steady.js";
import { explain, toast } from "../lib/toast.js";
import { frameOf } from "./frame.js";

/** @typedef {import("./frame.js").Frame} Frame */

/**
 * What the panel is about. Contents that need a conversation are shown beside an open one alone.
 *
 * @typedef {object} Subject
 * @property {Conversation | undefined} conversation the open one
 * @property {string} of id of a member or a message
 * @property {string} find words that are searched for
 */

/**
 * @typedef {object} Content
 * @property {HTMLElement} element
 * @property {boolean} [anywhere] whether it needs no conversation
 * @property {(subject: Subject) => {title: string, subtitle?: string}} titles
 * @property {(subject: Subject) => Promise<unknown> | void} open shows the subject; throws ApiError
 * @property {() => void} [render] shows what has changed in the store
 * @property {() => HTMLElement | undefined} [field] the field that gets the focus, if it is not the heading
 */

/** @type {Record<string, () => Promise<{make: (app: App, name: string) => Content}>>} */
const CONTENTS = {
  about: () => import("./about.js"),
  people: () => import("./people.js"),
  pinned: () => import("./pinned.js"),
  search: () => import("./search.js"),
  settings: () => import("./settings.js"),
  profile: () => import("./profile.js"),
  ...Object.fromEntries(["receipts", "reactions", "revisions", "original"].map((name) => [name, () => import("./message-details.js")])),
};
const TABS = ["about", "people", "pinned", "search", "settings"];

/** @param {App} app */
export async function makePanel(app) {
  return new Panel(app, await frameOf(app));
}

/** The page of the right panel that holds everything except threads. The address names its content. */
class Panel {
  /** @type {Map<string, () => Promise<Content>>} */
  #made = new Map();
  /** @type {Content | null} */
  #content = null;
  #key = "";
  #turn = 0;

  /** @param {App} app @param {Frame} frame */
  constructor(app, frame) {
    this.app = app;
    this.frame = frame;
    /** @type {HTMLElement} */
    this.page = byId("panel-page");
    /** @type {HTMLElement} */
    this.body = byId("panel-body");
    const render = everyFrame(steady(() => this.#render()));
    app.store.observe(render);
    app.client.signals.observe(render);
  }

  /** @param {Route} route */
  async open(route) {
    const turn = (this.#turn += 1);
    const make = this.#maker(route.panel ?? "");
    if (!make) return this.#hide();
    try {
      const content = await make();
      if (turn !== this.#turn) return;
      const subject = this.#subject;
      if (!subject.conversation && !content.anywhere) this.#hide();
      else await this.#show(content, subject, turn);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn !== this.#turn) return;
      toast(explain(error));
      if (!error.passing) this.frame.close();
    }
  }

  /** @param {string} name */
  #maker(name) {
    if (!Object.hasOwn(CONTENTS, name)) return undefined;
    const load = this.#made.get(name) ?? once(async () => (await /** @type {any} */ (CONTENTS)[name]()).make(this.app, name));
    this.#made.set(name, load);
    return load;
  }

  /** @returns {Subject} */
  get #subject() {
    const { route } = this.app.router;
    const conversation = this.app.store.conversations.get(route.conversation ?? "");
    return { conversation, of: route.of ?? "", find: route.query.get("find") ?? "" };
  }

  /** @param {Content} content @param {Subject} subject @param {number} turn */
  async #show(content, subject, turn) {
    const key = `${this.app.router.route.panel} ${subject.conversation?.id} ${subject.of}`;
    const isOther = key !== this.#key || this.page.hidden;
    this.#content = content;
    this.#key = key;
    if (isOther) this.body.replaceChildren(content.element);
    const opening = content.open(subject);
    this.#showHead();
    this.frame.show(this.page);
    if (isOther) this.frame.focus(content.field?.() ?? byId("panel-title"));
    this.#markButtons();
    await opening;
    if (turn === this.#turn) this.#showHead();
  }

  #hide() {
    if (this.page.hidden) return;
    this.#content = null;
    this.#key = "";
    this.frame.hide(this.page);
    this.body.replaceChildren();
    this.#markButtons();
  }

  #render() {
    if (!this.#content) return;
    if (!this.#subject.conversation && !this.#content.anywhere) return this.#hide();
    this.#content.render?.();
    this.#showHead();
  }

  #showHead() {
    const subject = this.#subject;
    const { title, subtitle = "" } = this.#content?.titles(subject) ?? { title: "" };
    setText(byId("panel-heading"), title);
    setText(byId("panel-subtitle"), subtitle);
    this.#showTabs(subject.conversation);
  }

  /** @param {Conversation | undefined} conversation */
  #showTabs(conversation) {
    const { router, store } = this.app;
    const current = router.route.panel ?? "";
    byId("panel-tabs").hidden = !conversation || !TABS.includes(current);
    if (!conversation) return;
    for (const tab of byId("panel-tabs").querySelectorAll("a")) {
      const name = tab.dataset.panel;
      const isOffered = { people: conversation.kind !== "direct", settings: store.ownParticipant(conversation.id) !== undefined };
      tab.hidden = isOffered[/** @type {keyof typeof isOffered} */ (name)] === false;
      tab.href = router.panelPath({ panel: name });
      if (name === current) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
  }

  /** Show on the buttons of the header which content is open. */
  #markButtons() {
    const open = this.#content ? this.app.router.route.panel : undefined;
    for (const button of document.querySelectorAll("#conversation [data-panel]")) {
      button.setAttribute("aria-expanded", String(button.getAttribute("data-panel") === open));
    }
  }
}

/** @param {Conversation | undefined} conversation @returns {boolean} */
export const isOpenChannel = (conversation) => conversation !== undefined && isChannel(conversation) && !conversation.archived_at;
