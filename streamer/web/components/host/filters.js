import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { ask } from "../../chat/order.js";
import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { Icon } from "../icon.js";
import { Outcome, Reading, useDeed } from "./deed.js";

const MAX_FILTER_CHARS = 80;

/** Words that nobody may send here, as they were written; the server knows them in any letters. */
export function Filters({ room, openings }) {
  const [words, text] = [useSignal(null), useSignal("")];
  const field = useRef(null);
  const [deed, reading] = [useDeed(), useDeed()];
  const load = async () => {
    const { items, written } = await ask(room, "GET", "/filters");
    words.value = items.map((word, index) => ({ word, written: written[index] }));
  };
  useEffect(() => void reading.run(load), [openings]);
  const add = (event) => {
    event.preventDefault();
    const word = text.peek();
    deed.run(async () => {
      await ask(room, "POST", "/filters", { word });
      await load();
      if (text.peek() === word) text.value = "";
    }, t("host.filter_added", { word: word.trim() }));
  };
  // By what it is folded to, which has nothing that a proxy would read as part of an address.
  const remove = async ({ word, written }) => {
    const gone = await deed.run(async () => {
      await ask(room, "DELETE", `/filters/${encodeURIComponent(word)}`);
      await load();
    }, t("host.filter_removed", { word: written }));
    if (gone) field.current?.focus(); // its button is gone
  };
  return html`<p class="quiet">${t("host.filter_teach")}</p>
    <form class="host-add" onSubmit=${add} aria-busy=${deed.busy.value}>
      <label class="edit-field"><span>${t("host.filter_word")}</span><input class="field" ref=${field} required maxlength=${MAX_FILTER_CHARS} autocomplete="off" autocapitalize="off" dir="auto" value=${text.value} onInput=${(event) => (text.value = event.currentTarget.value)} /></label>
      <button type="submit" class="button primary">${t("host.filter_add")}</button></form>
    <${Outcome} deed=${deed} />
    ${(!words.value || reading.error.value) && html`<${Reading} deed=${reading} again=${() => reading.run(load)} />`}
    ${words.value?.length === 0 && html`<p class="quiet">${t("host.filter_none")}</p>`}
    ${words.value?.length > 0 && html`<ul class="host-words" aria-label=${t("host.section.filters")}>${words.value.map((each) => html`<li key=${each.word}><span dir="auto">${each.written}</span>
      <button type="button" aria-label=${t("host.filter_remove", { word: each.written })} title=${t("host.filter_remove", { word: each.written })} onClick=${() => remove(each)}><${Icon} name="x" size="16" /></button></li>`)}</ul>`}`;
}
