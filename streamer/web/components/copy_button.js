import { useSignal } from "@preact/signals";

import { html } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

const COPIED_MS = 2000;

/** Puts a text on the clipboard, and says so; shows it where there is no clipboard. `text()` is asked for it then. */
export function CopyButton({ icon, label, text }) {
  const state = useSignal("idle");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      state.value = "copied";
    } catch {
      state.value = "shown"; // no permission, or not a secure context: show it instead
      return;
    }
    setTimeout(() => (state.value = "idle"), COPIED_MS);
  };
  if (state.value === "shown") {
    return html`<input class="field copy-field" readonly aria-label=${label} value=${text()} ref=${(input) => input?.select()} />`;
  }
  const copied = state.value === "copied";
  return html`<button type="button" class="button" onClick=${copy}><${Icon} name=${copied ? "check" : icon} size="18" />
    <span>${copied ? t("track.copied") : label}</span></button><span class="sr" role="status">${copied ? t("track.copied") : ""}</span>`;
}
