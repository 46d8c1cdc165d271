import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import { hueOf } from "../colour.js";
import { clockTime, dayOf, fullTime, shortClock } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { me, name } from "../line.js";
import { drop } from "../rooms.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";

const NEAR_END_PX = 60;
const GROUP_MS = 5 * 60_000;

/** What has been said. It follows new messages only while one is at its end; one who reads back is left in peace. */
export function ChatLog({ room }) {
  const box = useRef(null);
  const atEnd = useRef(true);
  const unread = useSignal(0);
  const seen = useRef({ last: 0, mine: 0 });
  const entries = room.entries.value;
  const pending = room.pending.value;

  const toEnd = () => {
    box.current.scrollTop = box.current.scrollHeight;
    unread.value = 0;
  };
  useLayoutEffect(() => {
    const messages = entries.filter((entry) => entry.kind === "message");
    const fresh = messages.filter((entry) => entry.seq > seen.current.last && entry.author.id !== me.peek()).length;
    const spoke = pending.length > seen.current.mine;
    seen.current = { last: messages.at(-1)?.seq ?? 0, mine: pending.length };
    if (atEnd.current || spoke) toEnd();
    else unread.value += fresh;
  }, [entries, pending, room.failed.value]);
  useLayoutEffect(() => {
    // The keyboard of a phone, or a wider window: the end stays in sight.
    const observer = new ResizeObserver(() => atEnd.current && toEnd());
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (atEnd.current) unread.value = 0;
  };
  return html`<div class="chat-box">
    <div class="chat-log" ref=${box} onScroll=${scrolled} role="log" aria-label=${t("room.log")} tabindex="0">
      ${room.joined.value && !entries.length && !pending.length && html`<${Quiet} room=${room} />`}
      ${!room.joined.value && !entries.length && html`<${Shape} />`}
      ${withHeads(entries).map((entry) => html`<${Entry} key=${entry.key} entry=${entry} />`)}
      ${pending.map((entry) => html`<${Own} key=${entry.nonce} entry=${entry} />`)}
      ${room.failed.value.map((entry) => html`<${Refused} key=${entry.nonce} room=${room} entry=${entry} />`)}
    </div>
    <${Pill} unread=${unread} onPress=${toEnd} />
  </div>`;
}

/** Mark where a day begins, and where somebody else (or the same one, later) begins to speak. */
function withHeads(entries) {
  let before = null;
  return entries.map((entry) => {
    if (entry.kind !== "message") {
      before = null;
      return entry;
    }
    const newDay = !before || dayOf(before.at) !== dayOf(entry.at);
    const head = newDay || before.author.id !== entry.author.id || entry.at - before.at > GROUP_MS;
    const day = newDay && (before || dayOf(entry.at) !== dayOf(Date.now())) ? dayOf(entry.at) : null;
    before = entry;
    return { ...entry, head, day };
  });
}

function Entry({ entry }) {
  if (entry.kind === "gap") return html`<p class="chat-line bad">${t("room.gap", { count: entry.count })}</p>`;
  if (entry.kind === "presence") {
    const names = new Intl.ListFormat("en").format(entry.people.map((person) => person.name));
    return html`<p class="chat-line">${t(entry.came ? "room.came" : "room.left", { names })}</p>`;
  }
  return html`${entry.day && html`<p class="chat-day"><span>${entry.day}</span></p>`}<${Message} entry=${entry} />`;
}

function Message({ entry }) {
  const { author, head, body, at } = entry;
  return html`<article class=${`message ${head ? "is-head" : ""} ${author.id === me.value ? "is-mine" : ""}`}>
    ${head ? html`<${Face} id=${author.id} name=${author.name} />` : html`<time class="message-side" aria-hidden="true">${shortClock(at)}</time>`}
    <div class="message-words">
      ${head && html`<p class="message-head"><b style=${{ "--hue": hueOf(author.id) }}>${author.name}</b><time datetime=${new Date(at).toISOString()} title=${fullTime(at)}>${clockTime(at)}</time></p>`}
      <p class="message-body">${body}</p>
    </div>
  </article>`;
}

/** Our own message before the server has it. */
function Own({ entry }) {
  return html`<article class="message is-head is-mine is-pending">
    <${Face} id=${me.value ?? ""} name=${name.value} />
    <div class="message-words"><p class="message-head"><b style=${{ "--hue": hueOf(me.value ?? "") }}>${name.value}</b><span class="message-wait"><${Icon} name="clock" size="14" />${t("room.sending")}</span></p>
      <p class="message-body">${entry.command.body}</p></div>
  </article>`;
}

function Refused({ room, entry }) {
  return html`<article class="message is-head is-refused" role="alert"><span class="face bad"><${Icon} name="circle-alert" size="18" /></span>
    <div class="message-words"><p class="message-head">${t("room.refused", { reason: entry.reason })}
      <button type="button" class="link" onClick=${() => drop(room.name, entry.nonce)}>${t("room.drop")}</button></p><p class="message-body">${entry.command.body}</p></div></article>`;
}

function Pill({ unread, onPress }) {
  if (!unread.value) return null;
  return html`<button type="button" class="chat-pill" onClick=${onPress}>${t("room.unread", { count: unread.value })}<${Icon} name="arrow-down" size="16" /></button>`;
}

function Quiet({ room }) {
  return html`<div class="chat-quiet"><${Icon} name="message-circle" size="40" /><h2>${t("room.quiet", { room: room.name })}</h2><p>${t("room.quiet_teach")}</p></div>`;
}

function Shape() {
  return html`<div class="chat-shape is-shape" aria-hidden="true">${[60, 40, 75].map((width) => html`<div><span class="face"></span><i style=${{ width: `${width}%` }}></i></div>`)}</div>`;
}
