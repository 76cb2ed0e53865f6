/** @import {App} from "./app.js" */
/** @import {Changes} from "../../client/store.js" */
/** @import {Message} from "../../client/types.js" */
/** @import {Tabs} from "./tabs.js" */

import { serverClock } from "../../client/clock.js";
import { excerpt } from "../conversation/message.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { isWorthTelling } from "../lib/levels.js";
import { conversationTitle, isChannel, memberName } from "../lib/names.js";

export const DESKTOP = "parley:notifications"; // in localStorage: "on" after the member allowed them here
export const SOUND = "parley:sound"; // the same for the sound
const FRESH = 120_000; // milliseconds; what a sync brings after hours is shown as unread, not announced one by one
const UNKNOWN = 3_000; // milliseconds for which the name of an author is waited for
const MANY = 3; // at once; more become one notification a conversation anyway, and beyond this only the title counts

/**
 * What a notification says. It is a view of a message: when that changes, it changes or goes.
 *
 * @typedef {{title: string, body: string}} Words
 */

/** Shows new messages outside the page: as the member asked for each conversation, from one tab only. */
export class Notifications {
  /** @type {Map<string, {message: Message, words: Words, shown: Notification}>} by conversation */
  #open = new Map();
  /** @type {Map<string, number>} by conversation: the seq that was last shown, or was there before */
  #told = new Map();
  /** @type {Set<Message>} whose author is being asked for */
  #waiting = new Set();

  /** @param {App} app @param {Tabs} tabs */
  constructor(app, tabs) {
    this.app = app;
    this.tabs = tabs;
    for (const { id, last_seq } of app.store.conversations.values()) this.#told.set(id, last_seq);
    app.store.observe((changes) => this.#onChanges(changes));
    // No other page can keep them true or close them.
    window.addEventListener("pagehide", () => [...this.#open.keys()].forEach((id) => this.#close(id)));
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    this.#review();
    if (changes.members.size) for (const message of this.#waiting) if (this.app.store.members.has(message.author)) this.#tellNow(message);
    const news = [...changes.messages].map((id) => this.app.store.messages.get(id)).filter((message) => message !== undefined);
    const fresh = news.filter((message) => this.#isNews(message));
    for (const { conversation, seq } of news) this.#told.set(conversation, Math.max(seq, this.#told.get(conversation) ?? 0));
    if (fresh.length === 0 || !this.tabs.isLeader) return;
    for (const message of newestOfEach(fresh).slice(0, MANY)) this.#tell(message);
    if (localStorage.getItem(SOUND) === "on") chime();
  }

  /** Close what no longer holds (deleted, hidden, read, muted, left, archived), and put right what is worded otherwise now. */
  #review() {
    for (const [id, { message, words }] of this.#open) {
      const now = this.app.store.messages.get(message.id) ?? message; // forgotten ones may come back
      const wanted = this.#wordsOf(now);
      if (!wanted) this.#close(id);
      else if (wanted.title !== words.title || wanted.body !== words.body) this.#show(now, wanted, { silent: true });
    }
  }

  /** @param {Message} message */
  #isNews(message) {
    const isNew = message.seq > (this.#told.get(message.conversation) ?? 0) && serverClock.now() - Date.parse(message.created_at) < FRESH;
    return isNew && isWorthTelling(this.app.store, message) && !this.tabs.isRead(message.conversation);
  }

  /** @param {Message} message */
  #tell(message) {
    if (!isSupported() || Notification.permission !== "granted" || localStorage.getItem(DESKTOP) !== "on") return;
    if (this.app.store.members.has(message.author)) return this.#tellNow(message);
    this.#waiting.add(message); // the client asks for people who are spoken of
    setTimeout(() => this.#waiting.has(message) && this.#tellNow(message), UNKNOWN);
  }

  /** @param {Message} message as it came; it may be another by now */
  #tellNow(message) {
    this.#waiting.delete(message);
    const now = this.app.store.messages.get(message.id) ?? message;
    const words = this.#wordsOf(now);
    if (words) this.#show(now, words);
  }

  /** @param {Message} message @returns {Words | null} null where there is nothing to say */
  #wordsOf(message) {
    const { store } = this.app;
    const conversation = store.conversations.get(message.conversation);
    if (!conversation || conversation.archived_at || !isWorthTelling(store, message)) return null;
    const name = memberName(store, message.author);
    const place = { name, place: conversationTitle(store, conversation) };
    return { title: isChannel(conversation) ? interpolate(gettext("%(name)s in %(place)s"), place) : name, body: excerpt(message.html) };
  }

  /** In place of the one of the same conversation. @param {Message} message @param {Words} words @param {{silent?: boolean}} [options] */
  #show(message, words, { silent = false } = {}) {
    const { conversation: id, seq, thread } = message;
    const shown = show(words.title, { body: words.body, tag: id, icon: iconOfPage(), silent });
    if (!shown) return;
    this.#open.set(id, { message, words, shown });
    shown.onclick = () => {
      window.focus();
      this.app.router.go(this.app.router.path(id, seq, thread ?? undefined));
      shown.close();
    };
    shown.onclose = () => this.#open.get(id)?.shown === shown && this.#open.delete(id);
  }

  /** @param {string} id of the conversation */
  #close(id) {
    const known = this.#open.get(id);
    this.#open.delete(id);
    known?.shown.close();
  }
}

export const isSupported = () => "Notification" in globalThis;

/** Two soft tones. */
export function chime() {
  const audio = new AudioContext();
  if (audio.state === "suspended") return void audio.close(); // nobody has touched the page yet: browsers allow no sound
  const volume = audio.createGain();
  volume.connect(audio.destination);
  volume.gain.setValueAtTime(0.06, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.5);
  for (const [index, frequency] of [660, 880].entries()) {
    const tone = audio.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start(audio.currentTime + index * 0.12);
    tone.stop(audio.currentTime + 0.5);
    if (index) tone.onended = () => void audio.close();
  }
}

function iconOfPage() {
  return document.querySelector("link[rel=icon]")?.getAttribute("href") ?? undefined;
}

/** @param {string} title @param {NotificationOptions} options @returns {Notification | null} */
function show(title, options) {
  try {
    return new Notification(title, options);
  } catch {
    return null; // phones show them from a service worker only
  }
}

/** @param {Message[]} messages @returns {Message[]} */
function newestOfEach(messages) {
  return [...new Map(messages.map((message) => [message.conversation, message])).values()];
}
