import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import words from "../catalogue/en_people.js";
import { addressOf, block, blocks, directs, learnPeople } from "../chat/people.js";
import { clockTime, dayOf, fullTime } from "../format.js";
import { html } from "../html.js";
import { learnWords, t } from "../i18n.js";
import { Dialog } from "./dialog.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";

learnWords(words);

/** Those one talks with alone, and those one wants nothing to do with. */
export function Directs({ onClose }) {
  const error = useSignal(null);
  const fault = (reason) => (error.value = reason.message);
  useEffect(() => {
    learnPeople().catch(fault);
  }, []);
  const unblock = (id) => block(id, false).catch(fault);
  return html`<${Dialog} title=${t("people.title")} onClose=${onClose}>
    ${error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${error.value}</span></p>`}
    ${directs.value?.length === 0 && html`<p class="quiet">${t("people.teach")}</p>`}
    <${List} onChosen=${onClose} />
    ${blocks.value.length > 0 && html`<section class="blocks" aria-labelledby="blocks"><h3 id="blocks">${t("people.blocked")}</h3>
      <ul class="members">${blocks.value.map(({ id, name }) => html`<li key=${id}><${Face} id=${id} name=${name} /><b class="members-name">${name}</b>
        <button type="button" class="link" aria-label=${t("room.unblock", { name })} onClick=${() => unblock(id)}>${t("people.unblock")}</button></li>`)}</ul></section>`}
  <//>`;
}

/** Nothing where there is nobody. */
export function DirectList() {
  if (!directs.value?.length) return null;
  return html`<h3>${t("people.title")}</h3><${List} />`;
}

function List({ onChosen }) {
  return html`<ul class="directs">${directs.value?.map(({ room, other, seq, read, at }) => html`<li key=${room}><a href=${addressOf(room)} onClick=${onChosen}>
    <${Face} id=${other.id} name=${other.name} /><b>${other.name}</b>${seq > read && html`<span class="chip">${t("people.new")}</span>`}<time datetime=${new Date(at).toISOString()} title=${fullTime(at)}>${dayOf(at) === dayOf(Date.now()) ? clockTime(at) : dayOf(at)}</time></a></li>`)}</ul>`;
}
