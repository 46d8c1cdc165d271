import { useSignal } from "@preact/signals";

import { ask } from "../../chat/order.js";
import { fullTime } from "../../format.js";
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { CopyButton } from "../copy_button.js";
import { Outcome, useDeed } from "./deed.js";

const DAY_MS = 86_400_000;
const SPANS_MS = { "1h": DAY_MS / 24, "1d": DAY_MS, "1w": 7 * DAY_MS, "30d": 30 * DAY_MS, "90d": 90 * DAY_MS };
const ROLES = ["listener", "speaker"];

/** Links that let people in: made here, and good for nothing when one says so. */
export function Invites({ room }) {
  const made = useSignal(null);
  const deed = useDeed();
  const make = (event) => {
    event.preventDefault();
    const { span, role } = event.currentTarget.elements;
    deed.run(async () => (made.value = await ask(room, "POST", "/invites", { for_ms: SPANS_MS[span.value], role: role.value })));
  };
  const revoke = () => deed.run(async () => {
    await ask(room, "DELETE", "/invites");
    made.value = null;
  }, t("host.revoked"));
  const address = made.value && location.origin + made.value.path;
  return html`<p class="quiet">${t("host.invite_teach")}</p>
    <form class="host-line" onSubmit=${make} aria-busy=${deed.busy.value}>
      <label class="edit-field"><span>${t("host.invite_span")}</span><select class="field" name="span">${Object.keys(SPANS_MS).map((each) => html`<option value=${each} selected=${each === "1w"}>${t(`host.span.${each}`)}</option>`)}</select></label>
      <label class="edit-field"><span>${t("host.invite_role")}</span><select class="field" name="role">${ROLES.map((role) => html`<option value=${role}>${t(`host.invite_as.${role}`)}</option>`)}</select></label>
      <button type="submit" class="button primary">${t("host.invite")}</button></form>
    ${address && html`<div class="host-made"><label class="edit-field"><span>${t("host.invite_made", { until: fullTime(made.value.expires_at) })}</span>
      <input class="field" readonly value=${address} onFocus=${(event) => event.currentTarget.select()} /></label><${CopyButton} key=${address} icon="copy" label=${t("host.copy")} text=${() => address} /></div>`}
    <div class="host-end"><${Outcome} deed=${deed} /><button type="button" class="button danger" onClick=${revoke}>${t("host.revoke_all")}</button></div>`;
}
