import { useSignal } from "@preact/signals";

import { bridge, drop } from "../chat/rooms.js";
import { hueOf } from "../colour.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { me, name } from "../line.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";
import { RichText } from "./rich_text.js";

const EVENTS = new Set(["now_playing", "went_live", "ended"]);

/** What happened that nobody said. */
export function Line({ room, entry }) {
  if (entry.kind === "gap") return html`<${Gap} room=${room} gap=${entry} />`;
  if (entry.kind === "unread") return html`<p class="chat-day is-unread"><span>${t("room.new_since")}</span></p>`;
  if (entry.kind === "presence") {
    const names = new Intl.ListFormat("en").format(entry.people.map((person) => person.name));
    return html`<p class="chat-line">${t(entry.came ? "room.came" : "room.left", { names })}</p>`;
  }
  if (entry.kind === "notice") return html`<p class="chat-line chat-notice" role="status">${entry.text}</p>`;
  const fields = entry.fields ?? {};
  const text = entry.body || fields.text || (EVENTS.has(entry.event) ? t(`room.event.${entry.event}`, { ...fields, title: fields.title ?? fields.track?.title ?? "" }) : entry.event);
  return html`<p class="chat-line chat-system"><${Icon} name="audio-lines" size="16" /><span>${text}</span>
    ${entry.event === "ended" && fields.track && html`<a class="link" href=${`/t/${encodeURIComponent(fields.track)}`}>${t("room.recording")}</a>`}</p>`;
}

function Gap({ room, gap }) {
  const error = useSignal(null);
  const load = () => bridge(room, gap).catch((reason) => (error.value = reason.message));
  return html`<p class="chat-line chat-gap"><span>${t("room.gap", { count: gap.to - gap.from + 1 })}</span>
    <button type="button" class="link" onClick=${load}>${t("room.gap_load")}</button>${error.value && html`<span class="bad" role="alert">${error.value}</span>`}</p>`;
}

/** Our own message before the server has it. */
export function Own({ entry }) {
  return html`<article class="message is-head is-mine is-pending">
    <${Face} id=${me.value ?? ""} name=${name.value} />
    <div class="message-words"><p class="message-head"><b style=${{ "--hue": hueOf(me.value ?? "") }}>${name.value}</b><span class="message-wait"><${Icon} name="clock" size="14" />${t("room.sending")}</span></p>
      <${RichText} text=${entry.command.body} /></div>
  </article>`;
}

/** Our own message that will not be sent, unless we say so. */
export function Refused({ room, entry }) {
  return html`<article class="message is-head is-refused" role="alert"><span class="face bad"><${Icon} name="circle-alert" size="18" /></span>
    <div class="message-words"><p class="message-head">${t("room.refused", { reason: entry.reason })}
      <button type="button" class="link" onClick=${() => drop(room, entry, { again: true })}>${t("error.again")}</button>
      <button type="button" class="link" onClick=${() => drop(room, entry)}>${t("room.drop")}</button></p><${RichText} text=${entry.command.body} /></div></article>`;
}
