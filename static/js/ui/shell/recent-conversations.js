const MOST = 20; // conversations that are remembered

/** @param {string} member @returns {string[]} ids of conversations, where one was last first */
export function recentPlaces(member) {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(member)) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

/** @param {string} member @param {string} conversation */
export function rememberPlace(member, conversation) {
  const places = [conversation, ...recentPlaces(member).filter((one) => one !== conversation)];
  try {
    localStorage.setItem(keyOf(member), JSON.stringify(places.slice(0, MOST)));
  } catch {
    // Storage is full or forbidden: the list is a convenience.
  }
}

/** @param {string} member */
const keyOf = (member) => `parley:recent:${member}`;
