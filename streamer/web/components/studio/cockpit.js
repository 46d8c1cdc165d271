import { bitrate as asBitrate, decimal } from "../../format.js";
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { isOn } from "../../live.js";
import { Icon } from "../icon.js";

const QUIET = "–";
const RATE = 48_000;

/** How the show is, as the server measures it. */
export function Cockpit({ show }) {
  const cockpit = isOn(show) ? show.cockpit : null;
  const levels = cockpit?.levels;
  return html`<section class="studio-card" aria-labelledby="studio-health"><h2 id="studio-health">${t("studio.health")}</h2>
    ${!isOn(show) ? html`<p class="quiet">${t("studio.health_off")}</p>` : !levels && html`<p class="quiet">${t("studio.health_waits")}</p>`}
    <div role="status">${cockpit?.alerts.map((alert) => html`<p key=${alert} class="notice bad"><${Icon} name="triangle-alert" size="18" />${t(`studio.alert.${alert}`)}</p>`)}</div>
    ${levels && html`<dl class="figures">
      <${Figure} name="momentary" value=${lufs(levels.momentary_lufs)} />
      <${Figure} name="short" value=${lufs(levels.short_lufs)} />
      <${Figure} name="integrated" value=${lufs(levels.integrated_lufs)} />
      <${Figure} name="range" value=${withUnit(levels.range_lu, "studio.lu")} />
      <${Figure} name="true_peak" value=${withUnit(levels.true_peak_dbtp, "studio.dbtp")} bad=${levels.true_peak_dbtp > -0.1} />
      <${Figure} name="channels" value=${t(levels.silent_ms > 0 ? "studio.silent" : levels.mono ? "studio.mono" : "studio.stereo")} />
      <${Figure} name="drift" value=${withUnit(levels.drift_ppm, "studio.ppm")} />
      <${Figure} name="jitter" value=${withUnit(levels.jitter_ms, "studio.ms")} />
      <${Figure} name="buffered" value=${withUnit(levels.buffered_ms, "studio.ms")} />
      <${Figure} name="filled" value=${withUnit(levels.filled_ticks / RATE, "studio.s")} />
    </dl>`}
    ${cockpit && html`<dl class="figures">
      ${cockpit.sources.filter(({ heard }) => heard).map((source) => html`<${Figure} name="bitrate" value=${asBitrate(source.bitrate)} /><${Figure} name="codec" value=${source.codec ?? QUIET} />`)}
      ${["websocket", "hls", "progressive"].map((way) => html`<${Figure} name=${`way.${way}`} value=${wayOut(show.listeners[way], cockpit.delays_ms[way])} />`)}
    </dl>`}
  </section>`;
}

function Figure({ name, value, bad = false }) {
  return html`<div class=${bad ? "is-bad" : ""}><dt>${t(`studio.figure.${name}`)}</dt><dd>${value}</dd></div>`;
}

const withUnit = (value, key) => (value === null || value === undefined ? QUIET : t(key, { value: decimal(value) }));
const lufs = (value) => withUnit(value, "studio.lufs");
const wayOut = (count, delay_ms) => t(delay_ms ? "studio.way_delay" : "studio.way", { count, delay: decimal((delay_ms ?? 0) / 1000) });
