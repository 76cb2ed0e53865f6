/** @import {App} from "./app.js" */
/** @import {Route} from "./router.js" */
/** @import {Conversation} from "../../client/types.js" */

import { ApiError } from "../../client/api.js";
import { Client } from "../../client/client.js";
import { beginLeaving, closable, hasLeft, stay } from "../../client/device.js";
import { ConversationView } from "../conversation/conversation-view.js";
import { byId, isWriting, once } from "../lib/dom.js";
import { guardKeys, isComposing } from "../lib/keys.js";
import { isChannel, showNames } from "../lib/names.js";
import { explain, toast } from "../lib/toast.js";
import { Sidebar } from "../sidebar/sidebar.js";
import { cookie, openSocket, readConfig } from "./app.js";
import { applyPreferences } from "./appearance.js";
import { ConnectionLine } from "./connection-line.js";
import { watchDay } from "./midnight.js";
import { recentConversations, rememberConversation } from "./recent-conversations.js";
import { Router } from "./router.js";
import { COMMANDS, chordOf, isTyped } from "./shortcuts.js";

const RETRY = 5_000; // milliseconds between two attempts to load the page
const VIEWS = ["state-loading", "state-home", "state-missing", "state-failed", "conversation", "search", "mentions", "people"];

/** The page as a whole. It creates the parts and shows what the address names. */
class Page {
  #storage = closable(localStorage);
  /** @type {string | undefined} */
  #openId;
  #isPublic = false;
  #isUp = false; // the page has rendered, and the browser is idle
  #hasThread = false; // whether a thread has been opened
  #turn = 0;

  constructor() {
    const config = readConfig();
    const client = new Client({
      base: `${config.root}api/v1/`,
      me: config.member,
      csrfToken: () => cookie(config.csrfCookie),
      storage: this.#storage,
      tabStorage: sessionStorage,
      open: (query) => openSocket(`${config.root}ws/v1/`, query),
      label: browserName(),
      locks: navigator.locks,
      beacon: (url, body) => navigator.sendBeacon(url, body),
      isVisible: () => document.visibilityState === "visible",
      isOnline: () => navigator.onLine,
    });
    /** @type {App} */
    this.app = {
      client,
      store: client.store,
      router: new Router(config.root),
      config,
      run: (command, argument) => this.#run(command, argument),
    };
    this.sidebar = new Sidebar(this.app);
    this.conversation = new ConversationView(this.app, { openSettings: (conversation) => void this.app.run("settings", conversation) });
    // Parts that are not visible at first are fetched when the page is up, or when they are needed before that.
    this.commands = once(async () => (await import("./commands.js")).commandsOf(this));
    this.background = once(async () => new (await import("./background.js")).Background(this.app));
    this.thread = once(async () => new (await import("../conversation/thread.js")).Thread(this.app));
    this.views = {
      search: once(async () => new (await import("../views/search.js")).Search(this.app)),
      mentions: once(async () => new (await import("../views/mentions.js")).Mentions(this.app)),
      people: once(async () => new (await import("../views/people.js")).People(this.app)),
    };
    new ConnectionLine(this.app);
    watchDay();
    this.#wire();
  }

