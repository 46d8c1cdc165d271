import { useSignal } from "@preact/signals";

import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { Icon } from "../icon.js";

/**
 * One thing at a time that the server is asked for. `run(deed)` resolves with whether it was done, and with `said`
 * told then; what went wrong is in `error`.
 */
export function useDeed() {
  const [error, busy, said] = [useSignal(null), useSignal(false), useSignal("")];
  const run = async (deed, text = "") => {
    if (busy.peek()) return false;
    error.value = null;
    said.value = "";
    busy.value = true;
    try {
      await deed();
      said.value = text;
    } catch (reason) {
      error.value = reason.message;
    }
    busy.value = false;
    return error.peek() === null;
  };
  return { error, busy, said, run };
}

/** What went wrong, or what was done, in place. */
export function Outcome({ deed }) {
  return html`${deed.error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${deed.error.value}</span></p>`}
    <p class="host-said" role="status">${deed.said.value}</p>`;
}

/** What is still being read: its shape, or why it can't be. */
export function Reading({ deed, again }) {
  if (!deed.error.value) return html`<div class="is-shape host-shape"><span></span><span></span></div>`;
  return html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${deed.error.value}</span>
    <button type="button" class="button" onClick=${again}>${t("error.again")}</button></p>`;
}
