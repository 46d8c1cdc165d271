import { useSignal } from "@preact/signals";

import { html } from "../../html.js";
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
