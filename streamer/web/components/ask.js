import { useSignal } from "@preact/signals";

import { html } from "../html.js";
import { t } from "../i18n.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icon.js";

/**
 * One question before something that can't be undone. `onYes(progress)` does it; what it throws is told here, and
 * `progress(share)` moves a bar.
 */
export function Ask({ title, text, yes, no, onYes, onClose }) {
  const error = useSignal(null);
  const share = useSignal(null);
  const act = async () => {
    error.value = null;
    share.value = 0;
    try {
      await onYes((now) => (share.value = now));
    } catch (reason) {
      error.value = reason.message;
      share.value = null;
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p>${text}</p>
    ${error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${error.value}</span></p>`}
    ${share.value > 0 && html`<progress max="1" value=${share.value} aria-label=${title}></progress>`}
    <div class="dialog-tools">
      <button type="button" class="button" onClick=${(event) => event.currentTarget.closest("dialog").close()}>${no}</button>
      <button type="button" class="button danger solid" disabled=${share.value !== null} onClick=${act}>${yes}</button>
    </div>
  <//>`;
}

/** Asks before tracks go. `tracks` are those that go; `onGone` follows when they have. */
export function AskDelete({ tracks, remove, onGone, onClose }) {
  const [first] = tracks;
  const one = tracks.length === 1;
  const act = async (progress) => {
    await remove(progress);
    onGone();
  };
  return html`<${Ask}
    title=${one ? t("track.delete_title") : t("library.delete_title", { count: tracks.length })}
    text=${one ? t("track.delete_ask", { title: first.title }) : t("library.delete_ask", { count: tracks.length })}
    yes=${t("track.delete_yes")} no=${t("track.keep")} onYes=${act} onClose=${onClose} />`;
}
