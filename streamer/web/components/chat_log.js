import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { titleOf } from "../chat/people.js";
import { answer, erase, older, seen } from "../chat/rooms.js";
import { dayOf } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { me } from "../line.js";
import { Line, Own, Refused } from "./chat_lines.js";
import { Icon } from "./icon.js";
import { Message } from "./message.js";
import { Ask } from "./parts.js";

const NEAR_END_PX = 60;
const NEAR_START_PX = 400;
const GROUP_MS = 5 * 60_000;
const KEYS = { r: "reply", t: "thread", e: "edit", Delete: "delete" };
const MINE = new Set(["e", "Delete"]);

/** What has been said. It follows new messages only while one is at its end; one who reads back is left in peace. */
export function ChatLog({ room }) {
  const box = useRef(null);
  const view = useRef({ atEnd: true, last: 0, mine: 0, anchor: null });
  const [unread, active, doomed] = [useSignal(0), useSignal(null), useSignal(null)];
  const past = usePast(room);
  const entries = room.entries.value;
  const pending = room.pending.value;

  const toEnd = () => {
    box.current.scrollTop = box.current.scrollHeight;
    unread.value = 0;
    seen(room);
  };
  const look = () => {
    if (!box.current) return; // one has just left
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    view.current.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    view.current.anchor = anchorIn(box.current);
    if (view.current.atEnd) {
      unread.value = 0;
      seen(room);
    }
    if (scrollTop < NEAR_START_PX) past.more();
  };
  useLayoutEffect(() => {
    const { atEnd, last, mine, anchor } = view.current;
    const fresh = entries.filter((entry) => entry.kind === "message" && entry.seq > last && entry.author.id !== me.peek()).length;
    const spoke = pending.length > mine;
    Object.assign(view.current, { last: Math.max(last, entries.findLast(({ seq }) => seq)?.seq ?? 0), mine: pending.length });
    if (atEnd || spoke) toEnd();
    else {
      // What came above would push down what is read. What was scrolled meanwhile is as it should be.
      if (anchor?.node.isConnected) box.current.scrollTop += placeIn(box.current, anchor.node) - anchor.place;
      unread.value += fresh;
    }
    look();
  }, [entries, pending, room.failed.value]);
  useLayoutEffect(() => {
    // The keyboard of a phone, or a wider window: the end stays in sight.
    const observer = new ResizeObserver(() => view.current.atEnd && toEnd());
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const act = (what, message) => {
    if (what === "jump") focusOn(box.current, message.key);
    else if (what === "delete") doomed.value = message;
    else if (what === "thread") room.panel.value = { root: message.thread ?? message.id };
    else {
      answer(room, message, what);
      write(); // at once: what is typed next belongs there
    }
  };
  return html`<div class="chat-box">
    <div class="chat-log" ref=${box} onScroll=${look} onKeyDown=${(event) => pressed(event, room, act)} onPointerLeave=${() => (active.value = null)}
      role="log" aria-label=${t("room.log")} aria-describedby="chat-keys" tabindex="0">
      <${Past} room=${room} past=${past} />
      ${!room.joined.value && !entries.length && html`<${Shape} />`}
      ${drawn(room, entries, active, act)}
      ${pending.map((entry) => html`<${Own} key=${entry.nonce} entry=${entry} />`)}
      ${room.failed.value.map((entry) => html`<${Refused} key=${entry.nonce} room=${room} entry=${entry} />`)}
    </div>
    <p id="chat-keys" hidden>${t("room.keys")}</p>
    ${unread.value > 0 && html`<button type="button" class="chat-pill" onClick=${toEnd}>${t("room.unread", { count: unread.value })}<${Icon} name="arrow-down" size="16" /></button>`}
    ${doomed.value && html`<${Ask} title=${t("room.delete_title")} text=${t("room.delete_ask")} yes=${t("track.delete_yes")} no=${t("track.keep")}
      onYes=${() => (erase(room, doomed.peek()), (doomed.value = null))} onClose=${() => (doomed.value = null)} />`}
  </div>`;
}

const topIn = (log, node) => node.getBoundingClientRect().top - log.getBoundingClientRect().top;
const placeIn = (log, node) => topIn(log, node) + log.scrollTop;

/** The first message in sight, and how far it is from the beginning. */
function anchorIn(log) {
  const all = log.querySelectorAll(".message[data-key]");
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (topIn(log, all[middle]) < 0) low = middle + 1;
    else high = middle;
  }
  return low < all.length ? { node: all[low], place: placeIn(log, all[low]) } : null;
}

// An entry that has not changed keeps its node, and is not drawn again: there may be thousands.
const nodes = new WeakMap();

function drawn(room, entries, active, act) {
  let before = null;
  return entries.map((entry) => {
    const said = entry.kind === "message";
    const newDay = said && (!before || dayOf(before.at) !== dayOf(entry.at));
    const day = newDay && (before || dayOf(entry.at) !== dayOf(Date.now())) ? dayOf(entry.at) : null;
    const head = said && (newDay || entry.reply_to || before.author.id !== entry.author.id || entry.at - before.at > GROUP_MS);
    if (said) before = entry;
    else if (entry.kind !== "presence") before = null;
    const known = nodes.get(entry);
    if (known?.head === head && known.day === day) return known.node;
    const node = said
      ? html`<${Spoken} key=${entry.key} room=${room} entry=${entry} head=${head} day=${day} active=${active} act=${act} />`
      : html`<${Line} key=${entry.key} room=${room} entry=${entry} />`;
    nodes.set(entry, { head, day, node });
    return node;
  });
}

function Spoken({ day, ...message }) {
  return html`${day && html`<p class="chat-day"><span>${day}</span></p>`}<${Message} ...${message} />`;
}

/** What was said before: `more()` loads some of it, once at a time. */
function usePast(room) {
  const [loading, error] = [useSignal(false), useSignal(null)];
  const more = async (again = false) => {
    if (loading.peek() || room.complete.peek() || !room.joined.peek() || (error.peek() && !again)) return;
    loading.value = true;
    error.value = null;
    try {
      await older(room);
    } catch (reason) {
      if (reason.code !== "left") error.value = reason.message;
    }
    loading.value = false;
  };
  useEffect(() => {
    error.value = null; // the line is back
  }, [room.joined.value]);
  return { loading, error, more };
}

function Past({ room, past }) {
  if (past.error.value) return html`<p class="chat-line chat-past bad">${t("room.older_failed", { reason: past.error.value })} <button type="button" class="link" onClick=${() => past.more(true)}>${t("error.again")}</button></p>`;
  // Always as high, so that nothing moves when it changes.
  if (!room.complete.value) return html`<p class="chat-line chat-past" role="status">${past.loading.value ? t("room.older") : ""}</p>`;
  const quiet = !room.entries.value.some(({ kind }) => kind === "message") && !room.pending.value.length;
  if (quiet) return html`<div class="chat-quiet"><${Icon} name="message-circle" size="40" /><h2>${t("room.quiet", { room: titleOf(room.name) })}</h2><p>${t("room.quiet_teach")}</p></div>`;
  return html`<p class="chat-line chat-past">${t("room.beginning", { room: titleOf(room.name) })}</p>`;
}

const write = () => document.getElementById("message")?.focus({ preventScroll: true });

/** Show a message that is in the log already, and mark it for a moment. */
export function focusOn(log, key) {
  const message = log.querySelector(`[data-key="${key}"]`);
  message?.scrollIntoView({ block: "center" });
  message?.focus({ preventScroll: true });
}

/** Up and down go from message to message, and letters do something to the one that has the focus. */
export function pressed(event, room, act) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, dialog")) return;
  const log = event.currentTarget;
  const at = document.activeElement.closest(".message[data-key]");
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step) {
    const all = [...log.querySelectorAll(".message[data-key]")];
    const next = at ? all[all.indexOf(at) + step] : step < 0 ? all.at(-1) : null;
    if (!next) return;
    event.preventDefault();
    next.focus();
  } else if (event.key === "Escape" || (at && event.target === at && KEYS[event.key])) {
    event.preventDefault();
    const message = room.entries.peek().find(({ key }) => key === at?.dataset.key);
    if (event.key === "Escape") write();
    else if (!MINE.has(event.key) || message.author.id === me.peek()) act(KEYS[event.key], message);
  }
}

function Shape() {
  return html`<div class="chat-shape is-shape" aria-hidden="true">${[60, 40, 75].map((width) => html`<div><span class="face"></span><i style=${{ width: `${width}%` }}></i></div>`)}</div>`;
}
