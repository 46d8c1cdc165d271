import { useComputed } from "@preact/signals";

import { playTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import * as player from "../player.js";

/** What was played in a show, and where; each leads there. */
export function Chapters({ track, onPlay }) {
  const here = player.currentId.value === track.id;
  const current = useComputed(() => track.chapters.findLastIndex(({ start_ms }) => start_ms <= player.position.value * 1000));
  return html`<section class="chapters" aria-labelledby="chapters"><h2 id="chapters">${t("chapter.title")}</h2>
    <ol>${track.chapters.map(({ start_ms, title }, index) => html`<li key=${start_ms}><button type="button" class="chapter" aria-current=${here && current.value === index ? "true" : undefined} onClick=${() => onPlay(start_ms / 1000)}>
      <span class="chapter-at">${playTime(start_ms / 1000)}</span><span>${title}</span></button></li>`)}</ol>
  </section>`;
}
