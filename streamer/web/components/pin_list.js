import { pin } from "../chat/rooms.js";
import { fullTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { focusOn } from "./chat_log.js";
import { Dialog } from "./dialog.js";
import { RichText } from "./rich_text.js";

/** All that is pinned in a room. */
export function PinList({ room, onClose }) {
  const pins = room.pins.value;
  return html`<${Dialog} title=${t("room.pins", { count: pins.length })} onClose=${onClose}>
    <ul class="pin-list">${pins.filter(({ author }) => author).map((each) => html`<li key=${each.id}><${Pinned} room=${room} message=${each} onShow=${onClose} /></li>`)}</ul>
  <//>`;
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
