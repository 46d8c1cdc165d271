import { albumPage } from "../albums.js";
import { count as number, fullTime, playTime, since } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import * as player from "../player.js";
import { trackSignal } from "../tracks.js";
import { Cover } from "./cover.js";
import { Icon } from "./icon.js";

/** One track of a grid. Its controls take part in Tab while its row is the active one. */
export function TrackRow({ row, index, top, lead, columns, active, selection, held, count, onTouch, onPlay, onExtend, onGrip }) {
  const track = trackSignal(row.id).value;
  if (!track) return null;
  const current = player.currentId.value === track.id;
  const chosen = selection?.has(row.key) ?? false;
  const stop = active ? 0 : -1;
  const clicked = (event) => {
    onTouch();
    if (event.target.closest("a, button, input")) return;
    if (event.shiftKey && selection) return onExtend();
    if ((event.ctrlKey || event.metaKey) && selection) return selection.toggle(row.key);
    if (event.pointerType === "touch") onPlay();
  };
  return html`<div class=${`grid-row ${held ? "is-held" : ""} ${current ? "is-current" : ""} ${chosen ? "is-chosen" : ""}`} role="row" aria-rowindex=${index + 2} aria-selected=${selection ? chosen : undefined}
      tabindex=${stop} data-active=${active ? "" : undefined} style=${{ transform: `translateY(${top}px)` }}
      onFocus=${() => active || onTouch()} onClick=${clicked} onDblClick=${(event) => event.target.closest("a, button, input") || onPlay()} onPointerEnter=${() => player.pointAt(track)}>
    ${selection && html`<div class="grid-check" role="gridcell"><input type="checkbox" tabindex=${stop} checked=${chosen} aria-label=${t("grid.choose", { title: track.title })}
      onClick=${(event) => event.shiftKey && (event.preventDefault(), onExtend())} onChange=${() => selection.toggle(row.key)} /></div>`}
    <div class=${`grid-${lead}`} role="gridcell">${lead === "art" ? html`<${Cover} track=${track} px="48" />` : html`<span class="grid-digits">${typeof row.number === "string" ? row.number : number(row.number ?? index + 1)}</span>`}
      <${RowPlay} track=${track} current=${current} stop=${stop} onPlay=${onPlay} /></div>
    <div class="grid-title" role="gridcell"><a href=${track.links.page} tabindex=${stop} title=${track.title}>${track.title}</a><span>${track.artist ?? t("track.no_artist")}</span></div>
    ${columns.map((name) => html`<div key=${name} class=${`grid-${name}`} role="gridcell"><${Fact} name=${name} track=${track} stop=${stop} /></div>`)}
    <div class="grid-length" role="gridcell">${track.state === "ready" ? playTime(player.durationOf(track)) : html`<span class="chip live">${t(`state.${track.state}`)}</span>`}</div>
    ${onGrip && html`<div class="grid-handle" role="gridcell"><button type="button" class="ghost" tabindex=${stop} onPointerDown=${onGrip}
      aria-label=${t("grid.move", { title: track.title, at: index + 1, of: count })}><${Icon} name="grip-vertical" /></button></div>`}
  </div>`;
}

function RowPlay({ track, current, stop, onPlay }) {
  const on = current && player.playing.value;
  return html`<button type="button" class="play-button" tabindex=${stop} disabled=${!track.playable}
    aria-label=${t(on ? "player.pause_track" : "player.play_track", { title: track.title })}
    onClick=${() => (current ? player.toggle() : onPlay())}><${Icon} name=${on ? "pause" : "play"} size="18" /></button>`;
}

function Fact({ name, track, stop }) {
  if (name === "added") return html`<time datetime=${new Date(track.created_at).toISOString()} title=${fullTime(track.created_at)}>${since(track.created_at)}</time>`;
  if (!track.album) return null;
  const page = albumPage(track);
  return page ? html`<a href=${page} tabindex=${stop} title=${track.album}>${track.album}</a>` : html`<span title=${track.album}>${track.album}</span>`;
}
