import { useEffect, useRef } from "preact/hooks";

import { html } from "../../html.js";
import { t } from "../../i18n.js";
import * as broadcast from "../../studio/broadcast.js";
import { canShare } from "../../studio/input.js";
import { Icon } from "../icon.js";

const KINDS = [
  ["microphone", "mic"],
  ["share", "app-window"],
  ["file", "file-music"],
];

/** What is to be heard: a microphone or a line, a tab, a file; and in how many channels, and how loud. */
export function Source() {
  const file = useRef(null);
  const chosen = broadcast.source.value;
  // A microphone that was allowed before is on at once: one sees that it works.
  useEffect(() => {
    if (broadcast.source.peek()) return;
    navigator.permissions?.query({ name: "microphone" }).then(({ state }) => state === "granted" && !broadcast.source.peek() && broadcast.listen("microphone"), () => {});
  }, []);
  const choose = (kind) => (kind === "file" ? file.current.click() : broadcast.listen(kind));
  return html`<div class="studio-kinds" role="group" aria-label=${t("studio.source")}>
      ${KINDS.filter(([kind]) => kind !== "share" || canShare()).map(([kind, icon]) => html`<button type="button" class="studio-kind" aria-pressed=${chosen === kind} onClick=${() => choose(kind)}>
        <${Icon} name=${icon} /><span>${t(`studio.kind.${kind}`)}</span></button>`)}
      <input ref=${file} type="file" accept="audio/*,video/*" hidden onChange=${({ currentTarget }) => currentTarget.files[0] && broadcast.listen("file", currentTarget.files[0])} />
    </div>
    ${broadcast.trouble.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" />${broadcast.trouble.value}</p>`}
    ${broadcast.touched.value.length > 0 && html`<p class="notice" role="status"><${Icon} name="triangle-alert" />${t("studio.touched", { what: broadcast.touched.value.map((each) => t(`studio.touched.${each}`)).join(", ") })}</p>`}
    ${chosen === "microphone" && html`<${Devices} />`}
    ${chosen === "file" && html`<p class="quiet">${t("studio.playing_file", { name: broadcast.filename.value })}</p>`}
    <${Mixing} />`;
}

function Devices() {
  const change = ({ currentTarget }) => {
    broadcast.device.value = currentTarget.value;
    broadcast.listen("microphone");
  };
  const named = broadcast.devices.value.filter(({ id, name }) => id && name);
  return html`<label class="studio-field"><span>${t("studio.device")}</span>
    <select class="field" value=${broadcast.device.value} onChange=${change}>
      <option value="">${t("studio.device_default")}</option>
      ${named.filter(({ id }) => id !== "default").map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
    </select></label>`;
}

function Mixing() {
  const gain = broadcast.gainDb.value;
  return html`<div class="studio-mixing">
    <label class="studio-field"><span>${t("studio.gain")} <output>${t("studio.db", { db: gain > 0 ? `+${gain}` : gain })}</output></span>
      <input type="range" min="-24" max="12" step="1" value=${gain} onInput=${({ currentTarget }) => (broadcast.gainDb.value = currentTarget.valueAsNumber)} /></label>
    <div class="studio-switch" role="group" aria-label=${t("studio.channels")}>
      ${[false, true].map((mono) => html`<button type="button" aria-pressed=${broadcast.mono.value === mono} onClick=${() => (broadcast.mono.value = mono)}>${t(mono ? "studio.mono" : "studio.stereo")}</button>`)}
    </div>
  </div>`;
}
