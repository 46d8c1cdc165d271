import { count, percent, size, timeLeft } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { trackSignal } from "../tracks.js";
import { cancel, dismiss, dismissFinished, overall, pause, pauseAll, resume, resumeAll, retry, sendFirst, uploads } from "../uploads.js";
import { Duplicate } from "./duplicate.js";
import { Icon } from "./icon.js";
import { PlayButton } from "./play_button.js";
import { ChooseFiles } from "./top_bar.js";

const OPEN = new Set(["waiting", "sending", "paused", "left"]);
const PLAYING_EARLY = new Set(["sending", "paused", "left"]);

/** Files on their way, and what has become of them. */
export function UploadList() {
  if (!uploads.value.length) return null;
  return html`<section class="uploads" aria-label=${t("upload.list")}>
    ${uploads.value.length > 1 && html`<${Overall} />`}
    <ul>${uploads.value.map((upload) => html`<${Upload} key=${upload.ref} upload=${upload} />`)}</ul>
  </section>`;
}

/** How far all of them are together, and what can be done with all of them. */
function Overall() {
  const { sent, bytes, done, count: files, left_s: left } = overall.value;
  const states = uploads.value.map(({ state }) => state);
  const going = states.some((state) => state === "sending" || state === "waiting");
  const paused = states.includes("paused");
  const finished = states.some((state) => !OPEN.has(state));
  const key = left === null ? "upload.overall" : "upload.overall_left";
  return html`<header class="uploads-head">
    <div class="uploads-sum"><p>${t(key, { done: count(done), files: count(files), sent: size(sent), size: size(bytes), left: timeLeft(left ?? 0) })}</p>
      <progress max="1" value=${bytes ? sent / bytes : 1} aria-label=${t("upload.overall_progress")}></progress></div>
    ${going && html`<button type="button" class="button" onClick=${pauseAll}><${Icon} name="pause" size="16" />${t("upload.pause_all")}</button>`}
    ${!going && paused && html`<button type="button" class="button" onClick=${resumeAll}><${Icon} name="play" size="16" />${t("upload.resume_all")}</button>`}
    ${finished && html`<button type="button" class="button" onClick=${dismissFinished}>${t("upload.dismiss_all")}</button>`}
  </header>`;
}

function Upload({ upload }) {
  const track = upload.trackId ? trackSignal(upload.trackId).value : null;
  const failed = upload.state === "failed" || (track?.state === "failed" && upload.state !== "cancelled");
  const share = shareOf(upload, track);
  return html`<li class=${`upload ${failed ? "is-failed" : ""}`}>
    <div class="upload-act">${track?.playable
      ? html`<${PlayButton} track=${track} size="18" />`
      : html`<span class="upload-mark"><${Icon} name=${failed ? "circle-alert" : "audio-lines"} /></span>`}</div>
    <div class="upload-words">
      <p class="upload-name">${track?.playable ? html`<a href=${track.links.page}>${track.title}</a>` : upload.file.name}
        ${track?.playable && PLAYING_EARLY.has(upload.state) && html`<span class="chip live">${t("upload.playable")}</span>`}</p>
      <p class="upload-state" role="status">${words(upload, track)}</p>
      ${!failed && upload.state !== "cancelled" && share < 1 &&
      html`<progress max="1" value=${share} aria-label=${t("upload.progress", { name: upload.file.name })}></progress>`}
    </div>
    <${Actions} upload=${upload} />
    ${track && upload.state === "done" && html`<${Duplicate} track=${track} />`}
  </li>`;
}

function Actions({ upload }) {
  const { ref, state, file } = upload;
  const again = state === "failed" || state === "cancelled";
  const open = OPEN.has(state);
  const label = t(open ? "upload.cancel" : "upload.dismiss", { name: file.name });
  return html`<div class="upload-tools">
    ${state === "waiting" && behind(ref) && html`<button type="button" class="ghost" title=${t("upload.first")} aria-label=${t("upload.send_first", { name: file.name })} onClick=${() => sendFirst(ref)}><${Icon} name="arrow-up" /></button>`}
    ${(state === "sending" || state === "waiting") && html`<button type="button" class="ghost" aria-label=${t("upload.pause", { name: file.name })} onClick=${() => pause(ref)}><${Icon} name="pause" /></button>`}
    ${state === "paused" && html`<button type="button" class="ghost" aria-label=${t("upload.resume", { name: file.name })} onClick=${() => resume(ref)}><${Icon} name="play" /></button>`}
    ${state === "left" && html`<${ChooseFiles} className="ghost"><${Icon} name="upload" /><//>`}
    ${again && html`<button type="button" class="ghost" aria-label=${t("upload.retry", { name: file.name })} onClick=${() => retry(ref)}><${Icon} name="rotate-ccw" /></button>`}
    <button type="button" class="ghost" aria-label=${label} onClick=${() => (open ? cancel(ref) : dismiss(ref))}><${Icon} name="x" /></button>
  </div>`;
}

/** Whether another one is sent before it, of those that still wait. */
const behind = (ref) => uploads.value.find(({ state }) => state === "waiting")?.ref !== ref;

/** 0..1: of sending at first, of packaging afterwards. */
function shareOf(upload, track) {
  if (OPEN.has(upload.state)) return upload.file.size ? upload.sent / upload.file.size : 0;
  if (upload.state === "done") return track?.state === "packaging" && track.duration_ms ? track.packaged_ms / track.duration_ms : 1;
  return 0;
}

function words(upload, track) {
  const { state, sent, file, left_s: left } = upload;
  if (state === "cancelled") return t("upload.cancelled");
  if (track?.state === "failed") return t("upload.refused", { reason: track.reason ?? "" });
  if (state === "failed") return upload.error;
  if (state === "left") return t("upload.left", { share: percent(shareOf(upload)) });
  if (state === "paused") return t("upload.paused", { sent: size(sent), size: size(file.size) });
  if (upload.broken) return t("upload.line_down", { sent: size(sent), size: size(file.size) });
  if (state === "waiting") return t("upload.waiting", { size: size(file.size) });
  if (state === "sending") {
    const key = left === null ? "upload.sending" : "upload.sending_left";
    return t(key, { sent: size(sent), size: size(file.size), left: timeLeft(left ?? 0) });
  }
  if (track?.state === "packaging") return t("upload.packaging", { share: percent(shareOf(upload, track)) });
  return t("upload.done", { size: size(file.size) });
}
