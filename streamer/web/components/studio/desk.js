import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import words from "../../catalogue/en_studio.js";
import { playTime } from "../../format.js";
import { html } from "../../html.js";
import { learnWords, t } from "../../i18n.js";
import { name } from "../../line.js";
import { tell } from "../../notices.js";
import { useSecond } from "../../seconds.js";
import * as broadcast from "../../studio/broadcast.js";
import { canRecord, isSecure } from "../../studio/input.js";
import { liveOf, look } from "../../live.js";
import { Icon } from "../icon.js";
import { NameForm } from "../name_form.js";
import { Ask } from "../parts.js";
import { Cockpit } from "./cockpit.js";
import { Meter } from "./meter.js";
import { NowPlaying } from "./now_playing.js";
import { Programs } from "./programs.js";
import { Source } from "./source.js";

learnWords(words);

// How often the cockpit's figures are asked for.
const EVERY_MS = 1_000;

/** Everything one needs to be heard in a room. */
export function Desk({ room }) {
  const live = liveOf(room);
  useEffect(() => look(room, { every_ms: EVERY_MS }), [room]);
  useEffect(() => broadcast.rest, []);
  const unable = !isSecure() ? "studio.insecure" : !canRecord() ? "studio.no_recorder" : null;
  const mine = broadcast.room.value === room && broadcast.isLive.value;
  return html`<div class="studio-main">
      ${unable ? html`<p class="notice" role="alert"><${Icon} name="triangle-alert" />${t(unable)}</p>` : html`<${OnAir} room=${room} mine=${mine} show=${live.value} />
        <section class="studio-card" aria-labelledby="studio-source"><h2 id="studio-source">${t("studio.source")}</h2><${Source} /><${Meter} /></section>`}
      ${mine && broadcast.state.value !== "ending" && html`<${NowPlaying} room=${room} />`}
    </div>
    <div class="studio-side">
      <${Cockpit} show=${live.value} />
      <${Programs} room=${room} />
    </div>`;
}

/** The one large button, and what becomes of it. */
function OnAir({ room, mine, show }) {
  const asking = useSignal(false);
  const elsewhere = broadcast.isLive.value && !mine;
  const on = broadcast.state.value;
  if (!name.value) return html`<section class="studio-card"><p>${t("studio.name_first")}</p><${NameForm} label=${t("studio.name_take")} /></section>`;
  return html`<section class=${`studio-air ${mine ? `is-${on}` : ""}`} aria-labelledby="studio-air">
    <h2 id="studio-air" class="sr">${t("studio.air")}</h2>
    ${mine ? html`<${Clock} on=${on} show=${show} />` : html`<p class="studio-say">${t(broadcast.source.value ? "studio.ready" : "studio.choose")}</p>`}
    ${broadcast.why.value && broadcast.room.value === room && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" />${reasonOf(broadcast.why.value)}</p>`}
    ${elsewhere && html`<p class="notice">${t("studio.elsewhere", { room: broadcast.room.value })}</p>`}
    ${mine
      ? html`<button type="button" class="button danger solid large studio-go" onClick=${() => (asking.value = true)}><${Icon} name="square" />${t("studio.end")}</button>`
      : html`<button type="button" class="button primary large studio-go" disabled=${!broadcast.source.value || elsewhere} onClick=${() => broadcast.goLive(room)}><${Icon} name="radio" />${t("studio.go")}</button>`}
    ${asking.value && html`<${Ask} title=${t("studio.end_title")} text=${t("studio.end_ask")} yes=${t("studio.end_yes")} no=${t("studio.end_no")}
      onYes=${async () => {
        await broadcast.endShow();
        asking.value = false;
        tell(t("studio.ended"), { link: show?.show && { href: `/t/${show.show}`, text: t("studio.recording") } });
      }} onClose=${() => (asking.value = false)} />`}
  </section>`;
}

const REASONS = new Set(["taken-over", "revoked", "refused", "ended", "stalled", "key_refused", "stage_full"]);
const reasonOf = ({ code, reason }) => (REASONS.has(code) ? t(`studio.why.${code}`, { reason }) : reason);

function Clock({ on, show }) {
  const now = useSecond();
  const began = useComputed(() => broadcast.since.value);
  const listeners = show?.listeners?.total;
  return html`<div class="studio-clock">
    <span class="live-mark" role="status">${t(`studio.state.${on}`)}</span>
    <b>${playTime(began.value ? (now - began.value) / 1000 : 0)}</b>
    ${listeners !== undefined && html`<span class="studio-ears"><${Icon} name="headphones" size="18" />${t("live.listeners", { count: listeners })}</span>`}
    ${on === "waiting" && html`<p class="quiet">${t("studio.waiting_teach")}</p>`}
  </div>`;
}
