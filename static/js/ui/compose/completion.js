/** @import {App} from "../shell/app.js" */
/** @import {Conversation, Member} from "../../client/types.js" */
/** @import {Emoji} from "../emoji/data.js" */
/** @import {Token} from "./candidates.js" */

import { browseChannels } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { findEmojis, loadEmojis, loadedEmojis, toned } from "../emoji/data.js";
import { OptionList } from "../lib/combobox.js";
import { clone, setIcon, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { plainKey } from "../lib/keys.js";
import { isChannel } from "../lib/names.js";
import { findChannels, findMembers, tokenAt } from "./candidates.js";
import { replace } from "./text-field.js";

const MOST_OFFERED = 8;
const TYPING_PAUSE = 120; // milliseconds after the last key before the server is asked for more

/**
 * @typedef {object} Option
 * @property {string} insert
 * @property {string} name
 * @property {string} detail
 * @property {Member} [member]
 * @property {string} [icon]
 * @property {string} [emoji]
 */

let count = 0;

/**
 * Completes names of members, channels and emoji with a list above the field. The field keeps the focus: arrow keys move in
 * the list, Enter, Tab or a press choose, and Escape closes the list until the next word.
 */
export class Completion {
  /** @type {Token | null} */
  #token = null;
  #dismissed = -1; // the start of the word for which the list was closed
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Map<string, boolean>} the words that the server was asked for, so that they are not requested twice */
  #asked = new Map();
  /** @type {Conversation[]} public channels that the server returned */
  #browsed = [];

  /** @param {App} app @param {HTMLTextAreaElement} input @param {HTMLElement} container @param {() => string} conversation its id */
  constructor(app, input, container, conversation) {
    this.app = app;
    this.input = input;
    this.conversation = conversation;
    const { root, slots } = clone("completion-list");
    this.root = root;
    this.slots = slots;
    slots.list.id = `completion-${(count += 1)}`;
    /** @type {OptionList<Option>} */
    this.offered = new OptionList(input, slots.list, {
      option: optionNode,
      id: ({ insert }) => insert,
      prefix: slots.list.id,
      most: MOST_OFFERED,
    });
    container.append(root);
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-haspopup", "listbox");
    input.setAttribute("aria-controls", slots.list.id);
    input.addEventListener("input", () => this.update());
    input.addEventListener("click", () => this.update());
    input.addEventListener("keyup", (event) => /^(Arrow(Left|Right)|Home|End)$/.test(plainKey(event, { shift: true })) && this.update());
    input.addEventListener("blur", () => this.close());
    slots.list.addEventListener("click", (/** @type {Event} */ event) => this.#choose(this.offered.items[this.offered.indexOf(event)]));
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** Offer completions for the word before the caret. */
  update() {
    const { value, selectionStart, selectionEnd } = this.input;
    this.#token = selectionStart === selectionEnd ? tokenAt(value, selectionStart) : null;
    if (!this.#token || this.#token.start === this.#dismissed) {
      if (!this.#token) this.#dismissed = -1;
      this.close();
      return;
    }
    this.#offer();
    this.#ask();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the list has handled the key */
  onKey(event) {
    const key = plainKey(event);
    if (!this.isOpen || !key) return false;
    if (key === "Enter" || key === "Tab") this.#choose(this.offered.active);
    else if (key === "Escape") this.#dismiss();
    else if (!this.offered.move(key)) return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  close() {
    clearTimeout(this.#timer);
    this.root.hidden = true;
    this.input.removeAttribute("aria-activedescendant");
  }

  #dismiss() {
    this.#dismissed = this.#token?.start ?? -1;
    this.close();
  }

  /** @param {boolean} [later] whether more was found for the same words */
  #offer(later) {
    const token = /** @type {Token} */ (this.#token);
    this.offered.show(this.#find(token), later && this.isOpen);
    const { length: count } = this.offered.items;
    this.root.hidden = count === 0;
    if (count > 0) setText(this.slots.status, interpolate(ngettext("%(count)s suggestion", "%(count)s suggestions", count), { count }));
  }

  /** @param {Token} token @returns {Option[]} */
  #find({ sign, words }) {
    const { store } = this.app;
    if (sign === "#") return findChannels(this.#channels(), words, MOST_OFFERED).map(channelOption);
    if (sign === ":") return findEmojis(loadedEmojis(), words, MOST_OFFERED).map(emojiOption);
    const here = new Set(store.participants.get(this.conversation())?.keys());
    const people = findMembers(store.members.values(), words, { most: MOST_OFFERED, here, me: store.me }).map(memberOption);
    const wide = this.#wide().filter(({ insert }) => insert.slice(1).startsWith(words));
    return words ? [...wide, ...people].slice(0, MOST_OFFERED) : [...people.slice(0, MOST_OFFERED - wide.length), ...wide];
  }

  /** The channels that the member has joined, and those that the server returned. */
  #channels() {
    return new Map([...this.#browsed, ...this.app.store.conversations.values()].map((one) => [one.id, one])).values();
  }

  /** @everyone and the like, if the member may use them. @returns {Option[]} */
  #wide() {
    const { store, config } = this.app;
    const conversation = store.conversations.get(this.conversation());
    if (!conversation || conversation.kind === "direct") return [];
    const may =
      !isChannel(conversation) || store.ownParticipant(conversation.id)?.role === "admin" || config.rights.includes("mention_everyone");
    const all = isChannel(conversation) ? "channel" : "group";
    const details = { here: gettext("everybody who is online"), [all]: gettext("everybody in this conversation") };
    return may ? Object.entries(details).map(([name, detail]) => ({ insert: `@${name}`, name: `@${name}`, detail, icon: "people" })) : [];
  }

  /** Ask the server for members and channels that the store lacks. */
  #ask() {
    const { sign, words } = /** @type {Token} */ (this.#token);
    const key = sign + words;
    clearTimeout(this.#timer);
    if (sign === ":") this.#awaitEmojis(key);
    if (sign === ":" || this.#asked.has(key)) return;
    this.#timer = setTimeout(async () => {
      this.#asked.set(key, true);
      try {
        if (sign === "@") await this.app.client.findMembers(words);
        else await this.#learnChannels(words);
        if (this.#token && this.#token.sign + this.#token.words === key && document.activeElement === this.input) this.#offer(true);
      } catch (error) {
        this.#asked.delete(key);
        if (!(error instanceof ApiError)) throw error; // the known ones can still be chosen
      }
    }, TYPING_PAUSE);
  }

  /** Load the list of emoji for the first emoji name. @param {string} key */
  #awaitEmojis(key) {
    if (loadedEmojis().length) return;
    const shown = () =>
      this.#token && this.#token.sign + this.#token.words === key && document.activeElement === this.input && this.#offer();
    loadEmojis().then(shown, () => {}); // writing works without it
  }

  /** @param {string} q */
  async #learnChannels(q) {
    this.#browsed = await browseChannels(this.app.client, q);
  }

  /** @param {Option | undefined} option */
  #choose(option) {
    if (!option) return;
    const { insert } = option;
    const { start } = /** @type {Token} */ (this.#token);
    const to = this.input.selectionStart;
    const space = /^\s/.test(this.input.value.slice(to)) ? "" : " ";
    const end = start + insert.length + 1;
    this.close();
    replace(this.input, { from: start, to, insert: insert + space, start: end, end });
    this.close();
  }
}

/** @param {Option} option */
function optionNode({ name, detail, member, icon, emoji }) {
  const { root, slots } = clone("completion-option");
  slots.avatar.hidden = !member;
  if (member) fillAvatar(slots.avatar, member);
  slots["icon-box"].toggleAttribute("hidden", !icon);
  if (icon) setIcon(slots.icon, icon);
  setText(slots.emoji, emoji ?? "");
  setText(slots.name, name);
  setText(slots.detail, detail);
  return root;
}

/** @param {Member} member @returns {Option} */
function memberOption(member) {
  return { insert: `@${member.handle}`, name: member.name, detail: `@${member.handle}`, member };
}

/** @param {Conversation} channel @returns {Option} */
function channelOption(channel) {
  return { insert: `#${channel.name}`, name: `#${channel.name}`, detail: channel.topic, icon: "hash" };
}

/** @param {Emoji} emoji @returns {Option} */
function emojiOption(emoji) {
  return { insert: toned(emoji), emoji: toned(emoji), name: emoji.name, detail: `:${emoji.codes[0]}:` };
}
