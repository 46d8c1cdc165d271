import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { isBlocked } from "../chat/people.js";
import { look, reach } from "../chat/threads.js";
import { fullTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { focusOn } from "./chat_log.js";
import { Icon } from "./icon.js";
import { RichText } from "./rich_text.js";

const PAUSE_MS = 250;
const MAX_CHARS = 200;

/** What was said in a room, by its words: the newest first, each a press away from where it was said. */
export function RoomSearch({ room, onClose }) {
  const [words, found, error] = [useSignal(""), useSignal(null), useSignal(null)];
  const query = words.value.trim();
  const fault = (reason) => (error.value = reason.message);
  useEffect(() => {
    error.value = null;
    if (!query) return void (found.value = null);
    let wanted = true;
    const pause = setTimeout(() => look(room, query).then((page) => wanted && (found.value = page), (reason) => wanted && fault(reason)), PAUSE_MS);
    return () => ((wanted = false), clearTimeout(pause));
  }, [query]);
  const more = async () => {
    const before = found.peek();
    const page = await look(room, before.query, before.next);
    if (found.peek() === before) found.value = { ...page, messages: [...before.messages, ...page.messages] };
  };
  const show = async (message) => {
    const key = await reach(room, message);
    if (matchMedia("(max-width: 860px)").matches) onClose(); // it lies over what was said
    await new Promise(requestAnimationFrame); // until it is drawn, and the focus is back
    if (key) focusOn(document.querySelector(".chat-log"), key);
  };
  const messages = found.value?.messages.filter(({ author }) => !isBlocked(author.id)) ?? [];
  return html`<form class="panel-search" role="search" onSubmit=${(event) => event.preventDefault()}><${Icon} name="search" size="18" />
      <input class="field" type="search" autocomplete="off" maxlength=${MAX_CHARS} aria-label=${t("panel.words")} placeholder=${t("panel.words")} value=${words.value} onInput=${(event) => (words.value = event.currentTarget.value)} /></form>
    <div class="panel-log" tabindex="0" role="region" aria-label=${t("panel.found")}>
      <p class="quiet" role="status">${!found.value ? t("panel.search_teach") : messages.length || found.value.next ? t("panel.count", { count: messages.length, more: found.value.next ? "+" : "" }) : t("panel.nothing", { words: found.value.query })}</p>
      ${error.value && html`<p class="notice bad" role="alert">${error.value}</p>`}
      <ul class="pin-list">${messages.map((each) => html`<li key=${each.id}><p class="message-head"><b>${each.author.name}</b><time>${fullTime(each.at)}</time></p><${RichText} text=${each.body} />
        <p class="pin-tools"><button type="button" class="link" onClick=${() => show(each).catch(fault)}>${t("room.show")}</button>
          ${(each.thread || each.replies > 0) && html`<button type="button" class="link" onClick=${() => (room.panel.value = { root: each.thread ?? each.id })}>${t("panel.open_thread")}</button>`}</p></li>`)}</ul>
      ${found.value?.next && html`<button type="button" class="button" onClick=${() => more().catch(fault)}>${t("panel.more")}</button>`}
    </div>`;
}
