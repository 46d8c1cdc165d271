import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";

import * as api from "../api.js";
import { size } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { tell } from "../notices.js";
import { learn, loadTrack, trackSignal } from "../tracks.js";
import { Cover } from "./cover.js";
import { Icon } from "./icon.js";

const TYPES = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const MAX_BYTES = 10_000_000;

const asAddress = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });

/** The cover of a track, which one may click, or drop a picture on. The new one is shown while it is still on its way. */
export function CoverEdit({ track, onHue }) {
  const preview = useSignal(null);
  const over = useSignal(false);
  const input = useRef(null);
  const take = async (file) => {
    over.value = false;
    if (!file) return;
    if (!TYPES.includes(file.type)) return tell(t("cover.wrong_type", { name: file.name }), { bad: true });
    if (file.size > MAX_BYTES) return tell(t("cover.too_large", { size: size(file.size), limit: size(MAX_BYTES) }), { bad: true });
    try {
      preview.value = await asAddress(file);
      learn(await api.putCover(track.id, file));
      tell(t("cover.saved"));
    } catch (error) {
      tell(t("cover.refused", { reason: error.message }), { bad: true });
    }
    preview.value = null;
  };
  const remove = async () => {
    try {
      await api.deleteCover(track.id);
      await loadTrack(track.id);
      const now = trackSignal(track.id).peek()?.links.cover;
      tell(t(now === track.links.cover ? "cover.files_own" : "cover.removed"));
    } catch (error) {
      tell(t("cover.refused", { reason: error.message }), { bad: true });
    }
  };
  const held = (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    over.value = event.type !== "dragleave";
  };
  const dropped = (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  return html`<div class=${`cover-edit ${over.value ? "is-over" : ""} ${preview.value ? "is-sending" : ""}`} onDragEnter=${held} onDragOver=${held} onDragLeave=${held} onDrop=${dropped}>
    <${Cover} track=${track} px="280" preview=${preview.value} onHue=${onHue} />
    <div class="cover-tools">
      <button type="button" class="button" onClick=${() => input.current.click()}><${Icon} name="image" size="16" />${t(over.value ? "cover.drop" : "cover.choose")}</button>
      ${track.links.cover && html`<button type="button" class="button" aria-label=${t("cover.remove")} title=${t("cover.remove")} onClick=${remove}><${Icon} name="x" size="16" /></button>`}
    </div>
    <input ref=${input} class="file-input" type="file" hidden accept=${TYPES.join(",")} data-cover onChange=${(event) => (take(event.currentTarget.files[0]), (event.currentTarget.value = ""))} />
  </div>`;
}
