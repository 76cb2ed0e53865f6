/** @import {App} from "./app.js" */
/** @import {Changes} from "../../client/store/entities.js" */
/** @import {Message} from "../../client/types.js" */
/** @import {Tabs} from "./tabs.js" */

import { serverClock } from "../../client/clock.js";
import { excerpt } from "../conversation/message.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { isWorthNotifying } from "../lib/levels.js";
import { conversationTitle, isChannel, memberName } from "../lib/names.js";

export const DESKTOP = "parley:notifications"; // in localStorage: "on" after the member allowed them here
export const SOUND = "parley:sound"; // the same for the sound
const FRESH = 120_000; // milliseconds; older messages, which a sync brings after hours, are shown as unread and not notified one by one
const UNKNOWN = 3_000; // milliseconds to wait for the name of an unknown author
const MANY = 3; // notifications at once; further messages only count in the title

/**
 * The text of a notification. It follows its message: when the message changes, the notification changes or is closed.
 *
 * @typedef {{title: string, body: string}} Words
 */

/** Shows new messages as notifications of the browser, by the member's settings for each conversation. Only one tab shows them. */
export class Notifications {
  /** @type {Map<string, {message: Message, words: Words, shown: Notification}>} by conversation */
  #open = new Map();
  /** @type {Map<string, number>} by conversation: the highest seq that was received, or was there before */
  #known = new Map();
  /** @type {Set<Message>} messages whose author is being fetched */
  #waiting = new Set();
  /** @type {Set<string>} ids of the messages that were notified of, so that what concerns the member is not notified of again */
  #notified = new Set();

  /** @param {App} app @param {Tabs} tabs */
  constructor(app, tabs) {
    this.app = app;
    this.tabs = tabs;
    for (const { id, last_seq } of app.store.conversations.values()) this.#known.set(id, last_seq);
    app.store.observe((changes) => this.#onChanges(changes));
    // No other page can update or close them.
    window.addEventListener("pagehide", () => [...this.#open.keys()].forEach((id) => this.#close(id)));
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    this.#review();
    if (changes.members.size) for (const message of this.#waiting) if (this.app.store.members.has(message.author)) this.#notifyNow(message);
    const received = [...changes.messages].map((id) => this.app.store.messages.get(id)).filter((message) => message !== undefined);
    const fresh = [...received.filter((message) => this.#isNew(message)), ...this.#concerning(changes)];
    for (const { conversation, seq } of received) this.#known.set(conversation, Math.max(seq, this.#known.get(conversation) ?? 0));
    for (const { id } of fresh) this.#notified.add(id);
    if (fresh.length === 0 || !this.tabs.isLeader) return;
    for (const message of newestOfEach(fresh).slice(0, MANY)) this.#notify(message);
    if (localStorage.getItem(SOUND) === "on") chime();
  }

  /** Close notifications that no longer apply (deleted, hidden, read, muted, left, archived), and update changed texts. */
  #review() {
    for (const [id, { message, words }] of this.#open) {
      const now = this.app.store.messages.get(message.id) ?? message; // the store may have forgotten it for now
      const wanted = this.#wordsOf(now);
      if (!wanted) this.#close(id);
      else if (wanted.title !== words.title || wanted.body !== words.body) this.#show(now, wanted, { silent: true });
    }
  }

  /** @param {Message} message */
  #isNew(message) {
    return message.seq > (this.#known.get(message.conversation) ?? 0) && this.#isWorthNotifying(message);
  }

  /**
   * The server says whom a message concerns a moment after the message itself. With the level "mentions" the notification
   * waits for that. If it comes before the message, `#isNew` finds it.
   *
   * @param {Changes} changes
   * @returns {Message[]} messages that were received earlier, which turn out to be worth a notification now
   */
  #concerning(changes) {
    const { store } = this.app;
    const changed = [...changes.attention].map((id) => store.entities.attention.get(id));
    const known = changed.flatMap((one) => (one && store.at(one.conversation, one.seq)) ?? []);
    return [...new Set(known)].filter((message) => !changes.messages.has(message.id) && this.#isWorthNotifying(message));
  }

  /** @param {Message} message */
  #isWorthNotifying(message) {
    const isFresh = serverClock.now() - Date.parse(message.created_at) < FRESH && !this.#notified.has(message.id);
    return isFresh && isWorthNotifying(this.app.store, message) && !this.tabs.isRead(message.conversation);
  }

  /** @param {Message} message */
  #notify(message) {
    if (!isSupported() || Notification.permission !== "granted" || localStorage.getItem(DESKTOP) !== "on") return;
    if (this.app.store.members.has(message.author)) return this.#notifyNow(message);
    this.#waiting.add(message); // the client fetches the author
    setTimeout(() => this.#waiting.has(message) && this.#notifyNow(message), UNKNOWN);
  }

  /** @param {Message} message as received; it may have changed since */
  #notifyNow(message) {
    this.#waiting.delete(message);
    const now = this.app.store.messages.get(message.id) ?? message;
    const words = this.#wordsOf(now);
    if (words) this.#show(now, words);
  }

  /** @param {Message} message @returns {Words | null} null if there is nothing to notify of */
  #wordsOf(message) {
    const { store } = this.app;
    const conversation = store.conversations.get(message.conversation);
    if (!conversation || conversation.archived_at || !isWorthNotifying(store, message)) return null;
    const name = memberName(store, message.author);
    const channel = { name, conversation: conversationTitle(store, conversation) };
    const title = isChannel(conversation) ? interpolate(gettext("%(name)s in %(conversation)s"), channel) : name;
    return { title, body: excerpt(message.html) };
  }

  /** Replace the notification of the same conversation. @param {Message} message @param {Words} words @param {{silent?: boolean}} [options] */
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
