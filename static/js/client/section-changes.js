/** @import {Change} from "./sections.js" */

/** The changes of sections that a member makes by hand. Each returns a `Change` for `Sections.change`. */

/** @param {string} id made by the client @param {string} name @returns {Change} */
export function addSection(id, name) {
  return (sections) => (sections.some((one) => one.id === id) ? sections : [...sections, { id, name, conversations: [] }]);
}

/** @param {string} id @param {string} name @returns {Change} */
export function renameSection(id, name) {
  return (sections) => sections.map((one) => (one.id === id ? { ...one, name } : one));
}

/** Its conversations go back to where they belong without it. @param {string} id @returns {Change} */
export function removeSection(id) {
  return (sections) => sections.filter((one) => one.id !== id);
}

/** @param {string} id @param {string | null} before the section that follows it then; null for the end @returns {Change} */
export function placeSection(id, before) {
  return (sections) => {
    const moved = sections.filter((one) => one.id === id);
    const others = sections.filter((one) => one.id !== id);
    const at = others.findIndex((one) => one.id === before);
    return others.toSpliced(at < 0 ? others.length : at, 0, ...moved);
  };
}

/** @param {string} conversation @param {string | null} section null: in none of them @returns {Change} */
export function moveConversation(conversation, section) {
  return (sections) =>
    sections.map((one) => {
      const others = one.conversations.filter((id) => id !== conversation);
      return { ...one, conversations: one.id === section ? [...others, conversation] : others };
    });
}
