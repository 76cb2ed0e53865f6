/** @import {Offer} from "./search-offers.js" */
/** @import {App} from "../shell/app.js" */

import { browseChannels } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { byId, clone, setIcon, setText } from "../lib/dom.js";
import { fillAvatar } from "../lib/format.js";
import { best, fold } from "../lib/fuzzy.js";
import { conversationOffers, peopleOffers } from "./search-offers.js";

const MOST_SHOWN = 6;
const SHORTEST = 2; // letters; fewer match nearly everybody

/** The people and conversations whose names match a search, above the messages. They are found without a connection as well. */
export class SearchNames {
  #words = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {HTMLElement} */
    this.list = byId("search-names");
  }

  /** @param {string} words of the search; operators are not part of it */
  async show(words) {
    this.#words = words;
    this.#render();
    if (words.length < SHORTEST) return;
    const { client, config } = this.app;
    const browse = config.rights.includes("browse") ? browseChannels(client, words) : Promise.resolve([]);
    const [channels] = await Promise.all([browse.catch(nothing), client.findMembers(words).catch(nothing)]);
    if (words === this.#words) this.#render(channels);
  }

  /** @param {import("../../client/client.js").ConversationView[]} [channels] that the server found */
  #render(channels = []) {
    const known = conversationOffers(this.app).filter(({ value }) => !value?.startsWith("@")); // people stand for direct messages
    const others = channels
      .filter(({ id }) => !known.some((one) => one.id === id))
      .map(({ id, name, topic }) => ({ id, folded: fold(name ?? ""), label: `#${name}`, detail: topic, icon: "hash" }));
    const offers = this.#words.length < SHORTEST ? [] : best([...known, ...others, ...peopleOffers(this.app)], this.#words, MOST_SHOWN);
    this.list.hidden = offers.length === 0;
    this.list.replaceChildren(...offers.map((offer) => this.#item(offer)));
  }

  /** @param {Offer} offer */
  #item({ id, label, detail, member, icon }) {
    const { root, slots } = clone("search-name");
    slots.avatar.hidden = !member;
    slots["icon-box"].toggleAttribute("hidden", Boolean(member));
    if (member) fillAvatar(slots.avatar, member);
    else setIcon(slots.icon, icon ?? "hash");
    setText(slots.name, label);
    slots.link.title = detail;
    slots.link.href = member ? this.app.router.viewPath("people", { q: member.handle }) : this.app.router.path(id);
    if (member) slots.link.addEventListener("click", (/** @type {Event} */ event) => this.#openProfile(event, id));
    return root;
  }

  /** @param {Event} event @param {string} member */
  #openProfile(event, member) {
    event.preventDefault();
    event.stopPropagation();
    void this.app.run("profile", member);
  }
}

/** @param {unknown} error @returns {never[]} what is known is shown without an answer */
function nothing(error) {
  if (!(error instanceof ApiError)) throw error;
  return [];
}
