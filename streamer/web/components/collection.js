import { useSignal } from "@preact/signals";

import { hueOf } from "../colour.js";
import { timeLong } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import * as player from "../player.js";
import { Cover } from "./cover.js";
import { Icon } from "./icon.js";

/** The screen of an album or a playlist: what it is, play, and its tracks as children. Without `of`, its shape. */
export function Collection({ of, kind, title, by, year, tracks, duration_ms: duration, tools, art, children }) {
  const hue = useSignal(of ? hueOf(of.id) : 0);
  if (!of) {
    return html`<main id="main" class="collection is-shape" aria-busy="true"><span class="sr">${t("library.loading")}</span>
      <div class="track-head"><span class="cover"></span><div class="track-words"><span></span><span></span></div></div></main>`;
  }
  const playable = tracks.filter((track) => track.playable);
  const inside = playable.some((track) => track.id === player.currentId.value);
  const on = inside && player.playing.value;
  const press = () => (inside ? player.toggle() : player.play(playable[0], { among: playable }));
  return html`<main id="main" class="collection track" style=${{ "--hue": hue.value }}>
    <div class="track-head"><${Cover} track=${art ?? of} px="280" onHue=${(seen) => (hue.value = seen)} />
      <div class="track-words"><p class="collection-kind">${kind}</p><h1 dir="auto">${title}</h1>
        ${by && html`<p class="track-artist" dir="auto">${by}</p>`}
        <p class="track-facts">${year && html`<span>${year}</span>`}<span>${t("library.count", { count: tracks.length, number: tracks.length })}</span>${duration > 0 && html`<span>${timeLong(duration / 1000)}</span>`}</p></div></div>
    <div class="track-tools"><button type="button" class="button primary large" disabled=${!playable.length} onClick=${press}><${Icon} name=${on ? "pause" : "play"} />${t(on ? "player.pause" : "collection.play")}</button>${tools}</div>
    <div>${children}</div>
  </main>`;
}
