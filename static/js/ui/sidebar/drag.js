/** @import {App} from "../shell/app.js" */

import { placeSection } from "../../client/section-changes.js";
import { byId } from "../lib/dom.js";
import { changeSections, moveTo } from "./section-acts.js";

const CONVERSATION = "application/x-parley-conversation";
const SECTION = "application/x-parley-section";

/** Let the member drag conversations into sections, and own sections before one another. @param {App} app */
export function wireDrag(app) {
  const body = byId("sidebar-body");
  body.addEventListener("dragstart", (/** @type {DragEvent} */ event) => onStart(event));
  body.addEventListener("dragover", (/** @type {DragEvent} */ event) => onOver(event));
  body.addEventListener("dragleave", (/** @type {DragEvent} */ event) => {
    if (event.target instanceof Node && !body.contains(/** @type {Node | null} */ (event.relatedTarget))) mark(null);
  });
  body.addEventListener("dragend", () => mark(null));
  body.addEventListener("drop", (/** @type {DragEvent} */ event) => onDrop(app, event));
}

/** @param {DragEvent} event */
function onStart({ target, dataTransfer }) {
  if (!(target instanceof Element) || !dataTransfer) return;
  const conversation = target.closest("[data-conversation]")?.getAttribute("data-conversation");
  const section = target.closest(".side-heading")?.parentElement?.dataset.section;
  if (conversation) dataTransfer.setData(CONVERSATION, conversation);
  else if (section) dataTransfer.setData(SECTION, section);
  dataTransfer.effectAllowed = conversation ? "copyMove" : "move"; // outside of the list it is a link
}

/** @param {DragEvent} event */
function onOver(event) {
  const target = targetOf(event);
  mark(target);
  if (!target || !event.dataTransfer) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
}

/** @param {App} app @param {DragEvent} event */
function onDrop(app, event) {
  const target = targetOf(event);
  mark(null);
  if (!target || !event.dataTransfer) return;
  event.preventDefault();
  event.stopPropagation();
  const conversation = event.dataTransfer.getData(CONVERSATION);
  const section = event.dataTransfer.getData(SECTION);
  const { section: over = "" } = target.dataset;
  if (conversation) void moveTo(app, conversation, over);
  else if (section && section !== over) void changeSections(app, placeSection(section, placeBefore(app, section, over)));
}

/** A section that is dragged down goes behind the one that it is dropped on, one that is dragged up before it. @param {App} app @param {string} section @param {string} over */
function placeBefore({ client }, section, over) {
  const ids = client.sections.all.map(({ id }) => id);
  const at = ids.indexOf(over);
  if (over === "favourites") return ids[0] ?? null;
  return at < 0 || ids.indexOf(section) < at ? (ids[at < 0 ? ids.length : at + 1] ?? null) : over;
}

/** @param {DragEvent} event @returns {HTMLElement | null} the section over which something of the sidebar is dragged */
function targetOf({ target, dataTransfer }) {
  const ours = dataTransfer?.types.some((type) => type === CONVERSATION || type === SECTION);
  return ours && target instanceof Element ? target.closest("[data-section]") : null;
}

/** @param {Element | null} section */
function mark(section) {
  for (const one of document.querySelectorAll(".side-section.is-target")) if (one !== section) one.classList.remove("is-target");
  section?.classList.add("is-target");
}
