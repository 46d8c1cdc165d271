import { html } from "../html.js";
import { t } from "../i18n.js";
import { dismiss, notices } from "../notices.js";
import { Icon } from "./icon.js";

/** Above the player; read aloud as they come. */
export function Notices() {
  return html`<div class="toasts" role="status">${notices.value.map(
    ({ key, text, bad, link }) => html`<p key=${key} class=${`toast ${bad ? "is-bad" : ""}`}>
      <${Icon} name=${bad ? "circle-alert" : "check"} size="18" /><span>${text}</span>
      ${link && html`<a class="link" href=${link.href} onClick=${() => dismiss(key)}>${link.text}</a>`}
      <button type="button" class="ghost" aria-label=${t("notice.close")} onClick=${() => dismiss(key)}><${Icon} name="x" size="16" /></button>
    </p>`,
  )}</div>`;
}
