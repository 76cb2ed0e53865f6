/** @import {App} from "../shell/app.js" */
/** @import {Step} from "./start.js" */

import { browseChannels, createConversation } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { attempt, openDialog } from "../dialogs/dialog.js";
import { clone, setText } from "../lib/dom.js";
import { gettext, interpolate } from "../lib/i18n.js";
import { areAllowed, askForNotifications, isSupported } from "../shell/notifications.js";
import { saveStart, startOf, stepsOf } from "./start.js";

const MOST_JOINED = 8; // channels that are offered; the list of all of them is one click away
const USES = 25; // people who can use the link: a team. The page of invitations offers other numbers
const DAYS = 7;

/** The first steps of a member, one after the other. */
export class Welcome {
  /** @type {Step} */
  #step = "name";
  #isSingle = false; // one step, opened from the checklist

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const { root, slots } = clone("welcome");
    /** @type {HTMLDialogElement} */
    this.dialog = root;
    this.slots = slots;
    document.body.append(root);
    slots.form.addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      void this.#goOn();
    });
    slots.skip.addEventListener("click", () => void this.#next());
    slots.invite.addEventListener("click", () => void this.#invite());
    slots.link.addEventListener("click", () => void this.#makeLink());
    slots.allow.addEventListener("click", () => void this.#allow());
    root.addEventListener("close", () => void this.#onClose());
  }

  /** Go on where the member stopped. */
  resume() {
    const start = startOf(this.app);
    const step = stepsOf(this.app).find((one) => one === start) ?? "name";
    this.#open(step, { isSingle: false });
  }

  /** @param {Step} step opened from the checklist, alone */
  openStep(step) {
    this.#open(step, { isSingle: true });
  }

  /** @param {Step} step @param {{isSingle: boolean}} options */
  #open(step, { isSingle }) {
    this.#isSingle = isSingle;
    openDialog(this.dialog);
    this.#show(step);
  }

  /** @param {Step} step */
  #show(step) {
    this.#step = step;
    const steps = stepsOf(this.app);
    const index = steps.indexOf(step);
    for (const part of this.dialog.querySelectorAll("[data-step]")) {
      const it = /** @type {HTMLElement} */ (part);
      it.hidden = it.dataset.step !== step;
      if (!it.hidden) setText(this.slots.title, it.dataset.title ?? "");
    }
    const count = interpolate(gettext("Step %(number)s of %(count)s"), { number: index + 1, count: steps.length });
    setText(this.slots.count, this.#isSingle ? "" : count);
    this.slots.progress.hidden = this.#isSingle;
    this.slots.progress.replaceChildren(...steps.map((_, at) => progressMark(at <= index)));
    this.slots.skip.hidden = this.#isSingle;
    const isLast = this.#isSingle || index === steps.length - 1;
    setText(this.slots.next, isLast ? gettext("Done") : gettext("Continue"));
    this.slots.title.focus();
    this.#fill();
  }

  #fill() {
    const me = this.app.store.members.get(this.app.store.me);
    if (this.#step === "name") {
      this.#field("name").value = me?.name ?? "";
      this.#field("title").value = me?.title ?? "";
      this.#field("name").focus();
    }
    if (this.#step === "invite") this.#field("emails").focus();
    if (this.#step === "channels") void this.#fillChannels();
    if (this.#step === "notifications") this.#showAllowed();
  }

  /** Founders create channels, and everybody else joins some of those that are there. */
  async #fillChannels() {
    const creates = this.app.config.rights.includes("invite");
    this.slots.suggested.hidden = !creates;
    this.slots.joinable.hidden = creates;
    if (creates) return this.slots.suggested.querySelector("input")?.focus();
    await attempt(this.dialog, async () => {
      const found = (await browseChannels(this.app.client, "")).filter((view) => !view.participant);
      const offered = found.sort((one, other) => other.participant_count - one.participant_count).slice(0, MOST_JOINED);
      this.slots.nothing.hidden = offered.length > 0;
      this.slots.found.replaceChildren(...offered.map((view) => channelChoice(view)));
      this.slots.found.querySelector("input")?.focus();
    });
  }

  /** Do what the step is for, then show the next one. An error stays in the step. */
  async #goOn() {
    const work = {
      name: () => this.#saveName(),
      invite: () => this.#inviteRest(),
      channels: () => this.#enterChannels(),
      notifications: async () => true,
    };
    const done = await work[this.#step]();
    if (done) await this.#next();
  }

  async #next() {
    const steps = stepsOf(this.app);
    const next = steps[steps.indexOf(this.#step) + 1];
    if (this.#isSingle || !next) return this.dialog.close();
    this.#show(next);
    await attempt(this.dialog, () => saveStart(this.app, next));
  }

  /** What is left is in the checklist. */
  async #onClose() {
    if (startOf(this.app) === "done") return;
    try {
      await saveStart(this.app, "checklist");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the steps come again with the next load
    }
  }

  #saveName() {
    return attempt(this.dialog, async () => {
      const { client, store } = this.app;
      const me = store.members.get(store.me);
      const wanted = { name: this.#field("name").value.trim(), title: this.#field("title").value.trim() };
      if (wanted.name === me?.name && wanted.title === me?.title) return;
      store.putMember(await client.api.patch("members/me", wanted));
    });
  }

  /** Invite those whose addresses are still in the field. */
  async #inviteRest() {
    return this.#field("emails").value.trim() ? this.#invite() : true;
  }

  async #invite() {
    const emails = addressesIn(this.#field("emails").value);
    let refused = false;
    const done = await attempt(this.dialog, async () => {
      const { results } = await this.app.client.api.post("invitations", { emails: emails.length ? emails : [" "] });
      this.slots.invited.prepend(...results.map(invitedLine));
      refused = results.some((/** @type {{reason: string}} */ one) => one.reason);
      this.#field("emails").value = "";
    });
    const isShown = this.slots.invited.querySelector("[data-slot=box]:not([hidden])") !== null;
    return done && !refused && !isShown; // links and refusals are read first
  }

  async #makeLink() {
    await attempt(this.dialog, async () => {
      const { results } = await this.app.client.api.post("invitations", { uses: USES, days: DAYS });
      this.slots.invited.prepend(...results.map(invitedLine));
    });
  }

  #enterChannels() {
    return attempt(this.dialog, async () => {
      const chosen = [...this.dialog.querySelectorAll("fieldset:not([hidden]) input:checked")].map(
        (one) => /** @type {HTMLInputElement} */ (one),
      );
      for (const box of chosen) {
        if (box.name === "join") await this.app.client.join(box.value);
        else await this.#create(box.value, box.dataset.topic ?? "");
      }
    });
  }

  /** @param {string} name @param {string} topic a channel that is there already is left as it is */
  async #create(name, topic) {
    try {
      await createConversation(this.app.client, { kind: "public", name, topic });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 409 && !("name" in error.errors))) throw error;
    }
  }

  /** The browser asks for permission upon this press, and never by itself. */
  async #allow() {
    await askForNotifications();
    this.#showAllowed();
  }

  #showAllowed() {
    const denied = isSupported() && Notification.permission === "denied";
    this.slots.allow.hidden = areAllowed() || !isSupported();
    this.slots.allow.disabled = denied;
    const text = areAllowed()
      ? gettext("Notifications are on.")
      : denied
        ? gettext("The browser blocks notifications of this site. Its settings allow them again.")
        : isSupported()
          ? ""
          : gettext("This browser cannot show notifications.");
    setText(this.slots.allowed, text);
  }

  /** @param {string} name @returns {HTMLInputElement} */
  #field(name) {
    return this.slots.form.elements.namedItem(name);
  }
}

