const MOST = 20; // conversations that are remembered

/** @param {string} member @returns {string[]} ids of the conversations that were opened last, the latest first */
export function recentConversations(member) {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(member)) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

/** @param {string} member @param {string} conversation */
export function rememberConversation(member, conversation) {
  const recent = [conversation, ...recentConversations(member).filter((one) => one !== conversation)];
  try {
    localStorage.setItem(keyOf(member), JSON.stringify(recent.slice(0, MOST)));
  } catch {
    // Storage is full or forbidden: the list is a convenience.
  }
}

/** @param {string} member */
const keyOf = (member) => `parley:recent:${member}`;
