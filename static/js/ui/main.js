/** @import {App} from "./app.js" */
/** @import {Route} from "./router.js" */
/** @import {Conversation} from "../client/types.js" */

import { ApiError } from "../client/api.js";
import { Client } from "../client/client.js";
import { cookie, openSocket, readConfig } from "./app.js";
import { ConversationView } from "./conversation.js";
import { byId, isWriting, once } from "./dom.js";
import { conversationTitle, isChannel } from "./names.js";
import { Router } from "./router.js";
import { Sidebar } from "./sidebar.js";
import { Announcer, ConnectionLine, showTitle } from "./status.js";
import { THEME, applyTheme } from "./theme.js";

const RETRY = 5_000; // milliseconds between two attempts to load a page that never came up
const VIEWS = ["state-loading", "state-home", "state-missing", "state-failed", "conversation", "search"];

/** The page as a whole: makes the parts, and shows what the address says. */
class Page {
  /** @type {string | undefined} */
  #place;
  #isPublic = false;
  #hasThread = false; // whether one has been opened
  #turn = 0;

  constructor() {
    const config = readConfig();
    const client = new Client({
      base: `${config.root}api/v1/`,
      me: config.member,
      csrfToken: () => cookie(config.csrfCookie),
      storage: localStorage,
      tabStorage: sessionStorage,
      open: (query) => openSocket(`${config.root}ws/v1/`, query),
      label: browserName(),
      locks: navigator.locks,
      beacon: (url, body) => navigator.sendBeacon(url, body),
      isVisible: () => document.visibilityState === "visible",
      isOnline: () => navigator.onLine,
    });
    /** @type {App} */
    this.app = { client, store: client.store, router: new Router(config.root), config };
    this.lastPlace = `parley:last:${config.member}`;
    this.sidebar = new Sidebar(this.app);
    this.conversation = new ConversationView(this.app, { openSettings: async (conversation) => (await this.settings()).open(conversation) });
    // What nobody sees at first is fetched when the page has come up, or when it is asked for before that.
    this.menus = once(async () => new (await import("./account.js")).Menus(this.app));
    this.thread = once(async () => new (await import("./thread.js")).Thread(this.app));
    this.search = once(async () => new (await import("./search.js")).Search(this.app));
    this.settings = once(async () => new (await import("./settings.js")).Settings(this.app));
    this.create = once(async () => (await import("./channels.js")).wireCreateChannel(this.app));
    this.browse = once(async () => (await import("./channels.js")).wireBrowseChannels(this.app, async () => (await this.create())()));
    this.direct = once(async () => (await import("./direct.js")).wireStartDirect(this.app));
    new ConnectionLine(this.app);
    this.announcer = new Announcer(this.app);
    this.#wire();
  }

