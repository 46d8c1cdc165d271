import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { plain } from "../chat/markdown.js";
import { fetchMessage, pin } from "../chat/rooms.js";
import { fullTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { Dialog } from "./dialog.js";
import { focusOn } from "./chat_log.js";
import { Icon } from "./icon.js";
import { RichText } from "./rich_text.js";

/** What is pinned, in one line; a press shows all of it. */
export function Pins({ room }) {
  const open = useSignal(false);
  const pins = room.pins.value;
  useEffect(() => {
    for (const missing of pins.filter(({ author }) => !author)) {
      const put = (found) => found && (room.pins.value = room.pins.peek().map((each) => (each.id === found.id ? found : each)));
      fetchMessage(room, missing).then(put, () => {}); // it stays without words
    }
  }, [pins]);
  const last = pins.findLast(({ author }) => author);
  if (!pins.length) return null;
  return html`<button type="button" class="chat-pins" onClick=${() => (open.value = true)}><${Icon} name="pin" size="16" />
      <span class="sr">${t("room.pins", { count: pins.length })}</span><span class="chat-pin">${last ? plain(last.body, location.origin) : ""}</span>${pins.length > 1 && html`<span aria-hidden="true">${pins.length}</span>`}</button>
    ${open.value && html`<${Dialog} title=${t("room.pins", { count: pins.length })} onClose=${() => (open.value = false)}>
      <ul class="pin-list">${pins.filter(({ author }) => author).map((each) => html`<li key=${each.id}><${Pinned} room=${room} message=${each} onShow=${() => (open.value = false)} /></li>`)}</ul>
    <//>`}`;
}

function Pinned({ room, message, onShow }) {
  const there = room.entries.value.find(({ id }) => id === message.id);
  const show = () => {
    onShow();
    setTimeout(() => focusOn(document.querySelector(".chat-log"), there.key)); // when the dialog has given the focus back
  };
  return html`<p class="message-head"><b>${message.author.name}</b><time>${fullTime(message.at)}</time></p>
    <${RichText} text=${message.body} />
    <p class="pin-tools">${there && html`<button type="button" class="link" onClick=${show}>${t("room.show")}</button>`}
      <button type="button" class="link" onClick=${() => pin(room, { ...message, pinned: true })}>${t("room.do.unpin")}</button></p>`;
}
