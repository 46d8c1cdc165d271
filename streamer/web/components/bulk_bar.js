import { html } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/** What can be done with the rows that are chosen; above the player, so that no row moves when it comes. */
export function BulkBar({ count, onPlay, remove = t("track.delete"), onDelete, onClear, children }) {
  if (!count) return null;
  return html`<section class="bulk" aria-label=${t("bulk.label")}>
    <b role="status">${t("bulk.count", { count })}</b>
    <div class="bulk-tools">
      <button type="button" class="button" onClick=${onPlay}><${Icon} name="play" size="16" /><span>${t("player.play")}</span></button>
      ${children}
      <button type="button" class="button danger" onClick=${onDelete}><${Icon} name="trash" size="16" /><span>${remove}</span></button>
    </div>
    <button type="button" class="ghost" aria-label=${t("bulk.clear")} onClick=${onClear}><${Icon} name="x" /></button>
  </section>`;
}
