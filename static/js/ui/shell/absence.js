/** @import {App} from "./app.js" */

import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

const NOTED = 2_000; // milliseconds; a shorter loss of the connection was not shown, and its end is not either

/** Says what arrived while there was no connection, once everything is there. */
export class Absence {
  /** @type {{at: number, seqs: Map<string, number>} | null} when the connection was lost, and how far each conversation was known */
  #since = null;
  #wasLive = false;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.#wasLive = app.client.stream.status === "live";
    app.client.stream.observe((status) => {
      if (status === "live") this.#end();
      else if (this.#wasLive && status !== "resyncing") this.#since ??= { at: performance.now(), seqs: this.#seqs() };
    });
  }

  #seqs() {
    return new Map([...this.app.store.conversations.values()].map(({ id, last_seq }) => [id, last_seq]));
  }

  #end() {
    const since = this.#since;
    this.#since = null;
    this.#wasLive = true;
    if (since && performance.now() - since.at >= NOTED) toast(summaryOf(this.#arrived(since.seqs)));
  }

  /** @param {Map<string, number>} before @returns {number[]} for each conversation in which others wrote: how many messages */
  #arrived(before) {
    const { store } = this.app;
    const counts = [...store.conversations.values()].map(({ id, last_seq, first_seq }) => {
      if (!store.ownParticipant(id)) return 0;
      const known = before.get(id) ?? Math.max(first_seq - 1, store.readUpTo(id));
      const own = store.between(id, known + 1, last_seq).filter(({ author }) => author === store.me);
      return last_seq - known - own.length;
    });
    return counts.filter((count) => count > 0);
  }
}

/** @param {number[]} counts */
function summaryOf(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return gettext("All caught up. Nothing arrived while you were away.");
  const messages = interpolate(ngettext("%(count)s message", "%(count)s messages", total), { count: total });
  const conversations = interpolate(ngettext("%(count)s conversation", "%(count)s conversations", counts.length), { count: counts.length });
  return interpolate(gettext("All caught up: %(messages)s in %(conversations)s arrived while you were away."), { messages, conversations });
}
