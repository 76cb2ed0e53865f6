/** @import {App} from "./app.js" */

import { serverClock } from "../../client/clock.js";
import { nextEnd, statusOf } from "../../client/statuses.js";
import { clone, setText } from "../lib/dom.js";
import { clearTime, fullDate, writeTime } from "../lib/format.js";
import { gettext, interpolate } from "../lib/i18n.js";

const LOOK = 60_000; // milliseconds between two checks of the clock, because timers stop while a machine sleeps
const PAST = 50; // milliseconds after the end of a status: timers may fire a little early
const NO_EMOJI = "💬"; // beside the name of a member whose status has a text alone

/**
 * Shows the statuses of members in all `<member-status member="…">` of the page, and hides each when it ends, for which there
 * is no event.
 *
 * Templates hold these elements and views set `member`. They stay hidden until this file defines them, which the browser
 * makes up for: so they cost the first load nothing, and a view need not know whether this file is there.
 *
 * - Without further attributes: the emoji alone, with the text as its tooltip and accessible name.
 * - `words`: emoji, text and time (templates/chat/components/status-words.html). `otherwise` is shown if there is no status.
 */
export class Statuses {
  /** @type {Set<HTMLElement>} the elements in the document */
  #elements = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {App} app */
  constructor({ store }) {
    this.store = store;
    store.observe(({ statuses, members }) => {
      if (statuses.size || members.size) this.#refresh((id) => statuses.has(id) || members.has(id));
      if (statuses.size) this.#plan();
    });
    for (const name of ["focus", "pageshow"]) window.addEventListener(name, () => this.#look());
    for (const name of ["visibilitychange", "resume"]) document.addEventListener(name, () => this.#look());
    this.#define();
    this.#plan();
  }

  #define() {
    const elements = this.#elements;
    const show = (/** @type {HTMLElement} */ element) => this.#show(element);
    class MemberStatus extends HTMLElement {
      static observedAttributes = ["member"];

      connectedCallback() {
        elements.add(this);
        show(this);
      }

      disconnectedCallback() {
        elements.delete(this);
      }

      /** @param {string} _ @param {string | null} before @param {string | null} now */
      attributeChangedCallback(_, before, now) {
        if (this.isConnected && before !== now) show(this);
      }
    }
    customElements.define("member-status", MemberStatus);
  }

  #look() {
    this.#refresh(() => true);
    this.#plan();
  }

  /** One timer serves all elements: it waits for the status that ends first. */
  #plan() {
    clearTimeout(this.#timer);
    const now = serverClock.now();
    const left = nextEnd(this.store, now) - now;
    if (left < Infinity) this.#timer = setTimeout(() => this.#look(), Math.min(LOOK, left + PAST));
  }

  /** @param {(member: string) => boolean} changed */
  #refresh(changed) {
    for (const element of this.#elements) if (changed(element.getAttribute("member") ?? "")) this.#show(element);
  }

  /** @param {HTMLElement} element */
  #show(element) {
    const member = element.getAttribute("member") ?? "";
    const status = statusOf(this.store, member, serverClock.now());
    const otherwise = element.getAttribute("otherwise");
    element.hidden = !status && otherwise === null;
    element.dataset.argument = member; // of the command of the element, if it has one
    element.toggleAttribute("data-set", Boolean(status));
    if (!status) setText(element, otherwise ?? "");
    else if (element.hasAttribute("words")) showWords(element, status);
    else showEmoji(element, status);
  }
}

/** @typedef {{text: string, emoji: string, until: string | null}} Shown */

/** @param {HTMLElement} element @param {Shown} status */
function showEmoji(element, { text, emoji, until }) {
  const ends = until && interpolate(gettext("until %(time)s"), { time: fullDate(until) });
  setText(element, emoji || NO_EMOJI);
  element.role = "img";
  element.ariaLabel = nameOf(text || emoji);
  element.title = [text || emoji, ends].filter(Boolean).join("\n");
}

/** @param {HTMLElement} element @param {Shown} status */
function showWords(element, { text, emoji, until }) {
  const { root, slots } = clone("status-words");
  setText(slots.emoji, emoji || NO_EMOJI);
  slots.emoji.ariaLabel = text ? gettext("Status") : nameOf(emoji);
  setText(slots.text, text);
  if (until) writeTime(slots.until, until, { format: gettext("until %(time)s") });
  else clearTime(slots.until);
  slots.until.title = until ? fullDate(until) : "";
  element.replaceChildren(root);
}

/** @param {string} status */
const nameOf = (status) => interpolate(gettext("Status: %(status)s"), { status });
