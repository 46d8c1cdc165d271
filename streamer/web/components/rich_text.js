import { useEffect, useMemo } from "preact/hooks";

import { parse } from "../chat/markdown.js";
import { playTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { momentIn } from "../moment.js";
import * as player from "../player.js";
import { loadTrack, trackSignal } from "../tracks.js";
import { Icon } from "./icon.js";

/** What somebody wrote. Text becomes elements one by one: nothing in it is ever read as markup. */
export function RichText({ text }) {
  const blocks = useMemo(() => parse(text, location.origin), [text]);
  return html`<div class="message-body" dir="auto">${blocks.map(block)}</div>`;
}

function block({ kind, parts, text }) {
  if (kind === "code") return html`<pre tabindex="0"><code>${text}</code></pre>`;
  if (kind === "quote") return html`<blockquote>${parts.map(part)}</blockquote>`;
  return html`<span>${parts.map(part)}</span>`;
}

const TAGS = { bold: "strong", italic: "em", strike: "s" };

function part(each) {
  if (typeof each === "string") return each;
  const { kind, text, href, parts, track } = each;
  if (kind === "code") return html`<code>${text}</code>`;
  if (kind === "mention") return html`<span class="mention">${text}</span>`;
  if (kind === "moment") return html`<${Moment} track=${track} href=${href} text=${text} />`;
  if (kind === "link") return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${parts}</a>`;
  return html`<${TAGS[kind]}>${parts.map(part)}<//>`;
}

/** A track at a time: a click plays it, in the room; a link as any other to whoever opens it elsewhere. */
function Moment({ track: id, href, text }) {
  const track = trackSignal(id).value;
  useEffect(() => {
    if (trackSignal(id).peek() === undefined) loadTrack(id).catch(() => {}); // it stays a link
  }, [id]);
  if (!track) return html`<a href=${href}>${text}</a>`;
  const at = momentIn(new URL(href, location.href).search) ?? 0;
  const play = (event) => {
    if (!track.playable || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    player.play(track, { at });
  };
  return html`<a class="moment" href=${href} onClick=${play} onPointerEnter=${() => player.pointAt(track)} title=${t("room.moment")}><${Icon} name="play" size="14" /><span>${track.title}</span><span class="moment-at">${playTime(at)}</span></a>`;
}
