import { Icon } from "../components/icon.js";
import { html } from "../html.js";
import { t } from "../i18n.js";

export function Nothing({ title, text }) {
  return html`<main id="main" class="nothing"><${Icon} name="disc-3" size="56" /><h1>${title}</h1><p>${text}</p>
    <a class="button primary" href="/">${t("missing.home")}</a></main>`;
}

export function Missing() {
  return html`<${Nothing} title=${t("missing.title")} text=${t("missing.text")} />`;
}
