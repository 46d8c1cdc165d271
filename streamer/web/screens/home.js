import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { visited } from "../chat/visited.js";
import { Card, CardShape } from "../components/card.js";
import { Icon } from "../components/icon.js";
import { later } from "../components/later.js";
import { DirectList } from "../components/parts.js";
import { ChooseFiles } from "../components/top_bar.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { name, socket, standing } from "../line.js";
import { go } from "../router.js";
import { UploadList } from "../sending.js";
import { latest, listError, loadList, more } from "../tracks.js";

const LiveNow = later(async () => (await import("../components/live/live_now.js")).LiveNow);
const SHAPES = 6;
const ROOM_LIMIT = 64;

/** What is new, a way in for files, a way in to rooms. */
export function Home() {
  useEffect(() => {
    document.title = t("home.document");
    return socket.watch(null);
  }, []);
  useEffect(() => {
    if (standing.value !== "lost") loadList();
  }, [standing.value]);
  const empty = latest.value?.length === 0;
  const sending = UploadList.value;
  return html`<main id="main" class="home">
    <div class="home-main">
      <${LiveNow} />
      ${empty && !sending && html`<${Welcome} />`}
      ${sending && html`<${sending} />`}
      ${listError.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" />${t("home.list_failed", { reason: listError.value })}
        <button type="button" class="button" onClick=${() => loadList()}>${t("error.again")}</button></p>`}
      ${(!empty || sending) && html`<${Latest} />`}
    </div>
    <aside class="home-side"><${Rooms} /></aside>
  </main>`;
}

function Welcome() {
  return html`<section class="welcome">
    <svg class="welcome-art" viewBox="0 0 240 72" aria-hidden="true"><path d="M8 36h0M24 28v16M40 14v44M56 24v24M72 6v60M88 20v32M104 30v12M120 12v48M136 26v20M152 4v64M168 22v28M184 30v12M200 18v36M216 30v12M232 36h0" /></svg>
    <h1>${t("home.welcome")}</h1>
    <p>${t("home.teach")}</p>
    <${ChooseFiles} className="button primary large"><${Icon} name="upload" />${t("upload.choose")}<//>
    <p class="quiet">${t("home.teach_shell")} <code>veza upload song.flac</code></p>
  </section>`;
}

function Latest() {
  const tracks = latest.value;
  return html`<section aria-labelledby="latest">
    <header class="section-head"><div><h1 id="latest">${t("home.latest")}</h1><p class="quiet home-hint">${t("home.drop_hint")}</p></div></header>
    <div class="cards">
      ${tracks?.map((track) => html`<${Card} key=${track.id} track=${track} among=${tracks} />`) ??
      (!listError.value && Array.from({ length: SHAPES }, () => html`<${CardShape} />`))}
    </div>
    ${more.value && html`<button type="button" class="button more" onClick=${() => loadList({ older: true })}>${t("home.older")}</button>`}
  </section>`;
}

/** The one form a room's name has in its address. */
const roomName = (text) => text.trim().toLowerCase().replace(/\s+/g, "-").replace(/[^a-z0-9_:.-]/g, "").slice(0, ROOM_LIMIT);

function Rooms() {
  const text = useSignal("");
  const enter = (event) => {
    event.preventDefault();
    const room = roomName(text.value);
    if (room) go(`/r/${room}`);
  };
  const names = [...new Set(["lobby", ...visited.value])];
  return html`<section class="rooms" aria-labelledby="rooms">
    <h2 id="rooms">${t("home.rooms")}</h2>
    <p class="quiet">${t("home.rooms_teach")}</p>
    <ul>${names.map((each) => html`<li><a href=${`/r/${each}`}><${Icon} name="hash" size="18" />${each}</a></li>`)}</ul>
    <form onSubmit=${enter}>
      <label class="sr" for="room-name">${t("home.room_name")}</label>
      <input id="room-name" class="field" placeholder=${t("home.room_name")} maxlength=${ROOM_LIMIT} autocapitalize="none" autocomplete="off"
        value=${text.value} onInput=${(event) => (text.value = event.currentTarget.value)} />
      <button class="button" type="submit">${t("home.enter")}</button>
    </form>
    ${name.value && html`<${DirectList} />`}
  </section>`;
}
