import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Row } from "../components/card.js";
import { ChatLog } from "../components/chat_log.js";
import { Composer } from "../components/composer.js";
import { Icon } from "../components/icon.js";
import { NameForm } from "../components/name_form.js";
import { clockTime, count } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { complaint, line, name, socket } from "../line.js";
import { enter, roomOf } from "../rooms.js";
import { latest, loadList } from "../tracks.js";
import { Nothing } from "./missing.js";

const BESIDE = 12;
const VALID = /^[a-z0-9_:.-]{1,64}$/;

/** A room to talk in, with something to listen to beside it. */
export function Room({ name: room }) {
  if (!VALID.test(room)) return html`<${Nothing} title=${t("room.invalid")} text=${t("room.invalid_teach")} />`;
  return html`<main id="main" class="room"><${Chat} key=${room} name=${room} /><${Beside} /></main>`;
}

function Chat({ name: roomName }) {
  const room = roomOf(roomName);
  const renaming = useSignal(false);
  const named = name.value !== "" && !(complaint.value && !room.joined.value);
  useEffect(() => {
    document.title = t("room.document", { room: roomName });
  }, []);
  useEffect(() => (named ? enter(roomName) : undefined), [named]);
  return html`<section class="chat" aria-labelledby="room-title">
    <header class="chat-head">
      <h1 id="room-title"><${Icon} name="hash" />${roomName}</h1>
      ${room.count.value !== null && html`<span class="chat-count" title=${t("room.here", { count: room.count.value })}><${Icon} name="users" size="18" /><span aria-hidden="true">${count(room.count.value)}</span><span class="sr" role="status">${t("room.here", { count: room.count.value })}</span></span>`}
      ${named && html`<button type="button" class="ghost chat-name" aria-label=${t("room.rename", { name: name.value })} onClick=${() => (renaming.value = !renaming.value)}><span>${name.value}</span><${Icon} name="pencil" size="16" /></button>`}
    </header>
    <${LineState} />
    ${named ? html`<${ChatLog} room=${room} />` : html`<div class="chat-door"><h2>${t("room.door", { room: roomName })}</h2><p class="quiet">${t("room.door_teach")}</p><${NameForm} /></div>`}
    ${named && renaming.value && html`<${NameForm} onDone=${() => (renaming.value = false)} />`}
    ${named && html`<${Composer} room=${roomName} />`}
  </section>`;
}

/** Says that the line is down, and since when. Its place is there only when it is needed, above what one reads. */
function LineState() {
  const { state, since, reason } = line.value;
  if (since === null || state === "online") return null;
  const key = state === "refused" ? "line.refused" : "line.offline";
  return html`<div class="chat-offline" role="status"><${Icon} name="wifi-off" size="18" /><span>${t(key, { since: clockTime(since), reason: reason ?? "" })}</span>
    <button type="button" class="link" onClick=${() => socket.renew()}>${t("line.now")}</button></div>`;
}

function Beside() {
  useEffect(() => {
    if (!latest.peek()) loadList();
    return socket.watch(null);
  }, []);
  const tracks = latest.value?.filter((track) => track.playable).slice(0, BESIDE);
  return html`<aside class="beside" aria-labelledby="beside"><h2 id="beside">${t("room.beside")}</h2>
    ${tracks?.length === 0 && html`<p class="quiet">${t("room.beside_empty")}</p>`}
    <ul>${tracks?.map((track) => html`<${Row} key=${track.id} track=${track} among=${tracks} />`)}</ul></aside>`;
}
