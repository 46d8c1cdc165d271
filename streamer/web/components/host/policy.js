import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { ask } from "../../chat/order.js";
import { html } from "../../html.js";
import { language, t } from "../../i18n.js";
import { socket } from "../../line.js";
import { Outcome, Reading, useDeed } from "./deed.js";

const ENTRIES = ["open", "password", "invite", "members"];
const SPEAKERS = ["everyone", "accounts", "speakers"];
const CHECKS = ["hold", "guest_links"];
const SLOW_S = [0, 5, 10, 30, 60, 300, 900, 3600];
const MAX_PASSWORD_CHARS = 200;
const UNITS = { hour: 3600, minute: 60, second: 1 };

/** Who may come in, who may speak, and how fast. Only what is changed here is changed there. */
export function Policy({ room }) {
  const [kept, changed, password] = [useSignal(null), useSignal({}), useSignal("")];
  const deed = useDeed();
  const load = () => deed.run(async () => (kept.value = (await ask(room, "GET")).policy));
  useEffect(() => void load(), []);
  useEffect(() => socket.on("system", ({ room: name, event, fields }) => {
    if (name === room.name && event === "order" && fields.policy && kept.peek()) kept.value = { ...kept.peek(), ...fields.policy };
  }), []);
  if (!kept.value) return html`<${Reading} deed=${deed} again=${load} />`;
  const now = { ...kept.value, ...changed.value };
  const whole = room.may.value.includes("policy");
  const turn = (name, value) => {
    const { [name]: _, ...others } = changed.peek();
    changed.value = value === kept.peek()[name] ? others : { ...others, [name]: value };
    deed.said.value = "";
  };
  const save = async (event) => {
    event.preventDefault();
    const secret = now.entry === "password" && password.peek();
    const edit = { ...changed.peek(), ...(secret && { password: secret }) };
    if (!Object.keys(edit).length) return void (deed.said.value = t("host.unchanged"));
    await deed.run(async () => {
      kept.value = await ask(room, "PATCH", "/policy", edit);
      changed.value = {};
      password.value = "";
    }, t("host.saved"));
  };
  return html`<form class="host-form" onSubmit=${save} aria-busy=${deed.busy.value}>
    ${whole && html`<fieldset><legend>${t("host.entry")}</legend>
      ${ENTRIES.map((entry) => html`<label class="host-choice"><input type="radio" name="entry" value=${entry} checked=${now.entry === entry} onChange=${() => turn("entry", entry)} />
        <span><b>${t(`host.entry_name.${entry}`)}</b><span>${t(`host.entry_teach.${entry}`)}</span></span></label>
        ${entry === "password" && now.entry === entry && html`<${Password} text=${password} there=${kept.value.entry === "password"} />`}`)}</fieldset>`}
    <div class="host-pair">
      ${whole && html`<label class="edit-field"><span>${t("host.speakers")}</span><select class="field" value=${now.speakers} onChange=${(event) => turn("speakers", event.currentTarget.value)}>
        ${SPEAKERS.map((each) => html`<option value=${each}>${t(`host.speakers_name.${each}`)}</option>`)}</select></label>`}
      <label class="edit-field"><span>${t("host.slow")}</span><select class="field" value=${String(now.slow_ms)} onChange=${(event) => turn("slow_ms", Number(event.currentTarget.value))}>
        ${slowness(now.slow_ms).map((ms) => html`<option value=${String(ms)}>${ms ? t("host.slow_every", { span: span(ms / 1000) }) : t("host.slow_off")}</option>`)}</select></label>
    </div>
    ${whole && CHECKS.map((name) => html`<label class="host-choice"><input type="checkbox" checked=${now[name]} onChange=${(event) => turn(name, event.currentTarget.checked)} />
      <span><b>${t(`host.check.${name}`)}</b><span>${t(`host.check_teach.${name}`)}</span></span></label>`)}
    <div class="host-end"><${Outcome} deed=${deed} /><button type="submit" class="button primary">${t("edit.save")}</button></div>
  </form>`;
}

/** 30 seconds, 1 minute. */
function span(seconds) {
  const unit = Object.keys(UNITS).find((each) => seconds % UNITS[each] === 0) ?? "second";
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(seconds / UNITS[unit]);
}

/** What is usual, and what is set. */
const slowness = (ms) => [...new Set([...SLOW_S.map((seconds) => seconds * 1000), ms])].sort((one, other) => one - other);

/** It is never shown again: the server keeps no more than what recognises it. */
function Password({ text, there }) {
  return html`<label class="edit-field host-password"><span>${t("room.password")}</span>
    <input class="field" type="password" maxlength=${MAX_PASSWORD_CHARS} autocomplete="new-password" aria-describedby="host-password" value=${text.value} onInput=${(event) => (text.value = event.currentTarget.value)} />
    <span class="quiet" id="host-password">${t(there ? "host.password_there" : "host.password_teach")}</span></label>`;
}
