import { playTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import * as player from "../player.js";
import { Cover } from "./cover.js";
import { PlayButton } from "./play_button.js";
import { Thumb } from "./waveform.js";

/** A track in a list: cover, words, sound. */
export function Card({ track, among }) {
  const current = player.currentId.value === track.id;
  const ready = () => player.pointAt(track);
  return html`<article class=${`card ${current ? "is-current" : ""}`} onPointerEnter=${ready}>
    <div class="card-art">
      <a href=${track.links.page} tabindex="-1" aria-hidden="true"><${Cover} track=${track} /></a>
      <${PlayButton} track=${track} among=${among} size="22" />
    </div>
    <div class="card-words">
      <h2><a href=${track.links.page} title=${track.title}>${track.title}</a></h2>
      <p>${track.artist ?? t("track.no_artist")}</p>
    </div>
    <div class="card-sound">
      ${track.playable ? html`<${Thumb} track=${track} />` : html`<span class="thumb"></span>`}
      <${Length} track=${track} />
    </div>
  </article>`;
}

function Length({ track }) {
  if (track.state === "receiving") return html`<span class="chip live">${t("state.receiving")}</span>`;
  if (track.state === "packaging") return html`<span class="chip live">${t("state.packaging")}</span>`;
  if (track.state === "live") return html`<span class="live-mark">${t("state.live")}</span>`;
  return html`<span class="card-time">${playTime(player.durationOf(track))}</span>`;
}

/** The shape of a card that is on its way. */
export function CardShape() {
  return html`<div class="card is-shape" aria-hidden="true"><div class="card-art"><span class="cover"></span></div>
    <div class="card-words"><span></span><span></span></div><div class="card-sound"><span class="thumb"></span></div></div>`;
}

/** One line: for narrow columns. */
export function Row({ track, among }) {
  const current = player.currentId.value === track.id;
  return html`<li class=${`row ${current ? "is-current" : ""}`}>
    <div class="row-art"><${Cover} track=${track} px="48" /><${PlayButton} track=${track} among=${among} size="18" /></div>
    <div class="row-words"><a href=${track.links.page}>${track.title}</a><span>${track.artist ?? t("track.no_artist")}</span></div>
    <${Length} track=${track} />
  </li>`;
}
