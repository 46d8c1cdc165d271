import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { hueOf } from "../colour.js";
import { clusters, saidAt } from "../comments.js";
import { playTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import * as player from "../player.js";
import { initial } from "./face.js";

const FACE_PX = 24;
const SPOKEN_MS = 5000;
const MAX_IN_BUBBLE = 3;

/** Who said something when: small faces under the waveform. One takes part in Tab, arrows go along the track. */
export function CommentLane({ track, items, onSeek }) {
  const box = useRef(null);
  const width = useSignal(0);
  const pointed = useSignal(null);
  const active = useSignal(0);
  const duration = player.durationOf(track) * 1000;
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => (width.value = entry.contentRect.width));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const spoken = useComputed(() => {
    if (player.currentId.value !== track.id || !player.playing.value) return null;
    // A quarter of a second is fine enough, and spares the work of sixty frames.
    return saidAt(items ?? [], Math.floor(player.position.value * 4) * 250, SPOKEN_MS)?.id ?? null;
  });
  const groups = duration > 0 && width.value > 0 ? clusters(items ?? [], (FACE_PX / width.value) * duration) : [];
  const at = Math.min(active.value, groups.length - 1);
  const shown = groups[pointed.value] ?? groups.find(({ comments }) => comments.some(({ id }) => id === spoken.value));
  const share = (at_ms) => Math.min(1, at_ms / duration) * 100;
  const pressed = (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: groups.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    active.value = Math.max(0, Math.min(groups.length - 1, to));
    box.current.querySelectorAll(".lane-face")[active.value]?.focus();
  };
  return html`<div class="lane" ref=${box} role="group" aria-label=${t("comment.lane")} onKeyDown=${pressed} onPointerLeave=${() => (pointed.value = null)}>
    ${groups.map(({ at_ms, comments }, index) => html`<button type="button" key=${comments[0].id} tabindex=${index === at ? 0 : -1}
      class=${`lane-face ${comments.some(({ pending }) => pending) ? "is-pending" : ""} ${groups[index] === shown ? "is-shown" : ""}`}
      style=${{ left: `${share(at_ms)}%`, "--hue": hueOf(comments[0].author.id ?? comments[0].author.name) }} aria-label=${spokenOut(comments)}
      onPointerEnter=${() => (pointed.value = index)} onFocus=${() => ((active.value = index), (pointed.value = index))} onBlur=${() => (pointed.value = null)}
      onClick=${() => onSeek(at_ms / 1000)}>${comments.length > 1 ? comments.length : initial(comments[0].author.name)}</button>`)}
    ${shown && html`<${Bubble} comments=${shown.comments} spoken=${pointed.value === null ? spoken.value : null} share=${share(shown.at_ms)} />`}
  </div>`;
}

function spokenOut(comments) {
  const told = comments.slice(0, MAX_IN_BUBBLE).map(({ author, at_ms, body }) => t("comment.said", { name: author.name, at: playTime(at_ms / 1000), body }));
  return told.length < 2 ? told[0] : t("comment.several", { count: comments.length, said: told.join("; ") });
}

/** Its own width to the left, as far along as its face: so it never leaves the lane. */
function Bubble({ comments, spoken, share }) {
  const told = spoken ? comments.filter(({ id }) => id === spoken) : comments.slice(0, MAX_IN_BUBBLE);
  const more = spoken ? 0 : comments.length - told.length;
  return html`<div class="lane-bubble" aria-hidden="true" style=${{ left: `${share}%`, translate: `-${share}% 0` }}>
    ${told.map(({ id, author, at_ms, body }) => html`<p key=${id}><b style=${{ "--hue": hueOf(author.id ?? author.name) }}>${author.name}</b><time>${playTime(at_ms / 1000)}</time><span>${body}</span></p>`)}
    ${more > 0 && html`<p class="quiet">${t("comment.more", { count: more })}</p>`}
  </div>`;
}
