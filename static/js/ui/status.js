/** @import {App} from "./app.js" */
/** @import {Status} from "../client/stream.js" */
/** @import {Changes} from "../client/store.js" */

import { byId, setText } from "./dom.js";
import { gettext, interpolate, ngettext } from "./i18n.js";
import { excerpt } from "./message.js";
import { conversationTitle, memberName } from "./names.js";

const PATIENCE = 2_000; // milliseconds before a lost connection is mentioned: most come back by themselves
const PROMPT = 500; // the same for catching up, which is over in a moment or worth saying
const QUIET = 3_000; // milliseconds between two announcements to a screen reader

/** What is said about the connection: nothing while it is good, a slim line when it is not. */
export class ConnectionLine {
  #timer = 0;

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
    else if (!line.hidden) this.#show(status); // one sentence takes the place of the other
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
    } else if (status === "gone") {
      line.replaceChildren(gettext("You are no longer a member here."), " ", link("/", gettext("To your organizations")));
    } else setText(line, sentence(status));
  }
}

/** @param {Status} status */
function sentence(status) {
  if (status === "offline") return gettext("No connection. What you write is kept and sent when it is back.");
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

/** The number of unread messages in the title of the window. @param {App} app @param {string} [place] */
export function showTitle(app, place) {
  const { store } = app;
  const open = [...store.conversations.keys()].filter((id) => !store.ownSeat(id)?.muted);
  const unread = open.reduce((sum, id) => sum + store.unread(id), 0);
  const title = [place, app.store.organization?.name ?? app.config.organization, "Parley"].filter(Boolean).join(" · ");
  document.title = unread > 0 ? `(${unread}) ${title}` : title;
}

/** Reads new messages of the open conversation to who cannot see them; many at once become one sentence. */
export class Announcer {
  /** @type {string[]} message ids */
  #waiting = [];
  #timer = 0;
  /** @type {string | undefined} the open conversation */
  #place;
  #seen = 0; // the seq of its newest message that is no news: paging in what is older must not be announced

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    app.store.observe((changes) => this.#onChanges(changes));
  }

  /** @param {string | undefined} conversation the one that is open now */
  setPlace(conversation) {
    if (conversation === this.#place) return;
    this.#place = conversation;
    this.#seen = this.app.store.conversations.get(conversation ?? "")?.last_seq ?? 0;
    this.#waiting = [];
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    for (const id of changes.messages) {
      const message = this.app.store.messages.get(id);
      if (!message || message.conversation !== this.#place || message.seq <= this.#seen) continue;
      this.#seen = Math.max(this.#seen, message.seq);
      if (message.author !== this.app.store.me) this.#waiting.push(message.id);
    }
    if (this.#waiting.length && !this.#timer) this.#timer = setTimeout(() => this.#speak(), QUIET / 3);
  }

  #speak() {
    const messages = this.#waiting.map((id) => this.app.store.messages.get(id)).filter((message) => message !== undefined);
    this.#waiting = [];
    setText(byId("announcer"), messages.length > 1 ? this.#summary(messages.length) : this.#sentence(messages[0]));
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#waiting.length) this.#speak();
    }, QUIET);
  }

  /** @param {number} count */
  #summary(count) {
    const conversation = this.app.store.conversations.get(this.#place ?? "");
    const name = conversation ? conversationTitle(this.app.store, conversation) : "";
    return interpolate(ngettext("%(count)s new message in %(name)s", "%(count)s new messages in %(name)s", count), { count, name });
  }

  /** @param {import("../client/types.js").Message | undefined} message */
  #sentence(message) {
    return message ? `${memberName(this.app.store, message.author)}: ${excerpt(message.text)}` : "";
  }
}
