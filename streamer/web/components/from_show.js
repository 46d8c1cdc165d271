import { html } from "../html.js";
import { t } from "../i18n.js";

/** A track that is being recorded, or was: the room of its show. */
export function FromShow({ track }) {
  if (!track.room) return null;
  const live = track.state === "live";
  return html`<p class="from-show">${live && html`<span class="live-mark">${t("state.live")}</span>`}<a href=${`/r/${encodeURIComponent(track.room)}`}>${t(live ? "track.live_in" : "track.show_of", { room: track.room })}</a></p>`;
}
