/** @import {App} from "../shell/app.js" */
/** @import {Conversation, Member} from "../../client/types.js" */

import { browseChannels } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { Combobox } from "../lib/combobox.js";
import { byId, clone, setIcon, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { Finder, fold } from "../lib/fuzzy.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { isComposing } from "../lib/keys.js";
import { attention } from "../lib/levels.js";
import { conversationIcon, conversationName, isChannel, presenceLabel } from "../lib/names.js";
import { people } from "../lib/people.js";
import { recentConversations } from "../shell/recent-conversations.js";
import { keysOf } from "../shell/shortcut-labels.js";
import { chordOf } from "../shell/shortcuts.js";
import { openDialog } from "./dialog.js";

const MOST_SHOWN = 12;
const TYPING_PAUSE = 120; // milliseconds after the last key before the server is asked for more
const RECENT = 3; // points for a recently opened conversation, which decide between equal matches

/**
 * An entry of the palette: a conversation, a person or a command.
 *
 * @typedef {object} Item
 * @property {string} [id] of the conversation, or of the person
 * @property {string} label
 * @property {string} folded the text that is searched
 * @property {"conversation" | "person" | "command" | "search"} kind
 * @property {number} [weight]
 * @property {string} [detail]
 * @property {string} [keys]
 * @property {string} [icon]
 * @property {Member} [member]
 * @property {number} [unread]
 * @property {() => unknown} run
 */

/** Opens conversations and people and runs commands by a part of their name. `>`, `@` and `#` restrict it to commands, people, channels. */
export class Palette {
  /** @type {Item[]} */
  #items = [];
  /** @type {Map<string | undefined, Finder<Item>>} by the first sign: the entries that can then be found */
  #finders = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLDialogElement} */
    this.dialog = byId("palette");
    /** @type {HTMLInputElement} */
    this.input = byId("palette-input");
    this.box = new Combobox(this.input, byId("palette-list"), {
      onChoose: (item) => this.#choose(item),
      option,
      id: idOf,
      prefix: "palette",
      most: MOST_SHOWN + 1,
    });
    this.input.addEventListener("input", () => this.#onInput());
    this.dialog.addEventListener("keydown", (event) => {
      if (isComposing(event) || chordOf(event) !== "Mod+K") return;
      event.preventDefault();
      this.dialog.close();
    });
  }

  /** @param {string} [words] to begin with */
  open(words = "") {
    this.#take(this.#gather());
    this.input.value = words;
    this.#show();
    openDialog(this.dialog);
    this.input.focus();
  }

  /** @param {Item[]} items */
  #take(items) {
    this.#items = items;
    this.#finders.clear();
  }

  /** @returns {Item[]} every entry that the page knows */
  #gather() {
    const recent = recentConversations(this.app.store.me);
    const weight = new Map(recent.map((id, index) => [id, RECENT - index / recent.length]));
    const { store } = this.app;
    const conversations = [...store.conversations.values()].filter((one) => store.ownParticipant(one.id));
    const partners = new Set(conversations.filter((one) => one.kind === "direct").flatMap((one) => one.people));
    const strangers = people(store).filter((member) => !partners.has(member.id));
    return [
      ...conversations.map((one) => this.#conversationItem(one, weight.get(one.id) ?? 0)),
      ...strangers.map((member) => this.#personItem(member)),
      ...this.#commands(),
    ];
  }

  /** @param {Conversation} conversation @param {number} weight @returns {Item} */
  #conversationItem(conversation, weight) {
    const { store, router } = this.app;
    const label = conversationName(store, conversation);
    const partner =
      conversation.kind === "direct" ? store.members.get(conversation.people.find((id) => id !== store.me) ?? store.me) : undefined;
    return {
      id: conversation.id,
      kind: "conversation",
      label,
      folded: fold(partner ? `${label} @${partner.handle}` : isChannel(conversation) ? `#${label}` : label),
      weight: weight - (conversation.archived_at ? 10 : 0),
      detail: partner ? this.#about(partner) : conversation.archived_at ? gettext("archived") : conversation.topic,
      icon: conversationIcon(conversation),
      member: partner,
      unread: attention(store, conversation.id).count,
      run: () => router.go(router.path(conversation.id)),
    };
  }

  /** @param {Member} member @returns {Item} */
  #personItem(member) {
    const run = () => this.app.run("profile", member.id);
    return {
      id: member.id,
      kind: "person",
      label: member.name,
      folded: fold(`${member.name} @${member.handle}`),
      detail: this.#about(member),
      member,
      run,
    };
  }

  /** @param {Member} member */
  #about(member) {
    const state = this.app.client.signals.presence.get(member.id);
    return [`@${member.handle}`, member.title, state && presenceLabel(state)].filter(Boolean).join(" · ");
  }

  /** @returns {Item[]} */
  #commands() {
    const { rights } = this.app.config;
    /** @type {[string, string, string, string?, unknown?][]} command, label, icon, the right it takes, argument */
    const all = [
      ["mentions", gettext("Mentions and replies"), "at"],
      ["people", gettext("People"), "people"],
      ["new-message", gettext("New message"), "compose", "start_direct"],
      ["create-channel", gettext("Create a channel"), "plus", "create_channels"],
      ["browse-channels", gettext("Browse channels"), "hash", "browse"],
      ["next-unread", gettext("Next unread conversation"), "down"],
      ["mark-all-read", gettext("Mark everything read"), "check"],
      ["status", gettext("Set a status"), "smile"],
      ["preferences", gettext("Preferences"), "settings"],
      ["theme", gettext("Light theme"), "sun", undefined, "light"],
      ["theme", gettext("Dark theme"), "moon", undefined, "dark"],
      ["theme", gettext("Theme of the system"), "sun", undefined, "system"],
      ["devices", gettext("Devices"), "device"],
      ["help", gettext("Keyboard shortcuts"), "keyboard"],
      ["sign-out", gettext("Sign out"), "leave"],
    ];
    return all
      .filter(([, , , right]) => !right || rights.includes(right))
      .map(([command, label, icon, , argument]) => ({
        kind: "command",
        label,
        folded: fold(label),
        icon,
        keys: argument === undefined ? keysOf(command) : "",
        weight: -1,
        run: () => this.app.run(command, argument),
      }));
  }

  #onInput() {
    this.#show();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), TYPING_PAUSE);
  }

  /** Ask the server for entries that the page lacks. */
  async #ask() {
    const typed = this.input.value;
    const words = typed.replace(/^[@#>]/, "").trim();
    if (words.length < 2 || typed.startsWith(">")) return;
    try {
      const [found, channels] = await Promise.all([this.app.client.findMembers(words), this.#browse(words)]);
      if (typed !== this.input.value || !this.dialog.open || found.length + channels.length === 0) return;
      const more = this.#unknownOf(found, channels);
      if (more.length === 0) return;
      this.#take([...this.#items, ...more]);
      this.#show(true);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the known entries can still be found
    }
  }

  /** Return only the new entries, so that the existing ones are not built again. @param {Member[]} members @param {Conversation[]} channels @returns {Item[]} */
  #unknownOf(members, channels) {
    const known = new Set(this.#items.flatMap(({ id, member }) => [id, member?.id]));
    return [
      ...members.filter(({ id }) => !known.has(id) && id !== this.app.store.me).map((member) => this.#personItem(member)),
      ...channels.filter(({ id }) => !known.has(id)).map((view) => this.#conversationItem(view, 0)),
    ];
  }

  /** @param {string} words */
  async #browse(words) {
    return this.app.config.rights.includes("browse") ? browseChannels(this.app.client, words) : [];
  }

  /** @param {boolean} [later] whether more was found for the same words */
  #show(later) {
    const typed = this.input.value;
    const sign = typed[0];
    const words = ">@".includes(sign ?? " ") ? typed.slice(1) : typed;
    const found = typed.trim() ? this.#finder(sign).best(words, MOST_SHOWN) : this.#atFirst();
    if (words.trim() && sign !== ">") found.push(this.#searchItem(words.trim()));
    this.box.show(found, later);
    byId("palette-empty").hidden = found.length > 0;
  }

  /** @param {string | undefined} sign @returns {Finder<Item>} */
  #finder(sign = "") {
    const kind = ">@#".includes(sign) ? sign : "";
    const finder = this.#finders.get(kind) ?? new Finder(kind ? this.#items.filter((item) => suits(item, kind)) : this.#items);
    this.#finders.set(kind, finder);
    return finder;
  }

  /** Without words: recent conversations, then unread ones, without the open one. */
  #atFirst() {
    const here = this.app.router.route.conversation;
    const path = here && this.app.router.path(here);
    const conversations = this.#items
      .filter((item) => item.kind === "conversation")
      .sort((one, other) => (other.unread ? 5 : 0) + (other.weight ?? 0) - (one.unread ? 5 : 0) - (one.weight ?? 0));
    const [first] = recentConversations(this.app.store.me);
    const others = path && first === here ? conversations.filter((item) => (item.weight ?? 0) !== RECENT) : conversations;
    return [...others.slice(0, MOST_SHOWN - 4), ...this.#items.filter((item) => item.kind === "command").slice(0, 4)];
  }

  /** @param {string} words @returns {Item} */
  #searchItem(words) {
    const label = interpolate(gettext("Search messages for “%(words)s”"), { words });
    return { kind: "search", label, folded: "", icon: "search", run: () => this.app.router.go(this.app.router.searchPath({ q: words })) };
  }

  /** @param {Item} item */
  #choose(item) {
    this.dialog.close();
    void item.run();
  }
}

/** @param {Item} item @param {string} sign */
function suits(item, sign) {
  if (sign === ">") return item.kind === "command";
  if (sign === "@") return item.member !== undefined;
  return sign !== "#" || item.icon === "hash" || item.icon === "lock";
}

/** The entry that searches messages gives way to every other entry. @param {Item} item */
function idOf({ kind, id, label }) {
  return kind === "search" ? "" : `${kind} ${id ?? label}`;
}

/** @param {Item} item */
function option(item) {
  const { root, slots } = clone("palette-option");
  slots.avatar.hidden = !item.member;
  slots["icon-box"].toggleAttribute("hidden", Boolean(item.member));
  if (item.member) fillAvatar(slots.avatar, item.member);
  else setIcon(slots.icon, item.icon ?? "search");
  setText(slots.name, item.label);
  setText(slots.detail, item.detail ?? "");
  slots.keys.hidden = !item.keys;
  setText(slots.keys, item.keys ?? "");
  slots.badge.hidden = !item.unread;
  setText(slots.badge, String(item.unread ?? ""));
  return root;
}
