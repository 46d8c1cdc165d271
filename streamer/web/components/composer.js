import { useEffect, useRef } from "preact/hooks";

import { html } from "../html.js";
import { t } from "../i18n.js";
import { say } from "../rooms.js";
import { tab } from "../store.js";
import { Icon } from "./icon.js";

const BODY_LIMIT = 4000;

/** Where one writes. Enter sends, with Shift it begins a line; a draft outlives a reload. */
export function Composer({ room }) {
  const field = useRef(null);
  const key = `draft.${room}`;
  const fit = () => {
    field.current.style.height = "auto";
    field.current.style.height = `${Math.min(field.current.scrollHeight + 2, innerHeight / 3)}px`;
  };
  useEffect(() => {
    field.current.value = tab.read(key, "");
    fit();
    if (matchMedia("(hover: hover)").matches) field.current.focus({ preventScroll: true });
  }, [room]);
  const changed = () => {
    tab.write(key, field.current.value);
    fit();
  };
  const send = (event) => {
    event?.preventDefault();
    const body = field.current.value.trim();
    if (!body) return;
    say(room, body);
    field.current.value = "";
    changed();
  };
  const pressed = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  };
  return html`<form class="composer" onSubmit=${send}>
    <label class="sr" for="message">${t("room.write", { room })}</label>
    <textarea id="message" ref=${field} class="field" rows="1" maxlength=${BODY_LIMIT} placeholder=${t("room.write", { room })} enterkeyhint="send"
      onInput=${changed} onKeyDown=${pressed}></textarea>
    <button class="button primary" type="submit" aria-label=${t("room.send")}><${Icon} name="send" /></button>
  </form>`;
}
