/** @import {App} from "../shell/app.js" */
/** @import {ConversationView} from "../../client/client.js" */

import { browseChannels, createConversation } from "../../client/actions.js";
import { ApiError } from "../../client/api.js";
import { byId, clone, setIcon, setText } from "../lib/dom.js";
import { gettext, interpolate, ngettext } from "../lib/i18n.js";
import { conversationIcon } from "../lib/names.js";
import { explain } from "../lib/toast.js";
import { attempt, openDialog } from "./dialog.js";

const TYPING_PAUSE = 200; // milliseconds after the last key before the list is requested

/** @param {App} app wire the dialog that creates a channel and opens it */
export function wireCreateChannel(app) {
  /** @type {HTMLDialogElement} */
  const dialog = byId("create-channel");
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  const name = byId("channel-name");
  name.addEventListener("input", () => (name.value = name.value.toLowerCase().replace(/\s+/g, "-")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    const wanted = { kind: String(given.kind), name: String(given.name), topic: String(given.topic) };
    await attempt(dialog, async () => {
      const { id } = await createConversation(app.client, wanted);
      dialog.close();
      app.router.go(app.router.path(id));
    });
  });
  return () => {
    form.reset();
    openDialog(dialog);
    name.focus();
  };
}

/** @param {App} app @param {() => void} create opens the dialog for a new channel; this one lists the public channels */
export function wireBrowseChannels(app, create) {
  /** @type {HTMLDialogElement} */
  const dialog = byId("browse-channels");
  const filter = byId("browse-filter");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = 0;
  const load = async () => {
    const turn = (asked += 1);
    await attempt(dialog, async () => {
      const found = await browseChannels(app.client, filter.value.trim());
      if (turn === asked) show(found);
    });
  };
  /** @param {ConversationView[]} found */
  const show = (found) => {
    found.sort((one, other) => (one.name ?? "").localeCompare(other.name ?? ""));
    byId("browse-list").replaceChildren(...found.map((view) => channelRow(app, view, dialog)));
    byId("browse-empty").hidden = found.length > 0;
    const nothing = filter.value.trim() ? gettext("No channel by that name or topic.") : gettext("There is no public channel yet.");
    setText(byId("browse-empty"), nothing);
  };
  filter.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, TYPING_PAUSE);
  });
  const button = /** @type {HTMLElement} */ (dialog.querySelector("[data-action=create]"));
  button.hidden = !app.config.rights.includes("create_channels");
  button.addEventListener("click", () => {
    dialog.close();
    create();
  });
  return () => {
    filter.value = "";
    byId("browse-list").replaceChildren();
    openDialog(dialog);
    filter.focus();
    void load();
  };
}

/** @param {App} app @param {ConversationView} view @param {HTMLDialogElement} dialog */
function channelRow(app, view, dialog) {
  const { root, slots } = clone("pick-row");
  const name = `#${view.name}`;
  slots.avatar.hidden = true;
  slots["icon-box"].removeAttribute("hidden");
  setIcon(slots.icon, conversationIcon(view));
  setText(slots.name, view.name ?? "");
  const people = interpolate(ngettext("%(count)s person", "%(count)s people", view.participant_count), { count: view.participant_count });
  setText(slots.detail, view.topic ? `${people} · ${view.topic}` : people);
  slots.open.hidden = false;
  slots.open.href = app.router.path(view.id);
  slots.open.setAttribute("aria-label", interpolate(gettext("Open %(name)s"), { name }));
  slots.open.addEventListener("click", () => dialog.close());
  slots.button.hidden = view.participant !== null;
  slots.button.classList.add("button-primary");
  setText(slots.button, gettext("Join"));
  slots.button.setAttribute("aria-label", interpolate(gettext("Join %(name)s"), { name }));
  slots.button.addEventListener("click", async () => {
    slots.button.disabled = true;
    try {
      await app.client.join(view.id);
      dialog.close();
      app.router.go(app.router.path(view.id));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      slots.button.disabled = false;
      setText(slots.detail, explain(error));
    }
  });
  return root;
}
