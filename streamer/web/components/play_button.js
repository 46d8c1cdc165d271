import { html } from "../html.js";
import { t } from "../i18n.js";
import * as player from "../player.js";
import { Icon } from "./icon.js";

/** Plays a track, or pauses it. Pointing at it gets the first seconds ready. */
export function PlayButton({ track, among, className = "", size = 20 }) {
  const current = player.currentId.value === track.id;
  const on = current && player.playing.value;
  const waits = on && player.waiting.value;
  const ready = () => player.pointAt(track);
  const press = () => (current ? player.toggle() : player.play(track, { among }));
  return html`<button
    type="button"
    class=${`play-button ${className} ${waits ? "is-waiting" : ""}`}
    aria-label=${t(on ? "player.pause_track" : "player.play_track", { title: track.title })}
    disabled=${!track.playable}
    onPointerEnter=${ready}
    onFocus=${ready}
    onTouchStart=${() => player.prepare(track)}
    onClick=${press}
  ><${Icon} name=${on ? "pause" : "play"} size=${size} /></button>`;
}
