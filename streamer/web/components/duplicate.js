import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../i18n.js";
import { tell } from "../notices.js";
import { forget } from "../player.js";
import { go, route } from "../router.js";
import { kept } from "../store.js";
import { loadTrack, removeTrack, trackSignal } from "../tracks.js";
import { Icon } from "./icon.js";

const REMEMBERED = 200;
/** Ids of second ones that somebody wants to have. */
const wanted = kept("wanted", []);

/** Says that the same recording is here already, and offers what to do; nothing where there is no such thing. */
export function Duplicate({ track }) {
  const first = track.duplicate_of ? trackSignal(track.duplicate_of).value : null;
  const error = useSignal(null);
  useEffect(() => {
    if (first === undefined) loadTrack(track.duplicate_of).catch(() => {});
  }, [track.duplicate_of]);
  if (!first || wanted.value.includes(track.id)) return null;
  const keep = () => (wanted.value = [track.id, ...wanted.peek()].slice(0, REMEMBERED));
  const remove = async () => {
    try {
      await removeTrack(track.id);
      forget(track.id);
      tell(t("duplicate.deleted"), { link: { href: first.links.page, text: first.title } });
      if (route.peek().name === track.id) go(first.links.page);
    } catch (reason) {
      error.value = reason.message;
    }
  };
  return html`<div class="duplicate" role="status"><${Icon} name="copy" size="18" /><p>${t("duplicate.have", { title: first.title })}</p>
    <div class="duplicate-tools"><a class="button" href=${first.links.page}>${t("duplicate.open")}</a>
      <button type="button" class="button" onClick=${keep}>${t("duplicate.keep")}</button>
      <button type="button" class="button danger" onClick=${remove}>${t("duplicate.delete")}</button></div>
    ${error.value && html`<p class="bad" role="alert">${error.value}</p>`}
  </div>`;
}
