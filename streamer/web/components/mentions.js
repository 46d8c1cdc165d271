import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";

import words from "../catalogue/en_people.js";
import { isBlocked } from "../chat/people.js";
import { members } from "../chat/rooms.js";
import { html } from "../html.js";
import { learnWords, t } from "../i18n.js";
import { me } from "../line.js";
import { Face } from "./face.js";

const SHOWN = 8;
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();

learnWords(words);

/**
 * Who may be meant by the `@` that is being written in `field`: a listbox, beside a field that keeps the focus
 * (WAI-ARIA, list autocomplete). `asked` is the signal of where the `@` is and what is behind it; `keys.current` gets
 * every key before the field does, and returns whether it was for the list.
 */
export function Mentions({ room, field, asked, keys }) {
  const [here, active] = [useSignal([]), useSignal(0)];
  const { from, words: query } = asked.value;
  useEffect(() => {
    members(room).then((answer) => (here.value = answer.members), () => {}); // those who spoke are known
  }, []);
  const found = matching([...here.value, ...spoken(room)], query);
  const id = `${field.id}-people`;
  const at = Math.min(active.value, found.length - 1);
  const close = () => (asked.value = null);
  const choose = ({ name }) => {
    field.setRangeText(`@${/[\s@]/.test(name) ? `"${name}"` : name} `, from, field.selectionStart, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  const step = (by) => (active.value = (at + by + found.length) % found.length);
  keys.current = ({ key, shiftKey }) => {
    const act = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Enter: () => choose(found[at]), Tab: () => choose(found[at]), Escape: close }[key];
    if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) close();
    if (!act || !found.length || shiftKey) return false;
    act();
    return true;
  };
  useEffect(() => {
    active.value = 0;
  }, [query]);
  useEffect(() => {
    for (const type of ["blur", "click"]) field.addEventListener(type, close);
    return () => {
      keys.current = null;
      for (const type of ["blur", "click"]) field.removeEventListener(type, close);
    };
  }, []);
  useLayoutEffect(() => {
    const says = found.length ? { "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": id, "aria-activedescendant": `${id}-${at}` } : {};
    for (const [name, value] of Object.entries(says)) field.setAttribute(name, value);
    return () => Object.keys(says).forEach((name) => field.removeAttribute(name));
  }, [at, found.length]);
  if (!found.length) return null;
  return html`<div class="mentions" onPointerDown=${(event) => event.preventDefault()}>
    <ul id=${id} role="listbox" aria-label=${t("people.mention")}>${found.map((person, index) => html`<li key=${person.id} id=${`${id}-${index}`} role="option" aria-selected=${index === at} onClick=${() => choose(person)}>
      <${Face} id=${person.id} name=${person.name} /><b>${person.name}</b></li>`)}</ul>
    <p class="sr" role="status">${t("people.mention_count", { count: found.length })}</p>
  </div>`;
}

/** Those who spoke, the last first. */
const spoken = (room) => room.entries.value.filter(({ kind }) => kind === "message").map(({ author }) => author).reverse();

/** People whose name begins with the words, then those of whose names another word does; each name once. */
function matching(people, query) {
  const wanted = fold(query);
  const named = new Map();
  for (const person of people) {
    const key = fold(person.name);
    if (!named.has(key) && person.id !== me.peek() && !isBlocked(person.id) && !person.name.includes('"')) named.set(key, person);
  }
  const first = [...named].filter(([name]) => name.startsWith(wanted));
  const second = [...named].filter(([name]) => !name.startsWith(wanted) && name.split(/[\s_.-]+/).some((word) => word.startsWith(wanted)));
  return [...first, ...second].slice(0, SHOWN).map(([, person]) => person);
}
