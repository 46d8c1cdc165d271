import { useEffect } from "preact/hooks";

import { hueOf } from "../../colour.js";
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { isOn, liveOf, liveRooms, lookAround } from "../../live.js";
import { Icon } from "../icon.js";
import { PlayLive } from "./live_bar.js";

/** What is on anywhere, before everything else. */
export function LiveNow() {
  useEffect(lookAround, []);
  const rooms = liveRooms.value;
  if (!rooms?.length) return null;
  return html`<section class="live-now" aria-labelledby="live-now"><h1 id="live-now">${t("live.now")}</h1>
    <ul>${rooms.map((live) => html`<${Show} key=${live.room} live=${liveOf(live.room).value ?? live} />`)}</ul></section>`;
}

function Show({ live }) {
  if (!isOn(live)) return null;
  return html`<li class="live-card" style=${{ "--hue": hueOf(live.room) }}>
    <${PlayLive} room=${live.room} large />
    <div class="stage-words"><p class="stage-over"><span class="live-mark">${t("live.mark")}</span><span><${Icon} name="headphones" size="16" />${t("live.listeners", { count: live.listeners.total })}</span></p>
      <h2><a href=${`/r/${live.room}`}>${live.name}</a></h2>
      <p class="stage-title">${live.title?.text ?? (live.host ? t("live.by", { name: live.host.name }) : "")}</p></div>
  </li>`;
}
