/**
 * Files that are dropped or pasted anywhere on a page. A browser would open a dropped file in place of the page, and ignore
 * a pasted one without a word. Here both are caught and answered with a sentence, because files cannot be sent yet. Text
 * that comes with a file still arrives where somebody writes, and text alone is left to the browser.
 *
 * The script works on every page, so it imports nothing: `#files-answer` of base.html holds the sentence.
 */

const SHOWN = 6_000; // milliseconds in which the sentence can be read
const WRITTEN =
  "textarea, [contenteditable=''], [contenteditable=true], input:not([type]), input:is([type=text], [type=search], [type=email], [type=url], [type=tel], [type=number], [type=password])";

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {EventTarget | null} target @returns {HTMLInputElement | HTMLTextAreaElement | null} the field that would take text */
function fieldOf(target) {
  const field = target instanceof Element ? target.closest(WRITTEN) : null;
  const isField = field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement;
  return isField && !field.readOnly && !field.disabled ? field : null;
}

/** @param {DataTransfer | null} data */
const hasFiles = (data) => Boolean(data) && [...(data?.types ?? [])].includes("Files");

/** @param {EventTarget | null} target a field for files takes them itself */
const takesFiles = (target) => target instanceof Element && target.closest("input[type=file]") !== null;

/** @param {DataTransfer | null} data @returns {string} the text or the address that comes with the files */
function textOf(data) {
  const addresses = data?.getData("text/uri-list") ?? "";
  return (
    data?.getData("text/plain") ||
    addresses
      .split(/\r?\n/)
      .filter((line) => line && !line.startsWith("#"))
      .join("\n")
  );
}

/** As if it had been typed, so that undo takes it back. @param {HTMLInputElement | HTMLTextAreaElement} field @param {string} text */
function insert(field, text) {
  field.focus({ preventScroll: true });
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, field.selectionStart ?? 0, field.selectionEnd ?? 0, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

function answer() {
  const notice = document.getElementById("files-answer");
  if (!notice) return;
  clearTimeout(timer);
  if (notice.matches(":popover-open")) notice.hidePopover(); // what is shown last lies above a dialog that opened meanwhile
  notice.showPopover();
  notice.textContent = "";
  requestAnimationFrame(() => (notice.textContent = notice.dataset.sentence ?? ""));
  timer = setTimeout(() => notice.hidePopover(), SHOWN);
}

/** @param {DragEvent} event */
function onDrag(event) {
  if (!event.dataTransfer || takesFiles(event.target)) return;
  const files = hasFiles(event.dataTransfer);
  if (!files && fieldOf(event.target)) return; // text into a field is the browser's business
  event.preventDefault();
  event.dataTransfer.dropEffect = files ? "copy" : "none"; // a file has to be dropped to be answered; a link would replace the page
}

/** @param {DragEvent} event */
function onDrop(event) {
  if (takesFiles(event.target)) return;
  const field = fieldOf(event.target);
  if (!hasFiles(event.dataTransfer)) {
    if (!field) event.preventDefault();
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  const text = textOf(event.dataTransfer);
  if (field && text) insert(field, text);
  answer();
}

/** @param {ClipboardEvent} event */
function onPaste(event) {
  const data = event.clipboardData;
  if (!hasFiles(data) || takesFiles(event.target)) return;
  const field = fieldOf(event.target);
  const text = textOf(data);
  if (field && text && !data?.getData("text/plain")) {
    event.preventDefault(); // an address alone would not be inserted
    insert(field, text);
  }
  answer();
}

for (const type of /** @type {const} */ (["dragenter", "dragover"])) addEventListener(type, onDrag, { capture: true });
addEventListener("drop", onDrop, { capture: true });
addEventListener("paste", onPaste, { capture: true });
