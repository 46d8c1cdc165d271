import { hueOf } from "../colour.js";
import { html } from "../html.js";

export const initial = (text) => [...text.trim()][0]?.toLocaleUpperCase() ?? "";

/** Somebody, as an initial in a colour. Who has no id is told by the name. */
export function Face({ id, name: text }) {
  return html`<span class="face" style=${{ "--hue": hueOf(id ?? text) }} aria-hidden="true">${initial(text)}</span>`;
}
