import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../i18n.js";
import { go, route } from "../router.js";
import { Icon } from "./icon.js";

const MAX_CHARS = 200;

const words = signal("");
const open = signal(false);
/** Which of what was found the arrow keys are on; -1 is the field itself. */
const active = signal(-1);
/** What shows the results, once it is there. */
const Panel = signal(null);
const wake = async () => (Panel.value ??= (await import("./search_panel.js")).SearchPanel);

/** Go to the search from wherever one is. */
export function focusSearch() {
  open.value = true;
  requestAnimationFrame(() => document.getElementById("search")?.select());
}

/** One field for everything there is (WAI-ARIA, combobox pattern); on a phone it takes the bar when it is asked for. */
export function SearchBox() {
  const box = useRef(null);
  useEffect(() => close(), [route.value.path, route.value.search]);
  const close = () => {
    open.value = false;
    active.value = -1;
  };
  const leave = () => {
    close();
    box.current.querySelector("input").blur();
  };
  const options = () => [...box.current.querySelectorAll("[role=option]")];
  const step = (by) => {
    const count = options().length;
    if (count) active.value = (active.peek() + 1 + by + count + 1) % (count + 1) - 1;
    options()[active.peek()]?.scrollIntoView({ block: "nearest" });
  };
  const choose = () => {
    const chosen = options()[active.peek()];
    if (chosen) chosen.click();
    else if (words.peek().trim()) go(`/library?${new URLSearchParams({ q: words.peek().trim() })}`);
    else return;
    leave();
  };
  const pressed = (event) => {
    const act = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: choose, Escape: () => (words.peek() ? ((words.value = ""), (active.value = -1)) : leave()) }[event.key];
    if (!act || event.isComposing) return;
    event.preventDefault();
    act();
  };
  const typed = (event) => {
    words.value = event.currentTarget.value;
    active.value = -1;
    open.value = true;
  };
  const shown = open.value && words.value.trim() !== "";
  return html`<search class=${`search ${open.value ? "is-open" : ""}`} ref=${box} onFocusOut=${(event) => box.current.contains(event.relatedTarget) || close()}>
    <button type="button" class="ghost search-open" aria-label=${t("search.label")} onPointerEnter=${wake} onClick=${focusSearch}><${Icon} name="search" /></button>
    <div class="search-field"><${Icon} name="search" size="18" />
      <input id="search" type="search" role="combobox" aria-label=${t("search.label")} aria-expanded=${shown} aria-controls="found" aria-autocomplete="list" autocomplete="off" spellcheck="false"
        aria-activedescendant=${active.value < 0 ? undefined : `found-${active.value}`} enterkeyhint="search" maxlength=${MAX_CHARS} placeholder=${t("search.placeholder")} value=${words.value}
        onFocus=${() => (wake(), (open.value = true))} onInput=${typed} onKeyDown=${pressed} /><kbd aria-hidden="true">/</kbd>
      <button type="button" class="ghost search-close" aria-label=${t("search.close")} onClick=${leave}><${Icon} name="x" size="18" /></button></div>
    ${shown && Panel.value ? html`<${Panel.value} words=${words.value.trim()} active=${active.value} onChosen=${leave} />` : html`<div id="found" role="listbox" aria-label=${t("search.found")} hidden></div>`}
  </search>`;
}
