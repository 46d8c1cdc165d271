// The frame that every screen stands in.
import { effect, signal } from "@preact/signals";
import { render } from "preact";

import { DropZone } from "./components/drop_zone.js";
import { Shortcuts } from "./components/dialog.js";
import { PlayerBar } from "./components/player_bar.js";
import { TopBar } from "./components/top_bar.js";
import { UploadList } from "./components/upload_list.js";
import { loadHls } from "./deck.js";
import { html } from "./html.js";
import { t } from "./i18n.js";
import { startKeyboard } from "./keyboard.js";
import { socket } from "./line.js";
import { startMediaSession } from "./media_session.js";
import { startPlayer } from "./player.js";
import { go, route, startRouter } from "./router.js";
import { Home } from "./screens/home.js";
import { Missing } from "./screens/missing.js";
import { Room } from "./screens/room.js";
import { Track } from "./screens/track.js";

const SCREENS = { home: Home, track: Track, room: Room, missing: Missing };

const helping = signal(false);
const help = () => (helping.value = true);

function App() {
  const { screen, name } = route.value;
  return html`<a class="skip" href="#main">${t("top.skip")}</a>
    <${TopBar} onHelp=${help} />
    <${SCREENS[screen]} name=${name} />
    ${screen !== "home" && html`<div class="uploads-afloat"><${UploadList} /></div>`}
    <${PlayerBar} />
    <${DropZone} />
    ${helping.value && html`<${Shortcuts} onClose=${() => (helping.value = false)} />`}`;
}

function search() {
  go("/");
  requestAnimationFrame(() => document.getElementById("search")?.focus());
}

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

socket.connect();
startRouter();
startKeyboard({ onSearch: search, onHelp: help });
startMediaSession();
startPlayer({ smooth: !calm });
effect(() => {
  document.documentElement.dataset.screen = route.value.screen;
});
const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
// The first click on play should not wait for its player.
(globalThis.requestIdleCallback ?? setTimeout)(() => loadHls().catch(() => {}));
