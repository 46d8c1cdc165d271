import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";

import words from "../catalogue/en_panel.js";
import { titleOf } from "../chat/people.js";
import { answer, erase } from "../chat/rooms.js";
import { earlier, follow, threadOf } from "../chat/threads.js";
import { html } from "../html.js";
import { learnWords, t } from "../i18n.js";
import { Own } from "./chat_lines.js";
import { focusOn, pressed } from "./chat_log.js";
import { Composer } from "./composer.js";
import { Icon } from "./icon.js";
import { Message } from "./message.js";
import { Ask } from "./parts.js";
import { RoomSearch } from "./room_search.js";

const GROUP_MS = 5 * 60_000;

learnWords(words);

/** Beside a room: a thread, or what one looks for in it. Escape closes it, and focus goes back to where it was. */
export function Panel({ room }) {
  const { root } = room.panel.value;
  const box = useRef(null);
  const title = root ? t("panel.thread") : t("room.search", { room: titleOf(room.name) });
  const before = useMemo(() => document.activeElement, []);
  useEffect(() => () => (before?.isConnected ? before : document.getElementById("message"))?.focus({ preventScroll: true }), []);
  useEffect(() => {
    if (!box.current.contains(document.activeElement)) (box.current.querySelector("input") ?? box.current.querySelector("h2")).focus();
  }, [root]);
  const close = () => (room.panel.value = null);
  const key = (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.target.closest("dialog")) return;
    event.preventDefault();
    close();
  };
  return html`<aside class="chat-panel" ref=${box} aria-labelledby="panel-title" onKeyDown=${key}>
    <header><h2 id="panel-title" tabindex="-1">${title}</h2><button type="button" class="ghost" aria-label=${t("panel.close")} onClick=${close}><${Icon} name="x" /></button></header>
    ${root ? html`<${Thread} key=${root} room=${room} root=${root} />` : html`<${RoomSearch} room=${room} onClose=${close} />`}
  </aside>`;
}

function Thread({ room, root }) {
  const thread = useMemo(() => threadOf(room, root), [room, root]);
  const box = useRef(null);
  const [active, doomed] = [useSignal(null), useSignal(null)];
  useEffect(() => follow(thread), [thread]);
  const entries = thread.entries.value;
  const pending = room.pending.value.filter(({ command }) => command.reply_to === root || entries.some(({ id }) => id === command.reply_to));
  useEffect(() => {
    box.current.scrollTop = box.current.scrollHeight;
  }, [entries.at(-1)?.key, pending.length]);
  const act = (what, message) => {
    if (what === "jump") focusOn(box.current, message.key);
    else if (what === "delete") doomed.value = message;
    else if (what !== "thread") {
      answer(thread, message, what);
      document.getElementById("thread-message").focus();
    }
  };
  const more = () => earlier(thread).catch((reason) => (thread.error.value = reason.message));
  const isHead = (entry, before) => before?.author.id !== entry.author.id || entry.at - before.at > GROUP_MS;
  return html`<div class="panel-log" ref=${box} role="log" aria-label=${t("panel.thread")} aria-busy=${!thread.known.value} tabindex="0" onKeyDown=${(event) => event.key !== "Escape" && pressed(event, thread, act)}>
      ${thread.error.value && html`<p class="notice bad" role="alert">${thread.error.value}</p>`}
      ${thread.next.value && html`<button type="button" class="link" onClick=${more}>${t("panel.earlier")}</button>`}
      ${entries.map((entry, index) => html`<${Message} key=${entry.key} room=${thread} entry=${entry} head=${isHead(entry, entries[index - 1])} active=${active} act=${act} />`)}
      ${pending.map((entry) => html`<${Own} key=${entry.nonce} entry=${entry} />`)}
      ${thread.known.value && entries.length < 2 && !pending.length && html`<p class="quiet">${t("panel.thread_teach")}</p>`}
    </div>
    <${Composer} room=${thread} />
    ${doomed.value && html`<${Ask} title=${t("room.delete_title")} text=${t("room.delete_ask")} yes=${t("track.delete_yes")} no=${t("track.keep")}
      onYes=${() => (erase(room, doomed.peek()), (doomed.value = null))} onClose=${() => (doomed.value = null)} />`}`;
}
