import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { plain } from "../chat/markdown.js";
import { fetchMessage } from "../chat/rooms.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";
import { PinList } from "./parts.js";

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
  return html`<button type="button" class="chat-pins" onClick=${() => (open.value = true)}><${Icon} name="pin" size="16" />
      <span class="sr">${t("room.pins", { count: pins.length })}</span><span class="chat-pin">${last ? plain(last.body, location.origin) : ""}</span>${pins.length > 1 && html`<span aria-hidden="true">${pins.length}</span>`}</button>
    ${open.value && html`<${PinList} room=${room} onClose=${() => (open.value = false)} />`}`;
}
