export const THEME = "parley:theme"; // in localStorage: "light" or "dark"; absent, the system's

/** As early as possible, so that the page is not first shown in the other theme. */
export function applyTheme() {
  const theme = localStorage.getItem(THEME) ?? "";
  document.documentElement.dataset.theme = theme;
  for (const choice of document.querySelectorAll("[data-theme-choice]")) {
    const chosen = choice.getAttribute("data-theme-choice") === theme;
    choice.setAttribute("aria-checked", String(chosen));
  }
}
