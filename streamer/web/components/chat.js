import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import words from "../catalogue/en_chat.js";
import { away, comeBack, directs, isDirect, otherIn, titleOf } from "../chat/people.js";
import { enter, linkUp, roomOf } from "../chat/rooms.js";
import { clockTime, count } from "../format.js";
import { html } from "../html.js";
import { learnWords, t } from "../i18n.js";
import { complaint, line, name, socket } from "../line.js";
import { route } from "../router.js";
import { ChatLog } from "./chat_log.js";
import { Composer } from "./composer.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";
import { Directs, Host, Members, NameForm, Panel, Pins, Shut } from "./parts.js";

learnWords(words);

/** A room to talk in. */
export function Chat({ name: roomName }) {
  const room = roomOf(roomName);
  const [renaming, looking, meeting, hosting] = [useSignal(false), useSignal(false), useSignal(false), useSignal(false)];
  const title = titleOf(roomName);
  const named = name.value !== "" && !(complaint.value && !room.joined.value);
  useEffect(() => {
    document.title = t("room.document", { room: title });
  }, [title]);
  useEffect(() => (named ? enter(roomName, keyIn(route.peek().search)) : undefined), [named]);
  return html`<section class="chat" aria-labelledby="room-title">
    <header class="chat-head">
      <${Title} name=${roomName} />
      ${!isDirect(roomName) && html`<a class="ghost" href=${`/studio/${roomName}`} aria-label=${t("room.studio")} title=${t("room.studio")}><${Icon} name="mic" /></a>`}
      ${room.count.value !== null && html`<button type="button" class="chat-count" title=${t("room.members", { room: title })} onClick=${() => (looking.value = true)}><${Icon} name="users" size="18" /><span aria-hidden="true">${count(room.count.value)}</span><span class="sr" role="status">${t("room.here", { count: room.count.value })}</span></button>`}
      ${!isDirect(roomName) && room.may.value.includes("slow") && html`<button type="button" class="ghost" aria-label=${t("room.host")} title=${t("room.host")} onClick=${() => (hosting.value = true)}><${Icon} name="key-round" size="18" /></button>`}
      ${named && html`<button type="button" class="ghost" aria-label=${t("room.search", { room: title })} title=${t("room.search", { room: title })} aria-expanded=${Boolean(room.panel.value && !room.panel.value.root)} onClick=${() => (room.panel.value = room.panel.peek()?.root === undefined && room.panel.peek() ? null : {})}><${Icon} name="search" size="18" /></button>`}
      ${named && html`<${Meet} room=${roomName} onClick=${() => (meeting.value = true)} />`}
      ${named && html`<button type="button" class="ghost chat-name" aria-label=${t("room.rename", { name: name.value })} onClick=${() => (renaming.value = !renaming.value)}><span>${name.value}</span><${Icon} name="pencil" size="16" /></button>`}
    </header>
    <${LineState} />
    ${away.value && html`<div class="chat-away"><${Icon} name="moon" size="18" /><span role="status">${t("room.is_away")}</span><button type="button" class="link" onClick=${comeBack}>${t("room.come_back")}</button></div>`}
    ${named && room.pins.value.length > 0 && html`<${Pins} room=${room} />`}
    ${named && room.shut.value && html`<${Shut} room=${room} error=${room.shut.value} keyIn=${keyIn} />`}
    ${looking.value && html`<${Members} room=${room} onClose=${() => (looking.value = false)} />`}
    ${hosting.value && html`<${Host} room=${room} onClose=${() => (hosting.value = false)} />`}
    ${meeting.value && html`<${Directs} onClose=${() => (meeting.value = false)} />`}
    ${named ? html`<${ChatLog} room=${room} />` : html`<div class="chat-door"><h2>${t("room.door", { room: title })}</h2><p class="quiet">${t("room.door_teach")}</p><${NameForm} /></div>`}
    ${named && renaming.value && html`<${NameForm} onDone=${() => (renaming.value = false)} />`}
    ${named && html`<${Composer} room=${room} />`}
    ${named && room.panel.value && html`<${Panel} room=${room} onClose=${() => (room.panel.value = null)} />`}
  </section>`;
}

/** A direct room has the name of who else is in it. */
function Title({ name: roomName }) {
  const other = otherIn(roomName);
  return html`<h1 id="room-title">${other ? html`<${Face} id=${other.id} name=${other.name} />` : html`<${Icon} name=${isDirect(roomName) ? "message-circle" : "hash"} />`}<span>${titleOf(roomName).replace(/^#/, "")}</span></h1>`;
}

/** The way to those one talks with alone; marked while one of them has said something new. */
function Meet({ room, onClick }) {
  const fresh = directs.value?.some((each) => each.seq > each.read && each.room !== room);
  return html`<button type="button" class=${`ghost chat-meet ${fresh ? "is-new" : ""}`} aria-label=${t(fresh ? "room.directs_new" : "room.directs")} title=${t("room.directs")} onClick=${onClick}><${Icon} name="message-circle" /></button>`;
}

/** What the address brings: the token of an invitation. */
function keyIn(search) {
  const invite = new URLSearchParams(search).get("invite");
  return invite ? { invite } : {};
}

/** Says that the line is down, and since when. Its place is there only when it is needed, above what one reads. */
function LineState() {
  const { state, since, reason } = line.value;
  if (!linkUp.value) return html`<div class="chat-offline" role="status"><${Icon} name="clock" size="18" /><span>${t("room.link_lost")}</span></div>`;
  if (since === null || state === "online") return null;
  const key = state === "refused" ? "line.refused" : "line.offline";
  return html`<div class="chat-offline" role="status"><${Icon} name="wifi-off" size="18" /><span>${t(key, { since: clockTime(since), reason: reason ?? "" })}</span>
    <button type="button" class="link" onClick=${() => socket.renew()}>${t("line.now")}</button></div>`;
}
