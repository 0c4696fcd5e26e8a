// Light or dark: as the system says, until the reader says otherwise.

const KEY = "whet-theme";

function remembered() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

/** Sets what the reader chose last time. */
export function begin() {
  const theme = remembered();
  if (theme) document.documentElement.dataset.theme = theme;
}

export const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

/** Changes to the other one, and remembers it. */
export function toggle() {
  const theme = dark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem(KEY, theme); } catch { /* a browser that keeps nothing */ }
}
