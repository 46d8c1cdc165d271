import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { albumPage } from "../albums.js";
import { hueOf } from "../colour.js";
import { commentsOf, loadComments } from "../comments.js";
import { CopyButton } from "../components/copy_button.js";
import { Cover } from "../components/cover.js";
import { CoverEdit } from "../components/cover_edit.js";
import { Duplicate } from "../components/duplicate.js";
import { Icon } from "../components/icon.js";
import { FromShow } from "../components/from_show.js";
import { AddToPlaylist, AskDelete, Chapters, Comments, EditTags } from "../components/parts.js";
import { TrackSound } from "../components/track_sound.js";
import { seekIn } from "../components/waveform.js";
import { fullTime, percent, playTime, since, size } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { socket, standing } from "../line.js";
import { momentIn, pageAt } from "../moment.js";
import * as player from "../player.js";
import { go, route } from "../router.js";
import { loadTrack, removeTrack, trackSignal } from "../tracks.js";
import { Nothing } from "./missing.js";

/** One track: listen, download, hand on, delete. */
export function Track({ name: id }) {
  const track = trackSignal(id).value;
  const error = useSignal(null);
  useEffect(() => socket.watch(id), [id]);
  useEffect(() => {
    if (standing.value === "lost") return; // what is known stays; it is asked for again when the line is back
    error.value = null;
    loadTrack(id).catch((reason) => (error.value = reason.message));
  }, [id, standing.value]);
  useEffect(() => {
    document.title = track ? t("track.document", { title: track.title }) : "Veza";
    if (track) player.prepare(track);
  }, [track?.title, track?.playable]);
  const moment = momentIn(route.value.search);
  const playable = Boolean(track?.playable);
  useEffect(() => {
    if (moment === null || !playable) return;
    player.play(track, { at: moment });
    history.replaceState(history.state, "", location.pathname); // a reload goes on where one was, not here again
  }, [id, moment, playable]);
  if (track) return html`<${Listen} key=${id} track=${track} />`;
  if (track === null) return html`<${Nothing} title=${t("track.gone")} text=${t("track.gone_teach")} />`;
  if (error.value) return html`<${Nothing} title=${t("track.unreachable")} text=${error.value} />`;
  return html`<main id="main" class="track is-shape" aria-busy="true"><span class="sr">${t("track.loading")}</span>
    <div class="track-head"><span class="cover"></span><div class="track-words"><span></span><span></span></div></div><div class="track-wave"></div></main>`;
}

function Listen({ track }) {
  const hue = useSignal(hueOf(track.id));
  const asking = useSignal(false);
  const [editing, adding] = [useSignal(false), useSignal(false)];
  const margin = commentsOf(track.id);
  useEffect(() => {
    if (standing.value !== "lost") loadComments(track.id);
  }, [track.id, standing.value]);
  const remove = async () => {
    await removeTrack(track.id);
    player.forget(track.id);
  };
  const failed = track.state === "failed";
  return html`<main id="main" class="track" style=${{ "--hue": hue.value }}>
    <div class="track-head">
      ${failed ? html`<${Cover} track=${track} />` : html`<${CoverEdit} track=${track} onHue=${(seen) => (hue.value = seen)} />`}
      <div class="track-words">
        <h1>${track.title}</h1>
        <p class="track-artist">${track.artist ?? t("track.no_artist")}${track.album && html`<span class="track-album">${albumPage(track) ? html`<a href=${albumPage(track)}>${track.album}</a>` : track.album}</span>`}</p>
        <${FromShow} track=${track} />
        <p class="track-facts"><${Facts} track=${track} /></p>
      </div>
    </div>
    ${failed
      ? html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("track.failed", { reason: track.reason ?? "" })}</span></p>`
      : html`<${TrackSound} track=${track} items=${margin.items.value} />`}
    ${!failed && track.reason && html`<p class="notice" role="status"><${Icon} name="circle-alert" /><span>${t("track.cut_short", { reason: track.reason })}</span></p>`}
    <${Progress} track=${track} />
    ${track.chapters?.length > 0 && html`<${Chapters} track=${track} onPlay=${(at) => player.play(track, { at })} />`}
    <${Duplicate} track=${track} />
    <div class="track-tools">
      ${!failed && html`<a class="button" href=${track.links.source} download><${Icon} name="download" size="18" />${t("track.download")}</a>
        <${CopyButton} icon="link" label=${t("track.copy_hls")} text=${() => absolute(track.links.hls)} />
        <${CopyButton} icon="copy" label=${t("track.copy_page")} text=${() => absolute(track.links.page)} />
        <${CopyMoment} track=${track} />`}
      ${!failed && html`<button type="button" class="button" onClick=${() => (editing.value = true)}><${Icon} name="pencil" size="18" />${t("track.edit")}</button>
        <button type="button" class="button" onClick=${() => (adding.value = true)}><${Icon} name="list-plus" size="18" />${t("playlist.add")}</button>
        <p class="quiet track-teach">${t("track.hls_teach")}</p>`}
      <button type="button" class="button danger" onClick=${() => (asking.value = true)}><${Icon} name="trash" size="18" />${t("track.delete")}</button>
    </div>
    ${track.playable && html`<${Comments} track=${track} margin=${margin} onSeek=${(to) => seekIn(track, to)} onAgain=${() => loadComments(track.id)} />`}
    ${adding.value && html`<${AddToPlaylist} tracks=${[track]} onClose=${() => (adding.value = false)} />`}
    ${editing.value && html`<${EditTags} tracks=${[track]} onClose=${() => (editing.value = false)} />`}
    ${asking.value && html`<${AskDelete} tracks=${[track]} remove=${remove} onGone=${() => go("/")} onClose=${() => (asking.value = false)} />`}
  </main>`;
}

/** While it is the one that plays. */
function CopyMoment({ track }) {
  if (player.currentId.value !== track.id) return null;
  const address = () => absolute(pageAt(track.links.page, player.position.peek()));
  return html`<${CopyButton} icon="clock" label=${t("track.copy_moment")} text=${address} />`;
}

const absolute = (address) => new URL(address, location.href).href;

function Facts({ track }) {
  const facts = [
    track.state === "ready" && playTime(player.durationOf(track)),
    track.size_bytes && size(track.size_bytes),
    track.filename,
  ].filter(Boolean);
  return html`${facts.map((fact) => html`<span>${fact}</span>`)}<time datetime=${new Date(track.created_at).toISOString()} title=${fullTime(track.created_at)}>${since(track.created_at)}</time>`;
}

function Progress({ track }) {
  if (track.state !== "receiving" && track.state !== "packaging") return null;
  const sending = track.state === "receiving";
  const share = sending
    ? track.received_bytes / (track.size_bytes || Infinity)
    : track.packaged_ms / Math.max(track.duration_ms ?? 0, track.packaged_ms, 1);
  const key = sending ? "track.receiving" : "track.packaging";
  const text = t(key, { share: percent(share), ready: playTime(track.packaged_ms / 1000) });
  return html`<div class="track-progress"><p role="status"><span class="chip live">${t(track.playable ? "upload.playable" : `state.${track.state}`)}</span> ${text}</p>
    <progress max="1" value=${share} aria-label=${t("track.progress")}></progress></div>`;
}
