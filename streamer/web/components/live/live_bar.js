import words from "../../catalogue/en_live.js";
import { decimal } from "../../format.js";
import { html } from "../../html.js";
import { learnWords, t } from "../../i18n.js";
import { isOn, liveOf } from "../../live.js";
import * as listening from "../../listening.js";
import { Icon } from "../icon.js";
import { Volume } from "../player_bar.js";

learnWords(words);

// Below it the delay is the way of things; above, one may want to be where the others are.
const FAR_BEHIND_S = 6;

/** The player bar while a show is heard. */
export function LiveBar() {
  const room = listening.tuned.value;
  const live = liveOf(room).value;
  const title = listening.heard.value;
  return html`<div class="player-line"></div>
    <div class="player-row">
      <div class="player-track"><div class="player-words">
        <a class="player-title" href=${`/r/${room}`}>${title?.text ?? live?.name ?? room}</a>
        ${listening.failure.value ? html`<span class="player-failure" role="alert">${t(`live.failure.${listening.failure.value}`)}</span>` : html`<span class="player-artist">#${room}</span>`}</div></div>
      <div class="player-transport"><${PlayLive} room=${room} /><${Edge} live=${live} /></div>
      <${Volume} />
    </div>`;
}

/** Begins and ends listening to a room's show. */
export function PlayLive({ room, large = false }) {
  const here = listening.tuned.value === room && listening.playing.value;
  const waits = here && listening.waiting.value;
  const press = () => (here ? listening.pause() : listening.tuneIn(room));
  return html`<button type="button" class=${`play-button ${large ? "large" : ""} ${waits ? "is-waiting" : ""}`} aria-label=${t(here ? "live.stop" : "live.play", { room })} onClick=${press}>
    <${Icon} name=${here ? "pause" : "play"} size=${large ? 28 : 20} /></button>`;
}

/** How far behind one is, and the way to where the show is now. */
export function Edge({ live }) {
  if (!isOn(live)) return null;
  const behind = listening.playing.value ? listening.behind.value : null;
  if (behind === null) return html`<span class="live-mark">${t("live.mark")}</span>`;
  const far = behind > FAR_BEHIND_S;
  return html`<button type="button" class=${`live-edge ${far ? "is-far" : ""}`} title=${t("live.edge")} onClick=${listening.toEdge}>
    <span class="live-mark">${t("live.mark")}</span><span>${t("live.behind", { seconds: decimal(behind) })}</span></button>`;
}
