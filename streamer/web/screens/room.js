import { useEffect, useRef } from "preact/hooks";

import { Row } from "../components/card.js";
import { later } from "../components/later.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { socket, standing } from "../line.js";
import { latest, loadList } from "../tracks.js";
import { Nothing } from "./missing.js";

const BESIDE = 12;
// It comes while the rest is drawn: it is more than a first screen may be made of.
const loading = import("../components/chat.js");
loading.catch(() => {}); // who shows it says so
const Chat = later(async () => (await loading).Chat);
const Stage = later(async () => (await import("../components/live/stage.js")).Stage);
const VALID = /^[a-z0-9_:.-]{1,64}$/;

/** A room to talk in, with something to listen to beside it. */
export function Room({ name: room }) {
  if (!VALID.test(room)) return html`<${Nothing} title=${t("room.invalid")} text=${t("room.invalid_teach")} />`;
  return html`<main id="main" class="room"><div class="room-main"><${Stage} key=${`stage ${room}`} room=${room} /><${Chat} key=${room} name=${room} /></div><${Beside} /></main>`;
}

function Beside() {
  const came = useRef(true);
  useEffect(() => socket.watch(null), []);
  useEffect(() => {
    const known = came.current && latest.peek(); // from another screen, which was told of all changes
    came.current = false;
    if (!known && standing.value !== "lost") loadList();
  }, [standing.value]);
  const tracks = latest.value?.filter((track) => track.playable).slice(0, BESIDE);
  return html`<aside class="beside" aria-labelledby="beside"><h2 id="beside">${t("room.beside")}</h2>
    ${tracks?.length === 0 && html`<p class="quiet">${t("room.beside_empty")}</p>`}
    <ul>${tracks?.map((track) => html`<${Row} key=${track.id} track=${track} among=${tracks} />`)}</ul></aside>`;
}
