import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { hueOf } from "../../colour.js";
import { playTime } from "../../format.js";
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { isOn, liveOf, look } from "../../live.js";
import * as listening from "../../listening.js";
import { tell } from "../../notices.js";
import { useSecond } from "../../seconds.js";
import { Icon } from "../icon.js";
import { Edge, PlayLive } from "./live_bar.js";

// Two segments of the recording.
const SHORT_MS = 8_000;

/** What is on in a room, above its chat; nothing where nothing was. */
export function Stage({ room }) {
  const live = liveOf(room).value;
  useEffect(() => look(room), [room]);
  const over = useSignal(null); // the show that ended while one was here
  const last = useRef(null);
  useEffect(() => {
    if (isOn(live)) [last.current, over.value] = [live, null];
    else if (live && last.current) over.value = last.current;
  }, [live?.state, live?.show]);
  if (isOn(live)) return html`<${On} room=${room} live=${live} />`;
  if (over.value) return html`<section class="stage is-over" aria-label=${t("live.stage")} style=${{ "--hue": hueOf(room) }}>
    <p class="stage-words" role="status"><b>${t("live.ended")}</b><span>${over.value.name}</span></p>
    <a class="button" href=${`/t/${over.value.show}`}><${Icon} name="play" size="18" />${t("live.recording")}</a></section>`;
  return null;
}

function On({ room, live }) {
  const here = useComputed(() => listening.tuned.value === room && listening.playing.value);
  const title = here.value ? listening.heard.value : live.title;
  const away = live.state === "interrupted";
  return html`<section class="stage" aria-label=${t("live.stage")} style=${{ "--hue": hueOf(room) }}>
    <${PlayLive} room=${room} large />
    <div class="stage-words">
      <p class="stage-over">${here.value ? html`<${Edge} live=${live} />` : html`<span class="live-mark">${t("live.mark")}</span>`}<${Since} began=${live.began_at} />
        <span><${Icon} name="headphones" size="16" />${t("live.listeners", { count: live.listeners.total })}</span></p>
      <h2>${live.name === room && live.host ? t("live.by", { name: live.host.name }) : live.name}</h2>
      <p class="stage-title" role="status">${away ? html`<span class="stage-away"><${Icon} name="wifi-off" size="18" />${t("live.away")}</span>` : title?.text}</p>
    </div>
    <${Begin} room=${room} began=${live.began_at} />
  </section>`;
}

/** The way back to where the show began, once there is enough of it to go back in. */
function Begin({ room, began }) {
  const now = useSecond();
  if (now - began < SHORT_MS) return html`<span></span>`;
  const begin = () => listening.fromBeginning(room).then((can) => can || tell(t("live.beginning_soon")), (problem) => tell(problem.message, { bad: true }));
  return html`<button type="button" class="button stage-begin" onClick=${begin}><${Icon} name="skip-back" size="18" /><span>${t("live.beginning")}</span></button>`;
}

function Since({ began }) {
  const now = useSecond();
  return html`<span class="stage-time">${playTime((now - began) / 1000)}</span>`;
}
