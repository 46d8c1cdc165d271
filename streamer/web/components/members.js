import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { direct, members } from "../chat/rooms.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { me } from "../line.js";
import { go } from "../router.js";
import { Dialog } from "./dialog.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";

/** Who is here. */
export function Members({ room, onClose }) {
  const [list, error] = [useSignal(null), useSignal(null)];
  const fault = (reason) => (error.value = reason.message);
  useEffect(() => {
    members(room).then((answer) => (list.value = answer), fault);
  }, [room.count.value]);
  const talk = (id) => direct(id).then((name) => (onClose(), go(`/r/${encodeURIComponent(name)}`)), fault);
  const rest = list.value ? list.value.count - list.value.members.length : 0;
  return html`<${Dialog} title=${t("room.members", { room: room.name })} onClose=${onClose}>
    ${error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${error.value}</span></p>`}
    <ul class="members" aria-busy=${!list.value}>${list.value?.members.map(({ id, name, state, role }) => html`<li key=${id} class=${state === "away" ? "is-away" : ""}>
      <${Face} id=${id} name=${name} /><span class="members-name"><b>${name}</b>${id === me.value && html`<span class="chip">${t("room.you")}</span>`}${role && role !== "guest" && html`<span class="chip">${role}</span>`}${state === "away" && html`<span class="quiet">${t("room.away")}</span>`}</span>
      ${id !== me.value && html`<button type="button" class="ghost" aria-label=${t("room.direct", { name })} title=${t("room.direct", { name })} onClick=${() => talk(id)}><${Icon} name="message-circle" size="18" /></button>`}
    </li>`)}</ul>
    ${rest > 0 && html`<p class="quiet">${t("room.members_more", { count: rest })}</p>`}
  <//>`;
}
