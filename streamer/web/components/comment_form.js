import { useComputed, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";

import { comment } from "../comments.js";
import { playTime } from "../format.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { me, name } from "../line.js";
import * as player from "../player.js";
import { tab } from "../store.js";
import { Dialog } from "./dialog.js";
import { Face } from "./face.js";
import { Icon } from "./icon.js";
import { NameForm } from "./name_form.js";

const BODY_LIMIT = 1000;

/** Where one writes. A comment belongs to the moment at which its first letter was written. */
export function CommentForm({ track }) {
  const key = `comment.${track.id}`;
  const draft = useSignal(tab.read(key, { body: "", at: null }));
  const error = useSignal(null);
  const asking = useSignal(false);
  const field = useRef(null);
  const second = useComputed(() => (player.currentId.value === track.id ? Math.floor(player.position.value) : 0));
  const at = draft.value.at ?? second.value;
  const now = () => (player.currentId.peek() === track.id ? player.position.peek() : 0);
  const change = (body, moment) => {
    draft.value = { body, at: body.trim() ? moment : null };
    tab.write(key, draft.value);
  };
  const typed = (event) => {
    const field = event.currentTarget;
    change(field.value, draft.peek().at ?? now());
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  };
  const send = async () => {
    const said = draft.peek();
    if (!said.body.trim()) return;
    if (!name.peek()) return void (asking.value = true);
    asking.value = false;
    error.value = null;
    change("", null);
    field.current.style.height = "auto";
    try {
      await comment(track.id, Math.round(said.at * 1000), said.body.trim());
    } catch (reason) {
      error.value = reason.message;
      if (!draft.peek().body) change(said.body, said.at); // unless something else is being written
    }
  };
  const pressed = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const label = t("comment.write", { at: playTime(at) });
  return html`<form class="comment-form" onSubmit=${(event) => (event.preventDefault(), send())}>
    ${name.value ? html`<${Face} id=${me.value} name=${name.value} />` : html`<span class="face is-nobody"><${Icon} name="message-circle" size="18" /></span>`}
    <div class="comment-field">
      <textarea class="field" ref=${field} rows="1" maxlength=${BODY_LIMIT} placeholder=${t("comment.placeholder")} aria-label=${label} enterkeyhint="send" value=${draft.value.body}
        onInput=${typed} onKeyDown=${pressed}></textarea>
      <button type="button" class="comment-at" title=${t("comment.move")} aria-label=${t("comment.at", { at: playTime(at) })} disabled=${draft.value.at === null}
        onClick=${() => change(draft.peek().body, now())}><${Icon} name="clock" size="14" />${playTime(at)}</button>
    </div>
    <button type="submit" class="button primary" aria-label=${t("comment.send")} disabled=${!draft.value.body.trim()}><${Icon} name="send" size="18" /></button>
    ${error.value && html`<p class="bad" role="alert">${t("comment.refused", { reason: error.value })}</p>`}
    ${asking.value && html`<${Dialog} title=${t("comment.name_title")} onClose=${() => (asking.value = false)}><p class="quiet">${t("room.door_teach")}</p><${NameForm} label=${t("comment.send")} onDone=${send} /><//>`}
  </form>`;
}
