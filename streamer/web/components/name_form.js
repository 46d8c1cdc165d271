import { useSignal } from "@preact/signals";

import { html } from "../html.js";
import { t } from "../i18n.js";
import { complaint, introduce, name } from "../line.js";

const NAME_LIMIT = 32;

/** One question before the first word: what to be called. */
export function NameForm({ onDone, label = t("room.join") }) {
  const text = useSignal(name.peek());
  const submit = (event) => {
    event.preventDefault();
    const chosen = text.value.trim().replace(/\s+/g, " ");
    if (!chosen) return;
    introduce(chosen);
    onDone?.();
  };
  return html`<form class="name-form" onSubmit=${submit}>
    <label for="name">${t("room.name_ask")}</label>
    <div><input id="name" class="field" maxlength=${NAME_LIMIT} autocomplete="nickname" required placeholder=${t("room.name_example")}
        value=${text.value} onInput=${(event) => (text.value = event.currentTarget.value)} />
      <button class="button primary" type="submit">${label}</button></div>
    ${complaint.value && html`<p class="bad" role="alert">${complaint.value}</p>`}
  </form>`;
}