  async start() {
    try {
      await this.app.client.start();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) location.reload(); // Django sends to the sign-in page and back
      this.#show("state-failed");
      setTimeout(() => void this.start(), RETRY);
      return;
    }
    this.app.router.onRoute = (route) => void this.#go(route);
    this.app.router.start();
    const later = [this.conversation.wireActions, this.menus, this.thread, this.search, this.settings, this.create, this.browse, this.direct];
    (globalThis.requestIdleCallback ?? setTimeout)(() => later.forEach((load) => load().catch(() => {}))); // asked for again when needed
  }

  get #isNarrow() {
    return matchMedia("(max-width: 47.99rem)").matches;
  }

  #wire() {
    const { client, router, config } = this.app;
    client.focus = () => {
      const { conversation, thread } = router.route;
      return conversation && this.app.store.conversations.has(conversation)
        ? { conversation, range: this.conversation.history.range, thread: thread ?? null }
        : null;
    };
    client.store.observe((changes) => {
      if (changes.conversations.size || changes.participants.size) this.#onConversations();
    });
    const may = (/** @type {string} */ right) => config.rights.includes(right);
    for (const id of ["browse-button", "browse-row"]) {
      byId(id).hidden = !may("browse");
      byId(id).addEventListener("click", async () => (await this.browse())());
    }
    byId("create-channel-button").hidden = !may("create_channels");
    byId("create-channel-button").addEventListener("click", async () => (await this.create())());
    for (const id of ["compose-button", "direct-button"]) byId(id).addEventListener("click", async () => (await this.direct())());
    byId("organization-button").addEventListener("click", async () => (await this.menus()).openOrganizations());
    byId("me-button").addEventListener("click", async () => (await this.menus()).openMine());
    window.addEventListener("storage", (event) => event.key === THEME && applyTheme());
    document.addEventListener("click", (event) => void this.#onAction(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    this.#wireLife();
  }

  /** Where the browser tells what becomes of the page and of the network. */
  #wireLife() {
    const { client } = this.app;
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && client.wake());
    document.addEventListener("resume", () => client.wake());
    window.addEventListener("online", () => client.wake());
    window.addEventListener("offline", () => client.lose());
    window.addEventListener("pagehide", (event) => client.suspend(!event.persisted)); // else it may come back from the cache
    window.addEventListener("pageshow", (event) => event.persisted && void client.resume());
  }

  /** @param {Route} route */
  async #go(route) {
    const turn = (this.#turn += 1);
    byId("shell").dataset.view = route.name;
    this.sidebar.setCurrent(route.conversation);
    if (route.name !== "conversation") {
      this.conversation.close();
      void this.#openThread(undefined);
    }
    this.#setPlace(undefined);
    if (route.name === "home") this.#goHome();
    else if (route.name === "search") {
      this.#show("search");
      await (await this.search()).open(route);
    } else await this.#goToConversation(route, turn);
  }

  /** On a wide screen home is the conversation where one was last; a phone shows the list. */
  #goHome() {
    const { store, router } = this.app;
    const own = [...store.conversations.values()].filter((one) => store.ownSeat(one.id) && !one.archived_at);
    const last = own.find((one) => one.id === localStorage.getItem(this.lastPlace));
    const first = last ?? own.find((one) => one.name === "general") ?? own.find(isChannel) ?? own[0];
    if (first && !this.#isNarrow) router.go(router.path(first.id), { replace: true });
    else this.#show("state-home");
  }

  /** @param {Route} route @param {number} turn */
  async #goToConversation(route, turn) {
    const id = route.conversation ?? "";
    try {
      const conversation = this.app.store.conversations.get(id) ?? (await this.app.client.loadConversation(id));
      if (turn !== this.#turn) return;
      this.#show("conversation");
      this.#setPlace(conversation);
      localStorage.setItem(this.lastPlace, id);
      await Promise.all([this.conversation.open(this.app.store.conversations.get(id) ?? conversation, route.seq), this.#openThread(route.thread)]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn !== this.#turn) return;
      this.#show(error.passing ? "state-failed" : "state-missing");
      if (error.passing) setTimeout(() => turn === this.#turn && void this.#go(this.app.router.route), RETRY);
    }
  }

  /** @param {string | undefined} id of the root, or of a reply; undefined closes it */
  async #openThread(id) {
    if (!id && !this.#hasThread) return;
    this.#hasThread = true;
    await (await this.thread()).open(id);
  }

  /** @param {string} view */
  #show(view) {
    for (const id of VIEWS) byId(id).hidden = id !== view;
  }

  /** @param {Conversation | {id: string} | undefined} conversation */
  #setPlace(conversation) {
    this.#place = conversation?.id;
    this.#isPublic = conversation !== undefined && "kind" in conversation && conversation.kind === "public";
    this.announcer.setPlace(this.#place);
    this.#showTitle();
  }

  #showTitle() {
    const conversation = this.app.store.conversations.get(this.#place ?? "");
    showTitle(this.app, conversation && conversationTitle(this.app.store, conversation));
  }

  /** Where one is may be gone: one was removed from it. A public channel can still be looked at. */
  #onConversations() {
    this.#showTitle();
    if (!this.#place || this.app.store.conversations.has(this.#place)) return;
    if (this.#isPublic) void this.#go(this.app.router.route);
    else this.#show("state-missing");
  }

  /** @param {MouseEvent} event buttons of the empty states */
  async #onAction(event) {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest(".state [data-action]"));
    if (button?.dataset.action === "browse") (await this.browse())();
    if (button?.dataset.action === "direct") (await this.direct())();
    if (button?.dataset.action === "retry") location.reload();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      event.preventDefault();
      byId("sidebar-search").elements.namedItem("q").focus();
    }
    if (event.key === "Escape" && this.#place) this.conversation.composer.focus();
  }
}

/** What the list of one's devices calls this one. */
function browserName() {
  const [, name] = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(navigator.userAgent.replace(/Chrome(?=.*(Edg|OPR))/, "")) ?? [];
  return { Edg: "Edge", OPR: "Opera" }[name] ?? name ?? "";
}

applyTheme();
void new Page().start();
