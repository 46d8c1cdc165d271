import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import words from "../catalogue/en_people.js";
import { addressOf, direct, goAway, isBlocked, titleOf } from "../chat/people.js";
import { members } from "../chat/rooms.js";
import { html } from "../html.js";
import { learnWords, t } from "../i18n.js";
import { me } from "../line.js";
import { go } from "../router.js";
import { Deeds } from "./deeds.js";
import { Dialog } from "./dialog.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";
import { Reviews } from "./reviews.js";

const ASK_EVERY_MS = 400;

learnWords(words);

/** Who is here, as they come, go, are away and change their role; and what can be done about each. */
export function Members({ room, onClose }) {
  const [list, error, about, said] = [useSignal(null), useSignal(null), useSignal(null), useSignal("")];
  const pause = useRef(null);
  const fault = (reason) => (error.value = reason.message);
  const load = () => {
    pause.current = null;
    members(room).then((answer) => ((list.value = answer), (error.value = null)), fault);
  };
  useEffect(() => {
    if (list.peek()) pause.current ??= setTimeout(load, ASK_EVERY_MS);
    else load();
  }, [room.stirred.value, room.joined.value]);
  useEffect(() => () => clearTimeout(pause.current), []);
  const talk = (id) => direct(id).then((name) => (onClose(), go(addressOf(name))), fault);
  const rest = () => goAway().then(onClose, fault);
  const toggle = (id) => {
    about.value = about.peek() === id ? null : id;
    said.value = "";
  };
  const done = (text) => {
    said.value = text;
    load();
  };
  const others = list.value ? list.value.count - list.value.members.length : 0;
  return html`<${Dialog} title=${t("room.members", { room: titleOf(room.name) })} onClose=${onClose}>
    ${error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${error.value}</span></p>`}
    <ul class="members" aria-busy=${!list.value}>${list.value?.members.map((person) => html`<${Member} key=${person.id} room=${room} person=${person} open=${about.value === person.id}
      onRest=${rest} onTalk=${() => talk(person.id)} onToggle=${() => toggle(person.id)} onDone=${done} />`)}</ul>
    <p class="members-said" role="status">${said.value}</p>
    ${others > 0 && html`<p class="quiet">${t("room.members_more", { count: others })}</p>`}
    <${Reviews} room=${room} since=${list.value} />
  <//>`;
}

function Member({ room, person, open, onRest, onTalk, onToggle, onDone }) {
  const { id, name, state, role } = person;
  const button = (key, attributes, content) => html`<button type="button" aria-label=${t(key, { name })} title=${t(key, { name })} ...${attributes}>${content}</button>`;
  return html`<li class=${state === "away" ? "is-away" : ""}>
    <${Face} id=${id} name=${name} />
    <span class="members-name"><b>${name}</b>${id === me.value && html`<span class="chip">${t("room.you")}</span>`}${role && html`<span class="chip">${t(`room.role.${role}`)}</span>`}
      ${state === "away" && html`<span class="quiet">${t("room.away")}</span>`}${isBlocked(id) && html`<span class="quiet">${t("room.blocked")}</span>`}</span>
    ${id === me.value && html`<button type="button" class="link" onClick=${onRest}>${t("room.go_away")}</button>`}
    ${id !== me.value && html`<span class="members-tools">${button("room.direct", { class: "ghost", onClick: onTalk }, html`<${Icon} name="message-circle" size="18" />`)}
      ${button("room.more_about", { class: "link", "aria-expanded": open, onClick: onToggle }, t("room.more"))}</span>`}
    ${open && html`<${Deeds} room=${room} person=${person} onDone=${onDone} />`}
  </li>`;
}
