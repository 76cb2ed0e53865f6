/** @import {App} from "./app.js" */
/** @import {Changes} from "../client/store.js" */
/** @import {Message} from "../client/types.js" */
/** @import {Tabs} from "./tabs.js" */

import { serverClock } from "../client/clock.js";
import { gettext, interpolate } from "./i18n.js";
import { isWorthTelling } from "./levels.js";
import { excerpt } from "./message.js";
import { conversationTitle, isChannel, memberName } from "./names.js";

export const DESKTOP = "parley:notifications"; // in localStorage: "on" after the member allowed them here
export const SOUND = "parley:sound"; // the same for the sound
const FRESH = 120_000; // milliseconds; what a sync brings after hours is shown as unread, not announced one by one
const MANY = 3; // at once; more become one notification a conversation anyway, and beyond this only the title counts

/** Tells of new messages outside the page: as the member asked for each conversation, from one tab only. */
export class Notifications {
  /** @type {Map<string, Notification>} by conversation */
  #open = new Map();
  /** @type {Map<string, number>} by conversation: the seq that was last told, or was there before */
  #told = new Map();

  /** @param {App} app @param {Tabs} tabs */
  constructor(app, tabs) {
    this.app = app;
    this.tabs = tabs;
    for (const { id, last_seq } of app.store.conversations.values()) this.#told.set(id, last_seq);
    app.store.observe((changes) => this.#onChanges(changes));
  }

  /** @param {Changes} changes */
  #onChanges(changes) {
    const news = [...changes.messages].map((id) => this.app.store.messages.get(id)).filter((message) => message !== undefined);
    const fresh = news.filter((message) => this.#isNews(message));
    for (const { conversation, seq } of news) this.#told.set(conversation, Math.max(seq, this.#told.get(conversation) ?? 0));
    for (const id of changes.participants) if (this.app.store.unread(id) === 0) this.#open.get(id)?.close();
    if (fresh.length === 0 || !this.tabs.isLeader) return;
    for (const message of newestOfEach(fresh).slice(0, MANY)) this.#tell(message);
    if (localStorage.getItem(SOUND) === "on") chime();
  }

  /** @param {Message} message */
  #isNews(message) {
    const isNew = message.seq > (this.#told.get(message.conversation) ?? 0) && serverClock.now() - Date.parse(message.created_at) < FRESH;
    return isNew && isWorthTelling(this.app.store, message) && !this.tabs.isRead(message.conversation);
  }

  /** @param {Message} message */
  #tell(message) {
    if (!isSupported() || Notification.permission !== "granted" || localStorage.getItem(DESKTOP) !== "on") return;
    const { store, router } = this.app;
    const conversation = store.conversations.get(message.conversation);
    if (!conversation) return;
    const name = memberName(store, message.author);
    const place = { name, place: conversationTitle(store, conversation) };
    const title = isChannel(conversation) ? interpolate(gettext("%(name)s in %(place)s"), place) : name;
    const shown = show(title, { body: excerpt(message.text), tag: conversation.id, icon: iconOfPage() });
    if (!shown) return;
    this.#open.set(conversation.id, shown);
    shown.onclick = () => {
      window.focus();
      router.go(router.path(message.conversation, message.seq, message.thread ?? undefined));
      shown.close();
    };
    shown.onclose = () => this.#open.get(conversation.id) === shown && this.#open.delete(conversation.id);
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