  async start() {
    try {
      await this.app.client.start();
      for (const storage of [localStorage, sessionStorage]) stay(storage);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) location.reload(); // Django sends to the sign-in page and back
      this.#show("state-failed");
      setTimeout(() => void this.start(), RETRY);
      return;
    }
    this.app.router.onRoute = (route) => void this.#go(route);
    this.app.router.start();
    const later = [this.conversation.wireActions, this.thread, this.commands, ...Object.values(this.views)];
    (globalThis.requestIdleCallback ?? setTimeout)(() => {
      this.#isUp = true;
      void this.#loadBackground();
      later.forEach((load) => load().catch(() => {})); // fetched again when needed
    });
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
      if (changes.members.size || changes.conversations.size) {
        showNames(client.store, document, (id) => changes.members.has(id) || changes.conversations.has(id));
      }
      if (changes.conversations.size || changes.participants.size) this.#onConversations();
      if (changes.members.has(config.member)) applyPreferences(client.store.members.get(config.member)?.preferences);
    });
    guardKeys();
    document.addEventListener("click", (event) => this.#onClick(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    this.#wirePageEvents();
  }

  /** React to events of the page and of the network. */
  #wirePageEvents() {
    const { client } = this.app;
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && client.wake());
    document.addEventListener("resume", () => client.wake());
    window.addEventListener("storage", (event) => {
      client.edits.hear(event.key, event.newValue);
      if (hasLeft(event)) this.#leave();
    });
    byId("sign-out").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      (await import("./sign-out.js")).signOut(byId("sign-out"));
    });
    window.addEventListener("online", () => client.wake());
    window.addEventListener("offline", () => client.lose());
    window.addEventListener("pagehide", (event) => client.suspend(!event.persisted)); // if it is persisted, it may come back from the cache
    window.addEventListener("pageshow", (event) => event.persisted && void client.resume());
  }

  /** The member signed out in another tab, and what this browser kept is removed: do not write it again. */
  #leave() {
    this.#storage.close();
    beginLeaving(sessionStorage); // only the next page of this tab can remove the tab's own storage
    location.reload();
  }

  /** @param {Route} route */
  async #go(route) {
    const turn = (this.#turn += 1);
    byId("shell").dataset.view = route.name;
    this.sidebar.setCurrent(route.conversation);
    this.sidebar.setView(route.name);
    if (route.name !== "conversation") {
      this.conversation.close();
      void this.#openThread(undefined);
    }
    this.#setOpen(undefined);
    if (route.name === "home") this.#goHome();
    else if (route.name === "conversation") await this.#goToConversation(route, turn);
    else if (route.name !== "elsewhere") await this.#goToView(route, turn);
  }

  /** @param {Route} route @param {number} turn */
  async #goToView(route, turn) {
    const name = /** @type {keyof Page["views"]} */ (route.name);
    this.#show(name);
    if (this.#isUp) void this.#loadBackground(); // which shows the title of the view
    const view = await this.views[name]().catch(() => null); // its script cannot be fetched without a network
    if (turn !== this.#turn) return;
    if (view) await view.open(route);
    else this.#fail(turn);
  }

  /** @param {number} turn show that there is no network, and try the same address again later */
  #fail(turn) {
    this.#show("state-failed");
    setTimeout(() => turn === this.#turn && void this.#go(this.app.router.route), RETRY);
  }

  /** Open the conversation that was open last. On a phone show the list. */
  #goHome() {
    const { store, router } = this.app;
    const own = [...store.conversations.values()].filter((one) => store.ownParticipant(one.id) && !one.archived_at);
    const last = recentConversations(store.me).find((id) => own.some((one) => one.id === id));
    const first = own.find((one) => one.id === last) ?? own.find((one) => one.name === "general") ?? own.find(isChannel) ?? own[0];
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
      this.#setOpen(conversation);
      rememberConversation(this.app.store.me, id);
      await Promise.all([
        this.conversation.open(this.app.store.conversations.get(id) ?? conversation, route.seq),
        this.#openThread(route.thread),
      ]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn !== this.#turn) return;
      if (error.passing) this.#fail(turn);
      else this.#show("state-missing");
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
  #setOpen(conversation) {
    this.#openId = conversation?.id;
    this.#isPublic = conversation !== undefined && "kind" in conversation && conversation.kind === "public";
    if (this.#isUp) void this.#loadBackground();
  }

  async #loadBackground() {
    const background = await this.background().catch(() => null); // fetched again with the next conversation
    background?.setConversation(this.#openId);
  }

  /** The open conversation may be gone, because the member was removed from it. A public channel can still be read. */
  #onConversations() {
    if (!this.#openId || this.app.store.conversations.has(this.#openId)) return;
    if (this.#isPublic) void this.#go(this.app.router.route);
    else this.#show("state-missing");
  }

  /** @param {string} command @param {unknown} argument */
  async #run(command, argument) {
    const commands = await this.commands().catch(() => null);
    if (!commands) return toast(explain(new ApiError(0, {})));
    try {
      await commands[command]?.(argument);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast(explain(error));
    }
  }

  /** @param {MouseEvent} event on an element with a command */
  #onClick({ target }) {
    const button = target instanceof Element ? target.closest("[data-command]") : null;
    if (button instanceof HTMLElement) void this.app.run(button.dataset.command ?? "", button.dataset.argument);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.defaultPrevented || isComposing(event)) return;
    const chord = chordOf(event);
    const command = COMMANDS[chord];
    if (!command || (isTyped(chord) && !isFree(event))) return;
    // This goes through the whole document (6 ms with a long sidebar), so it is checked last: most keys only write.
    if (document.querySelector("dialog[open], [popover].menu:popover-open")) return;
    event.preventDefault();
    void this.app.run(command);
  }
}

/** @param {KeyboardEvent} event @returns {boolean} whether nothing else uses the key; the composer does not use Escape */
function isFree({ key, target }) {
  const at = target instanceof Element ? target : null;
  if (key !== "Escape") return !isWriting(target);
  return !at?.closest("#thread") && (!isWriting(target) || Boolean(at?.closest("#composer-dock")));
}

/** The name of this browser in the member's list of devices. */
function browserName() {
  const [, name = ""] = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(navigator.userAgent.replace(/Chrome(?=.*(Edg|OPR))/, "")) ?? [];
  return { Edg: "Edge", OPR: "Opera" }[name] ?? name;
}

void new Page().start();
