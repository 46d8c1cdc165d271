import { useSignal } from "@preact/signals";

import { html } from "../../html.js";
import { t } from "../../i18n.js";
import { liveOf } from "../../live.js";
import { keyOf, renewKey, streamKey } from "../../studio/keys.js";
import { CopyButton } from "../copy_button.js";
import { Icon } from "../icon.js";
import { Ask } from "../parts.js";

/** What other programs need to broadcast here: addresses, and the stream key. */
export function Programs({ room }) {
  const key = keyOf(room).value;
  const [shown, asking, error] = [useSignal(false), useSignal(false), useSignal(null)];
  const make = async () => {
    error.value = null;
    try {
      await streamKey(room);
    } catch (problem) {
      error.value = problem.message;
    }
  };
  const { protocol, hostname, port } = location;
  const rtmp = liveOf(room).value?.rtmp_port;
  const address = port || (protocol === "https:" ? 443 : 80);
  return html`<section class="studio-card" aria-labelledby="studio-programs"><h2 id="studio-programs">${t("studio.programs")}</h2>
    <p class="quiet">${t("studio.programs_teach")}</p>
    ${error.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" />${error.value}</p>`}
    ${key
      ? html`<dl class="studio-links">
          <dt>${t("studio.key")}</dt>
          <dd><code>${shown.value ? key.key : "•".repeat(12)}</code>
            <button type="button" class="button" aria-pressed=${shown.value} onClick=${() => (shown.value = !shown.value)}>${t(shown.value ? "studio.key_hide" : "studio.key_show")}</button>
            <${CopyButton} icon="copy" label=${t("studio.copy")} text=${() => key.key} />
            <button type="button" class="button" onClick=${() => (asking.value = true)}><${Icon} name="refresh-cw" size="18" />${t("studio.key_renew")}</button></dd>
          ${rtmp && html`<${Way} title=${t("studio.rtmp")} address=${`rtmp://${hostname}${rtmp === 1935 ? "" : `:${rtmp}`}/live`} note=${t("studio.rtmp_teach")} />`}
          <${Way} title=${t("studio.icecast")} address=${`icecast://source:…@${hostname}:${address}/live/${room}`} copied=${`icecast://source:${key.key}@${hostname}:${address}/live/${room}`} note=${t("studio.icecast_teach", { host: hostname, port: address, mount: `/live/${room}` })} />
          <${Way} title=${t("studio.shell")} address=${`veza live ${room} song.flac --server ${location.origin}`} />
        </dl>`
      : html`<button type="button" class="button" onClick=${make}><${Icon} name="key-round" size="18" />${t("studio.key_make")}</button>`}
    ${asking.value && html`<${Ask} title=${t("studio.renew_title")} text=${t("studio.renew_ask")} yes=${t("studio.renew_yes")} no=${t("studio.renew_no")}
      onYes=${async () => {
        await renewKey(room);
        asking.value = false;
      }} onClose=${() => (asking.value = false)} />`}
  </section>`;
}

/** `copied` is what is put on the clipboard where that is more than one should see. */
function Way({ title, address, copied = address, note }) {
  return html`<dt>${title}</dt><dd><code>${address}</code><${CopyButton} icon="copy" label=${t("studio.copy")} text=${() => copied} />${note && html`<p class="quiet">${note}</p>`}</dd>`;
}
