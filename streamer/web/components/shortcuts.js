import { html } from "../html.js";
import { t } from "../i18n.js";
import { Dialog } from "./dialog.js";

const KEYS = [
  ["space", "toggle"],
  ["←  →", "seek"],
  ["⇧ ←  →", "leap"],
  ["m", "mute"],
  ["/", "search"],
  ["?", "help"],
];

export function Shortcuts({ onClose }) {
  return html`<${Dialog} title=${t("keys.title")} onClose=${onClose}>
    <dl class="keys">${KEYS.map(
      ([key, action]) => html`<div><dt><kbd>${key === "space" ? t("key.space") : key}</kbd></dt><dd>${t(`keys.${action}`)}</dd></div>`,
    )}</dl>
    <p class="quiet">${t("keys.media")}</p>
  <//>`;
}
