// The frame that every screen stands in.
import { effect, signal } from "@preact/signals";
import { render } from "preact";

import { startInvitations } from "./chat/invited.js";
import { DropZone } from "./components/drop_zone.js";
import { Notices } from "./components/notices.js";
import { PlayerBar } from "./components/player_bar.js";
import { focusSearch } from "./components/search_box.js";
import { TopBar } from "./components/top_bar.js";
import { loadEngine } from "./deck.js";
import { html } from "./html.js";
import { t } from "./i18n.js";
import { startKeyboard } from "./keyboard.js";
import { socket } from "./line.js";
import { startMediaSession } from "./media_session.js";
import { startPlayer } from "./player.js";
import { route, startRouter } from "./router.js";
import { foresee, UploadList } from "./sending.js";

/** The list of keys as a component, while it is shown. */
const Help = signal(null);
const help = async () => (Help.value = (await import("./components/shortcuts.js")).Shortcuts);

function App() {
  const { screen, Screen, name, search } = route.value;
  return html`<a class="skip" href="#main">${t("top.skip")}</a>
    <${TopBar} onHelp=${help} />
    <${Screen} name=${name} search=${search} />
    ${screen !== "home" && UploadList.value && html`<div class="uploads-afloat"><${UploadList.value} /></div>`}
    <${PlayerBar} />
    <${Notices} />
    <${DropZone} />
    ${Help.value && html`<${Help.value} onClose=${() => (Help.value = null)} />`}`;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

socket.connect();
startKeyboard({ onSearch: focusSearch, onHelp: help });
startMediaSession();
startInvitations();
startPlayer({ smooth: !calm });
effect(() => {
  document.documentElement.dataset.screen = route.value.screen;
});
await startRouter();
const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
// The first click on play should not wait for its player, nor the first file for what sends it.
(globalThis.requestIdleCallback ?? setTimeout)(() => {
  loadEngine().catch(() => {});
  foresee().catch(() => {});
});
