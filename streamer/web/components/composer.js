import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import { plain } from "../chat/markdown.js";
import { titleOf } from "../chat/people.js";
import { answer, say, settle, typed } from "../chat/rooms.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { me } from "../line.js";
import { tab } from "../store.js";
import { Icon } from "./icon.js";
import { Mentions } from "./parts.js";

const BODY_LIMIT = 4000;
const QUOTED_CHARS = 120;
const MENTION = /(?:^|[\s(])@"?([^\s@"]{0,32})$/;

/**
 * Where one writes. Enter sends, with Shift it begins a line; a draft outlives a reload. With nothing written, the arrow
 * upwards edits one's last message; Escape ends an answer or an edit.
 */
export function Composer({ room }) {
  const field = useRef(null);
  const asked = useSignal(null); // where an `@` is written, and the `words` behind it
  const keys = useRef(null);
  const id = room.root ? "thread-message" : "message";
  const key = room.root ? `draft.${room.name}.${room.root}` : `draft.${room.name}`;
  const editing = room.editing.value;
  const answering = room.answering.value;
  const fit = () => {
    field.current.style.height = "auto";
    field.current.style.height = `${Math.min(field.current.scrollHeight + 2, innerHeight / 3)}px`;
  };
  useLayoutEffect(() => {
    field.current.value = editing ? editing.body : tab.read(key, "");
    fit();
    if (matchMedia("(hover: hover)").matches) field.current.focus({ preventScroll: true });
  }, [room, editing]);
  const changed = () => {
    if (!room.editing.peek()) tab.write(key, field.current.value);
    fit();
  };
  const typing = () => {
    changed();
    const { value, selectionStart: end } = field.current;
    const found = MENTION.exec(value.slice(0, end));
    asked.value = found && { from: value.lastIndexOf("@", end - 1), words: found[1] };
    if (field.current.value.trim() && !field.current.value.startsWith("/")) typed(room);
  };
  const send = (event) => {
    event?.preventDefault();
    const body = field.current.value.trim();
    if (!body) return;
    const edits = room.editing.peek();
    say(room, body);
    if (edits) return; // the draft from before the edit comes back
    field.current.value = "";
    asked.value = null;
    changed();
  };
  const pressed = (event) => {
    if (event.isComposing) return;
    if (asked.peek() && keys.current?.(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) send(event);
    else if (event.key === "Escape" && (editing || answering)) {
      event.preventDefault();
      settle(room);
    } else if (event.key === "ArrowUp" && !field.current.value && !editing) {
      const last = room.entries.peek().findLast((entry) => entry.kind === "message" && entry.author.id === me.peek() && !entry.deleted_at);
      if (!last) return;
      event.preventDefault();
      answer(room, last, "edit");
    }
  };
  const label = room.root ? t("room.write_thread") : t("room.write", { room: titleOf(room.name) });
  return html`<form class="composer" onSubmit=${send}>
    ${(editing || answering) && html`<p class="composer-about"><${Icon} name=${editing ? "pencil" : "reply"} size="16" />
      <span>${editing ? t("room.editing") : t("room.answering", { name: answering.author.name })} <q>${plain((editing ?? answering).body, location.origin).slice(0, QUOTED_CHARS)}</q></span>
      <button type="button" class="ghost" aria-label=${t("room.settle")} onClick=${() => settle(room)}><${Icon} name="x" size="16" /></button></p>`}
    <label class="sr" for=${id}>${label}</label>
    <textarea id=${id} ref=${field} class="field" rows="1" maxlength=${BODY_LIMIT} placeholder=${label} enterkeyhint="send"
      onInput=${typing} onKeyDown=${pressed}></textarea>
    ${asked.value && html`<${Mentions} room=${room} field=${field.current} asked=${asked} keys=${keys} />`}
    <button class="button primary" type="submit" aria-label=${t("room.send")}><${Icon} name="send" /></button>
    ${!room.root && html`<${Typists} room=${room} />`}
  </form>`;
}

const SHOWN = 3;

/** Who writes just now. Its place is always there, so that nothing moves. */
function Typists({ room }) {
  const names = room.typing.value;
  const shown = new Intl.ListFormat("en").format(names.slice(0, SHOWN));
  const text = names.length > SHOWN ? t("room.typing_many") : names.length ? t("room.typing", { names: shown, count: names.length }) : "";
  return html`<p class="typists" aria-live="off">${text}</p>`;
}
