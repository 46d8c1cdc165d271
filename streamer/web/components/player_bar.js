import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";

import { playTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { instead } from "../on_air.js";
import * as player from "../player.js";
import { seekByKey } from "../seeking.js";
import { Cover } from "./cover.js";
import { Icon } from "./icon.js";

/** The bar that never leaves. Its room is kept even while nothing plays, so that nothing jumps. */
export function PlayerBar() {
  const track = player.current.value;
  const other = instead.value;
  if (other) return html`<section class="player is-live" aria-label=${t("player.label")}><${other.Bar} /></section>`;
  return html`<section class=${`player ${track ? "" : "is-empty"}`} aria-label=${t("player.label")}>
    <${Line} track=${track} />
    <div class="player-row">
      <${NowPlaying} track=${track} />
      <${Transport} track=${track} />
      <${Volume} track=${track} />
    </div>
  </section>`;
}

function NowPlaying({ track }) {
  if (!track) return html`<p class="player-idle">${t("player.idle")}</p>`;
  const failure = player.failure.value;
  return html`<div class="player-track">
    <a class="player-cover" href=${track.links.page} tabindex="-1" aria-hidden="true"><${Cover} key=${track.id} track=${track} px="52" /></a>
    <div class="player-words">
      <a class="player-title" href=${track.links.page}>${track.title}</a>
      ${failure
        ? html`<span class="player-failure" role="alert">${t(`player.failure.${failure}`)}</span>`
        : html`<span class="player-artist">${track.artist ?? t("track.no_artist")}</span>`}
    </div>
  </div>`;
}

function Transport({ track }) {
  const on = player.playing.value;
  const waits = on && player.waiting.value;
  const label = t(on ? "player.pause" : "player.play");
  return html`<div class="player-transport">
    <button type="button" class="ghost player-step" aria-label=${t("player.previous")} disabled=${!track} onClick=${() => player.step(-1)}>
      <${Icon} name="skip-back" /></button>
    <button type="button" class=${`play-button ${waits ? "is-waiting" : ""}`} aria-label=${label} disabled=${!track?.playable} onClick=${player.toggle}>
      <${Icon} name=${on ? "pause" : "play"} /></button>
    <button type="button" class="ghost player-step" aria-label=${t("player.next")} disabled=${!player.hasNext.value} onClick=${() => player.step(1)}>
      <${Icon} name="skip-forward" /></button>
    <${Clock} />
    ${track?.state === "live" && html`<button type="button" class="live-edge is-far" title=${t("player.edge")} aria-label=${t("player.edge")} onClick=${() => toEdge(track)}><span class="live-mark">${t("state.live")}</span></button>`}
  </div>`;
}

/** From somewhere in the recording of a show to where it is now. */
const toEdge = async ({ room }) => (await import("../listening.js")).tuneIn(room);

function Clock() {
  const second = useComputed(() => Math.floor(player.position.value));
  if (!player.current.value) return null;
  return html`<span class="player-clock"><span>${playTime(second.value)}</span> / <span>${playTime(player.duration.value)}</span></span>`;
}

/** How loud it is; with what concerns the sound of a track, if there is one. */
export function Volume({ track }) {
  const quiet = player.muted.value || player.volume.value === 0;
  const icon = quiet ? "volume-x" : player.volume.value < 0.5 ? "volume-1" : "volume-2";
  const set = (event) => {
    player.volume.value = event.currentTarget.valueAsNumber;
    player.muted.value = false;
  };
  const hasLossless = track?.renditions?.some(({ codecs }) => codecs === "fLaC");
  return html`<div class="player-volume">
    ${hasLossless && html`<button type="button" class="ghost player-choice" aria-label=${t("player.lossless")} title=${t("player.lossless")} aria-pressed=${player.lossless.value}
      onClick=${() => (player.lossless.value = !player.lossless.peek())}><${Icon} name="gem" /></button>`}
    ${track !== undefined && html`<button type="button" class="ghost player-choice" aria-label=${t("player.even")} title=${t("player.even")} aria-pressed=${player.even.value}
      onClick=${() => (player.even.value = !player.even.peek())}><${Icon} name="audio-lines" /></button>`}
    <button type="button" class="ghost" aria-label=${t("player.mute")} aria-pressed=${player.muted.value}
      onClick=${() => (player.muted.value = !player.muted.peek())}><${Icon} name=${icon} /></button>
    <input type="range" min="0" max="1" step="0.02" aria-label=${t("player.volume")} value=${player.muted.value ? 0 : player.volume.value} onInput=${set} />
  </div>`;
}

/** The thin seek bar on the player's upper edge. */
function Line({ track }) {
  const box = useRef(null);
  const second = useComputed(() => Math.floor(player.position.value));
  const duration = player.duration.value;
  if (!track) return html`<div class="player-line"></div>`;
  const seekAt = (event) => {
    const { left, width } = box.current.getBoundingClientRect();
    player.seek(((event.clientX - left) / width) * duration);
  };
  return html`<div
    class="player-line"
    ref=${box}
    role="slider"
    tabindex="0"
    aria-label=${t("player.seek_in", { title: track.title })}
    aria-valuemin="0"
    aria-valuemax=${Math.floor(duration)}
    aria-valuenow=${second.value}
    aria-valuetext=${t("player.position", { at: playTime(second.value), of: playTime(duration) })}
    onKeyDown=${(event) => seekByKey(event, player.position.peek(), duration, player.seek)}
    onPointerDown=${(event) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      seekAt(event);
    }}
    onPointerMove=${(event) => event.buttons === 1 && seekAt(event)}
  >
    <${Fill} className="player-buffered" share=${() => bufferedEnd() / player.duration.value} />
    <${Fill} className="player-played" share=${() => player.position.value / player.duration.value} />
  </div>`;
}

const bufferedEnd = () => player.buffered.value.find(([from, to]) => from <= player.position.value + 0.1 && to >= player.position.value)?.[1] ?? 0;

function Fill({ className, share }) {
  const scale = useComputed(() => `scaleX(${Math.min(1, Math.max(0, share() || 0)).toFixed(5)})`);
  return html`<i class=${className} style=${{ transform: scale.value }}></i>`;
}
