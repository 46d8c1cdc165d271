import { useSignal } from "@preact/signals";

import { html } from "../../html.js";
import { t } from "../../i18n.js";
import * as broadcast from "../../studio/broadcast.js";
import { Icon } from "../icon.js";

const LIMIT = 150;

/** What plays now: listeners see it when they hear it. */
export function NowPlaying() {
  const [artist, title] = [useSignal(""), useSignal("")];
  const said = useSignal(null);
  const submit = async (event) => {
    event.preventDefault();
    const words = { artist: artist.value.trim() || null, title: title.value.trim() || null };
    if (!words.artist && !words.title) return;
    try {
      await broadcast.sayTitle(words);
      said.value = { text: t("studio.told", { title: [words.artist, words.title].filter(Boolean).join(" – ") }) };
    } catch (error) {
      said.value = { text: error.message, bad: true };
    }
  };
  const field = (value, key) => html`<label class="studio-field"><span>${t(key)}</span>
    <input class="field" maxlength=${LIMIT} autocomplete="off" value=${value.value} onInput=${({ currentTarget }) => (value.value = currentTarget.value)} /></label>`;
  return html`<section class="studio-card" aria-labelledby="studio-now"><h2 id="studio-now">${t("studio.now")}</h2>
    <form class="studio-now" onSubmit=${submit}>${field(artist, "studio.artist")}${field(title, "studio.song")}
      <button type="submit" class="button"><${Icon} name="disc-3" size="18" />${t("studio.tell")}</button></form>
    <p class=${said.value?.bad ? "bad" : "quiet"} role="status">${said.value?.text}</p></section>`;
}
