// Light, dark, or what the system says.
import { effect, untracked } from "@preact/signals";

import { kept } from "./store.js";

const THEMES = ["system", "light", "dark"];

export const theme = kept("theme", "system");

export function nextTheme() {
  theme.value = THEMES[(THEMES.indexOf(theme.peek()) + 1) % THEMES.length];
}

effect(() => {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  untracked(() => dispatchEvent(new Event("veza-theme")));
});
