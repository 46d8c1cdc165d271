import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { ask } from "../../chat/order.js";
import { fullTime } from "../../format.js";
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { CopyButton } from "../copy_button.js";
import { Outcome, Reading, useDeed } from "./deed.js";

const DAY_MS = 86_400_000;
const SPANS_MS = { "1h": DAY_MS / 24, "1d": DAY_MS, "1w": 7 * DAY_MS, "30d": 30 * DAY_MS, "90d": 90 * DAY_MS };
const ROLES = ["listener", "speaker"];

const addressOf = ({ path }) => location.origin + path;

/** Links that let people in: made here, copied again, and good for nothing when one says so. */
export function Invites({ room, openings }) {
  const [links, made] = [useSignal(null), useSignal(null)];
  const maker = useRef(null);
  const [deed, reading] = [useDeed(), useDeed()];
  const load = async () => (links.value = (await ask(room, "GET", "/invites")).items);
  useEffect(() => void reading.run(load), [openings]);
  const make = (event) => {
    event.preventDefault();
    const { span, role } = event.currentTarget.elements;
    deed.run(async () => {
      made.value = await ask(room, "POST", "/invites", { for_ms: SPANS_MS[span.value], role: role.value });
      await load();
    });
  };
  const revoke = async (link) => {
    const gone = await deed.run(async () => {
      await ask(room, "DELETE", link ? `/invites/${encodeURIComponent(link.id)}` : "/invites");
      if (!link || link.id === made.peek()?.id) made.value = null;
      await load();
    }, t(link ? "host.revoked_one" : "host.revoked"));
    if (gone) maker.current?.focus(); // its button is gone
  };
  return html`<p class="quiet">${t("host.invite_teach")}</p>
    <form class="host-line" onSubmit=${make} aria-busy=${deed.busy.value}>
      <label class="edit-field"><span>${t("host.invite_span")}</span><select class="field" name="span">${Object.keys(SPANS_MS).map((each) => html`<option value=${each} selected=${each === "1w"}>${t(`host.span.${each}`)}</option>`)}</select></label>
      <label class="edit-field"><span>${t("host.invite_role")}</span><select class="field" name="role">${ROLES.map((role) => html`<option value=${role}>${t(`host.invite_as.${role}`)}</option>`)}</select></label>
      <button type="submit" class="button primary" ref=${maker}>${t("host.invite")}</button></form>
    ${made.value && html`<div class="host-made"><label class="edit-field"><span>${t("host.invite_made", { until: fullTime(made.value.expires_at) })}</span>
      <input class="field" readonly value=${addressOf(made.value)} onFocus=${(event) => event.currentTarget.select()} /></label><${CopyButton} key=${made.value.id} icon="copy" label=${t("host.copy")} text=${() => addressOf(made.value)} /></div>`}
    <${Outcome} deed=${deed} />
    ${(!links.value || reading.error.value) && html`<${Reading} deed=${reading} again=${() => reading.run(load)} />`}
    ${links.value?.length > 0 && html`<ul class="host-links" aria-label=${t("host.invites_good")}>${links.value.map((link) => html`<${Link} key=${link.id} link=${link} onRevoke=${() => revoke(link)} />`)}</ul>
      <div class="host-end"><button type="button" class="button danger" onClick=${() => revoke(null)}>${t("host.revoke_all")}</button></div>`}`;
}

function Link({ link, onRevoke }) {
  const until = fullTime(link.expires_at);
  return html`<li><p><b>${t(`host.invite_for.${link.role ?? "listener"}`)}</b> <span class="quiet">${t("reviews.until", { until })} · ${t("reviews.by", { name: link.by_name })}</span></p>
    <${CopyButton} icon="copy" label=${t("host.copy")} text=${() => addressOf(link)} />
    <button type="button" class="button danger" aria-label=${t("host.revoke_one", { until })} onClick=${onRevoke}>${t("host.revoke")}</button></li>`;
}
