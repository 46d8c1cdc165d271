import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { hueOf } from "../colour.js";
import { Cover } from "../components/cover.js";
import { Dialog } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { PlayButton } from "../components/play_button.js";
import { SeekWave } from "../components/waveform.js";
import { fullTime, percent, playTime, since, size } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { line, socket } from "../line.js";
import * as player from "../player.js";
import { go } from "../router.js";
import { loadTrack, removeTrack, trackSignal } from "../tracks.js";
import { Nothing } from "./missing.js";

const COPIED_MS = 2000;

/** One track: listen, download, hand on, delete. */
export function Track({ name: id }) {
  const track = trackSignal(id).value;
  const error = useSignal(null);
  const lost = line.value.since !== null;
  useEffect(() => socket.watch(id), [id]);
  useEffect(() => {
    if (lost) return; // what is known stays; it is asked for again when the line is back
    error.value = null;
    loadTrack(id).catch((reason) => (error.value = reason.message));
  }, [id, lost]);
  useEffect(() => {
    document.title = track ? t("track.document", { title: track.title }) : "Veza";
    if (track) player.prepare(track);
  }, [track?.title, track?.playable]);
  if (track) return html`<${Listen} key=${id} track=${track} />`;
  if (track === null) return html`<${Nothing} title=${t("track.gone")} text=${t("track.gone_teach")} />`;
  if (error.value) return html`<${Nothing} title=${t("track.unreachable")} text=${error.value} />`;
  return html`<main id="main" class="track is-shape" aria-busy="true"><span class="sr">${t("track.loading")}</span>
    <div class="track-head"><span class="cover"></span><div class="track-words"><span></span><span></span></div></div><div class="track-wave"></div></main>`;
}

function Listen({ track }) {
  const hue = useSignal(hueOf(track.id));
  const asking = useSignal(false);
  const failed = track.state === "failed";
  return html`<main id="main" class="track" style=${{ "--hue": hue.value }}>
    <div class="track-head">
      <${Cover} track=${track} onHue=${(seen) => (hue.value = seen)} />
      <div class="track-words">
        <h1>${track.title}</h1>
        <p class="track-artist">${track.artist ?? t("track.no_artist")}${track.album && html`<span class="track-album">${track.album}</span>`}</p>
        <p class="track-facts"><${Facts} track=${track} /></p>
      </div>
    </div>
    ${failed
      ? html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("track.failed", { reason: track.reason ?? "" })}</span></p>`
      : html`<div class="track-wave">
          <${PlayButton} track=${track} className="large" size="30" />
          <${SeekWave} track=${track} />
        </div>
        <${Times} track=${track} />`}
    <${Progress} track=${track} />
    <div class="track-tools">
      ${!failed && html`<a class="button" href=${track.links.source} download><${Icon} name="download" size="18" />${t("track.download")}</a>
        <${CopyButton} icon="link" label=${t("track.copy_hls")} text=${new URL(track.links.hls, location.href).href} />
        <${CopyButton} icon="copy" label=${t("track.copy_page")} text=${new URL(track.links.page, location.href).href} />`}
      <button type="button" class="button danger" onClick=${() => (asking.value = true)}><${Icon} name="trash" size="18" />${t("track.delete")}</button>
    </div>
    ${!failed && html`<p class="quiet track-teach">${t("track.hls_teach")}</p>`}
    ${asking.value && html`<${AskDelete} track=${track} onClose=${() => (asking.value = false)} />`}
  </main>`;
}

function Facts({ track }) {
  const facts = [
    track.state === "ready" && playTime(player.durationOf(track)),
    track.size_bytes && size(track.size_bytes),
    track.filename,
  ].filter(Boolean);
  return html`${facts.map((fact) => html`<span>${fact}</span>`)}<time datetime=${new Date(track.created_at).toISOString()} title=${fullTime(track.created_at)}>${since(track.created_at)}</time>`;
}

function Times({ track }) {
  const here = player.currentId.value === track.id;
  const second = here ? Math.floor(player.position.value) : 0;
  return html`<p class="track-times" aria-hidden="true"><span>${playTime(second)}</span><span>${playTime(player.durationOf(track))}</span></p>`;
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

function CopyButton({ icon, label, text }) {
  const state = useSignal("idle");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      state.value = "copied";
    } catch {
      state.value = "shown"; // no permission, or not a secure context: show it instead
      return;
    }
    setTimeout(() => (state.value = "idle"), COPIED_MS);
  };
  if (state.value === "shown") {
    return html`<input class="field copy-field" readonly aria-label=${label} value=${text} ref=${(input) => input?.select()} />`;
  }
  const copied = state.value === "copied";
  return html`<button type="button" class="button" onClick=${copy} title=${text}><${Icon} name=${copied ? "check" : icon} size="18" />
    <span role="status">${copied ? t("track.copied") : label}</span></button>`;
}

function AskDelete({ track, onClose }) {
  const error = useSignal(null);
  const remove = async () => {
    try {
      await removeTrack(track.id);
      player.forget(track.id);
      go("/");
    } catch (reason) {
      error.value = reason.message;
    }
  };
  return html`<${Dialog} title=${t("track.delete_title")} onClose=${onClose}>
    <p>${t("track.delete_ask", { title: track.title })}</p>
    ${error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" />${error.value}</p>`}
    <div class="dialog-tools">
      <button type="button" class="button" onClick=${(event) => event.currentTarget.closest("dialog").close()}>${t("track.keep")}</button>
      <button type="button" class="button danger solid" onClick=${remove}>${t("track.delete_yes")}</button>
    </div>
  <//>`;
}