/** @param {string} text @returns {string[]} what is between commas, spaces and lines, without names; the server judges each */
function addressesIn(text) {
  const entries = text.split(/[\r\n,;]+/);
  const parts = entries.flatMap((entry) => /<([^>]*)>/.exec(entry)?.[1] ?? entry.split(/\s+/));
  return [...new Set(parts.filter(Boolean))];
}

/** @param {{email: string, link: string | null, mailed: boolean, reason: string}} invited */
function invitedLine({ email, link, mailed, reason }) {
  const { root, slots } = clone("welcome-invited");
  const shared = interpolate(gettext("This link works for %(uses)s people, for %(days)s days."), { uses: USES, days: DAYS });
  const said = reason || (mailed ? gettext("Invitation sent.") : email ? gettext("Share this link. It works once.") : shared);
  setText(slots.text, email ? `${email}: ${said}` : said);
  slots.box.hidden = !link;
  setText(slots.link, link ?? "");
  slots.copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(link ?? "");
    setText(slots.copy, gettext("Copied"));
  });
  return root;
}

/** @param {{id: string, name: string | null, topic: string}} view */
function channelChoice({ id, name, topic }) {
  const { root, slots } = clone("welcome-channel");
  slots.box.value = id;
  setText(slots.name, `#${name}`);
  setText(slots.topic, topic);
  return root;
}

/** @param {boolean} isReached */
function progressMark(isReached) {
  const mark = document.createElement("li");
  mark.classList.toggle("is-reached", isReached);
  return mark;
}
